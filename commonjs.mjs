/**
 * Node's CommonJS: what it holds that no hook has seen, and what must leave it.
 */
import { Module, createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { types } from 'node:util'
import * as engine from './binding.js'
import { hasSyncHooks } from './node.mjs'
import { evictNow } from './release.mjs'

const { cache } = createRequire(import.meta.url)

/** Which children of a module were reported. @type {WeakMap<NodeJS.Module, WeakSet<NodeJS.Module>>} */
const reported = new WeakMap()

/** Reports what `require` did in this thread since the last report. @param {number} thread */
export function reportRequires(thread) {
  const found = { modules: /** @type {string[]} */ ([]), es: /** @type {string[]} */ ([]), edges: /** @type {string[]} */ ([]) }
  for (const required of Object.values(cache)) if (required) inspect(required, found)
  engine.report(thread, found.modules, found.es, found.edges, hasSyncHooks)
}

/** @param {NodeJS.Module} required @param {{ modules: string[], es: string[], edges: string[] }} found */
function inspect(required, found) {
  let known = reported.get(required)
  if (!known) {
    reported.set(required, (known = new WeakSet()))
    found.modules.push(required.filename)
    if (isESModule(required)) found.es.push(required.filename)
    // The parent that `createRequire` makes is in no cache.
    const parent = parentOf(required)
    if (parent?.filename && cache[parent.filename] !== parent) found.edges.push(parent.filename, required.filename)
  }
  for (const child of required.children) {
    if (known.has(child)) continue
    known.add(child)
    found.edges.push(required.filename, child.filename)
  }
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
    removeChild(parentOf(required), new Set([required]))
    stale.add(required)
  }
  if (stale.size === 0) return
  for (const other of Object.values(cache)) removeChild(other, stale)
  forgetPaths(new Set(paths))
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

/** `module.parent` warns under `--pending-deprecation`. @param {NodeJS.Module} required */
function parentOf(required) {
  const before = Object.getOwnPropertyDescriptor(process, 'noDeprecation')
  process.noDeprecation = true
  try {
    return required.parent
  } finally {
    if (before) Object.defineProperty(process, 'noDeprecation', before)
    else Reflect.deleteProperty(process, 'noDeprecation')
  }
}
