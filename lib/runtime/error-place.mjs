/**
 * The place of an error in what the user wrote. Rust finds it (src/place.rs); here is fetched what only JavaScript can see:
 * the properties of the error, what Node and V8 have noted of it, and source maps. None that has a getter of the user's is
 * read. Only V8 may run code of theirs, when it writes the stack: getters of its first line, and `Error.prepareStackTrace`.
 */
import { findSourceMap, SourceMap } from 'node:module'
import { PRELUDES } from '../hooks/prelude.mjs'
import { keptMap } from '../hooks/source-maps.mjs'
import * as engine from '../native/binding.js'
import { builtin } from '../node/features.mjs'
import { notedPlace, reach } from '../node/internals.mjs'
import { OWN } from '../own.mjs'
import { apply, process } from './primordials.mjs'

const { types, inspect } = builtin('node:util')
const { toString: functionToString } = Function.prototype
const inspectSymbol = inspect.custom
const { isAbsolute } = builtin('node:path')
const { pathToFileURL } = builtin('node:url')
const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object

/** V8's own, where `stack` has a getter: it is the same for all errors. */
const stackGetter = getOwnPropertyDescriptor(new Error('for its getter'), 'stack')?.get

/** No stack is longer, in UTF-16 units. */
const LONGEST = 100_000

/**
 * @typedef {object} ErrorPlace an error as it is shown
 * @property {string} name
 * @property {string} message its first line is the most important
 * @property {string} [file] an absolute path
 * @property {number} [line] from 1
 * @property {number} [column] from 1, in UTF-16 units
 * @property {string} [frame] at most three lines of the file, the last of which is marked and has a caret below it
 */

/**
 * Never throws, whatever was thrown.
 * @param {unknown} error
 * @param {{ url?: string, files?: string[] }} of `url`: of the module whose import failed; `files`: absolute paths of those that have changed
 * @returns {ErrorPlace}
 */
export function describeError(error, { url, files = [] }) {
  let facts
  try {
    facts = factsOf(error, url, files)
    const found = engine.describeError(facts, sourceOf)
    if (found) return found
  } catch {
    // It is shown all the same.
  }
  return { name: facts?.name ?? 'Error', message: facts?.message ?? 'something that cannot be shown' }
}

/**
 * Adds the place to an error that has none: as the first frame of its stack, because that is where people, `util.inspect`, and
 * what shows errors in a browser look for it. A second time it has one.
 * @param {unknown} error @param {ErrorPlace} place
 */
export function addPlace(error, { file, line, column }) {
  try {
    if (file === undefined || line === undefined || column === undefined || !types.isNativeError(error)) return
    const stack = textOf(error, 'stack')
    const message = textOf(error, 'message') ?? ''
    if (stack === undefined || engine.hasPlace(stack, message, OWN)) return
    const frame = `    at ${pathToFileURL(file).href}:${line}:${column}`
    const end = stack.indexOf('\n    at ')
    const value = end === -1 ? `${stack}\n${frame}` : `${stack.slice(0, end)}\n${frame}${stack.slice(end)}`
    defineProperty(error, 'stack', { value, writable: true, enumerable: false, configurable: true })
  } catch {
    // A frozen error stays as it is.
  }
}

/**
 * @param {unknown} error @param {string | undefined} url @param {string[]} files
 * @returns {import('../native/binding.js').ErrorFacts}
 */
function factsOf(error, url, files) {
  const inspected = inspectedBy(error)
  const stack = textOf(error, 'stack') ?? inspected
  const head = /^(?:.*\n)*?([A-Z$_][\w$.]*)(?: \[.*?\])?: (.*)/i.exec(stack?.slice(0, 1000) ?? '')
  const name = textOf(error, 'name') ?? head?.[1] ?? 'Error'
  const facts = {
    name,
    message: textOf(error, 'message') ?? head?.[2] ?? inspected ?? shown(error),
    stack,
    code: textOf(error, 'code'),
    url,
    files,
    requireStack: textsOf(valueOf(error, 'requireStack')),
    isMapped: isMapped(),
    own: OWN,
    preludes: PRELUDES,
  }
  return name === 'SyntaxError' && types.isNativeError(error) ? { ...facts, ...noted(/** @type {any} */ (error)) } : facts
}

