/**
 * The steps of the resolve and load hooks, whichever thread they run in: what the engine is asked, and what follows from its
 * answer.
 */
import * as engine from '../native/binding.js'
import { hasOnlyLookedUp, isOfImport, whenRequired } from '../node/cjs-cache.mjs'
import { leaveNoSource } from '../node/compilation-cache.mjs'
import { alias, evictNow } from '../node/esm-cache.mjs'
import { builtin } from '../node/features.mjs'
import { noteRequest } from '../node/relative-resolve-cache.mjs'
import { isOwn } from '../own.mjs'
import { guarded, withoutFrames } from '../runtime/guard.mjs'
import { debug, isDebugging } from '../runtime/print.mjs'
import { importerOf, isLinkOnly, isOfCheck, isOfUpdate, linkOnlySource } from './link-only.mjs'
import { toText, withPrelude } from './prelude.mjs'
import { keepMap } from './source-maps.mjs'

const { dirname } = builtin('node:path')
const { fileURLToPath } = builtin('node:url')

const UPDATE = new URL('../runtime/apply-update.mjs', import.meta.url).href

/**
 * Whether an update imports something of the app's: that is the only import of ours with which we have to do.
 * @param {string | undefined} parent @param {string} specifier
 */
export const isUpdate = (parent, specifier) =>
  parent !== undefined && (parent === UPDATE || isLinkOnly(parent)) && specifier.startsWith('file:')

/**
 * What links without evaluating. At each update it is as new as what it links; an app that is linked ahead keeps its sources.
 * @param {string} url
 */
export function loadLinkOnly(url) {
  if (isOfUpdate(url)) leaveNoSource()
  return linkOnlySource(url)
}

/** The context without its importer, which is one of our modules: in the name of another, or of nobody. @param {ResolveContext} context */
export const ofNobody = (context) => ({ ...context, parentURL: importerOf(context.parentURL) })

/**
 * What an update imports leads to the version that it is to bring.
 * @template {{ url: string }} T
 * @param {engine.Thread} thread @param {string | undefined} parent @param {T} result
 */
export function resolveForUpdate(thread, parent, result) {
  if (isOwn(result.url)) return result
  const isCheck = parent !== undefined && isOfCheck(parent)
  const url = guarded(() => (isCheck ? thread.resolveForCheck(result.url) : thread.resolveForUpdate(result.url, parent !== UPDATE)))
  return url ? { ...result, url } : result
}

/** @param {string} specifier @param {unknown} error */
export function missForUpdate(specifier, error) {
  guarded(() => engine.unresolvedForUpdate(specifier))
  return asOfNode(error)
}

/** @typedef {import('node:module').ResolveHookContext} ResolveContext */
/** @typedef {import('node:module').LoadHookContext} LoadContext */
/**
 * @typedef {object} Asked what the engine must know of an import
 * @property {string | undefined} parent
 * @property {Record<string, string> | undefined} attributes
 * @property {string | undefined} hot
 * @property {boolean} required
 * @property {import('../native/binding.js').When} [when] of a `require`, when that is
 */

/** What the engine must know of an import, and the context without what is ours. @param {ResolveContext} context */
export function ask(context) {
  const parent = context.parentURL
  const conditions = /** @type {string[] | Set<string>} */ (context.conditions ?? [])
  const attributes = /** @type {Record<string, string> | undefined} */ (context.importAttributes)
  /** @type {Asked} */
  const asked = {
    parent,
    attributes,
    hot: attributes?.hot,
    required: Array.isArray(conditions) ? conditions.includes('require') : conditions.has('require'),
  }
  if (asked.required && parent) asked.when = whenRequired(parent)
  return { asked, context: withCleanParent(context) }
}

/** The context without our version. @param {ResolveContext} context */
export function withCleanParent(context) {
  const { parentURL } = context
  const clean = parentURL?.includes?.('v=') ? guarded(() => engine.clean(parentURL)) : undefined
  return clean ? { ...context, parentURL: clean } : context
}

/**
 * @template {{ url: string }} T
 * @param {engine.Thread} thread @param {string} specifier @param {Asked} asked @param {T} result @returns {T}
 */
export function arrive(thread, specifier, asked, result) {
  if (isOwn(result.url)) return result
  if (asked.required && !asked.parent && isOfImport(result.url)) return result
  return asked.required ? arriveRequired(thread, specifier, asked, result) : arriveImported(thread, specifier, asked, result)
}

/** @type {typeof arrive} */
function arriveImported(thread, specifier, { parent, hot, attributes }, result) {
  if (hot !== undefined) result = { ...result, importAttributes: withoutHot(attributes) }
  const url = guarded(() => thread.resolve(parent, specifier, result.url, hot))
  if (isDebugging) debug('import %s from %s: %s', specifier, parent, url ?? result.url)
  return url ? { ...result, url } : result
}

