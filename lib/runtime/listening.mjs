/**
 * Which modules begin to listen, and what the exports are that they import: hints say by that what may become hot, and how.
 */
import module from 'node:module'
import { thread } from '../native/thread.mjs'
import * as engine from '../native/binding.js'
import { reportRequires } from '../node/cjs-cache.mjs'
import { jobOf, loadCache } from '../node/esm-cache.mjs'
import { builtin, hasSyncHooks } from '../node/features.mjs'
import { Status, statusOf } from '../node/internals.mjs'
import { isOwn } from '../own.mjs'
import { attempt, guarded } from './guard.mjs'
import { isInspected } from './check.mjs'
import { setTimeout } from './primordials.mjs'

const { fileURLToPath } = builtin('node:url')
const { types } = builtin('node:util')

/** No deeper stack is looked at: frameworks call each other before they listen. */
const DEPTH = 100

/** How long after a server has begun to listen exports are looked at, in milliseconds: the app is not to wait for it. */
const DELAY = 200

/** Tells the engine of each server that begins to listen. */
export function noteListening() {
  builtin('node:diagnostics_channel').subscribe('tracing:net.server.listen:asyncStart', () => attempt(listens))
}

function listens() {
  const files = callers()
  if (!files) return
  // What passed no hook is not known yet.
  if (!hasSyncHooks) guarded(() => reportRequires())
  const urls = guarded(() => thread.listens(files))
  if (urls?.length) setTimeout(() => attempt(() => describeExports(urls)), DELAY).unref()
}

/**
 * The files and URLs of those that call, the innermost first; what awaits a call is one of them. `undefined` where an app has frozen or replaced
 * what tells: then the hints know less.
 * @returns {string[] | undefined}
 */
function callers() {
  try {
    return sites().filter((file) => typeof file === 'string' && !file.startsWith('node:') && !isOwn(file))
  } catch {
    return undefined
  }
}

/** @returns {string[]} the file of each frame, if it has one */
function sites() {
  const { prepareStackTrace, stackTraceLimit } = Error
  /** @type {{ stack?: any }} */
  const holder = {}
  try {
    Error.stackTraceLimit = DEPTH
    Error.prepareStackTrace = (_, sites) => sites
    Error.captureStackTrace(holder)
    return holder.stack.map((/** @type {NodeJS.CallSite} */ site) => site.getFileName())
  } finally {
    Error.prepareStackTrace = prepareStackTrace
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** @param {string[]} urls */
function describeExports(urls) {
  for (const url of urls) {
    try {
      const exports = exportsOf(url)
      const names = Object.keys(exports ?? {})
      if (exports) guarded(() => thread.noteExports(url, names, names.map((name) => kindOf(exports[name]))))
    } catch {
      // Its exports cannot be looked at: no more is known of them.
    }
  }
}

/**
 * What a module exports that has run in this thread. It is looked up in Node's caches: an `import()` would pass the loaders of others, and
 * evaluate what is only linked. Not while a debugger can connect, which would see how the cache is reached.
 * @param {string} url @returns {Record<string, unknown> | undefined} undefined: it has not run to its end, or is out of reach
 */
function exportsOf(url) {
  const required = /** @type {any} */ (module)._cache[fileURLToPath(url)]
  if (!required) {
    if (guarded(() => engine.releases()) !== true || isInspected() || !loadCache()) return undefined
    const job = /** @type {any} */ (jobOf(url))
    return statusOf(job) === Status.EVALUATED ? job.module.getNamespace() : undefined
  }
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
