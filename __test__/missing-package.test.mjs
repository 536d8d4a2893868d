/* Packages that are missing when they are imported, and installed later. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import test from 'node:test'
import { HOT, nodeIs, startApp } from './support/app.mjs'

const env = { HOT_HOOK_REASON: '1' }
const NOT_FOUND = /MODULE_NOT_FOUND|PACKAGE_PATH_NOT_EXPORTED/
const esm = (exports = './index.js') => JSON.stringify({ name: 'late', version: '1.0.0', type: 'module', exports })

/**
 * What a boundary writes, and what is installed then, file by file: with the last one it can be found.
 * @type {Record<string, { write?: string, source?: string, packageJson?: object, files?: Record<string, string>, installed: [string, string][] }>}
 */
const cases = {
  'a package': { installed: [['node_modules/late/README.md', 'late'], ['node_modules/late/package.json', esm()], ['node_modules/late/index.js', 'export const value = 1']] },
  'a package, its manifest last': { installed: [['node_modules/late/index.js', 'export const value = 1'], ['node_modules/late/package.json', esm()]] },
  'a scoped package': {
    write: '@scope/late',
    installed: [['node_modules/@scope/late/package.json', esm('./dist/esm/index.js')], ['node_modules/@scope/late/dist/esm/index.js', 'export const value = 1']],
  },
  'another package of a scope': {
    write: '@scope/late',
    files: { 'node_modules/@scope/other/package.json': '{}' },
    installed: [['node_modules/@scope/late/package.json', esm()], ['node_modules/@scope/late/index.js', 'export const value = 1']],
  },
  'a part of a package': {
    write: 'late/part',
    files: { 'node_modules/late/package.json': esm(), 'node_modules/late/index.js': '' },
    installed: [['node_modules/late/package.json', esm({ '.': './index.js', './*': './parts/*.js' })], ['node_modules/late/parts/part.js', 'export const value = 1']],
  },
  'by its condition': {
    installed: [
      ['node_modules/late/package.json', esm({ import: './index.mjs', default: './index.cjs' })],
      ['node_modules/late/index.cjs', 'exports.value = 1'],
      ['node_modules/late/index.mjs', 'export const value = 1'],
    ],
  },
  'a main': {
    installed: [['node_modules/late/package.json', '{ "main": "./lib/main" }'], ['node_modules/late/lib/main.js', 'exports.value = 1']],
  },
  'a nested node_modules': {
    installed: [['src/node_modules/late/package.json', esm()], ['src/node_modules/late/index.js', 'export const value = 1']],
    files: { 'src/node_modules/other/package.json': '{}' },
  },
  'what imports maps to a package': {
    write: '#late',
    packageJson: { imports: { '#late': { node: 'late' } } },
    installed: [['node_modules/late/package.json', esm()], ['node_modules/late/index.js', 'export const value = 1']],
  },
  'a package that a package wants': {
    write: 'early',
    files: { 'node_modules/early/package.json': esm().replace('late', 'early'), 'node_modules/early/index.js': `export { value } from 'late'` },
    installed: [['node_modules/late/package.json', esm()], ['node_modules/late/index.js', 'export const value = 1']],
  },
  'required by CommonJS': {
    source: `export { default as value } from './c.cjs'`,
    files: { 'src/c.cjs': `module.exports = require('late').value` },
    installed: [['node_modules/late/package.json', '{ "name": "late" }'], ['node_modules/late/index.js', 'exports.value = 1']],
  },
}

for (const [name, { write = 'late', source = `export { value } from '${write}'`, packageJson, files, installed }] of Object.entries(cases)) {
  test(`a missing package is installed: ${name}`, async (t) => {
    const app = await startApp(t, {
      env,
      packageJson,
      files: { 'main.mjs': `${nodeIs(22) ? '' : `process.on('uncaughtException', () => {})`}; serve({ get: async () => (await import('./src/b.mjs', ${HOT})).value })`, 'src/b.mjs': source, ...files },
    })
    for (const _ of [1, 2]) assert.match((await app.askError('get')).code, NOT_FOUND)
    const last = installed.at(-1)?.[0] ?? ''
    for (const [file, text] of installed) {
      await app.quiet()
      assert.deepEqual(app.told('full-reload'), [], `${file} is not there yet`)
      app.save(file, text)
    }
    const { reason } = await app.message('full-reload')
    assert.match(reason.text, / can be found now, which \S+ imports as "[#@\w/]+"$/, last)
    await app.quiet()
    assert.equal(app.told('full-reload').length, 1, app.known())
  })
}

test('a workspace package is linked', async (t) => {
  const app = await startApp(t, {
    env,
    files: {
      'main.mjs': `serve({ get: async () => (await import('./src/b.mjs', ${HOT})).value })`,
      'src/b.mjs': `export { value } from 'late'`,
      'packages/late/package.json': esm(),
      'packages/late/index.js': 'export const value = 1',
    },
  })
  assert.match((await app.askError('get')).code, NOT_FOUND)
  fs.symlinkSync('../packages/late', app.file('node_modules/late'), 'dir')
  const { reason } = await app.message('full-reload')
  assert.equal(reason.text, 'node_modules/late/index.js can be found now, which src/b.mjs imports as "late"')
})

test('what imports maps to a file of the app is waited for like any file', async (t) => {
  const app = await startApp(t, {
    packageJson: { imports: { '#late/*': './src/*.mjs' } },
    files: { 'main.mjs': `serve({ get: async () => (await import('./src/b.mjs', ${HOT})).value })`, 'src/b.mjs': `export { value } from '#late/c'` },
  })
  assert.match((await app.askError('get')).code, NOT_FOUND)
  app.save('src/c.mjs', 'export const value = 1')
  assert.equal(await app.ask('get'), 1)
  assert.deepEqual(app.told('full-reload'), [])
})

test('what is no longer missing asks for nothing', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': `serve({ get: async () => (await import('./b.mjs', ${HOT})).value })`, 'b.mjs': `export { value } from 'never'` } })
  assert.match((await app.askError('get')).code, NOT_FOUND)
  app.save('b.mjs', 'export const value = 1')
  assert.equal(await app.ask('get'), 1)
  app.save('node_modules/other/package.json', '{}')
  app.save('node_modules/other/index.js', '')
  await app.quiet()
  assert.deepEqual(app.told('full-reload'), [])
})
