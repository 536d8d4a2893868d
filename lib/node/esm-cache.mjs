/**
 * Frees superseded module instances, and makes Node load anew what keeps its URL.
 *
 * Node has no public way to forget an ES module, so it is taken out of the load cache of this thread (its map of URL →
 * jobs, see internals.mjs). Without that, memory grows, and a restart is asked for where a module
 * cannot be loaded anew.
 */
import { Status, reach, statusOf } from './internals.mjs'
import { builtin, chainsModules, hasSyncHooks } from './features.mjs'
import { debug } from '../runtime/print.mjs'

const { fileURLToPath } = builtin('node:url')

// Node's own maps have no Map.prototype, and LoadCache has methods of its own: its `delete` keeps the key.
const { delete: remove, entries, get, has, set } = Map.prototype

/** A job's `phase`: that of `import source`. */
const SOURCE_PHASE = 1

/** URLs whose eviction waits until no link is in flight. @type {Set<string>} */
const postponed = new Set()

/** URLs that {@link importAgain} imports. @type {Set<string>} */
const imported = new Set()

/** `linked` promises that have settled: a promise does not tell by itself. @type {WeakSet<Promise<unknown>>} */
const settled = new WeakSet()

/**
 * The load cache of this thread: URL → attribute type → job.
 *
 * @returns {Map<string, Record<string, any>> | null} null: out of reach, now and for ever
 */
export function loadCache() {
  return reach().jobs
}

/**
 * The job of the JavaScript module that Node knows by a URL.
 * @param {string} url @returns {{ url: string } | undefined} undefined: there is none, or the load cache is out of reach
 */
export function jobOf(url) {
  const cache = loadCache()
  const jobs = (cache && get.call(cache, url)) ?? {}
  return /** @type {any} */ (Object.values(jobs).find((job) => job?.url === url))
}

/**
 * The jobs of what a module imports statically, which was linked without a wait, as `require` does it.
 * @param {{ url: string, linked?: unknown }} job
 * @returns {{ url: string }[] | undefined} undefined: it does not say
 */
export function importsOf({ linked }) {
  if (linked === undefined || !Array.isArray(linked)) return undefined
  return linked.every((job) => typeof job?.url === 'string') ? linked : undefined
}

/**
 * Is an import being linked in this thread? A URL evicted meanwhile may get a second instance in one graph.
 *
 * Only jobs whose module never came to `instantiated` matter: those of links in flight, and of links that failed.
 * A promise seen for the first time counts as pending, so the first answer after a failed link is a cautious yes.
 *
 * @returns {boolean}
 */
function isLinking() {
  const cache = loadCache()
  let linking = false
  for (const [, jobs] of cache ? entries.call(cache) : []) {
    for (const type in jobs) linking = isPending(jobs[type]) || linking
  }
  return linking
}

/** @param {any} job */
function isPending(job) {
  // A failed link leaves `undefined` under its type.
  if (typeof job !== 'object' || job === null || statusOf(job) >= Status.INSTANTIATED) return false
  const { linked } = job
  // Synchronous links (`require(esm)`, and all from Node 24 on) set it when they are done;
  // `import source` is never linked.
  if (linked == null) return job.phase !== SOURCE_PHASE
  if (typeof linked.then !== 'function' || settled.has(linked)) return false
  const settle = () => settled.add(linked)
  linked.then(settle, settle)
  return true
}

/** Superseded URLs, to be forgotten as soon as no link is in flight. @param {string[]} urls exactly as Node knows them */
export function postpone(urls) {
  if (loadCache()) for (const url of urls) postponed.add(url)
}

/**
 * Forgets what was postponed; instances that the app holds stay. While a link is in flight nothing is forgotten, and what
 * {@link importAgain} imports is forgotten at a later call.
 * @param {(urls: string[]) => string[]} inUse which of these URLs name a current instance by now
 * @returns {boolean} whether all is done
 */
export function evict(inUse) {
  if (postponed.size === 0) return true
  if (isLinking()) return false
  forgetPostponed(inUse)
  return true
}

/**
 * Something is about to be required past all hooks: it must not find what is superseded. So that is forgotten at once, but for what
 * is being linked or evaluated itself. (A link that has begun before the save may then load what it has not come to yet.)
 * @param {(urls: string[]) => string[]} inUse as of {@link evict}
 */
export function evictForRequire(inUse) {
  if (postponed.size > 0) forgetPostponed(inUse, isBusyAt)
}

