/**
 * Which modules begin to listen, and what the exports are that they import: hints say by that what may become hot, and how.
 */
import module from 'node:module'
import { thread } from '../native/thread.mjs'
import { reportRequires } from '../node/cjs-cache.mjs'
import { builtin, hasSyncHooks } from '../node/features.mjs'
import { isOwn } from '../own.mjs'
import { attempt, guarded } from './guard.mjs'
import { setImmediate } from './primordials.mjs'

const { fileURLToPath } = builtin('node:url')
const { types } = builtin('node:util')

/** No deeper stack is looked at: frameworks call each other before they listen. */
const DEPTH = 100

/** Tells the engine of each server that begins to listen. */
export function noteListening() {
  builtin('node:diagnostics_channel').subscribe('tracing:net.server.listen:asyncStart', () => attempt(listens))
}

function listens() {
  // What passed no hook is not known yet.
  if (!hasSyncHooks) guarded(() => reportRequires())
  const urls = guarded(() => thread.listens(callers()))
  // When what is running has come to its end; nothing waits for it.
  if (urls?.length) setImmediate(() => void describeExports(urls)).unref()
}

/** The files and URLs of those that call, the innermost first; what awaits a call is one of them. @returns {string[]} */
function callers() {
  const { prepareStackTrace, stackTraceLimit } = Error
  /** @type {{ stack?: any }} */
  const holder = {}
  try {
    Error.stackTraceLimit = DEPTH
    Error.prepareStackTrace = (_, sites) => sites
    Error.captureStackTrace(holder)
    const files = holder.stack.map((/** @type {NodeJS.CallSite} */ site) => site.getFileName())
    return files.filter((/** @type {unknown} */ file) => typeof file === 'string' && !file.startsWith('node:') && !isOwn(file))
  } finally {
    Error.prepareStackTrace = prepareStackTrace
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** @param {string[]} urls */
async function describeExports(urls) {
  for (const url of urls) {
    try {
      const exports = await exportsOf(url)
      const names = Object.keys(exports)
      guarded(() => thread.noteExports(url, names, names.map((name) => kindOf(exports[name]))))
    } catch {
      // It has thrown, or its exports cannot be looked at: no more is known of them.
    }
  }
}

/** What a module exports that runs in this thread. @param {string} url @returns {Promise<Record<string, unknown>>} */
async function exportsOf(url) {
  const required = /** @type {any} */ (module)._cache[fileURLToPath(url)]
  if (!required) return import(url)
  const { exports } = required
  if (types.isModuleNamespaceObject(exports)) return exports
  return { ...valuesOf(exports), default: exports }
}

/** The own properties of an object that are values: no getter is called. @param {unknown} value */
function valuesOf(value) {
  const found = isObject(value) && !types.isProxy(value) ? Object.entries(Object.getOwnPropertyDescriptors(value)) : []
  return Object.fromEntries(found.flatMap(([name, { value: own }]) => (own === undefined ? [] : [[name, own]])))
}

/** @param {unknown} value @returns {value is object} */
const isObject = (value) => (typeof value === 'object' && value !== null) || typeof value === 'function'

/** @param {any} value @returns {import('../native/binding.js').ExportKind} */
function kindOf(value) {
  if (!isObject(value)) return 'data'
  if (types.isProxy(value)) return typeof value === 'function' ? 'function' : 'object'
  if (typeof value === 'function') {
    if (['handle', 'fetch'].some((name) => hasMethod(value, name))) return 'app'
    return /^class\b/.test(Function.prototype.toString.call(value)) ? 'class' : 'function'
  }
  const apps = [['fetch'], ['callback', 'use'], ['routing', 'ready'], ['listen', 'listenerCount']]
  if (apps.some((names) => names.every((name) => hasMethod(value, name)))) return 'app'
  return isData(value) ? 'data' : 'object'
}

/** Whether there is a method, of its own or inherited; no getter is called. @param {object} value @param {string} name */
function hasMethod(value, name) {
  for (let at = value; at; at = Object.getPrototypeOf(at)) {
    const own = Object.getOwnPropertyDescriptor(at, name)
    if (own) return typeof own.value === 'function'
  }
  return false
}

/** How deep it is looked into what a configuration may hold, and at how many values. */
const DEEPEST = 6
const MOST_VALUES = 1000

/** Whether it is made of text, numbers, plain objects and lists of such. @param {object} value */
function isData(value) {
  let left = MOST_VALUES
  /** @param {unknown} part @param {number} depth @returns {boolean} */
  const isPlain = (part, depth) => {
    if (!isObject(part)) return true
    if (depth > DEEPEST || --left < 0 || typeof part === 'function' || types.isProxy(part)) return false
    const prototype = Object.getPrototypeOf(part)
    if (prototype !== null && prototype !== Object.prototype && prototype !== Array.prototype) return isValue(part)
    return Object.values(Object.getOwnPropertyDescriptors(part)).every((own) => 'value' in own && isPlain(own.value, depth + 1))
  }
  return isPlain(value, 0)
}

/** @param {object} value */
const isValue = (value) => types.isDate(value) || types.isRegExp(value) || value instanceof URL
