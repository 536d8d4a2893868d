/* Random saves, blocked workers and changed options: see model/threads.mjs. More of it: HOT_HOOK_SEEDS=100-200. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { createModel, THREADS } from './model/threads.mjs'
import { isLinux, startApp } from './support/app.mjs'

const STEPS = 40
const [first, last] = (process.env.HOT_HOOK_SEEDS ?? '1-4').split('-').map(Number)

for (let seed = first; seed <= last; seed++) {
  test(`${STEPS} random actions in three threads, seed ${seed}`, async (t) => {
    const model = createModel(seed)
    const app = await startApp(t, { files: model.files })
    /** @type {import('./model/threads.mjs').Action[]} */
    const history = []
    const check = async () => {
      for (const thread of THREADS.filter((name) => !model.blocked.has(name))) {
        const text = `seed ${seed}, ${thread}\n${JSON.stringify(history.slice(-12), undefined, 1)}`
        if (!isLinux) await app.expect('all', model.expected(), thread)
        assert.deepEqual(await app.ask('all', thread), model.expected(), `${text}\n${app.known()}`)
      }
    }
    await check()
    for (let step = 0; step < STEPS; step++) {
      const action = model.next()
      history.push(action)
      const { type, file = '', text = '', thread = 0 } = action
      if (type === 'save' || type === 'replace') app[type](file, text)
      else await app.ask(type, THREADS[thread])
      await check()
    }
    for (const thread of model.blocked) await app.ask('release', thread)
    model.blocked.clear()
    await check()
    assert.deepEqual(app.told('full-reload'), [], app.known())
  })
}