/** @type {typeof arrive} */
function arriveRequired(thread, specifier, { parent, when }, result) {
  noteRequire(parent, specifier, result.url)
  const supplied = guarded(() => thread.resolveRequired(parent, specifier, result.url, when))
  if (isDebugging) debug('require %s from %s: %s', specifier, parent, result.url)
  if (supplied) supply(result.url, supplied)
  return result
}

/** @param {string | undefined} parent @param {string} specifier @param {string} url */
function noteRequire(parent, specifier, url) {
  if (!parent?.startsWith('file:') || !url.startsWith('file:')) return
  noteRequest(dirname(fileURLToPath(parent)), specifier, fileURLToPath(url))
}

/**
 * `require()` finds ES modules by their plain URL: today's instance of it may be known by another, or is still to be
 * loaded. What cannot be supplied is asked for as a restart.
 * @param {string} url @param {engine.Supply} supplied
 */
function supply(url, supplied) {
  const isSupplied = supplied.type === 'evict' ? evictNow(url) : alias(url, supplied.url)
  if (!isSupplied) guarded(() => engine.evictionFailed(fileURLToPath(url)))
}

/** @param {engine.Thread} thread @param {string} specifier @param {Asked} asked @param {unknown} error */
export function miss(thread, specifier, { parent, hot, required, when }, error) {
  if (required && hasOnlyLookedUp()) return
  const { url } = /** @type {{ url?: unknown }} */ (Object(error))
  guarded(() => thread.unresolved(parent, specifier, hot, required, when, typeof url === 'string' ? url : undefined))
}

/** The context without the attribute that only we know. @param {LoadContext} context */
export function plain(context) {
  const attributes = /** @type {Record<string, string> | undefined} */ (context.importAttributes)
  return attributes?.hot === undefined ? context : { ...context, importAttributes: withoutHot(attributes) }
}

/** An error of Node's, without our frames. @param {unknown} error */
export const asOfNode = (error) => withoutFrames(error)

/** Node refuses attributes that it does not know. @param {Record<string, string> | undefined} attributes */
function withoutHot(attributes) {
  const { hot: _, ...others } = attributes ?? {}
  return others
}

/**
 * @template {{ format?: string | null, source?: any }} T
 * @param {{ thread: engine.Thread, boots: boolean }} to @param {string} url
 * @param {string | null | undefined} asked the format that is expected
 * @param {T} result
 * @returns {T}
 */
export function equip({ thread, boots }, url, asked, result) {
  const { format, source } = result
  const isModule = (format === 'module' || format === 'module-typescript') && source != null && !(boots && isWrapped(url, asked))
  const text = isModule ? toText(source) : undefined
  const need = guarded(() => thread.loaded(url, format, text))
  if (text === undefined) return result
  const isLeft = !boots && need === 'nothing'
  const prepared = isLeft ? text : withPrelude(text, url, { waits: need === 'wait', boots })
  keepMap(prepared, url)
  return { ...result, source: prepared }
}

/**
 * Whether a loader around us asks for a file that is no JavaScript as if it were: it is about to make a module of what
 * it gets. There is none but where our hooks were registered by hand. @param {string} url @param {string | null | undefined} asked
 */
function isWrapped(url, asked) {
  return asked === 'module' && !IS_SCRIPT.test(url)
}

/** Whether the path of a URL is that of JavaScript or TypeScript. */
export const IS_SCRIPT = /^[^?#]*\.[cm]?[jt]sx?(?:[?#]|$)/

/** What the prelude of a first instance does, where the engine is there. */
export const FIRST = { waits: false, boots: false }

/**
 * @template C, R @typedef {(name: string, context: C, next: (name: string, context?: Partial<C>) => R) => R} Hook
 */

/** A result of `next`, where only the attribute must go. @template {object} T @param {ResolveContext} context @param {T} result @returns {T} */
export const passed = ({ importAttributes: attributes }, result) =>
  attributes?.hot === undefined ? result : { ...result, importAttributes: withoutHot(/** @type {Record<string, string>} */ (attributes)) }

/** What `next` has loaded, with what it may count on under us, if that can be. @template {{ format?: string | null, source?: any }} T @param {string} url @param {T} result @returns {T} */
export function passedOn(url, result) {
  try {
    const isModule = result.format === 'module' && result.source != null && IS_SCRIPT.test(url)
    return isModule ? { ...result, source: withPrelude(toText(result.source), url, FIRST) } : result
  } catch {
    return result
  }
}
