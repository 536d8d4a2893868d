/**
 * The hooks in the app's own thread (`module.registerHooks`).
 */
import module from 'node:module'
import { thread } from '../native/thread.mjs'
import { leaveNoSource } from '../node/compilation-cache.mjs'
import { areFirst, builtin, isCustomized } from '../node/features.mjs'
import { isOwn } from '../own.mjs'
import { asOriginal, fail, guarded, ofUser } from '../runtime/guard.mjs'
import { apply } from '../runtime/primordials.mjs'
import { debug, isDebugging } from '../runtime/print.mjs'
import { isOfEntry, isLinkOnly } from './link-only.mjs'
import { withPrelude } from './prelude.mjs'
import { cachedFor, isCurrent, cacheResolution } from './resolve-cache.mjs'
import { isLookup, seek, settleSought, takeSample, trySamples } from './resolve-only.mjs'
import { FIRST, IS_SCRIPT, arrive, asOfNode, ask, equip, isUpdate, loadLinkOnly, miss, missForUpdate, ofNobody, passed, passedOn, plain, resolveForUpdate, withCleanParent } from './shared.mjs'
import { noteSourceMaps } from './source-maps.mjs'

const fs = builtin('node:fs')

/** @typedef {import('node:module').ResolveHookContext} ResolveContext */
/** @typedef {import('node:module').LoadHookContext} LoadContext */
/** @template C, R @typedef {import('./shared.mjs').Hook<C, R>} Hook */

/** Whether our hooks are the first in this thread. */
let isFirst = false

/** What Node reads files with: other code may replace it. */
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

/** Calls the next hook. Its errors are not ours. @template C, R @param {(name: string, context: C) => R} next @param {string} name @param {C} context */
function follow(next, name, context) {
  try {
    return next(name, context)
  } catch (error) {
    throw ofUser(error)
  }
}

/** Resolves what is only looked up: no edge is recorded. @type {(next: any, specifier: string, given: ResolveContext) => any} */
function lookUpBy(next, specifier, given) {
  try {
    return next(specifier, withCleanParent(given))
  } catch (error) {
    throw ofUser(asOfNode(error))
  }
}

/**
 * Installs the hooks of `module.registerHooks`.
 * @param {() => number | undefined} deliver takes in what happened to files, carries out what follows for the thread, and
 *   returns the engine's generation if nothing did
 */
export function hookIn(deliver) {
  stayOutermost({
    resolve: surviving((specifier, from, next) => {
      settleSought()
      if (isLookup(from)) return lookUpBy(next, specifier, from)
      const given = isOfEntry(from.parentURL) ? ofNobody(from) : from
      const { parentURL } = given
      const alone = isAlone()
      const repeated = cachedFor(given.importAttributes)?.get(parentURL)?.get(specifier)
      if (repeated && isImport(given)) {
        const { parent, generation } = repeated
        const isKnown = alone || follow(next, specifier, parent ? { ...given, parentURL: parent } : given).url === repeated.resolved
        if (isKnown && isCurrent(generation)) return repeated.answer
      }
      if (isOwn(parentURL)) {
        takeSample(given, specifier)
        if (!isUpdate(parentURL, specifier)) return follow(next, specifier, given)
        let found
        try {
          found = next(specifier, ofNobody(given))
        } catch (error) {
          throw ofUser(missForUpdate(specifier, error))
        }
        return resolveForUpdate(thread, parentURL, found)
      }
      if (alone && parentURL && specifier[0] === '.' && isBare(given)) {
        const url = guarded(() => thread.resolveDirectly(parentURL, specifier))
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
      if (alone && result.format === 'module' && !asked.required) guarded(() => thread.recordFormat(result.url))
      const parent = context === given ? undefined : context.parentURL
      const kept = { ...answer, shortCircuit: true }
      if (generation !== undefined) cacheResolution(asked, specifier, { parent, generation, resolved: result.url, answer: kept })
      return answer
    }, (specifier, context, next) => passed(context, next(specifier, context))),
    load: surviving((url, given, next) => {
      noteSourceMaps()
      if (given.format === 'module' && isAlone() && isBare(given) && IS_SCRIPT.test(url)) {
        const source = guarded(() => thread.read(url))
        if (typeof source === 'string') return { format: 'module', source, shortCircuit: true }
        if (source) return { format: 'module', source: withPrelude(source.text, url, FIRST), shortCircuit: true }
      }
      const context = plain(given)
      if (isOwn(url)) return isLinkOnly(url) ? loadLinkOnly(url) : follow(next, url, context)
      settleSought()
      deliver()
      const clean = guarded(() => thread.load(url))
      if (clean) leaveNoSource()
      let result
      try {
        result = next(clean ?? url, context)
      } catch (error) {
        guarded(() => thread.unloaded(url))
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
