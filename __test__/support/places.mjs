/**
 * For tests of the place of an error: an app whose files have a mark, ‸, where the error is.
 */
import assert from 'node:assert/strict'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { HOT, PACKAGE, write } from './app.mjs'

const MARK = '‸'
const module = pathToFileURL(path.join(PACKAGE, 'lib/runtime/error-place.mjs')).href

/** An app that imports what it is asked to, and says where that fails. */
export const placesMain = `
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
  // Node 20 has one for CommonJS that throws below an ES module, of which the import is rejected, too.
  process.on('unhandledRejection', () => {})
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
 * @property {string} [entry] what is imported
 * @property {[string, string]} [change] a file that was another, instead of that with the mark, and what it was
 * @property {string} [in] the file, if there is no mark
 * @property {[number, number]} [at] line and column in it
 * @property {string} [frame]
 * @property {string} [name]
 */

/** @param {Awaited<ReturnType<typeof import('./app.mjs').startApp>>} app @param {string} folder @param {Case} given @param {boolean} isFirst */
export async function checkPlace(app, folder, given, isFirst) {
  const { files, message, good = '', frame, entry = `./${Object.keys(files)[0]}`, in: inFile, name } = given
  const marked = Object.keys(files).find((name) => files[name].includes(MARK)) ?? inFile ?? ''
  const [changed, before] = given.change ?? [marked, good]
  for (const [name, text] of Object.entries(files)) write(app.folder, `${folder}/${name}`, unmarked(text))
  const url = `./${folder}${entry.slice(1)}`
  if (!isFirst) {
    write(app.folder, `${folder}/${changed}`, before)
    assert.equal(await app.ask('attempt', url, []), undefined)
    write(app.folder, `${folder}/${changed}`, unmarked(files[changed]))
  }
  const found = await app.ask('attempt', url, [app.file(`${folder}/${changed}`)])
  const known = JSON.stringify(found, null, 2)
  assert.ok(found, 'it should fail')
  const file = app.file(inFile?.startsWith('node_modules') ? inFile : `${folder}/${marked}`)
  const at = files[marked]?.includes(MARK) ? placeOf(files[marked]) : { line: given.at?.[0], column: given.at?.[1] }
  assert.deepEqual({ file: found.file, line: found.line, column: found.column }, { file, ...at }, known)
  assert.match(found.message, message, known)
  assert.equal(found.changed, undefined)
  assert.equal(found.again, false)
  if (frame !== undefined) assert.equal(found.frame, frame, known)
  if (at.line !== undefined) assert.ok(found.frame && !found.frame.includes('enter('), known)
  if (name) assert.equal(found.name, name)
}
