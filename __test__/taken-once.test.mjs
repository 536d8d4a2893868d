/* A boundary that its importer took once stays stale under a green line: it is said, once, with what to write instead. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasSyncHooks } from '../lib/node/features.mjs'
import { HOT, startApp } from './support/app.mjs'

const B = 'import.meta.hot?.boundary'
const LINE = /^hot-hook: .* stays stale: .*$/gm

/** @param {Awaited<ReturnType<typeof startApp>>} app */
async function lines(app) {
  await app.quiet()
  return app.output.stderr.match(LINE) ?? []
}

const SERVE = `serve({ turns: () => globalThis.turns, call: async (name, ...args) => (await calls[name](...args)), explain: async (file) => (await import('hot-hook')).hot.explain(file) })`
const users = (/** @type {number} */ n) => `export const list = () => ${n}`

test('top-level await: said at the first save of what is below it, once; not of what is imported again', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import * as routes from './routes/users.mjs'; const calls = { ...routes }; ${SERVE}`,
      'routes/users.mjs': `const { list } = await import('../services/users.mjs', ${B})
        const { list: second } = await import('../services/second.mjs', ${HOT})
        export const taken = () => [list(), second()]
        export const fresh = async () => (await import('../services/fresh.mjs', ${B})).list()`,
      'services/users.mjs': `export { list } from './base.mjs'`,
      'services/base.mjs': users(1),
      'services/second.mjs': users(1),
      'services/fresh.mjs': users(1),
    },
  })
  await app.ask('call', 'fresh')
  assert.deepEqual(await lines(app), [])
  app.save('services/fresh.mjs', users(2))
  assert.equal(await app.ask('call', 'fresh'), 2)
  assert.deepEqual(await lines(app), [], 'imported once so far, but not while its importer ran')
  app.save('services/base.mjs', users(2))
  const first = `hot-hook: services/users.mjs stays stale: routes/users.mjs took it when it ran, and will not import it again; import it where it is used: lazy(() => import('../services/users.mjs', ${B}), 'name of the export')`
  assert.deepEqual(await lines(app), [first])
  app.save('services/users.mjs', `export { list } from './base.mjs' // again`)
  assert.deepEqual(await lines(app), [first])
  app.save('services/second.mjs', users(2))
  const all = await lines(app)
  assert.equal(all.length, 2)
  assert.match(all[1], /^hot-hook: services\/second\.mjs stays stale: routes\/users\.mjs/)
  assert.deepEqual(await app.ask('call', 'taken'), [1, 1], 'so it is')
  assert.deepEqual(app.told('full-reload'), [])

  const explained = await app.ask('explain', app.file('services/base.mjs'))
  assert.equal(explained.verdict, 'hot')
  assert.deepEqual(explained.takenOnce, [{ path: app.file('services/users.mjs'), by: app.file('routes/users.mjs'), certain: true }])
  assert.equal('takenOnce' in (await app.ask('explain', app.file('services/fresh.mjs'))), false)
})

for (const [what, body, said] of /** @type {const} */ ([
  ['then', `let list; import('./service.mjs', ${B}).then((module) => (list = module.list)); export const call = () => list()`, true],
  ['a pattern, after another await', `await null; await new Promise(setImmediate); const { list } = await import('./by-pattern.mjs'); export const call = () => list()`, true],
  ['a loop that repeats it', `let list; const turn = async () => { ({ list } = await import('./service.mjs', ${B})); globalThis.turns = (globalThis.turns ?? 0) + 1; setTimeout(turn, 5) }; await turn(); export const call = () => list()`, false],
  ['at start and later', `let { list } = await import('./service.mjs', ${B}); export const call = async () => (await import('./service.mjs', ${B})).list()`, false],
  ['accepted', `let { list } = await import('./service.mjs', ${B}); import.meta.hot?.accept('./service.mjs', (module) => (list = module.list)); export const call = () => list()`, false],
  ['lazy', `import { lazy } from 'hot-hook'; export const call = lazy(() => import('./service.mjs', ${B}), 'list'); await null`, false],
  ['a call from elsewhere, once it has run', `export const call = async () => (await import('./service.mjs', ${B})).list(); await null`, false],
])) {
  // A hooks thread may see the import only when its importer has run.
  test(`${what}: ${said ? '' : 'not '}said`, { skip: what === 'then' && !hasSyncHooks }, async (t) => {
    const app = await startApp(t, {
      hotHook: { boundaries: './by-pattern.mjs' },
      files: { 'main.mjs': `import { call } from './importer.mjs'; const calls = { call }; ${SERVE}`, 'importer.mjs': body, 'service.mjs': users(1), 'by-pattern.mjs': users(1) },
    })
    assert.equal(await app.ask('call', 'call'), 1)
    if (what.startsWith('a loop')) await app.until('it has been repeated', () => app.ask('turns').then((turns) => turns > 2))
    app.save('service.mjs', users(2))
    app.save('by-pattern.mjs', users(2))
    const told = await lines(app)
    assert.equal(told.length, said ? 1 : 0, told.join('\n'))
    await app.expect('call', said ? 1 : 2, 'call')
  })
}

test('a script that saves and imports again while it runs: nothing is said', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import fs from 'node:fs'
        const load = () => import('./service.mjs', ${B})
        const one = await load()
        fs.writeFileSync(new URL('./service.mjs', import.meta.url), 'export const list = () => 2')
        const two = await load()
        const calls = { both: () => [one.list(), two.list()] }; ${SERVE}`,
      'service.mjs': users(1),
    },
  })
  assert.deepEqual(await app.ask('call', 'both'), [1, 2])
  assert.deepEqual(await lines(app), [])
})

test('an importer that runs again takes it anew: nothing is stale', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `const calls = { call: async () => (await import('./route.mjs', ${B})).call() }; ${SERVE}`,
      'route.mjs': `const { list } = await import('./service.mjs', ${B}); export const call = () => list()`,
      'service.mjs': users(1),
    },
  })
  for (const n of [1, 2, 3]) {
    app.save('service.mjs', users(n))
    assert.equal(await app.ask('call', 'call'), n)
  }
  assert.deepEqual(await lines(app), [])
})

test('throwWhenBoundariesAreNotDynamicallyImported throws nothing new', async (t) => {
  const app = await startApp(t, {
    hotHook: { boundaries: './service.mjs', throwWhenBoundariesAreNotDynamicallyImported: true },
    files: { 'main.mjs': `const { list } = await import('./service.mjs'); const calls = { call: () => list() }; ${SERVE}`, 'service.mjs': users(1) },
  })
  app.save('service.mjs', users(2))
  assert.equal((await lines(app)).length, 1)
  assert.equal(await app.ask('call', 'call'), 1)
})

test('an importer that is ignored and has imported it once: explain alone says that it is likely', async (t) => {
  const app = await startApp(t, {
    hotHook: { boundaries: './plugins/*.mjs' },
    files: {
      'main.mjs': `import load from 'autoload'; const { list } = await load(new URL('./plugins/users.mjs', import.meta.url).href); const calls = { call: () => list() }; ${SERVE}`,
      'plugins/users.mjs': users(1),
      'node_modules/autoload/package.json': '{"main":"index.js"}',
      'node_modules/autoload/index.js': 'module.exports = (file) => import(file)',
    },
  })
  const explained = await app.ask('explain', app.file('plugins/users.mjs'))
  assert.deepEqual(explained.takenOnce, [{ path: app.file('plugins/users.mjs'), by: app.file('node_modules/autoload/index.js'), certain: false }])
  app.save('plugins/users.mjs', users(2))
  assert.deepEqual(await lines(app), [])
})
