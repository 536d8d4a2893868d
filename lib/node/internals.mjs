/**
 * The ways into Node's own module caches, which have no public face.
 *
 * They are reached through an in-process inspector session, which opens no port: once, at the first reload. Each is looked
 * for by itself and must have the shape that the code which uses it expects; what is not there, or looks different, stays
 * null, and that code has a fallback, which it describes. `NODE_DEBUG=hot-hook` says which are missing.
 *
 *   createRequire ──[[Scopes]]──▶ internal require ──▶ esm/loader ──▶ loadCache        URL → type → job
 *                                                                ├─▶ #resolveCache     parent → specifier → result
 *                                                                └─▶ #customizations ──▶ #validatedUrls
 *                                                  ──▶ esm/translators ──[[Scopes]]──▶ cjsCache   URL → module
 *                                                  ──▶ internal/util ──[[Scopes]]──▶ arrow   error → where Node says that it is
 *   Module._nodeModulePaths ──[[Scopes]]──▶ relativeResolveCache   folder and request → file
 */
import * as nodeModule from 'node:module'
import { builtin } from './features.mjs'
import { debug } from '../runtime/print.mjs'

const { isMap, isSet } = builtin('node:util').types
const { get, has, keys } = Map.prototype
const { createRequire, findSourceMap } = nodeModule
const Module = /** @type {any} */ (nodeModule.Module)

/** The name of the global variable that holds the transfer slot while that is read. */
const SLOT = Symbol.for('hot-hook.transfer')

/** How far a module has come, as V8 counts it in every Node. */
export const Status = { INSTANTIATED: 2, EVALUATING: 3, EVALUATED: 4 }

/**
 * @typedef {object} Internals each null if it is out of reach
 * @property {Map<string, Record<string, any>> | null} jobs the load cache
 * @property {Map<string, object> | null} resolutions what default resolution found, by parent URL
 * @property {Record<string, string> | Map<string, Record<string, string>> | null} requests which file a `require` of a folder means
 * @property {Map<string, object> | null} commonjs imported CommonJS modules by URL: Node never lets one go
 * @property {symbol | null} arrow of an error, what Node would print before its stack: file, line and source
 * @property {Set<string> | null} validated in a hooks thread: every URL that a hook gave
 */

/** @typedef {Record<'closure' | 'privates', (of: any, name: string) => any>} Secrets */

/** @type {Internals | undefined} */
let internals

/** @returns {Internals} */
export function reach() {
  if (internals) return internals
  internals = { jobs: null, resolutions: null, requests: null, commonjs: null, arrow: null, validated: null }
  try {
    inspect(look(internals))
  } catch (error) {
    // The permission model refuses the session; some builds have no inspector.
    debug('cannot reach internals of Node: %s', error)
  }
  return internals
}

/**
 * How far a job's module has come, as V8 counts it; -1 if that is not known: until it is linked, `module` is a promise on
 * early Node 22.
 * @param {any} job @returns {number}
 */
export function statusOf(job) {
  // Without an exception: a debugger may pause at each.
  const status = typeof job?.module?.getStatus === 'function' ? job.module.getStatus() : -1
  return typeof status === 'number' ? status : -1
}

/** @param {Internals} found @returns {(secrets: Secrets) => void} */
const look = (found) => ({ closure, privates }) => {
  /** @param {keyof Internals} name @param {() => unknown} find */
  const fill = (name, find) => {
    try {
      found[name] = /** @type {any} */ (find() ?? null)
    } catch (error) {
      debug('cannot reach %s: %s', name, error)
    }
    if (!found[name]) debug('Node keeps its %s elsewhere, or in another way', name)
  }
  fill('requests', () => requestsOf(closure(Module._nodeModulePaths, 'relativeResolveCache')))
  const load = internalRequire(closure)
  if (!load) return debug('cannot reach the modules of Node')
  const loader = load('internal/modules/esm/loader').getOrInitializeCascadedLoader()
  fill('jobs', () => (isLoadCache(loader.loadCache) ? loader.loadCache : null))
  fill('resolutions', () => resolutionsOf(privates(loader, '#resolveCache'), found.jobs))
  fill('commonjs', () => cjsCache(load('internal/modules/esm/translators').translators, closure))
  fill('arrow', () => arrowOf(closure(load('internal/util').decorateErrorStack, 'internalBinding')))
  // In the app's thread, and where no loader is registered, there are none, and none are needed.
  const hooks = privates(loader, '#asyncLoaderHooks') ?? privates(loader, '#customizations')
  const validated = hooks && privates(hooks, '#validatedUrls')
  if (validated !== undefined) fill('validated', () => (isSet(validated) ? validated : null))
}

/**
 * `createRequire` is in every Node; `findSourceMap` stands in another internal module, in case an app has replaced the first. A `require` of user land has `resolve`: it must not be taken for the internal one.
 * @param {Secrets['closure']} closure
 */
