/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HOT, nodeIs, said, startApp } from './support/app.mjs'

const get = (name) => `serve({ get: async () => (await import('./${name}', ${HOT})).value, log: () => log.lines.splice(0) })`
const require = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`
const esm = (n) => `export const value = ${n}`
const cjs = (n) => `exports.value = ${n}`
const json = (n) => `{ "value": ${n} }`
const typed = (n) => `export const value: number = ${n} as number`

/** A module with the global `(i32.const n)`, exported as `value`. @param {number} n less than 64 */
const wasm = (n) => Buffer.from(`0061736d010000000606017f0041${n.toString(16).padStart(2, '0')}0b0709010576616c75650300`, 'hex')
const WASM_FLAG = nodeIs(24, 5) ? [] : ['--experimental-wasm-modules']
/** Before, the export was a `WebAssembly.Global`. */
const wasmValue = `import * as leaf from './leaf.wasm'; export const value = leaf.value?.value ?? leaf.value`

const noHooks = !nodeIs(22, 12) && 'require passes no hooks: a required ES module is cold'
const noTypes = !nodeIs(22, 18) && 'Node strips types since 22.18'
const QUIET = ['--no-warnings']

/**
 * A leaf of each kind, and what is between it and the root. The leaf's value is saved, and asked for at once.
 * @type {Record<string, { files: Record<string, string>, leaf: string, text: (n: number) => string | Buffer, flags?: string[], skip?: string | false }>}
 */
const cases = {
  'an ES module': { files: { 'b.mjs': `export * from './leaf.mjs'` }, leaf: 'leaf.mjs', text: esm },
  'a .js file': { files: { 'b.js': `export * from './leaf.js'` }, leaf: 'leaf.js', text: esm },
  'CommonJS, as the boundary': { files: {}, leaf: 'b.cjs', text: cjs },
  'CommonJS, imported': { files: { 'b.mjs': `import leaf from './leaf.cjs'; export const { value } = leaf` }, leaf: 'leaf.cjs', text: cjs },
  'CommonJS, imported by name': { files: { 'b.mjs': `export { value } from './leaf.cjs'` }, leaf: 'leaf.cjs', text: cjs },
  'CommonJS, required by a boundary': { files: { 'b.cjs': `exports.value = require('./leaf.cjs').value` }, leaf: 'leaf.cjs', text: cjs },
  'CommonJS, required three levels below': {
    files: {
      'b.mjs': `export { value } from './one.cjs'`,
      'one.cjs': `exports.value = require('./deep/two.cjs').value`,
      'deep/two.cjs': `exports.value = require('../leaf').value`,
      'leaf/package.json': `{ "main": "main.cjs" }`,
    },
    leaf: 'leaf/main.cjs',
    text: cjs,
  },
  'CommonJS, by createRequire': { files: { 'b.mjs': `${require} export const { value } = require('./leaf.cjs')` }, leaf: 'leaf.cjs', text: cjs },
  'CommonJS, below createRequire': {
    files: { 'b.mjs': `${require} export const { value } = require('./one.cjs')`, 'one.cjs': `exports.value = require('./leaf.cjs').value` },
    leaf: 'leaf.cjs',
    text: cjs,
  },
  'JSON, imported': { files: { 'b.mjs': `import leaf from './leaf.json' with { type: 'json' }; export const { value } = leaf` }, leaf: 'leaf.json', text: json },
  'JSON, required': { files: { 'b.cjs': `exports.value = require('./leaf.json').value` }, leaf: 'leaf.json', text: json },
  'JSON, by createRequire': { files: { 'b.mjs': `${require} export const { value } = require('./leaf.json')` }, leaf: 'leaf.json', text: json },
  'JSON, imported and required': {
    files: {
      'b.mjs': `${require} import leaf from './leaf.json' with { type: 'json' }; import other from './other.cjs'
        if (require('./leaf.json').value !== leaf.value || other.value !== leaf.value) throw new Error('two of them')
        export const { value } = leaf`,
      'other.cjs': `exports.value = require('./leaf.json').value`,
    },
    leaf: 'leaf.json',
    text: json,
  },
  'an ES module, required': {
    files: { 'b.cjs': `exports.value = require('./leaf.mjs').value` }, leaf: 'leaf.mjs', text: esm, flags: QUIET, skip: noHooks,
  },
  'an ES module below a required one': {
    files: { 'b.cjs': `exports.value = require('./one.mjs').value`, 'one.mjs': `export * from './leaf.mjs'` },
    leaf: 'leaf.mjs', text: esm, flags: QUIET, skip: noHooks,
  },
  'an ES module, by createRequire': {
    files: { 'b.mjs': `${require} export const { value } = require('./leaf.mjs')` }, leaf: 'leaf.mjs', text: esm, flags: QUIET, skip: noHooks,
  },
  'CommonJS below a required ES module': {
    files: { 'b.cjs': `exports.value = require('./one.mjs').value`, 'one.mjs': `import leaf from './leaf.cjs'; export const { value } = leaf` },
    leaf: 'leaf.cjs', text: cjs, flags: QUIET, skip: noHooks,
  },
  'TypeScript: .ts': { files: { 'b.mts': `export { value } from './leaf.ts'` }, leaf: 'leaf.ts', text: typed, flags: QUIET, skip: noTypes },
  'TypeScript: .mts': { files: { 'b.mts': `export { value } from './leaf.mts'` }, leaf: 'leaf.mts', text: typed, flags: QUIET, skip: noTypes },
  'TypeScript: .cts': {
    files: { 'b.mts': `import leaf from './leaf.cts'; export const value: number = leaf.value` },
    leaf: 'leaf.cts', text: (n) => `exports.value = ${n} as number`, flags: QUIET, skip: noTypes,
  },
  'TypeScript: .cts, required': {
    files: { 'b.cts': `exports.value = require('./leaf.cts').value as number` },
    leaf: 'leaf.cts', text: (n) => `exports.value = ${n} as number`, flags: QUIET, skip: noTypes,
  },
  'wasm': { files: { 'b.mjs': wasmValue }, leaf: 'leaf.wasm', text: wasm, flags: [...QUIET, ...WASM_FLAG] },
}

for (const [name, { files, leaf, text, flags = [], skip = false }] of Object.entries(cases)) {
  test(`below a boundary, saved and asked for at once: ${name}`, { skip }, async (t) => {
    const boundary = Object.keys(files).find((file) => file.startsWith('b.')) ?? leaf
    const app = await startApp(t, { before: flags, files: { 'main.mjs': get(boundary), ...files, [leaf]: text(1) } })
    assert.equal(await app.ask('get'), 1)
    for (const n of [2, 3, 4, 5]) {
      if (n % 2) app.save(leaf, text(n))
      else app.replace(leaf, text(n))
      assert.equal(await app.ask('get'), n)
    }
    app.save(leaf, text(5))
    assert.equal(await app.ask('get'), 5)
    await app.message('invalidated', 4)
    assert.equal(said(app), '')
    const told = app.messages.map(({ type, paths }) => `${type} ${paths?.[0]}`)
    assert.deepEqual(told, Array(4).fill(`hot-hook:invalidated ${app.file(leaf)}`))
  })
}
