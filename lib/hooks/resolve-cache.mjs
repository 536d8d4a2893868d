/**
 * The resolve cache: an `import()` that a module makes again, while nothing has happened, is answered
 * without Node and without a decision.
 */
import { generationIfIdle } from '../native/binding.js'
import { thread } from '../native/thread.mjs'
import { guarded } from '../runtime/guard.mjs'

/**
 * @typedef {object} Answer what was answered to an `import()` that may be repeated
 * @property {string | undefined} parent the importer's URL without our version, if it has one
 * @property {number} generation the engine's, when it was asked
 * @property {string} resolved what Node found
 * @property {import('node:module').ResolveFnOutput} answer
 */

/**
 * What was answered in this thread, by importer and specifier: to imports without attributes, and with `hot` alone.
 * @type {Map<string | undefined, Map<string, Answer>>[]}
 */
const answers = [new Map(), new Map()]

/**
 * The answers to imports with such attributes, if any are kept. To ask for `hot` by its name takes V8 longer.
 * @param {object | undefined} attributes
 */
export function cachedFor(attributes) {
  let importers = answers[0]
  for (const name in attributes) {
    if (name !== 'hot' || importers !== answers[0]) return undefined
    importers = answers[1]
  }
  return importers
}

/** @param {import('./shared.mjs').Asked} asked @param {string} specifier @param {Answer} answer */
export function cacheResolution({ parent, required, attributes }, specifier, answer) {
  const importers = cachedFor(attributes)
  if (!parent || required || !importers || !guarded(() => thread.isRepeatable(parent, answer.resolved))) return
  let known = importers.get(parent)
  if (!known) importers.set(parent, (known = new Map()))
  known.set(specifier, answer)
}

/** Instances that are superseded import little any more. @param {string[]} parents their URLs */
export function clearResolveCache(parents) {
  for (const importers of answers) for (const parent of parents) importers.delete(parent)
}

/** Whether nothing has happened since the engine's generation was this one. Without a closure: it is asked at every import. */
export function isCurrent(/** @type {number} */ generation) {
  try {
    return generationIfIdle() === generation
  } catch (error) {
    guarded(() => { throw error })
    return false
  }
}
