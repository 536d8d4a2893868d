/**
 * Node's CommonJS: what it holds that no hook has seen, and what must leave it.
 */
import { Module, createRequire } from 'node:module'
import * as engine from '../native/binding.js'
import { thread } from '../native/thread.mjs'
import { fail } from '../runtime/guard.mjs'
import { leaveNoSourceOfThisTurn } from './compilation-cache.mjs'
import { builtin, canRequireModules, hasSyncHooks } from './features.mjs'
import { apply } from '../runtime/primordials.mjs'
import { canForget, forgetRequests, noteRequest } from './relative-resolve-cache.mjs'
import { evictNow, importsOf, isPostponed, jobOf, loadCache } from './esm-cache.mjs'

const { fileURLToPath, pathToFileURL } = builtin('node:url')
const { dirname } = builtin('node:path')
const { types } = builtin('node:util')

const { cache } = createRequire(import.meta.url)

/** Our own addon is no part of the app. */
const OWN = new Set(Object.keys(cache).filter((path) => /[\\/]hot-hook\.[^\\/]*\.node$/.test(path)))

/**
 * The modules that `createRequire` makes for what it is given: they are in no cache, and the ES modules that they stand
 * for come and go.
 * @type {Set<WeakRef<NodeJS.Module>>}
 */
const createdModules = new Set()

/** @type {WeakSet<NodeJS.Module>} */
const noted = new WeakSet()

/** Something was required since the last report. */
let hasRequired = false

/** Where no hook sees `require`: the modules that have required something since the last report. @type {Set<NodeJS.Module>} */
const requirers = new Set()

/** The module that has called `require` last. @type {NodeJS.Module | undefined} */
let requirer

/** Called when `require` is about to load a file. @type {(path: string) => void} */
let loads = () => {}

/** @param {(path: string) => void} callback */
export const onLoad = (callback) => void (loads = callback)

/** Where no hook sees `require`: what has left Node's caches and was not loaded again. @type {Set<string>} */
const toReload = new Set()

/**
 * Also there: what began to load since the last report, which module required it, and whether that module had run to its
 * end. A module that throws leaves no other trace.
 * @type {{ module: NodeJS.Module, requirer: NodeJS.Module, isLazy: boolean }[]}
 */
const startedLoads = []

/** Also there: what was required since the last report, and not found. @type {import('../native/binding.js').Missed[]} */
const misses = []

/**
 * Calls `required` before something is required for the first time since the last report: from then on nothing is decided
 * before the next one. Then it calls `late` if a module requires something that has run, or that `createRequire` has made: where
 * that was required before, no hook is asked. Takes note of the modules that `createRequire` makes that require. It is a
 * getter, so that no frame of ours stands in a stack of the user's.
 * @param {() => void} required @param {() => void} late
 * @param {() => void} begins called before each `require`, where no hook sees it
 */
export function noteRequires(required, late, begins) {
  noteLoads()
  if (!hasSyncHooks) noteRequests()
  let original = Module.prototype.require
  Object.defineProperty(Module.prototype, 'require', {
    configurable: true,
    enumerable: true,
    get() {
      try {
        if (this) noteRequirer(this)
        noteRequired(required)
        if (this?.loaded || noted.has(this)) late()
        // A report may have come of that; what is required now is of the next one.
        noteRequired(required)
        if (!hasSyncHooks) begins()
      } catch (error) {
        fail(error)
      }
      return original
    },
    set(replacement) {
      original = replacement
    },
  })
}

/** @param {() => void} required */
function noteRequired(required) {
  if (hasRequired) return
  hasRequired = true
  required()
}

/** @param {NodeJS.Module} module that is about to require something */
function noteRequirer(module) {
  if (module.filename && cache[module.filename] !== module && !noted.has(module)) {
    noted.add(module)
    createdModules.add(new WeakRef(module))
    eager.set(module, 0)
  }
  if (module.loaded && !eager.has(module)) eager.set(module, module.children.length)
  requirer = module
  if (!hasSyncHooks) requirers.add(module)
}

/** Whether anything was required in this thread since the last report. */
export const hasRequiredSince = () => hasRequired

/** Whether anything was required in this thread before {@link noteRequires} was called. */
export const hasRequiredBefore = () => Object.keys(cache).some((path) => !OWN.has(path))

/** Takes note of what is about to be loaded; a getter for the same reason. */
function noteLoads() {
  const prototype = /** @type {{ load: (path: string) => void }} */ (/** @type {unknown} */ (Module.prototype))
  let original = prototype.load
  Object.defineProperty(prototype, 'load', {
    configurable: true,
    enumerable: true,
    get() {
      // Others load without `require`; a child is its parent's last before it is loaded.
      const by = requirer
      requirer = undefined
      try {
        if (this) loads(this.id)
        if (this && toReload.delete(this.id)) leaveNoSourceOfThisTurn()
        if (!hasSyncHooks && by && by.children?.at(-1) === this) startedLoads.push({ module: this, requirer: by, isLazy: by.loaded })
      } catch (error) {
        fail(error)
      }
      return original
    },
    set(replacement) {
      original = replacement
    },
  })
}

