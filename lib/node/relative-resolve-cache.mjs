/**
 * Node's relative-resolve cache: by the folder and the text of a `require`, the file that it means.
 *
 * A `require` that finds an entry there passes no hook. An entry that is left behind for an evicted file makes Node take
 * a module whose export names it only looked up for one that is being loaded: `module.exports = require(…)` then gives
 * `{}`. The cache has no public face. Node deletes an entry by itself when `Module._load` finds it and `require.cache`
 * does not have its file, so that is what is made to happen here, for each request that was noted. Whether it has
 * happened is asked each time, in the same way: nothing rests on the shape of the cache.
 */
import { Module } from 'node:module'
import { builtin, hasSyncHooks } from './features.mjs'
import { requestCache } from './esm-cache.mjs'

const { isMap } = builtin('node:util').types
const { values } = Map.prototype

/** `_load` as it was before the app could replace it. */
const { _load: load } = /** @type {any} */ (Module)

/** The requests that lead to a file: folder and text. @type {Map<string, Map<string, [folder: string, request: string]>>} */
const noted = new Map()

/** Thrown where Node would begin to resolve. */
const UNKNOWN = Symbol('hot-hook: not in the relative-resolve cache')

/** @param {string} folder of the module that requires @param {string} request what it wrote @param {string} path of the file that this means */
export function noteRequest(folder, request, path) {
  let requests = noted.get(path)
  if (!requests) noted.set(path, (requests = new Map()))
  requests.set(`${folder}\0${request}`, [folder, request])
}

/**
 * Makes Node forget which requests mean these files, which `require.cache` has no longer.
 * @param {Iterable<string>} paths
 * @returns {string[]} those that Node may still remember
 */
export function forgetRequests(paths) {
  const list = [...paths]
  const isSwept = sweep(new Set(list))
  // Each look is an exception, at which a debugger may pause: once it is known that sweeping is enough there are none.
  if (isSwept && isSweepProved) {
    for (const path of list) noted.delete(path)
    return []
  }
  // Where no hook sees a `require`, not all requests are noted.
  if (!canLook()) return isSwept && !hasNoted(list) ? [] : list
  const left = list.filter((path) => !forgetNoted(path, isSwept))
  return isSwept || hasSyncHooks ? left : list
}

/**
 * Whether {@link forgetRequests} can do its work: where it cannot, nothing is to leave `require.cache` either.
 * @returns {boolean}
 */
export const canForget = () => requestCache() !== null || (hasSyncHooks && canLook())

/** Whether sweeping has made Node forget something. */
let isSweepProved = false

/** @param {string[]} paths */
const hasNoted = (paths) => paths.some((path) => noted.has(path))

/** @param {string} path @param {boolean} isSwept @returns {boolean} whether Node has forgotten all requests that were noted */
function forgetNoted(path, isSwept) {
  const requests = noted.get(path)
  noted.delete(path)
  for (const [folder, request] of requests?.values() ?? []) {
    isSweepProved = isSwept && !isRemembered(folder, request, path)
    if (isSweepProved) continue
    look(folder, request)
    if (isRemembered(folder, request, path)) return false
  }
  return true
}

/** @type {boolean | undefined} */
let isProved

/** Whether `Module._load` asks for the filename of the module that requires before it resolves anything: proved once, on a request that leads nowhere. */
const canLook = () => (isProved ??= look('/', './hot-hook-looks-for-what-is-not-there') === UNKNOWN)

/** Whether Node finds the file without resolving the request. @param {string} folder @param {string} request @param {string} path */
function isRemembered(folder, request, path) {
  const { _cache: cache } = /** @type {any} */ (Module)
  if (cache[path]) return true
  const exports = {}
  cache[path] = { id: path, filename: path, loaded: true, exports, children: [] }
  try {
    const found = look(folder, request)
    return found === exports || found === undefined
  } finally {
    delete cache[path]
  }
}

/**
 * What Node has for a request without resolving it.
 * @param {string} folder @param {string} request
 * @returns {unknown} the exports; {@link UNKNOWN} if Node would have to resolve it; undefined if it behaves differently
 */
function look(folder, request) {
  const parent = {
    id: '.',
    path: folder,
    paths: [],
    children: [],
    // The first that Node asks for when it begins to resolve, before any hook.
    get filename() {
      throw UNKNOWN
    },
  }
  try {
    return load(request, parent, false)
  } catch (error) {
    return error === UNKNOWN ? UNKNOWN : undefined
  }
}

/**
 * Removes what leads to the files from the cache itself, where it can be reached: also requests that were not noted.
 * @param {Set<string>} paths @returns {boolean} whether it could be reached
 */
function sweep(paths) {
  const cache = requestCache()
  if (!cache) return false
  const folders = /** @type {Record<string, string>[]} */ (isMap(cache) ? [...values.call(cache)] : [cache])
  for (const requests of folders) for (const request in requests) if (paths.has(requests[request])) delete requests[request]
  return true
}
