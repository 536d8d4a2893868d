/*
 * The place of an error: of each kind, in files of a real app, of which the mark ‸ says where the error is. Every case is
 * imported when it is new, and once more after it was whole: then its instance has a version, and a prelude.
 */
import assert from 'node:assert/strict'
import path from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { HOT, PACKAGE, startApp, write } from './support/app.mjs'

const MARK = '‸'
const module = pathToFileURL(path.join(PACKAGE, 'lib/runtime/error-place.mjs')).href

const main = `
  import { addPlace, describeError } from ${JSON.stringify(module)}
  const attempt = async (path, files) => {
    const url = new URL(path, import.meta.url).href
    const thrown = await import(url, ${HOT}).then(() => undefined, (error) => error ?? 'nothing')
    if (thrown === undefined) return undefined
    const before = thrown.stack
    const found = describeError(thrown, { url, files })
    if (thrown.stack !== before) found.changed = [before, thrown.stack]
    addPlace(thrown, found)
    const stack = thrown.stack
    addPlace(thrown, found)
    return { ...found, again: thrown.stack !== stack, before, stack }
  }
  serve({ attempt })
`

/** @param {string} text */
const unmarked = (text) => text.replace(MARK, '')

/** Where the mark is, as editors count. @param {string} text */
function placeOf(text) {
  const lines = text.replace(/^\ufeff/, '').slice(0, text.replace(/^\ufeff/, '').indexOf(MARK)).split(/\r\n|\n|\r/)
  return { line: lines.length, column: lines[lines.length - 1].length + 1 }
}

/**
 * @typedef {object} Case
 * @property {Record<string, string>} files the first is imported; one has a mark
 * @property {RegExp} message
 * @property {string} [good] the text with which the file that has the mark is whole
 * @property {string} [in] the file, if there is no line
 * @property {string} [frame]
 * @property {string} [name]
 */

/** @type {Record<string, Case>} */
const cases = {
  'a syntax error': { files: { 'a.mjs': 'export const list = () => {\n  return [‸;\n}\n' }, message: /^Unexpected token ';'$/, frame: '    1 | export const list = () => {\n  > 2 |   return [;\n      |           ^' },
  'on the line of the prelude': { files: { 'a.mjs': 'import.meta.url; const a = ‸;' }, message: /^Unexpected token ';'$/, frame: '  > 1 | import.meta.url; const a = ;\n      |                            ^' },
  'after a hashbang': { files: { 'a.mjs': '#!/usr/bin/env node\nimport.meta.url; const a = ‸;' }, message: /Unexpected token ';'/ },
  'deep below': { files: { 'a.mjs': "import './b.mjs'", 'b.mjs': "import './c.mjs'", 'c.mjs': 'import.meta.url\n\tawait 1; const é = "𝒳"; ‸return 1' }, good: '', message: /Illegal return/ },
  'a missing module': { files: { 'a.mjs': "// './no.mjs'\nimport fs from 'node:fs'\nimport x from ‸'./no.mjs'\n" }, message: /Cannot find module '.*no.mjs'/ },
  'a missing export': { files: { 'a.mjs': "import {\n  x,\n  ‸y as z,\n} from './b.mjs'\n", 'b.mjs': 'export const x = 1' }, message: /does not provide an export named 'y'/ },
  'a throw': { files: { 'a.mjs': "import.meta.url; function f() { throw ‸new TypeError('oh') }; f()" }, message: /^oh$/, name: 'TypeError' },
  'a throw of a later line': { files: { 'a.mjs': "\n\n  JSON.‸parse('{')" }, message: /JSON/ },
}

test('the place of an error', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': main } })
  for (const [index, [name, { files, message, good = '', frame, ...more }]] of Object.entries(cases).entries()) {
    for (const isFirst of [true, false]) {
      await t.test(`${name}${isFirst ? '' : ', again'}`, async () => {
        const folder = `case-${index}-${isFirst}`
        const [entry] = Object.keys(files)
        const marked = Object.keys(files).find((name) => files[name].includes(MARK)) ?? more.in ?? ''
        for (const [name, text] of Object.entries(files)) write(app.folder, `${folder}/${name}`, unmarked(text))
        if (!isFirst) {
          write(app.folder, `${folder}/${marked}`, good)
          assert.equal(await app.ask('attempt', `./${folder}/${entry}`, []), undefined)
          write(app.folder, `${folder}/${marked}`, unmarked(files[marked]))
        }
        const file = app.file(`${folder}/${marked}`)
        const found = await app.ask('attempt', `./${folder}/${entry}`, [file])
        const known = JSON.stringify(found, null, 2)
        assert.ok(found, 'it should fail')
        const { line, column } = files[marked].includes(MARK) ? placeOf(files[marked]) : { line: undefined, column: undefined }
        assert.deepEqual({ file: found.file, line: found.line, column: found.column }, { file, line, column }, known)
        assert.match(found.message, message)
        assert.equal(found.changed, undefined)
        assert.equal(found.again, false)
        if (frame !== undefined) assert.equal(found.frame, frame, known)
        if (more.name) assert.equal(found.name, more.name)
        assert.ok(line === undefined || found.stack.includes(path.basename(file)), known)
      })
    }
  }
})
