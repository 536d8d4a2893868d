/**
 * The resolve and load hooks: they forward each import to the engine and pass on the URL that it returns.
 *
 * Two faces over the same steps: {@link hookIn} in the app's own thread (`module.registerHooks`), and the
 * exports `initialize`, `resolve`, `load` in a hooks thread (`module.register`).
 */
import module from 'node:module'
import { answersTo, isStill, keepAnswer } from './answers.mjs'
import * as engine from './binding.js'
import { hasOnlyLookedUp, isOfImport, whenRequired } from './commonjs.mjs'
import { asOriginal, attempt, fail, guarded, ofUser, withoutFrames } from './guard.mjs'
import { beginRequest, isLookup, mayBeLookup, seek, settleSought, takeSample, trySamples } from './lookups.mjs'
import { areFirst, builtin, isCustomized, linksSynchronously, mayBlock } from './node.mjs'
import { publishToPreludes, toText, withPrelude } from './prelude.mjs'
import { apply, clearTimeout, process, setTimeout } from './primordials.mjs'
import { debug, isDebugging, print, printPastStream } from './print.mjs'
import { noteRequest } from './relative-cache.mjs'
import { noteSourceMaps } from './source-maps.mjs'
import { alias, compilationCache, evictNow, forgetValidated } from './release.mjs'
import { isOfEntry, isTrial, loadTrial } from './trial.mjs'

const { dirname } = builtin('node:path')
const { fileURLToPath } = builtin('node:url')
const fs = builtin('node:fs')

const FOLDER = new URL('.', import.meta.url).href

/** Whether it is one of our own modules, which are no part of the app's graph. @param {string | undefined} url */
const isOwn = (url) => url !== undefined && url.startsWith(FOLDER) && !url.slice(FOLDER.length).split('?', 1)[0].includes('/')

const UPDATE = new URL('update.mjs', import.meta.url).href

/**
 * Whether an update imports something of the app's: that is the only import of ours with which we have to do.
 * @param {string | undefined} parent @param {string} specifier
 */
const isUpdate = (parent, specifier) =>
  parent !== undefined && (parent === UPDATE || isTrial(parent)) && specifier.startsWith('file:')

/** The context without its importer, which is one of our modules. @param {ResolveContext} context */
const ofNobody = (context) => ({ ...context, parentURL: undefined })

/**
 * What an update imports leads to the version that it is to bring.
 * @template {{ url: string }} T
 * @param {number} thread @param {string | undefined} parent @param {T} result
 */
function renew(thread, parent, result) {
  if (isOwn(result.url)) return result
  const url = guarded(() => engine.renewed(thread, result.url, parent !== UPDATE))
  return url ? { ...result, url } : result
}

/** @param {string} specifier @param {unknown} error */
function missRenewed(specifier, error) {
  guarded(() => engine.unrenewed(specifier))
  return asOfNode(error)
}

/**
 * How long a hooks thread waits for the app's thread to dispose of what a new instance replaces, in milliseconds: it is in
 * vain where that thread is blocked on our answer.
 */
const ACKNOWLEDGE_LIMIT = linksSynchronously ? 5 : mayBlock ? 200 : 1000

/** @typedef {import('node:module').ResolveHookContext} ResolveContext */
/** @typedef {import('node:module').LoadHookContext} LoadContext */
/**
 * @typedef {object} Asked what the engine must know of an import
 * @property {string | undefined} parent
 * @property {Record<string, string> | undefined} attributes
 * @property {string | undefined} hot
 * @property {boolean} required
 * @property {import('./binding.js').When} [when] of a `require`, when that is
 */

