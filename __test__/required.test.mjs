/* ES modules that `require` has loaded, below a boundary: they keep their plain URL, and reload, whether or not a hook sees them. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { hasSyncHooks } from '../lib/node/features.mjs'
import { HOT, nodeIs, startApp } from './support/app.mjs'

const [major, minor] = process.versions.node.split('.').map(Number)
const canRequireModules = nodeIs(22, 12) || (major === 20 && minor >= 19)
const skip = !canRequireModules && 'this Node cannot require ES modules'
const get = `serve({ get: async (file = './b.mjs') => (await import(file, ${HOT})).value })`

test('a required ES module, and what it imports', { skip }, async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': get,
      'b.mjs': `import c from './c.cjs'; export const value = c.value`,
      'c.cjs': `exports.value = require('./r.mjs').value`,
      'r.mjs': `import { x } from './x.mjs'; import y from './y.cjs'; export const value = 'r1' + x + y.y`,
      'x.mjs': `import { z } from './lib/z.mjs'; export const x = 'x1' + z`,
      'y.cjs': `exports.y = 'y1'`,
      'lib/z.mjs': `export const z = 'z1'`,
    },
  })
  assert.equal(await app.ask('get'), 'r1x1z1y1')
  app.save('r.mjs', `import { x } from './x.mjs'; import y from './y.cjs'; export const value = 'r2' + x + y.y`)
  assert.equal(await app.ask('get'), 'r2x1z1y1')
  app.save('lib/z.mjs', `export const z = 'z2'`)
  assert.equal(await app.ask('get'), 'r2x1z2y1')
  app.save('y.cjs', `exports.y = 'y2'`)
  assert.equal(await app.ask('get'), 'r2x1z2y2')
  app.save('lib/z.mjs', `export const z = 'z3'`)
  assert.equal(await app.ask('get'), 'r2x1z3y2')
  app.save('x.mjs', `import { w } from './w.mjs'; export const x = 'x2' + w`)
  app.save('w.mjs', `export const w = 'w1'`)
  assert.equal(await app.ask('get'), 'r2x2w1y2')
  app.save('w.mjs', `export const w = 'w2'`)
  assert.equal(await app.ask('get'), 'r2x2w2y2')
  assert.deepEqual(app.told('full-reload'), [])
})

test('one instance for who requires and who imports', { skip }, async (t) => {
  const shared = (n) => `globalThis.runs = (globalThis.runs ?? 0) + 1; export const state = { n: ${n} }`
  const app = await startApp(t, {
    files: {
      'main.mjs': get,
      'b.mjs': `import c from './c.cjs'; import { state } from './x.mjs'; export const value = [c.state === state, state.n, globalThis.runs]`,
      'c.cjs': `exports.state = require('./r.mjs').state`,
      'r.mjs': `export { state } from './x.mjs'`,
      'x.mjs': shared(1),
    },
  })
  assert.deepEqual(await app.ask('get'), [true, 1, 1])
  for (const n of [2, 3, 4]) {
    app.save('x.mjs', shared(n))
    assert.deepEqual(await app.ask('get'), [true, n, n])
  }
  assert.deepEqual(app.told('full-reload'), [])
})

for (const [title, source] of Object.entries({
  'as module.exports': (n) => `const o = { value: ${n} }; export { o as 'module.exports' }`,
  'as default': (n) => `export default 0; export const value = ${n}`,
  'with __esModule': (n) => `export const __esModule = true; export const value = ${n}`,
})) {
  test(`exported ${title}`, { skip }, async (t) => {
    const app = await startApp(t, {
      files: {
        'main.mjs': get,
        'b.mjs': `import c from './c.cjs'; export const value = c.value`,
        'c.cjs': `exports.value = require('./r.mjs').value`,
        'r.mjs': source(1),
      },
    })
    const named = nodeIs(23) || title !== 'as module.exports'
    const first = await app.ask('get')
    // Before Node 22.13 (and 20.19) that name has no meaning.
    if (named) assert.equal(first, 1)
    for (const n of [2, 3]) {
      app.save('r.mjs', source(n))
      assert.equal(await app.ask('get'), first === undefined ? undefined : n)
    }
    assert.deepEqual(app.told('full-reload'), [])
  })
}

test('one that was imported, saved, and is then required', { skip }, async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': get,
      'a.mjs': `import { v } from './x.mjs'; export const value = v`,
      'b.mjs': `import c from './c.cjs'; export const value = c.value`,
      'c.cjs': `exports.value = require('./x.mjs').v`,
      'x.mjs': 'export const v = 1',
    },
  })
  assert.equal(await app.ask('get', './a.mjs'), 1)
  app.save('x.mjs', 'export const v = 2')
  assert.equal(await app.ask('get', './a.mjs'), 2)
  const value = await app.ask('get')
  // Where no hook sees the require, there are two instances by now: that is said.
  if (!hasSyncHooks) return app.message('full-reload')
  assert.equal(value, 2)
  app.save('x.mjs', 'export const v = 3')
  assert.deepEqual([await app.ask('get', './a.mjs'), await app.ask('get')], [3, 3])
  assert.deepEqual(app.told('full-reload'), [])
})

const dies = major === 20 && 'Node 20 itself dies of a required ES module that cannot be compiled'

test('one that breaks, in itself or below, and is mended', { skip: skip || dies }, async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': get,
      'b.mjs': `import c from './c.cjs'; export const value = c.value`,
      'c.cjs': `exports.value = require('./r.mjs').value`,
      'r.mjs': `export { x as value } from './x.mjs'`,
      'x.mjs': 'export const x = 1',
    },
  })
  assert.equal(await app.ask('get'), 1)
  const good = { 'x.mjs': (n) => `export const x = ${n}`, 'r.mjs': (n) => `import { x } from './x.mjs'; export const value = x + ${n}` }
  const expected = { 'x.mjs': (n) => n, 'r.mjs': (n) => 9 + n }
  for (const [file, broken] of [['x.mjs', 'export const ='], ['x.mjs', 'throw new Error(1)'], ['r.mjs', 'export const ='], ['r.mjs', `import './gone.mjs'`]]) {
    if (file === 'r.mjs') app.save('x.mjs', good['x.mjs'](9))
    app.save(file, broken)
    await app.askError('get')
    app.save(file, good[file](2))
    // Where no hook sees the require, a restart may be asked for; everywhere else it is mended.
    if (!hasSyncHooks && app.told('full-reload').length > 0) return
    assert.equal(await app.ask('get'), expected[file](2), `${file}: ${broken}`)
  }
})

test('one that uses import.meta.hot stays where no hook gives it that', { skip }, async (t) => {
  const source = (n) => `import.meta.hot?.dispose(() => (globalThis.disposed = (globalThis.disposed ?? 0) + 1)); export const value = ${n}`
  const app = await startApp(t, {
    files: {
      'main.mjs': get,
      'b.mjs': `import c from './c.cjs'; export const value = [c.value, globalThis.disposed ?? 0]`,
      'c.cjs': `exports.value = require('./r.mjs').value`,
      'r.mjs': source(1),
    },
  })
  assert.deepEqual(await app.ask('get'), [1, 0])
  app.save('r.mjs', source(2))
  const [value, disposed] = await app.ask('get')
  if (!hasSyncHooks) await app.message('full-reload')
  else assert.deepEqual([value, disposed], [2, 1])
})
