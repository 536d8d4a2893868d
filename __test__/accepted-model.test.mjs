/* Random saves of random graphs of modules that accept: see model/accepted.mjs. More of it: HOT_HOOK_SEEDS=100-200. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { createModel } from './model/accepted.mjs'
import { startApp } from './support/app.mjs'

const STEPS = 25
/** How long it may take until all is as the files say, in milliseconds. */
const SETTLES = 5000
const [first, last] = (process.env.HOT_HOOK_SEEDS ?? '1-8').split('-').map(Number)

for (let seed = first; seed <= last; seed++) {
  test(`${STEPS} random saves, seed ${seed}`, async (t) => {
    const model = createModel(seed)
    const app = await startApp(t, { files: model.files })
    /** @type {any[]} */
    const history = []
    /** What the app has logged until the probe of this stamp. @param {number} stamp */
    const logged = async (stamp) => {
      /** @type {any[]} */
      const lines = []
      const isThere = async () => {
        lines.push(...(await app.ask('log')))
        return lines.some((line) => line.type === 'probe' && line.stamp === stamp)
      }
      await app.until(`the probe ${stamp} has run\n${model.show()}\n${JSON.stringify(history)}`, isThere)
      return lines
    }
    /** @param {string} step @param {string[]} problems */
    const expect = (step, problems) => {
      if (problems.length > 0) assert.fail(`seed ${seed}, ${step}:\n${problems.join('\n')}\n${model.show()}\n${app.known()}\n${JSON.stringify(history.slice(-3), undefined, 1)}`)
    }
    const atStart = model.take(await logged(0), false)
    const isSettled = async () => {
      atStart.push(...model.take(await app.ask('log'), false))
      return atStart.length > 0 || model.settled().length === 0
    }
    await app.until('all is settled', isSettled, SETTLES).catch(() => atStart.push(...model.settled()))
    expect('start', atStart)
    for (let step = 1; step <= STEPS; step++) {
      const { saves, stamp, expected, isWhole, isCold } = model.next()
      const before = app.told('full-reload').length
      // Nobody reads half a file: what an empty one leads to is another matter.
      for (const { file, text } of saves) app.replace(file, text)
      /** @type {any[]} */
      const lines = []
      /** @type {string[]} */
      const broken = []
      const read = (/** @type {any[]} */ more) => {
        lines.push(...more)
        broken.push(...model.take(more, expected !== undefined))
      }
      history.push({ step, saves, lines })
      read(await logged(stamp))
      // What was saved while an update ran belongs to the next one, and what is pruned is disposed of after it.
      const missing = () => [...(expected ? model.exact(lines, expected) : []), ...(isWhole ? model.settled() : model.mixed())]
      const isDone = async () => {
        read(await app.ask('log'))
        return broken.length > 0 || missing().length === 0
      }
      await app.until('all is settled', isDone, SETTLES).catch(() => broken.push(...missing()))
      expect(`step ${step}`, broken)
      if (expected && isCold) await app.until('a restart is asked for', () => app.told('full-reload').length > before)
    }
  })
}
