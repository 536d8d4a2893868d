/**
 * Frees superseded module instances.
 *
 * Node has no public way to forget an ES module, so the load cache of this thread (its map of URL → jobs) is reached
 * through an in-process inspector session, which opens no port: once, at the first reload. Every step is tested before
 * it is used; where one fails, or the permission model forbids the inspector, this file is off for good and says
 * nothing: memory grows, nothing else changes.
 *
 *   createRequire ──[[Scopes]]──▶ internal require ──▶ esm/loader ──▶ loadCache        URL → type → job
 *                                                                ├─▶ #resolveCache     parent → specifier → result
 *                                                                └─▶ #customizations ──▶ #validatedUrls
 *                                                  ──▶ esm/translators ──[[Scopes]]──▶ cjsCache   URL → module
 *   Module._nodeModulePaths ──[[Scopes]]──▶ relativeResolveCache   folder and request → file
 */
import * as nodeModule from 'node:module'
import { builtin, chainsModules } from './node.mjs'

const { types } = builtin('node:util')

// Node's own maps have no Map.prototype, and LoadCache has methods of its own: its `delete` keeps the key.
const { delete: remove, entries, get, has, set } = Map.prototype
const { isMap, isSet } = types
const { createRequire, findSourceMap } = nodeModule
const Module = /** @type {any} */ (nodeModule.Module)

// These numbers are the same in Node 20, 22, 24 and 26.
const INSTANTIATED = 2
const EVALUATING = 3
const EVALUATED = 4
const SOURCE_PHASE = 1

const MAILBOX = Symbol.for('hot-hook.release')

/**
 * @typedef {object} Internals
 * @property {Map<string, Record<string, any>>} jobs the load cache
 * @property {Map<string, object> | null} resolutions what default resolution found, by parent URL
 * @property {Record<string, string> | Map<string, Record<string, string>> | null} requests which file a `require` of a folder means
 * @property {Map<string, object> | null} commonjs imported CommonJS modules by URL: Node never lets one go
 * @property {Set<string> | null} validated in a hooks thread: every URL that a hook gave
 */

/** @typedef {Record<'closure' | 'privates', (of: object, name: string) => any>} Secrets */

/** Undefined before the first look, null: out of reach for good. @type {Internals | null | undefined} */
let internals

/** URLs whose eviction waits until no link is in flight. @type {Set<string>} */
const postponed = new Set()

/** `linked` promises that have settled: a promise does not tell by itself. @type {WeakSet<Promise<unknown>>} */
const settled = new WeakSet()

/** Somebody may have switched V8's cache off himself. */
const isCacheWanted = ![...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)]
  .some((flag) => /^--no[-_]compilation[-_]cache$/.test(flag))

/**
 * The load cache of this thread: URL → attribute type → job.
 *
 * @returns {Map<string, Record<string, any>> | null} null: out of reach, now and for ever
 */
