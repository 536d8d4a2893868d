/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import path from 'node:path'
import test from 'node:test'
import { createFolder, HOT, startApp } from './support/app.mjs'
import { run } from './support/runs.mjs'

const dump = `import { hot } from 'hot-hook'
  serve({ dump: () => hot.dump(), get: async () => (await import('./b.mjs', ${HOT})).value })`
const value = (n) => `export const value = ${n}`

/** @param {string} path @param {object} more */
const node = (path, more) => ({ path, version: 0, boundary: false, reloadable: false, dependencies: [], dependents: [], ...more })

/** Without what the tests preload. */
const dumped = async (app) => (await app.ask('dump')).filter((found) => !found.path.endsWith('support/serve.cjs'))

test('before init: empty', async (t) => {
  const { stdout, stderr } = await run(t, {
    register: false,
    files: { 'main.mjs': `import { hot } from 'hot-hook'; console.log(await hot.dump())` },
  })
  assert.deepEqual({ stdout, stderr }, { stdout: '[]\n', stderr: '' })
})

/*
 *   main ──▶ cold ──▶ shared ◀─┐
 *     └─ hot ─▶ b ──▶ c ───────┘
 */
test('paths, versions, edges', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './cold.mjs'; ${dump}`,
      'cold.mjs': `import './lib/shared.mjs'`,
      'lib/shared.mjs': '',
      'b.mjs': `export { value } from './c.mjs'`,
      'c.mjs': `import './lib/shared.mjs'; ${value(1)}`,
    },
  })
  assert.equal(await app.ask('get'), 1)
  app.save('c.mjs', `import './lib/shared.mjs'; ${value(2)}`)
  assert.equal(await app.ask('get'), 2)
  app.save('b.mjs', `export { value } from './c.mjs' // 2`)
  assert.equal(await app.ask('get'), 2)
  assert.deepEqual(await dumped(app), [
    node('main.mjs', { dependencies: ['cold.mjs', 'b.mjs'] }),
    node('cold.mjs', { dependencies: ['lib/shared.mjs'], dependents: ['main.mjs'] }),
    node('lib/shared.mjs', { dependents: ['cold.mjs', 'c.mjs'] }),
    node('b.mjs', { version: 2, boundary: true, reloadable: true, dependencies: ['c.mjs'], dependents: ['main.mjs'] }),
    node('c.mjs', { version: 1, reloadable: true, dependencies: ['lib/shared.mjs'], dependents: ['b.mjs'] }),
  ])
})

test('boundary and reloadable are two things', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './b.mjs'; await import('./plain.mjs'); ${dump}`,
      'b.mjs': value(1),
      'plain.mjs': '',
    },
  })
  await app.ask('get')
  const nodes = (await dumped(app)).filter(({ path }) => path !== 'main.mjs')
  const dependents = ['main.mjs']
  assert.deepEqual(nodes, [node('b.mjs', { boundary: true, dependents }), node('plain.mjs', { dependents })])
})

test('cycles, and a module that is imported in two ways, are listed once', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': dump,
      'b.mjs': `import './c.mjs'; import * as c from './c.mjs'; import('./c.mjs'); import './b.mjs'; ${value(1)}`,
      'c.mjs': `import './b.mjs'`,
    },
  })
  await app.ask('get')
  const hot = { reloadable: true }
  const [, ...nodes] = await dumped(app)
  // In which order the importers came is not the point here.
  for (const found of nodes) found.dependents = found.dependents.toSorted()
  assert.deepEqual(nodes, [
    node('b.mjs', { ...hot, boundary: true, dependencies: ['c.mjs', 'b.mjs'], dependents: ['b.mjs', 'c.mjs', 'main.mjs'] }),
    node('c.mjs', { ...hot, dependencies: ['b.mjs'], dependents: ['b.mjs'] }),
  ])
})

test('paths are relative to the folder of the root file', async (t) => {
  const files = {
    'bin/main.mjs': `import '../src/a.mjs'; import './near.mjs'; import { hot } from 'hot-hook'; serve({ dump: () => hot.dump() })`,
    'bin/near.mjs': '',
    'src/a.mjs': '',
  }
  const folder = createFolder(t, { files })
  const app = await startApp(t, { folder, entry: 'bin/main.mjs', cwd: path.dirname(folder), register: false, before: [`--import=${path.join(folder, 'node_modules/hot-hook/lib/runtime/register.mjs')}`] })
  const paths = async (of) => (await dumped(of)).map((found) => found.path)
  assert.deepEqual(await paths(app), ['main.mjs', '../src/a.mjs', 'near.mjs'])
})

test('paths are relative to the folder of `root`, if it is given', async (t) => {
  const app = await startApp(t, {
    register: false,
    entry: 'bin/main.mjs',
    files: {
      'bin/main.mjs': `import { hot } from 'hot-hook'
        await hot.init({ root: import.meta.dirname + '/../app.mjs' }); await import('../app.mjs')`,
      'app.mjs': `import './src/a.mjs'; import { hot } from 'hot-hook'; serve({ dump: () => hot.dump() })`,
      'src/a.mjs': '',
    },
  })
  const paths = (await dumped(app)).map((found) => found.path)
  assert.deepEqual(paths.filter((name) => name !== 'bin/main.mjs'), ['app.mjs', 'src/a.mjs'])
})

test('a pruned module is listed no longer', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': dump, 'b.mjs': `import './c.mjs'; ${value(1)}`, 'c.mjs': '' } })
  await app.ask('get')
  assert.equal((await dumped(app)).length, 3)
  app.save('b.mjs', value(2))
  assert.equal(await app.ask('get'), 2)
  assert.deepEqual((await dumped(app)).map((found) => found.path), ['main.mjs', 'b.mjs'])
})

test('CommonJS, and what it requires', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': `import './a.cjs'; ${dump}`, 'a.cjs': `require('./r.cjs')`, 'r.cjs': '' },
  })
  assert.deepEqual((await dumped(app)).slice(1), [
    node('a.cjs', { dependencies: ['r.cjs'], dependents: ['main.mjs'] }),
    node('r.cjs', { dependents: ['a.cjs'] }),
  ])
})
