import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { describe, test } from 'node:test'
import { createFolder, PACKAGE } from './support/app.mjs'

const TSC = path.join(PACKAGE, 'node_modules/typescript/bin/tsc')
const use = `import.meta.hot?.dispose(() => {}); export const b = import('./b.js', import.meta.hot?.boundary)\n`

/**
 * What `tsc` says about an app. @param {import('node:test').TestContext} t @param {Record<string, string>} files
 * @returns {Promise<string>}
 */
const check = (t, files) =>
  new Promise((resolve) => {
    const args = [TSC, '--project', createFolder(t, { files }), '--pretty', 'false']
    execFile(process.execPath, args, (error, stdout, stderr) => resolve(error ? `${stdout}${stderr}` || error.message : ''))
  })

/** @param {Record<string, unknown>} [more] */
const tsconfig = (more) =>
  JSON.stringify({ compilerOptions: { strict: true, noEmit: true, target: 'es2022', module: 'nodenext', types: [], ...more } })

describe('types', { concurrency: true }, () => {
  for (const [name, more, reference] of /** @type {const} */ ([
    ['tsconfig "types"', { types: ['hot-hook/import-meta'] }, ''],
    ['a reference', {}, '/// <reference types="hot-hook/import-meta" />\n'],
    ["a bundler's resolution", { module: 'esnext', moduleResolution: 'bundler', types: ['hot-hook/import-meta'] }, ''],
  ])) {
    test(`import.meta.hot is typed by ${name}`, async (t) => {
      assert.equal(await check(t, { 'tsconfig.json': tsconfig(more), 'a.ts': reference + use, 'b.ts': 'export {}\n' }), '')
    })
  }

  test('without either, import.meta.hot is unknown to TypeScript', async (t) => {
    const said = await check(t, { 'tsconfig.json': tsconfig(), 'a.ts': use, 'b.ts': 'export {}\n' })
    assert.match(said, /a\.ts\(1,\d+\): error TS2339: Property 'hot' does not exist on type 'ImportMeta'/)
  })

  test('the package is typed without the types of Node, and without skipLibCheck', async (t) => {
    const main = `import { hot, type InitOptions } from 'hot-hook'\nconst options: InitOptions = { poll: 100 }\nawait hot.init(options)\n`
    const more = { lib: ['es2022', 'dom'], types: ['hot-hook/import-meta'] }
    assert.equal(await check(t, { 'tsconfig.json': tsconfig(more), 'a.ts': main }), '')
  })
})