/** Takes note of what is looked for, there or not. Node throws when this has returned: no frame of it is in a stack. */
function noteRequests() {
  const resolver = /** @type {{ _findPath: (request: string, paths: string[], ...rest: unknown[]) => string | false }} */ (/** @type {unknown} */ (Module))
  const { _findPath: find } = resolver
  resolver._findPath = function (...args) {
    const found = apply(find, this, args)
    try {
      noteFound(args[0], args[1], found)
    } catch (error) {
      fail(error)
    }
    return found
  }
}

/** @param {string} request @param {string[]} paths where it was looked for @param {string | false} found */
function noteFound(request, paths, found) {
  const by = requirer
  // The first path is the folder of the module that asks, or that of the packages in it or above.
  const isMissed = found === false && by?.filename && typeof paths?.[0] === 'string'
  if (isMissed && !hasOnlyLookedUp() && (paths[0] === dirname(by.filename) || !/^\.{0,2}[\\/]/.test(request))) {
    misses.push({ importer: by.filename, specifier: request, when: whenOf(by, by.loaded) })
  }
  if (found && requirer?.path) noteRequest(requirer.path, request, found)
}

/**
 * Tells later whether `parent`, which has resolved the file at `path` just now, has required it.
 * @param {string | undefined} parent its URL @param {string} path @returns {() => boolean}
 */
export function foundBy(parent, path) {
  const importer = parent?.startsWith('file:') ? fileURLToPath(parent) : undefined
  const by = importer !== undefined && requirer?.filename === importer ? requirer : cache[importer ?? '']
  const before = cache[path]
  return () => {
    const found = before ?? cache[path]
    return found !== undefined && by?.children?.includes(found) === true
  }
}

/** How many frames of a stack show which of Node's functions asks, and some more. */
const FRAMES = 16

/**
 * Whether it is `require.resolve()` that has found nothing: nothing follows that would tell, so Node's own frames do. What they
 * do not show counts as `require()`.
 */