/** What the engine must know of an import, and the context without what is ours. @param {ResolveContext} context */
function ask(context) {
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
function withCleanParent(context) {
  const { parentURL } = context
  const clean = parentURL?.includes?.('v=') ? guarded(() => engine.clean(parentURL)) : undefined
  return clean ? { ...context, parentURL: clean } : context
}

/**
 * @template {{ url: string }} T
 * @param {number} thread @param {string} specifier @param {Asked} asked @param {T} result
 */
function arrive(thread, specifier, asked, result) {
  if (isOwn(result.url)) return result
  if (asked.required && !asked.parent && isOfImport(result.url)) return result
  if (asked.hot !== undefined) result = { ...result, importAttributes: withoutHot(asked.attributes) }
  const { parent, hot, required, when } = asked
  if (required) noteRequire(parent, specifier, result.url)
  const url = guarded(() => engine.resolve(thread, parent, specifier, result.url, hot, required, when))
  if (isDebugging) debug('%s %s from %s: %s', asked.required ? 'require' : 'import', specifier, asked.parent, url ?? result.url)
  if (url && asked.required) return supply(result, url)
  return url ? { ...result, url } : result
}

/** @param {string | undefined} parent @param {string} specifier @param {string} url */
function noteRequire(parent, specifier, url) {
  if (!parent?.startsWith('file:') || !url.startsWith('file:')) return
  noteRequest(dirname(fileURLToPath(parent)), specifier, fileURLToPath(url))
}

/**
 * `require()` finds ES modules by their plain URL: today's instance of it may be known by another, or is still to be
 * loaded. What cannot be supplied is asked for as a restart.
 * @template {{ url: string }} T
 * @param {T} result @param {string} url
 */
function supply(result, url) {
  const isSupplied = url === result.url ? evictNow(url) : alias(result.url, url)
  if (!isSupplied) guarded(() => engine.irreplaceable(fileURLToPath(result.url)))
  return result
}

/** @param {number} thread @param {string} specifier @param {Asked} asked @param {unknown} error */
function miss(thread, specifier, { parent, hot, required, when }, error) {
  if (required && hasOnlyLookedUp()) return
  const { url } = /** @type {{ url?: unknown }} */ (Object(error))
  guarded(() => engine.unresolved(thread, parent, specifier, hot, required, when, typeof url === 'string' ? url : undefined))
}

/** What may be a lookup, or an import all the same, leads to the current version. @template {{ url: string }} T @param {T} result */
function asOfNow(result) {
  const url = guarded(() => engine.currentUrl(result.url))
  return url ? { ...result, url } : result
}

/** Resolves what is only looked up: no edge is recorded. @type {(next: any, specifier: string, given: ResolveContext) => any} */
function lookUpBy(next, specifier, given) {
  try {
    return next(specifier, withCleanParent(given))
  } catch (error) {
    throw ofUser(asOfNode(error))
  }
}

/** The context without the attribute that only we know. @param {LoadContext} context */
function plain(context) {
  const attributes = /** @type {Record<string, string> | undefined} */ (context.importAttributes)
  return attributes?.hot === undefined ? context : { ...context, importAttributes: withoutHot(attributes) }
}

/** An error of Node's, without our frames. @param {unknown} error */
const asOfNode = (error) => withoutFrames(error, import.meta.url)

/** Node refuses attributes that it does not know. @param {Record<string, string> | undefined} attributes */
function withoutHot(attributes) {
  const { hot: _, ...others } = attributes ?? {}
  return others
}

/**
 * @template {{ format?: string | null, source?: any }} T
 * @param {{ thread: number, boots: boolean }} to @param {string} url
 * @param {string | null | undefined} asked the format that is expected
 * @param {T} result
 * @returns {T}
 */
function equip({ thread, boots }, url, asked, result) {
  const { format, source } = result
  const isModule = (format === 'module' || format === 'module-typescript') && source != null && !(boots && isWrapped(url, asked))
  const text = isModule ? toText(source) : undefined
  const need = guarded(() => engine.loaded(thread, url, format, text))
  if (text === undefined) return result
  const isLeft = !boots && need === 'nothing'
  return { ...result, source: isLeft ? text : withPrelude(text, url, { waits: need === 'wait', boots }) }
}

/**
 * Whether a loader around us asks for a file that is no JavaScript as if it were: it is about to make a module of what
 * it gets. There is none but where our hooks were registered by hand. @param {string} url @param {string | null | undefined} asked
 */
function isWrapped(url, asked) {
  return asked === 'module' && !IS_SCRIPT.test(url)
}

/** Whether the path of a URL is that of JavaScript or TypeScript. */
const IS_SCRIPT = /^[^?#]*\.[cm]?[jt]sx?(?:[?#]|$)/

/** What the prelude of a first instance does, where the engine is there. */
const FIRST = { waits: false, boots: false }

/** How long V8's compilation cache stays off if the module that is loaded never runs, in milliseconds. */
const SOURCE_LIMIT = 100

/** @type {NodeJS.Timeout | undefined} */
let cacheTimer

/** A versioned module is loaded: V8 must not keep its source. The prelude calls {@link keepSources} again. */
function leaveNoSource() {
  if (!guarded(() => engine.releases())) return
  compilationCache(false)
  clearTimeout(cacheTimer)
  cacheTimer = setTimeout(() => attempt(keepSources), SOURCE_LIMIT).unref()
}

/** The end of {@link leaveNoSource}, in whichever thread it began: `url` runs. @param {string} [url] */
export function keepSources(url) {
  if (url && !cacheTimer && !url.includes('v=')) return
  clearTimeout(cacheTimer)
  cacheTimer = undefined
  compilationCache(true)
}

/** Whether our hooks are the first in this thread. */
let isFirst = false

/** What Node reads files with: somebody may replace it. */
const { readFileSync, realpathSync } = fs

/** Whether `next` is answered by Node alone: then an answer that is sure need not be asked for. */
const isAlone = () =>
  isFirst && !isCustomized() && fs.readFileSync === readFileSync && fs.realpathSync === realpathSync

/** Whether it is an `import`, not a `require()`. @param {ResolveContext | LoadContext} context */
const isImport = ({ conditions }) => Array.isArray(conditions) && !conditions.includes('require')

/** Whether it is an `import` without attributes. @param {ResolveContext | LoadContext} context */
function isBare(context) {
  for (const _ in context.importAttributes) return false
  return isImport(context)
}

/**
 * @template C, R @typedef {(name: string, context: C, next: (name: string, context?: Partial<C>) => R) => R} Hook
 */

/**
 * A hook that a failure of ours does not end: `pass` does then what would be done without us.
 * @template C, R @param {Hook<C, R>} hook @param {Hook<C, R>} pass @returns {Hook<C, R>}
 */
const surviving = (hook, pass) => (name, context, next) => {
  try {
    return hook(name, context, next)
  } catch (error) {
    fail(error)
    return pass(name, context, next)
  }
}

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

/** Calls the next hook. Its errors are not ours. @template C, R @param {(name: string, context: C) => R} next @param {string} name @param {C} context */
function follow(next, name, context) {
  try {
    return next(name, context)
  } catch (error) {
    throw ofUser(error)
  }
}

/** A result of `next`, where only the attribute must go. @template {object} T @param {ResolveContext} context @param {T} result @returns {T} */
const passed = ({ importAttributes: attributes }, result) =>
  attributes?.hot === undefined ? result : { ...result, importAttributes: withoutHot(/** @type {Record<string, string>} */ (attributes)) }

/** What `next` has loaded, with what it may count on under us, if that can be. @template {{ format?: string | null, source?: any }} T @param {string} url @param {T} result @returns {T} */
function passedOn(url, result) {
  try {
    const isModule = result.format === 'module' && result.source != null && IS_SCRIPT.test(url)
    return isModule ? { ...result, source: withPrelude(toText(result.source), url, FIRST) } : result
  } catch {
    return result
  }
}

/**
 * Installs the hooks of `module.registerHooks`.
 * @param {number} thread
 * @param {() => number} deliver takes in what happened to files, carries out what follows for the thread, and returns
 *   the engine's generation
 */
export function hookIn(thread, deliver) {
  stayOutermost({
    resolve: surviving((specifier, from, next) => {
      settleSought()
      if (isLookup(from)) return lookUpBy(next, specifier, from)
      const given = isOfEntry(from.parentURL) ? ofNobody(from) : from
      const { parentURL } = given
      const alone = isAlone()
      const repeated = answersTo(given.importAttributes)?.get(parentURL)?.get(specifier)
      if (repeated && isImport(given)) {
        const { parent, generation } = repeated
        const isKnown = alone || follow(next, specifier, parent ? { ...given, parentURL: parent } : given).url === repeated.resolved
        if (isKnown && isStill(generation)) return repeated.answer
      }
      if (isOwn(parentURL)) {
        takeSample(given, specifier)
        if (!isUpdate(parentURL, specifier)) return follow(next, specifier, given)
        let found
        try {
          found = next(specifier, ofNobody(given))
        } catch (error) {
          throw ofUser(missRenewed(specifier, error))
        }
        return renew(thread, parentURL, found)
      }
      if (alone && parentURL && specifier[0] === '.' && isBare(given)) {
        const url = guarded(() => engine.resolveDirectly(thread, parentURL, specifier))
        if (url) {
          if (isDebugging) debug('import %s from %s: %s, like its siblings', specifier, parentURL, url)
          return { url, format: 'module', shortCircuit: true }
        }
      }
      const { asked, context } = ask(given)
      let result
      try {
        result = next(specifier, context)
      } catch (error) {
        miss(thread, specifier, asked, error)
        throw ofUser(asOfNode(error))
      }
      const generation = deliver()
      // Without a parent it is Node that requires.
      if (asked.required && asked.parent) {
        if (!isOwn(result.url)) seek(asked.parent, result.url, () => arrive(thread, specifier, asked, result))
        return result
      }
      const answer = arrive(thread, specifier, asked, result)
      if (alone && result.format === 'module' && !asked.required) guarded(() => engine.learn(thread, result.url))
      const parent = context === given ? undefined : context.parentURL
      const kept = { ...answer, shortCircuit: true }
      keepAnswer(thread, asked, specifier, { parent, generation, resolved: result.url, answer: kept })
      return answer
    }, (specifier, context, next) => passed(context, next(specifier, context))),
    load: surviving((url, given, next) => {
      noteSourceMaps()
      if (given.format === 'module' && isAlone() && isBare(given) && IS_SCRIPT.test(url)) {
        const source = guarded(() => engine.read(thread, url))
        if (typeof source === 'string') return { format: 'module', source, shortCircuit: true }
        if (source) return { format: 'module', source: withPrelude(source.text, url, FIRST), shortCircuit: true }
      }
      const context = plain(given)
      if (isOwn(url)) return isTrial(url) ? loadTrial(url) : follow(next, url, context)
      settleSought()
      deliver()
      const clean = guarded(() => engine.load(thread, url))
      if (clean) leaveNoSource()
      let result
      try {
        result = next(clean ?? url, context)
      } catch (error) {
        guarded(() => engine.unloaded(thread, url))
        throw ofUser(asOfNode(error))
      }
      return equip({ thread, boots: false }, url, context.format, result)
    }, (url, context, next) => passedOn(url, next(url, plain(context)))),
  })
  guarded(trySamples)
}

/**
 * Hooks that are registered after ours would stand around them: we would see what they ask for besides, and not what
 * they load by themselves. So ours are registered once more after any others.
 * @param {Parameters<typeof module.registerHooks>[0]} hooks
 */
function stayOutermost(hooks) {
  const { registerHooks } = module
  let registered = registerHooks(hooks)
  isFirst = areFirst(registered)
  module.registerHooks = asOriginal(registerHooks, (/** @type {typeof hooks} */ theirs) => {
    const result = apply(registerHooks, module, [theirs])
    guarded(() => {
      registered.deregister()
      registered = registerHooks(hooks)
      isFirst = areFirst(registered)
    })
    return result
  })
  module.syncBuiltinESMExports()
}

/** What a hooks thread works for. */
const state = { thread: 0, layer: 0, boots: false, active: false }

/** Whether these are the outermost of our hooks; those within let everything through. */
const isActive = () => (state.active = guarded(() => engine.isOutermost(state.thread, state.layer)) ?? state.active)

/**
 * Called by Node in the hooks thread. Without `data.thread` somebody has registered `hot-hook/loader` by hand, with
 * options or without; it then serves the main thread, if no other hooks of ours do.
 * @param {{ thread?: number, layer?: number } & Record<string, unknown>} [data]
 */
export async function initialize(data) {
  printPastStream()
  // Node 20 also sends the modules of loaders that are registered after us through our hooks.
  publishToPreludes({ enter() {} })
  const { thread, layer, ...options } = data ?? {}
  state.boots = thread === undefined
  state.thread = thread ?? 0
  state.layer = layer ?? guarded(() => engine.addLayer(state.thread, true)) ?? 0
  if (!state.boots || !isActive()) return
  const name = 'hot-hook/loader'
  const json = JSON.stringify(options)
  const warnings = guarded(() => engine.configure(state.thread, json, name, process.cwd(), process.env.HOT_HOOK_WATCH))
  for (const warning of warnings ?? []) print(warning)
}

/** @type {import('node:module').ResolveHook} */
export const resolve = survivingLater(async (specifier, from, next) => {
  const given = isOfEntry(from.parentURL) ? ofNobody(from) : from
  if (!isActive()) return next(specifier, given)
  if (isOwn(given.parentURL)) {
    if (!isUpdate(given.parentURL, specifier)) return next(specifier, given)
    let found
    try {
      found = await next(specifier, ofNobody(given))
    } catch (error) {
      throw missRenewed(specifier, error)
    }
    return renew(state.thread, given.parentURL, found)
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
  guarded(() => engine.drain(state.thread, false))
  const record = () => arrive(state.thread, specifier, asked, result)
  return mayBeLookup(request, record) ? asOfNow(result) : record()
}, async (specifier, context, next) => passed(context, await next(specifier, context)))

/** @type {import('node:module').LoadHook} */
export const load = survivingLater(async (url, given, next) => {
  const context = plain(given)
  if (!isActive()) return next(url, context)
  noteSourceMaps()
  if (isOwn(url)) return isTrial(url) ? loadTrial(url) : next(url, context)
  guarded(() => engine.drain(state.thread, false))
  const clean = guarded(() => engine.load(state.thread, url))
  if (clean) leaveNoSource()
  const isLate = clean && !(await acknowledged(state.thread))
  let result
  try {
    result = await next(clean ?? url, context)
  } catch (error) {
    guarded(() => engine.unloaded(state.thread, url))
    throw asOfNode(error)
  }
  if (clean && guarded(() => engine.releases())) forgetValidated(url)
  // It would run with what its `require`s gave before.
  if (isLate && mayBlock && result.format?.startsWith('commonjs')) guarded(() => engine.irreplaceable(fileURLToPath(url)))
  const equipped = equip(state, url, context.format, result)
  // Node 20 takes the URL of what was read for the module's own, and that is the one without a version.
  return clean == null ? equipped : Object.assign({}, equipped, { responseURL: url })
}, async (url, context, next) => passedOn(url, await next(url, plain(context))))

/**
 * Until the app's thread has disposed of what a new instance replaces, and evicted stale CommonJS: the instance is
 * translated as soon as we return. The limit is for an app thread that is busy for long.
 * @param {number} thread @returns {Promise<boolean>} whether it has
 */
async function acknowledged(thread) {
  const { setTimeout: sleep } = builtin('node:timers/promises')
  const end = Date.now() + ACKNOWLEDGE_LIMIT
  while (guarded(() => engine.hasPending(thread))) {
    if (Date.now() >= end) return false
    await sleep(1)
  }
  return true
}
