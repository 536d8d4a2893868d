/**
 * Source maps of modules that have a prelude: what stands after it on its line is further to the right.
 */
import * as engine from '../native/binding.js'
import { guarded } from '../runtime/guard.mjs'
import { builtin, hasFlag } from '../node/features.mjs'
import { process } from '../runtime/primordials.mjs'

const { readFileSync } = builtin('node:fs')

const NAME = 'sourceMappingURL='
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
/** No column has more digits. */
const MOST_DIGITS = 6

/** @typedef {{ mappings: string, sources?: string[], sourceRoot?: string }} SourceMap */

let areUsed = false

/** Looks whether Node looks at source maps: it may be switched on at any time, for the app's thread and not that of hooks. */
export function noteSourceMaps() {
  // The first Nodes that we run on do not say it.
  if (areUsed || !(process.sourceMapsEnabled ?? hasFlag('--enable-source-maps'))) return
  areUsed = true
  guarded(() => engine.useSourceMaps())
}

/**
 * Moves what the source map of a module says of generated line `line` by that many columns to the right. A map in a file of
 * its own is put into the text, if anybody looks at it. A map that cannot be read maps nothing either.
 * @param {string} text of the module, from which its map may be named @param {string} url of the module @param {number} by @param {number} line
 */
export function shiftSourceMap(text, url, by, line) {
  const found = findMapURL(text)
  if (!found) return text
  try {
    const map = found.url.startsWith('data:') ? decode(found.url) : readMap(found.url, url)
    if (!map) return text
    const lines = map.mappings.split(';')
    if (!lines[line]) return text
    lines[line] = shiftFirstColumn(lines[line], by)
    const shifted = Buffer.from(JSON.stringify({ ...map, mappings: lines.join(';') })).toString('base64')
    return `${text.slice(0, found.start)}data:application/json;base64,${shifted}${text.slice(found.end)}`
  } catch {
    return text
  }
}

/**
 * Keeps the map that stands in what a loader gives, to find the places of errors by: Node forgets it where it does not look at
 * source maps. @param {string} text @param {string} url of the module
 */
export function keepMap(text, url) {
  if (process.sourceMapsEnabled || guarded(() => engine.usesSourceMaps())) return
  const found = findMapURL(text)
  if (found?.url.startsWith('data:')) guarded(() => engine.keepMap(url, found.url))
}

/** The map that was kept of a module. @param {string} url @returns {SourceMap | undefined} */
export function keptMap(url) {
  const kept = guarded(() => engine.keptMap(url))
  return kept ? decode(kept) : undefined
}

/**
 * Where a text names its source map: the last time, at the beginning of a line or at the end of all.
 * @param {string} text
 */
function findMapURL(text) {
  const last = text.trimEnd().length
  for (let at = text.lastIndexOf(NAME); at > 3; at = text.lastIndexOf(NAME, at - 1)) {
    if (!/^\/[/*][#@]\s$/.test(text.slice(at - 4, at))) continue
    const start = at + NAME.length
    const length = text.slice(start).search(/\s|$/)
    const end = start + length
    const isLine = at === 4 || /[\n\r]/.test(text[at - 5])
    if (isLine || end >= last) return { url: text.slice(start, end), start, end }
  }
}

/** @param {string} url @returns {SourceMap | undefined} */
function decode(url) {
  const [type, data] = url.split(',', 2)
  if (!/^data:application\/json(?:;.*)?;base64$/.test(type)) return undefined
  return JSON.parse(Buffer.from(data, 'base64').toString())
}

/**
 * The map in a file of its own, as it is understood from the module.
 * @param {string} name its URL as the text has it @param {string} url of the module
 * @returns {SourceMap | undefined}
 */
function readMap(name, url) {
  if (!guarded(() => engine.usesSourceMaps())) return undefined
  const file = new URL(name, url)
  if (file.protocol !== 'file:') return undefined
  const { sourceRoot = '', sources, ...map } = JSON.parse(readFileSync(file, 'utf8'))
  return { ...map, sources: sources.map((/** @type {string} */ source) => new URL(sourceRoot + source, file).href) }
}

/**
 * The other columns of a line are relative to its first.
 * @param {string} segments base 64 VLQ, of which the first number is a column @param {number} by
 */
function shiftFirstColumn(segments, by) {
  let column = 0
  let length = 0
  let digit
  do {
    digit = DIGITS.indexOf(segments[length])
    if (digit === -1 || length === MOST_DIGITS) return segments
    column += (digit & 31) << (5 * length)
    length++
  } while (digit & 32)
  // The lowest bit is the sign; a column has none.
  let rest = ((column >> 1) + by) << 1
  let encoded = ''
  do {
    const low = rest & 31
    rest >>= 5
    encoded += DIGITS[rest > 0 ? low | 32 : low]
  } while (rest > 0)
  return encoded + segments.slice(length)
}