export function hasOnlyLookedUp() {
  const { stackTraceLimit } = Error
  /** @type {{ stack?: unknown }} */
  const here = {}
  try {
    Error.stackTraceLimit = FRAMES
    Error.captureStackTrace(here, hasOnlyLookedUp)
    return /\n +at \w+\.(resolve|_load) \(node:internal\/modules\/(?:helpers|cjs)\b/.exec(String(here.stack))?.[1] === 'resolve'
  } catch {
    // With frozen intrinsics.
    return false
  } finally {
    if (Error.stackTraceLimit !== stackTraceLimit) Error.stackTraceLimit = stackTraceLimit
  }
}

/** How many children a module had when it first required something after it had run. @type {WeakMap<NodeJS.Module, number>} */
const eager = new WeakMap()

/** @typedef {import('../native/binding.js').When} When */

/** When the module at `url` requires something now. @param {string} url @returns {When} */
export function whenRequired(url) {
  const module = url.startsWith('file:') ? cache[fileURLToPath(url)] : undefined
  return module ? whenOf(module, module.loaded) : 'unknown'
}

/** What `createRequire` makes never ends to run. @param {NodeJS.Module} module @param {boolean} hasRun @returns {When} */
function whenOf(module, hasRun) {
  if (!hasRun) return 'at-start'
  return cache[module.filename] === module ? 'late' : 'unknown'
}

/**
 * Whether a `require` without a parent is Node's own, to run CommonJS that is imported: its entry is in the cache before.
 * @param {string} url where it leads
 */
export function isOfImport(url) {
  return url.startsWith('file:') && cache[fileURLToPath(url)]?.loaded === false
}

/** Which children of a module were reported. @type {WeakMap<NodeJS.Module, WeakSet<NodeJS.Module>>} */
const reported = new WeakMap()

/** @typedef {import('../native/binding.js').Report} Found */

/** Reports what `require` did in this thread since the last report. */
export function reportRequires() {
  const created = [...createdModules].map((reference) => reference.deref() ?? void createdModules.delete(reference))
  report([...Object.values(cache), ...created])
}

/** The same, at the cost of what has required something since, not of the whole cache. */
export function reportRequirers() {
  report(requirers)
}

/** @param {Iterable<NodeJS.Module | undefined>} modules */
function report(modules) {
  /** @type {Found} */
  const found = { modules: [], es: [], opaque: [], failed: [], edges: [], when: [], missed: misses.splice(0) }
  const queue = [...modules]
  hasRequired = false
  requirers.clear()
  for (const attempt of startedLoads.splice(0)) reportFailedLoad(attempt, found)
  for (const module of queue) if (module) queue.push(...reportModule(module, found))
  thread.report(found, hasSyncHooks)
}

/**
 * Whether it stands for a module that Node's ES module loader has yet to run, or for an ES module: nothing has required
 * it. Only Node 24.8 makes such entries for ES modules, and children of one another of them.
 * @param {NodeJS.Module} module
 */
const isPlaceholder = (module) => makesPlaceholders() && !module.loaded && valueOf(module, 'kIsCachedByESMLoader')

/** Whether this Node has made such an entry of this very module, which nothing requires. */
const makesPlaceholders = () => cache[fileURLToPath(import.meta.url)]?.loaded === false

/** Returns what it required that was not reported before. @param {NodeJS.Module} module @param {Found} found */
function reportModule(module, found) {
  const path = pathOf(module)
  if (!path || OWN.has(path) || isPlaceholder(module)) return []
  let known = reported.get(module)
  if (!known) {
    reported.set(module, (known = new WeakSet()))
    if (cache[path] === module) {
      found.modules.push(path)
      const kind = kindOf(module)
      if (kind === 'es') reportESModule(path, found)
      if (kind === 'unknown') found.opaque.push(path)
      if (isUnchanged(path, module)) engine.evictionFailed(path)
    }
  }
  /** @type {NodeJS.Module[]} */
  const fresh = []
  // Imported JSON has none.
  if (module.filename && !Array.isArray(module.children)) {
    found.opaque.push(path)
    // It is not known which of them it has required.
    for (const other of Object.values(cache)) if (other && !reported.has(other)) fresh.push(other)
  }
  module.children?.forEach?.((child, index) => {
    const target = pathOf(child)
    if (known.has(child) || !target || OWN.has(target) || isPlaceholder(child)) return
    known.add(child)
    found.edges.push(path, target)
    found.when.push(whenOf(module, index >= (eager.get(module) ?? Infinity)))
    if (!reported.has(child)) fresh.push(child)
  })
  return fresh
}

/**
 * A module that has thrown is in no cache, and no longer a child: the module that required it has failed because of it.
 * @param {typeof startedLoads[number]} attempt @param {Found} found
 */
function reportFailedLoad({ module, requirer: by, isLazy: isLate }, found) {
  const path = pathOf(by)
  if (!path || !module.filename || module.loaded) return
  found.edges.push(path, module.filename)
  found.when.push(whenOf(by, isLate))
  found.failed.push(module.filename)
}

/** Jobs of ES modules below required ones that were reported. @type {WeakSet<object>} */
const reportedJobs = new WeakSet()

/** Where no hook sees `require`, no hook sees the imports of a required ES module either. @param {string} path @param {Found} found */
function reportESModule(path, found) {
  found.es.push(path)
  const { href } = pathToFileURL(path)
  // It was required while it was being linked, or evaluated: that goes on with what it was before the save. (Where hooks see it, it
  // has left the load cache already, and its URL waits in vain.)
  if (!hasSyncHooks && isPostponed(href)) engine.evictionFailed(path)
  // What it imports has passed our hooks, too.
  if (hasSyncHooks || thread.hasPassed(href)) return
  const job = jobOf(href)
  if (!job) found.opaque.push(path)
  const queue = job ? [job] : []
  for (const importer of queue) queue.push(...reportImports(importer, found))
}

/** Returns those of its imports that were not reported before. @param {{ url: string }} importer a job @param {Found} found */
function reportImports(importer, found) {
  const path = fileURLToPath(importer.url)
  const imports = importsOf(importer)
  if (!imports) found.opaque.push(path)
  const fresh = []
  for (const below of imports ?? []) {
    if (!below.url.startsWith('file:')) continue
    const target = fileURLToPath(below.url)
    found.edges.push(path, target)
    found.when.push('at-start')
    // With a version of ours it has passed our hooks.
    if (reportedJobs.has(below) || engine.clean(below.url)) continue
    reportedJobs.add(below)
    found.modules.push(target)
    found.es.push(target)
    if (!thread.hasPassed(below.url)) fresh.push(below)
  }
  return fresh
}

/** Imported JSON has an entry with neither a filename nor children. @type {WeakMap<NodeJS.Module, string>} */
const nameless = new WeakMap()

/** @param {NodeJS.Module} module */
function pathOf(module) {
  if (module.filename) return module.filename
  if (!nameless.has(module)) for (const path in cache) if (cache[path] && !cache[path].filename) nameless.set(cache[path], path)
  return nameless.get(module)
}

/** What an ES module was that has left Node's caches: by its path, until it is required again. @type {Map<string, WeakRef<object>>} */
const evicted = new Map()

/** Whether an ES module that has left Node's caches was not required again since. */
export function hasEvicted() {
  for (const [path, before] of evicted) if (!before.deref()) evicted.delete(path)
  return evicted.size > 0
}

/**
 * Whether an ES module that was to be loaded anew is what it was: then Node has it from where we cannot reach.
 * @param {string} path @param {NodeJS.Module} required
 */
function isUnchanged(path, required) {
  const before = evicted.get(path)?.deref()
  evicted.delete(path)
  return before !== undefined && before === instanceIn(required)
}

/** The module instance that `require` has loaded, or its exports. @param {NodeJS.Module} required */
const instanceIn = (required) => valueOf(required, 'kRequiredModuleSymbol') ?? required.exports

/**
 * Stale modules leave Node's caches.
 * @param {string[]} paths
 */
export function evictRequired(paths) {
  // An entry that Node keeps for them would make them run as `{}`: the old instances are better, until the restart.
  const present = paths.filter((path) => cache[path])
  if (present.length > 0 && !canForget()) return present.forEach((path) => engine.evictionFailed(path))
  const stale = new Set()
  for (const path of paths) {
    const required = cache[path]
    if (!required) continue
    const kind = kindOf(required)
    const canLeave = kind === 'commonjs' || (kind === 'es' && evictNow(pathToFileURL(path).href))
    if (!canLeave) {
      engine.evictionFailed(path)
      continue
    }
    const instance = kind === 'es' ? instanceIn(required) : undefined
    // It may export a text, or a number, as `module.exports`.
    if (Object(instance) === instance) evicted.set(path, new WeakRef(instance))
    if (!Reflect.deleteProperty(cache, path)) engine.evictionFailed(path)
    if (!hasSyncHooks) toReload.add(path)
    stale.add(required)
  }
  if (stale.size === 0) return
  for (const other of Object.values(cache)) removeChild(other, stale)
  for (const reference of createdModules) removeChild(reference.deref(), stale)
  for (const path of [...forgetPaths(new Set(paths)), ...forgetRequests(paths)]) engine.evictionFailed(path)
}

/**
 * Modules that keep their URL leave the load cache: `require` knows no queries.
 * @param {string[]} paths
 */
export function evictPlain(paths) {
  for (const path of paths) {
    const isLeft = cache[path] && !canForget()
    if (isLeft || !evictNow(pathToFileURL(path).href)) engine.evictionFailed(path)
  }
}

/** @param {NodeJS.Module | undefined | null} parent @param {Set<unknown>} stale */
function removeChild(parent, stale) {
  if (parent?.children?.some((child) => stale.has(child))) {
    parent.children = parent.children.filter((child) => !stale.has(child))
  }
}

/**
 * Makes Node resolve anew what leads to these files.
 * @param {Set<string>} stale @returns {string[]} those that Node still remembers
 */
function forgetPaths(stale) {
  const { _pathCache: paths } = /** @type {{ _pathCache: Record<string, string> }} */ (/** @type {unknown} */ (Module))
  const left = []
  for (const request in paths) {
    if (stale.has(paths[request]) && !Reflect.deleteProperty(paths, request)) left.push(paths[request])
  }
  return left
}

/** What the names of files say: Node requires nothing else by them. */
const IS_COMMONJS = /\.(?:c[jt]s|json|node)$/
const IS_ES_MODULE = /\.m[jt]s$/

/**
 * What `require` has loaded. An ES module gives its namespace, a facade of it that adds `__esModule`, or what it exports as
 * `module.exports`; that last one is distinguished from CommonJS by what Node notes on a module. Without such a note it is only sure
 * what has no job, because an ES module has one by its URL. The others are unknown: to be taken for the wrong kind is to be
 * stale in silence.
 * @param {NodeJS.Module} required @returns {'es' | 'commonjs' | 'unknown'}
 */
function kindOf(required) {
  if (types.isModuleNamespaceObject(required.exports) || valueOf(required, 'kRequiredModuleSymbol')) return 'es'
  // CommonJS that has run says so.
  if (valueOf(required, 'kIsExecuting') !== undefined) return 'commonjs'
  const name = required.filename ?? ''
  if (IS_ES_MODULE.test(name)) return 'es'
  const isSure = !canRequireModules || !required.loaded || name === '' || IS_COMMONJS.test(name)
  if (isSure || (loadCache() && !jobOf(pathToFileURL(name).href))) return 'commonjs'
  return 'unknown'
}

/** What Node has noted on a module. @param {NodeJS.Module} of @param {string} name @returns {any} */
function valueOf(of, name) {
  const key = Object.getOwnPropertySymbols(of).find((symbol) => symbol.description === name)
  return key && /** @type {any} */ (of)[key]
}