/** Whether what Node knows by a URL is superseded, and could not be forgotten yet. @param {string} url */
export const isPostponed = (url) => postponed.has(url)

/** @param {(urls: string[]) => string[]} inUse @param {(url: string) => boolean} [stays] */
function forgetPostponed(inUse, stays = () => false) {
  const urls = [...postponed].filter((url) => !imported.has(url) && !stays(url))
  const kept = new Set(inUse(urls))
  for (const url of urls) {
    if (!kept.has(url)) forget(url)
    postponed.delete(url)
  }
}

/**
 * Imports what is in the load cache, which settles when its evaluation ends. Until then it is not evicted: hooks in a thread of
 * their own resolve the import later, and Node would load and evaluate the module anew.
 * @param {string} url
 */
export async function importAgain(url) {
  imported.add(url)
  try {
    await import(url)
  } finally {
    imported.delete(url)
  }
}

/** Whether {@link importAgain} has not even found it: the file is gone by now. @param {any} error */
export const isOurMiss = (error) => error?.code === 'ERR_MODULE_NOT_FOUND' && String(error.message).includes(fileURLToPath(import.meta.url))

/** @param {string} url */
function forget(url) {
  const { jobs, resolutions, commonjs } = reach()
  if (resolutions) remove.call(resolutions, url)
  if (commonjs) remove.call(commonjs, url)
  if (!jobs) return
  Object.values(get.call(jobs, url) ?? {}).forEach(unchain)
  remove.call(jobs, url)
}

/**
 * On Nodes that link asynchronously a module that was linked from another holds what it imports by strong handles of C++, so that a chain of ten
 * takes ten collections. Instantiating it, which is done already, drops them. Where that cannot be done memory is freed later.
 * @param {any} job
 */
function unchain(job) {
  if (!chainsModules || statusOf(job) !== Status.EVALUATED || typeof job.module.instantiate !== 'function') return
  try {
    job.module.instantiate()
  } catch (error) {
    debug('cannot drop what %s holds: %s', job.url, error)
  }
}

/**
 * Lets Node resolve anew what these importers import. It remembers each resolution by parent URL: of a file that
 * is gone, `resolve` still gives the URL and `load` fails with ENOENT instead of ERR_MODULE_NOT_FOUND.
 *
 * @param {Iterable<string | undefined>} parents as they were passed to default resolution, without our version; undefined: none
 */
export function forgetResolutions(parents) {
  const { resolutions } = reach()
  if (!resolutions) return
  for (const parent of parents) remove.call(resolutions, parent)
}

/** In a hooks thread: Node remembers for ever that it has seen this URL, which is loaded only once. @param {string} url */
export function forgetValidated(url) {
  const { validated } = reach()
  if (validated) Set.prototype.delete.call(validated, url)
}

/**
 * The relative-resolve cache: `folder\0request` → file on most Nodes, folder → request → file on the newest.
 * @returns {Record<string, string> | Map<string, Record<string, string>> | null} null: out of reach
 */
export const requestCache = () => reach().requests

/**
 * Forgets one URL at once, so that it can be loaded anew: that of an ES module which `require` has loaded.
 * @param {string} url without query
 * @returns {boolean} false: out of reach, or the module is being linked or evaluated, or it would get what it imported before
 */
export function evictNow(url) {
  const cache = loadCache()
  if (!cache) return false
  const jobs = get.call(cache, url)
  if (isBusyAt(url)) return false
  // Node 22.23 remembers what a required module imports, and does not ask hooks again.
  if (jobs && hasSyncHooks && !reach().resolutions) return false
  forget(url)
  return true
}

/** @param {string} url */
function isBusyAt(url) {
  const cache = loadCache()
  return Object.values((cache && get.call(cache, url)) ?? {}).some(isBusy)
}

/** @param {any} job */
const isBusy = (job) => job !== undefined && (isPending(job) || statusOf(job) === Status.EVALUATING)

/**
 * Gives `require` the instance that `import` has under a versioned URL.
 * @param {string} url without version, as `require` knows it
 * @param {string} versioned e.g. `file:///app/x.mjs?v=3`
 * @returns {boolean} false: there is no such instance, or no access to the load cache
 */
export function alias(url, versioned) {
  const cache = loadCache()
  if (!cache || !has.call(cache, versioned)) return false
  set.call(cache, url, get.call(cache, versioned))
  return true
}
