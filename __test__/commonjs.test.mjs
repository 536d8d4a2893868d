import test from 'node:test'
import assert from 'node:assert/strict'
import { startApp, HOT, nodeIs } from './support/app.mjs'
test('createRequire below a boundary', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': `serve({ get: async () => (await import('./b.mjs', ${HOT})).value() })`,
   'b.mjs': `import { createRequire } from 'node:module'; const r = createRequire(import.meta.url); export const value = () => r('./lib/c.cjs').v + r('./lib/d.json').v`,
   'lib/c.cjs': `exports.v = require('./e.cjs').e`, 'lib/e.cjs': `exports.e = 'e1'`, 'lib/d.json': '{"v":1}' } })
  assert.equal(await app.ask('get'), 'e11')
  await app.quiet()
  app.save('lib/e.cjs', `exports.e = 'e2'`)
  assert.equal(await app.ask('get'), 'e21')
  app.save('lib/d.json', '{"v":2}')
  assert.equal(await app.ask('get'), 'e22')
  assert.deepEqual(app.told('full-reload'), [])
})
test('lazy require', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': `serve({ get: async () => (await import('./b.mjs', ${HOT})).value() })`,
   'b.mjs': `import c from './c.cjs'; export const value = () => c.get()`,
   'c.cjs': `exports.get = () => require('./lib/e.cjs').e`, 'lib/e.cjs': `exports.e = 'e1'` } })
  assert.equal(await app.ask('get'), 'e1')
  await app.ask('get')
  await app.quiet()
  app.save('lib/e.cjs', `exports.e = 'e2'`)
  assert.equal(await app.ask('get'), 'e2')
  app.save('lib/e.cjs', `exports.e = 'e3'`)
  assert.equal(await app.ask('get'), 'e3')
  assert.deepEqual(app.told('full-reload'), [])
})
test('two files of a folder require the same third', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': `serve({ get: async () => (await import('./b.mjs', ${HOT})).value, cold: () => globalThis.cold })\nimport './cold.cjs'`,
   'b.mjs': `import c from './c.cjs'; export const value = c.e`,
   'cold.cjs': `exports.f = () => (globalThis.cold = require('./e.cjs').e)`,
   'c.cjs': `exports.e = require('./e.cjs').e`, 'e.cjs': `exports.e = 'e1'` } })
  assert.equal(await app.ask('get'), 'e1')
  app.save('e.cjs', `exports.e = 'e2'`)
  assert.equal(await app.ask('get'), 'e2')
})
test('require and import give one instance', { skip: !nodeIs(22, 12) }, async (t) => {
  const app = await startApp(t, { before: ['--no-warnings'], files: { 'main.mjs': `serve({ get: async (x) => (await import(x ? './b.mjs' : './d.mjs', ${HOT})).value })`,
   'b.mjs': `import { createRequire } from 'node:module'; import * as d from './e.mjs'; const r = createRequire(import.meta.url)('./e.mjs'); export const value = [d.v, r.o === d.o]`,
   'd.mjs': `import { createRequire } from 'node:module'; const r = createRequire(import.meta.url)('./e.mjs'); const d = await import('./e.mjs'); export const value = [d.v, r.o === d.o]`,
   'e.mjs': `export const o = {}; export const v = 1` } })
  for (let i = 1; i < 6; i++) {
    assert.deepEqual(await app.ask('get', i % 2), [i, true], i)
    assert.deepEqual(await app.ask('get', (i+1) % 2), [i, true], i)
    app.save('e.mjs', `export const o = {}; export const v = ${i + 1}`)
  }
  assert.deepEqual(app.told('full-reload'), [])
})

test('JSON that is imported, and required by a module that came before it', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `serve({ get: async () => (await import('./b.mjs', ${HOT})).default })`,
      'b.mjs': `import n from './n.json' with { type: 'json' }; import c from './c.cjs'; export default [n, c]`,
      'c.cjs': `module.exports = require('./n.json')`,
      'n.json': '1',
    },
  })
  for (const n of [1, 2, 3]) {
    app.save('n.json', String(n))
    assert.deepEqual(await app.ask('get'), [n, n])
  }
})
