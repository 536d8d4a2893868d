/**
 * Node's CommonJS: what it holds that no hook has seen, and what must leave it.
 */
import { Module, createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { types } from 'node:util'
import * as engine from './binding.js'
import { hasSyncHooks } from './node.mjs'
import { evictNow, forgetRequests } from './release.mjs'

const { cache } = createRequire(import.meta.url)

/** Our own addon is no part of the app. */
const OWN = new Set(Object.keys(cache).filter((path) => /[\\/]hot-hook\.[^\\/]*\.node$/.test(path)))

/**
 * The modules that `createRequire` makes for what it is given: they are in no cache, and the ES modules that they stand
 * for come and go.
 * @type {Set<WeakRef<NodeJS.Module>>}
 */
const makeshifts = new Set()

/** @type {WeakSet<NodeJS.Module>} */
const noted = new WeakSet()

/** Something was required since the last report. */
let hasRequired = false

/**
 * Calls `required` before something is required for the first time since the last report, and takes note of the makeshift modules that require. It is a getter, so
 * that no frame of ours stands in anybody's stack.
 * @param {() => void} required
 */
export function noteRequires(required) {
  let original = Module.prototype.require
  Object.defineProperty(Module.prototype, 'require', {
    configurable: true,
    enumerable: true,
    get() {
      if (this?.filename && cache[this.filename] !== this && !noted.has(this)) {
        noted.add(this)
        makeshifts.add(new WeakRef(this))
        eager.set(this, 0)
      }
      if (this?.loaded && !eager.has(this)) eager.set(this, this.children.length)
      if (!hasRequired) {
        hasRequired = true
        required()
      }
      return original
    },
    set(replacement) {
      original = replacement
    },
  })
}

/** How many children a module had when it first required something after it had run. @type {WeakMap<NodeJS.Module, number>} */
const eager = new WeakMap()

/**
 * Whether a `require` of the module at `url` may not be repeated: it has run to its end, or is no CommonJS.
 * @param {string} url
 */
export function isLazy(url) {
  return !url.startsWith('file:') || (cache[fileURLToPath(url)]?.loaded ?? true)
}

/** Which children of a module were reported. @type {WeakMap<NodeJS.Module, WeakSet<NodeJS.Module>>} */
const reported = new WeakMap()

/** @typedef {{ modules: string[], es: string[], edges: string[], lazy: boolean[] }} Found see `report` of the binding */

/** Reports what `require` did in this thread since the last report. @param {number} thread */
export function reportRequires(thread) {
  hasRequired = false
  /** @type {Found} */
  const found = { modules: [], es: [], edges: [], lazy: [] }
  /** @type {Map<unknown, string>} */
  const nameless = new Map()
  // Imported JSON has an entry with neither a filename nor children.
  for (const [path, required] of Object.entries(cache)) {
    if (!required || OWN.has(path)) continue
    if (!required.filename) nameless.set(required, path)
    if (!reported.has(required)) {
      found.modules.push(path)
      if (isESModule(required)) found.es.push(path)
    }
    reportChildren(required, nameless, found)
  }
  for (const reference of makeshifts) {
    const makeshift = reference.deref()
    if (makeshift) reportChildren(makeshift, nameless, found)
    else makeshifts.delete(reference)
  }
  engine.report(thread, found.modules, found.es, found.edges, found.lazy, hasSyncHooks)
}

/** @param {NodeJS.Module} parent @param {Map<unknown, string>} nameless @param {Found} found */
function reportChildren(parent, nameless, found) {
  let known = reported.get(parent)
  if (!known) reported.set(parent, (known = new WeakSet()))
  parent.children?.forEach((child, index) => {
    const path = child.filename ?? nameless.get(child)
    if (known.has(child) || !path || OWN.has(path)) return
    known.add(child)
    found.edges.push(parent.filename, path)
    found.lazy.push(index >= (eager.get(parent) ?? Infinity))
  })
}

/**
 * Stale modules leave Node's caches.
 * @param {string[]} paths
 */
export function evictRequired(paths) {
  const stale = new Set()
  for (const path of paths) {
    const required = cache[path]
    if (!required) continue
    if (isESModule(required) && !evictNow(pathToFileURL(path).href)) {
      engine.irreplaceable(path)
      continue
    }
    delete cache[path]
    stale.add(required)
  }
  if (stale.size === 0) return
  for (const other of Object.values(cache)) removeChild(other, stale)
  for (const reference of makeshifts) removeChild(reference.deref(), stale)
  forgetPaths(new Set(paths))
  forgetRequests(new Set(paths))
}

/**
 * Modules that keep their URL leave the load cache: `require` knows no queries.
 * @param {string[]} paths
 */
export function evictPlain(paths) {
  for (const path of paths) if (!evictNow(pathToFileURL(path).href)) engine.irreplaceable(path)
}

/** @param {NodeJS.Module | undefined | null} parent @param {Set<unknown>} stale */
function removeChild(parent, stale) {
  if (parent?.children?.some((child) => stale.has(child))) {
    parent.children = parent.children.filter((child) => !stale.has(child))
  }
}

/** @param {Set<string>} stale */
function forgetPaths(stale) {
  const { _pathCache: paths } = /** @type {{ _pathCache: Record<string, string> }} */ (/** @type {unknown} */ (Module))
  for (const request in paths) if (stale.has(paths[request])) delete paths[request]
}

/** `require(esm)` gives the namespace, or a facade of it that adds `__esModule`. @param {NodeJS.Module} required */
function isESModule(required) {
  return types.isModuleNamespaceObject(required.exports)
}
