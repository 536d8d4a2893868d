/**
 * Resolving is not importing: `import.meta.resolve()` comes to the hooks as an `import()` does, and leaves no edge.
 *
 * Hooks in the app's own thread can tell it: Node gives them other import attributes for it than for any import, one and
 * the same object or one that is not frozen. That is tried out before it is relied on; elsewhere, and until then, it counts
 * as an import. Hooks in a thread of their own get a copy, which tells nothing: so there each `import.meta.resolve` is
 * replaced by one that says what it looks up ({@link replaceResolve}).
 *
 * `require.resolve()` comes to hooks as `require()` does, and nothing tells them apart but what follows: Node loads the
 * file, or makes a file that it has loaded before a child of the module that requires it.
 */
import * as engine from '../native/binding.js'
import { thread } from '../native/thread.mjs'
import { foundBy, onLoad } from '../node/cjs-cache.mjs'
import { guarded, withoutFrames } from '../runtime/guard.mjs'
import { builtin } from '../node/features.mjs'
import { URL } from '../runtime/primordials.mjs'

const { fileURLToPath } = builtin('node:url')

/** @typedef {import('node:module').ResolveHookContext} ResolveContext */

/** What is tried: a module that is there already, and takes no look at the disk. */
const SAMPLE = 'node:module'

/** The attributes of two lookups, then of an import. @type {object[]} */
const samples = []

/** That of all lookups, if they have the same. @type {object | undefined} */
let mark
/** Whether each lookup has its own, and they are not frozen as those of imports are. */
let isFresh = false

/** Tries out what our hooks are given. They must be in place, and pass it to {@link take}. */
export function trySamples() {
  import.meta.resolve(SAMPLE)
  import.meta.resolve(SAMPLE)
  import(SAMPLE).catch(() => {})
}

/** Takes a sample, if it is one. @param {ResolveContext} context @param {string} specifier */
export function takeSample({ parentURL, importAttributes }, specifier) {
  if (parentURL !== import.meta.url || specifier !== SAMPLE || samples.length === 3) return
  samples.push(importAttributes)
  if (samples.length < 3) return
  const [first, second, imported] = samples
  if (first === second && first !== imported) mark = first
  isFresh = first !== second && [first, second].every(isLoose) && !isLoose(imported)
}

/** @param {object} attributes */
const isLoose = (attributes) => !Object.isFrozen(attributes) && Object.getPrototypeOf(attributes) === null

/**
 * Whether it is no import, as far as that follows from what a hook in the app's thread is given.
 * @param {ResolveContext} context
 */
export function isLookup({ parentURL, importAttributes }) {
  // With a flag, `import.meta.resolve()` passes on what it is given for a parent.
  if (isLookingUp || (parentURL !== undefined && typeof parentURL !== 'string')) return true
  if (importAttributes === undefined || !parentURL) return false
  const isMarked = isFresh ? isLoose(importAttributes) : importAttributes === mark
  // What `--import` asks for has the same, and a folder for its importer.
  return isMarked && !parentURL.endsWith('/') && guarded(() => thread.mayLookUp(parentURL)) === true
}

/** Something is being looked up by us. */
let isLookingUp = false

/**
 * Calls `resolve`, which resolves something in this thread only to know what it means, from one of these parents.
 * @template T @param {unknown[]} parents @param {string} specifier @param {() => T} resolve
 */
export function lookUp(parents, specifier, resolve) {
  for (const parent of parents) if (typeof parent === 'string') guarded(() => thread.beginLookup(parent, specifier))
  isLookingUp = true
  try {
    return resolve()
  } finally {
    isLookingUp = false
    guarded(() => thread.endLookup())
  }
}

/**
 * What CommonJS has resolved last, and may be about to require.
 * @type {{ path: string, hasFound: () => boolean, arrive: () => void } | undefined}
 */
let sought

/**
 * CommonJS has resolved something in this thread. `arrive` is called as soon as it shows that it is required.
 * @param {string | undefined} parent @param {string} url @param {() => void} arrive
 */
export function seek(parent, url, arrive) {
  if (!url.startsWith('file:')) return
  const path = fileURLToPath(url)
  sought = { path, hasFound: foundBy(parent, path), arrive }
  guarded(() => thread.sought(url))
}

/** Something else happens: what was sought before was required, or only looked up. */
export function settleSought() {
  if (sought === undefined) return
  const { hasFound, arrive } = sought
  sought = undefined
  if (hasFound()) arrive()
}

// Also where a handler of `require.extensions` reads the file past the hooks, and when that throws.
onLoad((path) => {
  if (sought?.path !== path) return
  const { arrive } = sought
  sought = undefined
  arrive()
})

/** Where hooks run in a thread of their own: what a module looks up is no import. @param {ImportMeta} meta */
export function replaceResolve(meta) {
  const { url, resolve: original } = meta
  if (typeof original !== 'function') return
  // The second argument counts with a flag.
  meta.resolve = function resolve(specifier, ...parents) {
    const isText = typeof specifier === 'string' || /** @type {unknown} */ (specifier) instanceof URL
    // What is sent to another thread must be text.
    const args = /** @type {[string]} */ ([specifier, ...parents].map((arg) => (arg instanceof URL ? arg.href : arg)).slice(0, arguments.length))
    try {
      const found = isText ? lookUp([url, ...args.slice(1)], args[0], () => original(...args)) : original(...args)
      return guarded(() => engine.clean(found)) ?? found
    } catch (error) {
      throw withoutFrames(error)
    }
  }
}

/** What the last request in this hooks thread has found that may be a lookup, to be recorded if it is none. @type {(() => void) | undefined} */
let kept
let last = 0

/**
 * In a hooks thread: a request begins.
 * @param {engine.Thread} thread @param {ResolveContext} context @param {string} specifier
 * @returns {number | undefined} undefined: it is an import
 */
export function beginRequest(thread, { parentURL, importAttributes }, specifier) {
  for (const _ in importAttributes) return undefined
  const request = parentURL && guarded(() => thread.lookupRequest(parentURL, specifier))
  if (!request) return undefined
  // Another one follows: the one before was an import.
  if (request > 1) kept?.()
  kept = undefined
  last = request
  return request
}

/**
 * In a hooks thread: whether a request, which is answered, may be a lookup: it is one unless another follows. Then `record` is
 * called after all.
 * @param {number | undefined} request @param {() => void} record
 */
export function mayBeLookup(request, record) {
  if (request === undefined || request !== last) return false
  kept = record
  return true
}