function internalRequire(closure) {
  const isInternal = (/** @type {any} */ require) => typeof require === 'function' && !('resolve' in require)
  return [createRequire, findSourceMap].map((of) => closure(of, 'require')).find(isInternal)
}

/** A name under which errors have it: whether they do, shows with each of them. @param {any} binding Node's internal one */
function arrowOf(binding) {
  const name = binding?.('util').privateSymbols?.arrow_message_private_symbol
  return typeof name === 'symbol' ? name : null
}

/** @param {any} translators @param {Secrets['closure']} closure */
function cjsCache(translators, closure) {
  const translate = isMap(translators) ? get.call(translators, 'commonjs') : undefined
  const wrap = translate && closure(translate, 'createCJSModuleWrap')
  return mapOrNull(translate && (closure(translate, 'cjsCache') ?? (wrap && closure(wrap, 'cjsCache'))))
}

/** @param {unknown} value */
const mapOrNull = (value) => (isMap(value) ? /** @type {Map<any, any>} */ (value) : null)

/** @param {unknown} requests */
const requestsOf = (requests) => (isMap(requests) || (requests && Object.getPrototypeOf(requests) === null) ? requests : null)

/** Whether this very module is in it, the way that we expect modules to be in it. @param {unknown} jobs */
function isLoadCache(jobs) {
  const own = isMap(jobs) ? get.call(jobs, import.meta.url) : undefined
  return Object.values(own ?? {}).some((job) => job?.url === import.meta.url && statusOf(job) >= Status.EVALUATING)
}

/**
 * What Node uses is never empty: it has resolved what loaded us, at least.
 * @param {unknown} cache @param {Internals['jobs']} jobs
 */
function resolutionsOf(cache, jobs) {
  const resolutions = mapOrNull(cache)
  const parents = resolutions ? [...keys.call(resolutions)] : []
  return parents.some((parent) => !jobs || has.call(jobs, parent)) ? resolutions : null
}

/**
 * Where V8 has noted that an error is, which no property tells: line and column from 0, in whatever it parsed. `undefined` if
 * it has not, or it cannot be asked.
 *
 * @param {Error} error whose properties run no code of the user's: they are read
 * @returns {{ line: number, column: number } | undefined}
 */
export function notedPlace(error) {
  let found
  try {
    withSession(({ post, send, content }) => {
      const { objectId } = content(send(error)) ?? {}
      const details = objectId && post('Runtime.getExceptionDetails', { errorObjectId: objectId })?.exceptionDetails
      if (details?.lineNumber >= 0 && details.columnNumber >= 0) found = { line: details.lineNumber, column: details.columnNumber }
    })
  } catch (error) {
    debug('cannot ask V8 where an error is: %s', error)
  }
  return found
}

/**
 * Reads what JavaScript hides: the variables that a function closes over, and private fields.
 *
 * @param {(secrets: Secrets) => void} use
 */
function inspect(use) {
  withSession(({ send, receive, properties, named, content }) =>
    use({
      closure(fn, name) {
        const sent = send(fn)
        const scopes = named(properties(content(sent))?.internalProperties, '[[Scopes]]')
        for (const { value: scope } of properties(scopes)?.result ?? []) {
          const remote = scope?.description === 'Closure' && named(properties(scope)?.result, name)
          if (remote) return receive(sent, remote)
        }
      },
      privates(object, name) {
        const sent = send(object)
        return receive(sent, named(properties(content(sent))?.privateProperties, name))
      },
    }),
  )
}

/**
 * @typedef {object} Session an inspector's, with which values are sent there and back
 * @property {(method: any, params: object) => any} post
 * @property {(value: any) => any} send returns the remote slot, which has it as its content
 * @property {(remoteSlot: any) => any} content
 * @property {(remoteSlot: any, remote: any) => any} receive
 * @property {(remote: any) => any} properties
 * @property {(list: any, name: string) => any} named
 */

/** @param {(session: Session) => void} use */
function withSession(use) {
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

  /** The transfer slot: an object that both sides know, for values on their way in and out. @type {{ content?: any }} */
  const slot = {}
  const send = (/** @type {object} */ value) => {
    slot.content = value
    Object.defineProperty(globalThis, SLOT, { value: slot, configurable: true })
    try {
      const expression = `globalThis[Symbol.for('${SLOT.description}')]`
      return post('Runtime.evaluate', { expression, silent: true })?.result
    } finally {
      delete (/** @type {any} */ (globalThis)[SLOT])
    }
  }
  const receive = (/** @type {any} */ remoteSlot, /** @type {any} */ remote) => {
    slot.content = undefined
    if (!remote?.objectId) return undefined
    post('Runtime.callFunctionOn', {
      objectId: remoteSlot.objectId,
      functionDeclaration: 'function (content) { this.content = content }',
      arguments: [{ objectId: remote.objectId }],
      silent: true,
    })
    return slot.content
  }

  const content = (/** @type {any} */ remoteSlot) => named(properties(remoteSlot)?.result, 'content')

  try {
    use({ post, send, content, receive, properties, named })
  } finally {
    session.disconnect()
  }
}
