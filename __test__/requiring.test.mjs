/* What the app requires while modules are linked ahead of their import: it meets nothing that plain Node would not give. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HOT, nodeIs, startApp } from './support/app.mjs'

const canRequireModules = nodeIs(22, 12) || (nodeIs(20, 19) && !nodeIs(21))
const DEEP = 30
const SAVES = 8

/** A chain of modules, so that a link takes its time. */
const chain = Object.fromEntries(
  Array.from({ length: DEEP }, (_, at) => [`m${at}.mjs`, at === DEEP - 1 ? 'export const value = 0' : `export { value } from './m${at + 1}.mjs'`]),
)

/** How the app comes to require something, again and again. */
const WAYS = {
  'a microtask': '(next) => queueMicrotask(next)',
  'a tick': '(next) => process.nextTick(next)',
  'a timer': '(next) => setTimeout(next, 0)',
  'an immediate': '(next) => setImmediate(next)',
  'I/O': `(next) => fs.readFile('main.mjs', next)`,
}

for (const [name, way] of Object.entries(WAYS)) {
  test(`modules that are required from ${name} while they are linked`, { skip: !canRequireModules && 'this Node requires no ES modules' }, async (t) => {
    const app = await startApp(t, {
      before: ['--no-warnings'],
      files: {
        ...chain,
        'b.mjs': `export { value } from './m0.mjs'`,
        // It is hot itself: what main.mjs required would stay until a restart.
        'r.mjs': `import fs from 'node:fs'
          import { createRequire } from 'node:module'
          const require = createRequire(import.meta.url)
          const soon = ${way}
          export const state = { required: 0, errors: new Set() }
          // In each turn so often that the event loop goes on.
          export function start() {
            let left = 0
            const next = () => {
              if (left-- === 0) {
                left = 20
                return void setImmediate(() => soon(next))
              }
              for (const file of ['./b.mjs', './m0.mjs', './m${DEEP - 2}.mjs']) {
                try { require(file); state.required++ } catch (error) { state.errors.add(String(error)) }
              }
              soon(next)
            }
            next()
          }`,
        'main.mjs': `import { hot } from 'hot-hook'
          let known = 0
          hot.on('hot:outcome', () => void known++)
          let r
          serve({
            get: async () => (await import('./b.mjs', ${HOT})).value,
            require: async () => { r = await import('./r.mjs', ${HOT}); r.start() },
            state: () => ({ known, required: r.state.required, errors: [...r.state.errors] }),
          })`,
      },
    })
    assert.equal(await app.ask('get'), 0)
    await app.ask('require')
    for (let n = 1; n <= SAVES; n++) {
      app.save(`m${DEEP - 1}.mjs`, `export const value = ${n}`)
      const state = await app.expect('state', ({ known, errors }) => known >= n || errors.length > 0)
      assert.deepEqual(state.errors, [], app.known())
    }
    assert.ok((await app.ask('state')).required > 0)
    // What is evicted in the middle of a `require` cannot be loaded again: then a restart is asked for.
    if (app.told('full-reload').length === 0) assert.equal(await app.ask('get'), SAVES, app.known())
  })
}

test('what was imported before a save and is required after it, where nothing leaves the cache of Node', { skip: !canRequireModules && 'this Node requires no ES modules' }, async (t) => {
  for (const hotHook of [{ release: false, check: false }, { release: false }, {}]) {
    const app = await startApp(t, {
      before: ['--no-warnings'],
      hotHook,
      files: {
        'main.mjs': `import { createRequire } from 'node:module'
          const require = createRequire(import.meta.url)
          serve({ get: async () => (await import('./b.mjs', ${HOT})).value, require: () => require('./b.mjs').value })`,
        // It has a prelude: the engine knows that it has run, and forgets it when it is superseded.
        'b.mjs': 'import.meta.url; export const value = 1',
      },
    })
    assert.equal(await app.ask('get'), 1)
    app.save('b.mjs', 'import.meta.url; export const value = 2')
    await app.quiet()
    const value = await app.ask('require')
    if (value !== 2) await app.message('full-reload')
  }
})