/** What Node and V8 have noted of an error that they could not compile or link. @param {any} error */
function noted(error) {
  const { arrow } = reach()
  const text = arrow ? error[arrow] : undefined
  return { arrow: typeof text === 'string' ? text.slice(0, LONGEST) : undefined, ...(isPlain(error) && notedPlace(error)) }
}

/** Whether nothing of the user's runs when its properties are read. @param {object} error */
const isPlain = (error) => ['stack', 'message', 'name', 'constructor'].every((key) => !hasGetter(error, key))

/** What Node's function for that says. */
const INSPECTED = "() => fromBuffer(error).toString('utf8')"

/** What a hooks thread has thrown and Node could not send: only the text of it has come. @param {unknown} error */
function inspectedBy(error) {
  if (typeof error !== 'object' || error === null || types.isProxy(error)) return undefined
  const show = getOwnPropertyDescriptor(error, inspectSymbol)?.value
  if (typeof show !== 'function' || types.isProxy(show) || apply(functionToString, show, []) !== INSPECTED) return undefined
  const text = show()
  return typeof text === 'string' ? text.slice(0, LONGEST) : undefined
}

/** What was thrown, if that is no error. @param {unknown} thrown */
function shown(thrown) {
  if (typeof thrown === 'object' && thrown !== null) return 'an object was thrown that is no error'
  if (typeof thrown === 'function') return 'a function was thrown'
  return String(thrown)
}

/** @param {unknown} of @param {string} key */
function textOf(of, key) {
  try {
    const value = valueOf(of, key)
    return typeof value === 'string' ? value.slice(0, LONGEST) : undefined
  } catch {
    // V8 has written the stack, and called what throws.
    return undefined
  }
}

/** @param {unknown} list */
const textsOf = (list) => (!types.isProxy(list) && Array.isArray(list) ? [0].map((at) => textOf(list, String(at))).filter((text) => text !== undefined) : [])

/** A property, unless code of the user's would have to run. @param {unknown} of @param {string} key */
function valueOf(of, key) {
  const found = find(of, key)
  return found?.get && found.get === stackGetter ? found.get.call(of) : found?.value
}

/** @param {unknown} of @param {string} key */
function hasGetter(of, key) {
  const found = find(of, key)
  return found?.get !== undefined && found.get !== stackGetter
}

/** @param {unknown} of @param {string} key */
function find(of, key) {
  if (typeof of !== 'object' || of === null) return undefined
  for (let at = /** @type {object | null} */ (of), depth = 0; at && depth < 100; at = getPrototypeOf(at), depth++) {
    if (types.isProxy(at)) return undefined
    const found = getOwnPropertyDescriptor(at, key)
    if (found) return found
  }
}

/** Whether stacks have the places of sources already: Node maps them, or what the app has registered. */
function isMapped() {
  if (/** @type {any} */ (process).sourceMapsEnabled) return true
  const prepare = getOwnPropertyDescriptor(Error, 'prepareStackTrace')?.value
  // Node has put one there itself, since 21.
  return typeof prepare === 'function' && !(types.isProxy(prepare) || apply(functionToString, prepare, []).includes('internalPrepareStackTrace('))
}

/** @param {string} url @returns {SourceMap | undefined} */
function mapOf(url) {
  const known = findSourceMap(url)
  if (known) return known
  const kept = keptMap(url)
  return kept && new SourceMap(/** @type {any} */ ({ names: [], version: 3, ...kept, ...(kept.sources && { sources: kept.sources.map((source) => resolved(source, kept.sourceRoot, url)) }) }))
}

/** @param {string} source @param {string | undefined} root @param {string} url */
const resolved = (source, root, url) => (isAbsolute(source) ? source : new URL(`${root ? `${root}/` : ''}${source}`, url).href)

/**
 * @param {string} url @param {number} line @param {number} column
 * @returns {import('../native/binding.js').SourcePlace | null}
 */
function sourceOf(url, line, column) {
  const map = mapOf(url)
  if (!map) return null
  if (line === 0) return { source: url, line, column }
  const entry = /** @type {any} */ (map.findEntry(line - 1, column - 1))
  if (typeof entry.originalSource !== 'string') return null
  return { source: entry.originalSource, line: entry.originalLine + 1, column: entry.originalColumn + 1 }
}