export function loadCache() {
  return find()?.jobs ?? null
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
export function isLinking() {
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
  if (typeof job !== 'object' || statusOf(job) >= INSTANTIATED) return false
  const { linked } = job
  // Synchronous links (`require(esm)`, and all from Node 24 on) set it when they are done;
  // `import source` is never linked.
  if (linked === undefined) return job.phase !== SOURCE_PHASE
  if (typeof linked.then !== 'function' || settled.has(linked)) return false
  const settle = () => settled.add(linked)
  linked.then(settle, settle)
  return true
}

/**
 * How far a job's module has come, as V8 counts it; -1 if that is not known: until it is linked, `module` is a promise on
 * early Node 22.
 * @param {any} job @returns {number}
 */
const statusOf = (job) => (typeof job?.module?.getStatus === 'function' ? job.module.getStatus() : -1)

/** Superseded URLs, to be forgotten as soon as no link is in flight. @param {string[]} urls exactly as Node knows them */
export function postpone(urls) {
  if (find()) for (const url of urls) postponed.add(url)
}

/**
 * Forgets what was postponed. Whoever holds the instances keeps them. While a link is in flight nothing is forgotten.
 * @param {(url: string) => boolean} isInUse whether a URL names a current instance by now
 * @returns {boolean} whether all is done
 */
export function evict(isInUse) {
  const found = postponed.size > 0 && find()
  if (!found) return true
  if (isLinking()) return false
  for (const url of postponed) if (!isInUse(url)) forget(found, url)
  postponed.clear()
  return true
}

/** @param {Internals} internals @param {string} url @returns {boolean} */
function forget({ jobs, resolutions, commonjs }, url) {
  if (resolutions) remove.call(resolutions, url)
  if (commonjs) remove.call(commonjs, url)
  Object.values(get.call(jobs, url) ?? {}).forEach(letGo)
  return remove.call(jobs, url)
}

/**
 * On Node 20 a module that was linked from another holds what it imports by strong handles of C++, so that a chain of ten
 * takes ten collections. Instantiating it, which is done already, drops them.
 * @param {any} job
 */
function letGo(job) {
  if (chainsModules && statusOf(job) === EVALUATED) job.module.instantiate()
}

/**
 * Lets Node resolve anew what these importers import. It remembers each resolution by parent URL: of a file that
 * is gone, `resolve` still gives the URL and `load` fails with ENOENT instead of ERR_MODULE_NOT_FOUND.
 *
 * @param {Iterable<string>} parents as they were passed to default resolution, without our version
 */
export function forgetResolutions(parents) {
  const resolutions = find()?.resolutions
  if (!resolutions) return
  for (const parent of parents) remove.call(resolutions, parent)
}

/** In a hooks thread: Node remembers for ever that it has seen this URL, which is loaded only once. @param {string} url */
export function forgetValidated(url) {
  const validated = find()?.validated
  if (validated) Set.prototype.delete.call(validated, url)
}

/**
 * The relative-resolve cache: `folder\0request` → file on most Nodes, folder → request → file on the newest.
 * @returns {Record<string, string> | Map<string, Record<string, string>> | null} null: out of reach
 */
export const requestCache = () => find()?.requests ?? null

/**
 * Forgets one URL at once, so that it can be loaded anew: that of an ES module which `require` has loaded.
 * @param {string} url without query
 * @returns {boolean} false: out of reach, or the module is being linked or evaluated
 */
export function evictNow(url) {
  const found = find()
  if (!found) return false
  const jobs = get.call(found.jobs, url)
  if (jobs && Object.values(jobs).some(isBusy)) return false
  forget(found, url)
  return true
}

/** @param {any} job */
const isBusy = (job) => job !== undefined && (isPending(job) || statusOf(job) === EVALUATING)

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

/**
 * V8 keeps compiled sources, by their text. Off around the load of a versioned module; left off it would make every
 * `eval` slow and Node reject its compile cache. The flag belongs to the process, not to the thread.
 * @param {boolean} on
 */
export function compilationCache(on) {
  if (isCacheWanted) builtin('node:v8').setFlagsFromString(on ? '--compilation-cache' : '--no-compilation-cache')
}

/** @returns {Internals | null} */
function find() {
  if (internals !== undefined) return internals
  internals = null
  try {
    inspect((secrets) => (internals = look(secrets)))
  } catch {
    // The permission model refuses the session; some builds have no inspector.
  }
  return internals
}

/** @param {Secrets} secrets @returns {Internals | null} */
function look({ closure, privates }) {
  // `createRequire` is in every Node and here to stay; `findSourceMap` stands in another internal module, for those
  // who replaced the first. A `require` of user land has `resolve`: it must not be taken for the internal one.
  const isInternal = (/** @type {any} */ require) => typeof require === 'function' && !('resolve' in require)
  const candidate = closure(createRequire, 'require')
  const load = isInternal(candidate) ? candidate : closure(findSourceMap, 'require')
  if (!isInternal(load)) return null

  const loader = load('internal/modules/esm/loader').getOrInitializeCascadedLoader()
  const jobs = loader.loadCache
  if (!isMap(jobs) || !isKnown(get.call(jobs, import.meta.url))) return null

  const { translators } = load('internal/modules/esm/translators')
  const translate = isMap(translators) ? get.call(translators, 'commonjs') : undefined
  const wrap = translate && closure(translate, 'createCJSModuleWrap')
  const commonjs = translate && (closure(translate, 'cjsCache') ?? (wrap && closure(wrap, 'cjsCache')))
  const resolutions = privates(loader, '#resolveCache')
  const mapOrNull = (/** @type {unknown} */ value) => (isMap(value) ? /** @type {Map<any, any>} */ (value) : null)
  const hooks = privates(loader, '#asyncLoaderHooks') ?? privates(loader, '#customizations')
  const validated = hooks && privates(hooks, '#validatedUrls')
  const requests = closure(Module._nodeModulePaths, 'relativeResolveCache')
  return {
    jobs: /** @type {Map<any, any>} */ (jobs),
    resolutions: mapOrNull(resolutions),
    commonjs: mapOrNull(commonjs),
    requests: isMap(requests) || Object.getPrototypeOf(requests ?? {}) === null ? requests : null,
    validated: isSet(validated) ? /** @type {Set<any>} */ (validated) : null,
  }
}

/** This very module must be in the cache, the way that we expect modules to be in it. @param {any} jobs */
function isKnown(jobs) {
  return jobs !== undefined && Object.values(jobs).some((job) =>
    job?.url === import.meta.url && statusOf(job) >= EVALUATING)
}

/**
 * Reads what JavaScript hides: the variables that a function closes over, and private fields.
 *
 * @param {(secrets: Secrets) => void} use
 */
function inspect(use) {
  const inspector = builtin('node:inspector')
  const session = new inspector.Session()
  session.connect()

  /** @param {any} method @param {object} params @returns {any} in-process sessions answer before `post` returns; undefined after an error */
  const post = (method, params) => {
    let answer
    session.post(method, params, (/** @type {unknown} */ error, /** @type {unknown} */ result) => (answer = error ? undefined : result))
    return answer
  }
  const properties = (/** @type {any} */ remote) =>
    remote?.objectId && post('Runtime.getProperties', { objectId: remote.objectId, ownProperties: true })
  const named = (/** @type {any} */ list, /** @type {string} */ name) =>
    list?.find((/** @type {any} */ property) => property.name === name)?.value

  /** The way in, and out again: an object that both sides know. */
  /** @type {{ content?: any }} */
  const mailbox = {}
  const mail = (/** @type {object} */ content) => {
    mailbox.content = content
    Object.defineProperty(globalThis, MAILBOX, { value: mailbox, configurable: true })
    try {
      const expression = `globalThis[Symbol.for('${MAILBOX.description}')]`
      return post('Runtime.evaluate', { expression, silent: true })?.result
    } finally {
      delete (/** @type {any} */ (globalThis)[MAILBOX])
    }
  }
  const fetch = (/** @type {any} */ box, /** @type {any} */ remote) => {
    mailbox.content = undefined
    if (!remote?.objectId) return undefined
    post('Runtime.callFunctionOn', {
      objectId: box.objectId,
      functionDeclaration: 'function (content) { this.content = content }',
      arguments: [{ objectId: remote.objectId }],
      silent: true,
    })
    return mailbox.content
  }

  try {
    use({
      closure(fn, name) {
        const box = mail(fn)
        const scopes = named(properties(named(properties(box)?.result, 'content'))?.internalProperties, '[[Scopes]]')
        for (const { value: scope } of properties(scopes)?.result ?? []) {
          const remote = scope?.description === 'Closure' && named(properties(scope)?.result, name)
          if (remote) return fetch(box, remote)
        }
      },
      privates(object, name) {
        const box = mail(object)
        return fetch(box, named(properties(named(properties(box)?.result, 'content'))?.privateProperties, name))
      },
    })
  } finally {
    session.disconnect()
  }
}
