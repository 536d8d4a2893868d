/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HOT, nodeIs, said, startApp } from './support/app.mjs'

/**
 * Node 20 rejects a second promise where CommonJS below an ES module throws: it ends plain apps, too, and Node warns when
 * it is handled late.
 */
const survive = nodeIs(22) ? '' : `process.on('uncaughtException', () => {}).removeAllListeners('warning');`
const main = `${survive} serve({ get: async () => (await import('./b.mjs', ${HOT})).value, log: () => log.lines.splice(0) })`
const noisy = (name, n, text) => `${text}\nlog('${name}${n}'); import.meta.hot.dispose(() => log('${name}${n} disposed'))`
const files = {
  'main.mjs': main,
  'b.mjs': noisy('b', 1, `export { value } from './c.mjs'`),
  'c.mjs': noisy('c', 1, `export { value } from './d.cjs'`),
  'd.cjs': 'exports.value = 1',
}

/**
 * Each way to break a module, and the error that Node has for it. `file` is broken by `text`.
 * @type {Record<string, { file: string, text?: string, error: (error: any) => unknown }>}
 */
const failures = {
  'a syntax error in the boundary': { file: 'b.mjs', text: 'export const = 1', error: ({ name }) => name === 'SyntaxError' },
  'a syntax error below it': { file: 'c.mjs', text: 'export const = 1', error: ({ name }) => name === 'SyntaxError' },
  'a throw in the boundary': { file: 'b.mjs', text: `throw new RangeError('on purpose')`, error: ({ message }) => message === 'on purpose' },
  'a throw below it': { file: 'c.mjs', text: `export const value = 1; throw new RangeError('on purpose')`, error: ({ message }) => message === 'on purpose' },
  'a rejection below it': { file: 'c.mjs', text: `export const value = 1; await Promise.reject(new Error('on purpose'))`, error: ({ message }) => message === 'on purpose' },
  'a missing export': { file: 'c.mjs', text: 'export const other = 1', error: ({ name, message }) => name === 'SyntaxError' && message.includes('value') },
  'a missing file': { file: 'c.mjs', text: `export { value } from './e.mjs'`, error: ({ code }) => code === 'ERR_MODULE_NOT_FOUND' },
  'a missing package': { file: 'c.mjs', text: `export { value } from 'nowhere'`, error: ({ code }) => code === 'ERR_MODULE_NOT_FOUND' },
  'a deleted file': { file: 'c.mjs', error: ({ code }) => code === 'ERR_MODULE_NOT_FOUND' },
  'a syntax error in CommonJS': { file: 'd.cjs', text: 'exports.value = = 1', error: ({ name }) => name === 'SyntaxError' },
  'a throw in CommonJS': { file: 'd.cjs', text: `exports.value = 1; throw new RangeError('on purpose')`, error: ({ message }) => message === 'on purpose' },
  'a missing file in CommonJS': { file: 'd.cjs', text: `exports.value = require('./e.cjs')`, error: ({ code }) => code === 'MODULE_NOT_FOUND' },
}

for (const [name, { file, text, error }] of Object.entries(failures)) {
  test(`${name}: Node's own error, and the fix is live at the next import`, async (t) => {
    const app = await startApp(t, { files })
    assert.equal(await app.ask('get'), 1)
    const log = await app.ask('log')
    assert.deepEqual(log, ['c1', 'b1'])
    // Twice: once with what never failed before it, once with what did.
    for (const round of [1, 2]) {
      if (text === undefined) app.remove(file)
      else app.save(file, `${text} // ${round}`)
      if (text === undefined) await app.expect('get', error)
      else assert.ok(error(await app.askError('get')), app.known())
      assert.ok(error(await app.askError('get')), 'it fails as long as it is not mended')
      app.save(file, `${files[file]} // mended ${round}`)
      assert.equal(await app.ask('get'), 1)
      log.push(...(await app.ask('log')))
    }
    // Whatever ran was disposed of once, before the next one of its module ran; the last ones live.
    for (const module of ['b', 'c']) {
      const own = log.filter((line) => line.startsWith(module))
      const expected = own.map((_, index) => (index % 2 ? `${module}1 disposed` : `${module}1`))
      assert.deepEqual(own, expected, log.join(', '))
      assert.equal(own.length % 2, 1, log.join(', '))
    }
    assert.deepEqual(app.told('full-reload'), [])
    assert.equal(said(app), '')
  })
}

test('a missing dependency that comes, although its importer is not saved', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': main, 'b.mjs': `export { value } from './lib/deep/c.mjs'` } })
  assert.equal((await app.askError('get')).code, 'ERR_MODULE_NOT_FOUND')
  app.save('lib/deep/other.mjs', '')
  assert.equal((await app.askError('get')).code, 'ERR_MODULE_NOT_FOUND')
  app.save('lib/deep/c.mjs', 'export const value = 1')
  assert.equal(await app.ask('get'), 1, 'at once')
})

test('broken, and broken otherwise, before it is mended', async (t) => {
  const app = await startApp(t, { files })
  assert.equal(await app.ask('get'), 1)
  for (const { file, text, error } of Object.values(failures).filter(({ file, text }) => file === 'c.mjs' && text)) {
    app.save(file, text)
    assert.ok(error(await app.askError('get')), text)
  }
  app.save('c.mjs', files['c.mjs'])
  assert.equal(await app.ask('get'), 1)
})

test('a missing export: what was loaded for it does not run again as long as nothing changes', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `${main}; serve({ all: () => Promise.all(['./b.mjs', './c.mjs'].map((file) => import(file, ${HOT}).then(({ value }) => value, ({ name }) => name))) })`,
      'b.mjs': `export { value } from './c.mjs'`,
      'c.mjs': `log('c'); export const value = 1`,
    },
  })
  assert.deepEqual(await app.ask('all'), [1, 1])
  app.save('c.mjs', `log('c'); export const other = 2`)
  for (const _ of [1, 2, 3]) assert.deepEqual(await app.ask('all'), ['SyntaxError', null])
  assert.deepEqual(await app.ask('log'), ['c', 'c'])
  app.save('c.mjs', `log('c'); export const value = 3`)
  assert.deepEqual(await app.ask('all'), [3, 3])
  assert.deepEqual(await app.ask('log'), ['c'])
})
