/**
 * The hooks in a hooks thread (`module.register`): the exports that Node calls there.
 */
import * as engine from '../native/binding.js'
import { leaveNoSource } from '../node/compilation-cache.mjs'
import { forgetValidated } from '../node/esm-cache.mjs'
import { builtin, linksSynchronously, mayBlock } from '../node/features.mjs'
import { isOwn } from '../own.mjs'
import { fail, guarded } from '../runtime/guard.mjs'
import { process } from '../runtime/primordials.mjs'
import { print, printPastStream } from '../runtime/print.mjs'
import { isOfEntry, isLinkOnly } from './link-only.mjs'
import { publishToPreludes } from './prelude.mjs'
import { beginRequest, mayBeLookup } from './resolve-only.mjs'
import { arrive, asOfNode, ask, equip, isUpdate, loadLinkOnly, miss, missForUpdate, ofNobody, passed, passedOn, plain, resolveForUpdate } from './shared.mjs'
import { noteSourceMaps } from './source-maps.mjs'

const { fileURLToPath } = builtin('node:url')

/** @template C, R @typedef {import('./shared.mjs').Hook<C, R>} Hook */

/**
 * How long a hooks thread waits for the app's thread to dispose of what a new instance replaces, in milliseconds: it is in
 * vain where that thread is blocked on our answer.
 */
const ACKNOWLEDGE_LIMIT = linksSynchronously ? 5 : mayBlock ? 200 : 1000

/** The same for a hook that takes its time. @template C, R @param {Hook<C, Promise<R>>} hook @param {Hook<C, Promise<R>>} pass @returns {Hook<C, R | Promise<R>>} */
const survivingLater = (hook, pass) => async (name, context, next) => {
  /** @type {{ error?: unknown }} */
  const thrown = {}
  const follow = async (/** @type {Parameters<typeof next>} */ ...args) => {
    try {
      return await next(...args)
    } catch (error) {
      thrown.error = error
      throw error
    }
  }
  try {
    return await hook(name, context, /** @type {any} */ (follow))
  } catch (error) {
    if ('error' in thrown && thrown.error === error) throw error
    fail(error)
    return pass(name, context, /** @type {any} */ (next))
  }
}

/** What may be a lookup, or an import all the same, leads to the current version. @template {{ url: string }} T @param {T} result */
function asOfNow(result) {
  const url = guarded(() => engine.currentUrl(result.url))
  return url ? { ...result, url } : result
}

/** What a hooks thread works for. @type {{ thread: engine.Thread, layer: number | null | undefined, boots: boolean, active: boolean }} */
const state = { thread: new engine.Thread(0), layer: null, boots: false, active: false }

/** Whether these are the outermost of our hooks; those within let everything through. */
const isActive = () => {
  const { layer } = state
  return (state.active = guarded(() => layer != null && state.thread.isOutermost(layer)) ?? state.active)
}

/**
 * Called by Node in the hooks thread. Without `data.thread`, the user has registered `hot-hook/loader` by hand, with
 * options or without; it then serves the main thread, if no other hooks of ours do.
 * @param {{ thread?: number, layer?: number } & Record<string, unknown>} [data]
 */
export async function initialize(data) {
  printPastStream()
  // Node 20 also sends the modules of loaders that are registered after us through our hooks.
  publishToPreludes({ enter() {} })
  const { thread, layer, ...options } = data ?? {}
  state.boots = thread === undefined
  state.thread = new engine.Thread(thread ?? 0)
  state.layer = layer ?? guarded(() => state.thread.addFirstLayer())
  if (!state.boots || !isActive()) return
  const name = 'hot-hook/loader'
  const json = JSON.stringify(options)
  const warnings = guarded(() => state.thread.configure(json, name, process.cwd(), process.env.HOT_HOOK_WATCH))
  for (const warning of warnings ?? []) print(warning)
}

/** @type {import('node:module').ResolveHook} */
export const resolve = survivingLater(async (specifier, from, next) => {
  const given = isOfEntry(from.parentURL) ? ofNobody(from) : from
  if (!isActive()) return next(specifier, given)
  // Node writes what the next hook is given into the very context that this one got.
  const { parentURL } = given
  if (isOwn(parentURL)) {
    if (!isUpdate(parentURL, specifier)) return next(specifier, given)
    let found
    try {
      found = await next(specifier, ofNobody(given))
    } catch (error) {
      throw missForUpdate(specifier, error)
    }
    return resolveForUpdate(state.thread, parentURL, found)
  }
  const request = beginRequest(state.thread, given, specifier)
  const { asked, context } = ask(given)
  let result
  try {
    result = await next(specifier, context)
  } catch (error) {
    const record = () => miss(state.thread, specifier, asked, error)
    if (!mayBeLookup(request, record)) record()
    throw asOfNode(error)
  }
  guarded(() => state.thread.drain(false))
  const record = () => arrive(state.thread, specifier, asked, result)
  return mayBeLookup(request, record) ? asOfNow(result) : record()
}, async (specifier, context, next) => passed(context, await next(specifier, context)))

/** @type {import('node:module').LoadHook} */
export const load = survivingLater(async (url, given, next) => {
  const context = plain(given)
  if (!isActive()) return next(url, context)
  noteSourceMaps()
  if (isOwn(url)) return isLinkOnly(url) ? loadLinkOnly(url) : next(url, context)
  guarded(() => state.thread.drain(false))
  const clean = guarded(() => state.thread.load(url))
  if (clean) leaveNoSource()
  const isLate = clean && !(await acknowledged(state.thread))
  let result
  try {
    result = await next(clean ?? url, context)
  } catch (error) {
    guarded(() => state.thread.unloaded(url))
    throw asOfNode(error)
  }
  if (clean && guarded(() => engine.releases())) forgetValidated(url)
  // It would run with what its `require`s gave before.
  if (isLate && mayBlock && result.format?.startsWith('commonjs')) guarded(() => engine.evictionFailed(fileURLToPath(url)))
  const equipped = equip(state, url, context.format, result)
  // Node 20 takes the URL of what was read for the module's own, and that is the one without a version.
  return clean == null ? equipped : Object.assign({}, equipped, { responseURL: url })
}, async (url, context, next) => passedOn(url, await next(url, plain(context))))

/**
 * Until the app's thread has disposed of what a new instance replaces, and evicted stale CommonJS: the instance is
 * translated as soon as we return. The limit is for an app thread that is busy for long.
 * @param {engine.Thread} thread @returns {Promise<boolean>} whether it has
 */
async function acknowledged(thread) {
  const { setTimeout: sleep } = builtin('node:timers/promises')
  const end = Date.now() + ACKNOWLEDGE_LIMIT
  while (guarded(() => thread.hasPending())) {
    if (Date.now() >= end) return false
    await sleep(1)
  }
  return true
}
