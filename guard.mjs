/**
 * Whatever fails in us must not cost the user his process: what Node calls in us is guarded, and so is each call of the
 * engine. A failure is told once; then imports go through as if we were not there, and a change asks for a restart.
 */
import * as engine from './binding.js'
import { apply } from './primordials.mjs'
import { debug, isDebugging, print } from './print.mjs'

/** We have failed: imports go through. */
let failed = false

/** Whether we have failed: then the engine only tells that something has changed. */
export const hasFailed = () => failed

/** What was thrown last that is the user's. @type {unknown} */
let users

/**
 * Marks an error that is none of ours: it goes through all guards.
 * @template T @param {T} error @returns {T} the same, to be thrown
 */
export function ofUser(error) {
  users = error
  return error
}

const { RangeError } = globalThis

/** Whether an error must go through: Node would throw something like it, or the user is to see it. @param {any} error */
function goesThrough(error) {
  if (error === users) return true
  const code = error?.code
  if (code === 'HOT_HOOK_NOT_DYNAMIC' || code === 'HOT_HOOK_OPTIONS') return true
  return error instanceof RangeError && error.message === 'Maximum call stack size exceeded'
}

/** Takes a failure of ours in; what is the user's it throws again. @param {any} error */
export function fail(error) {
  if (goesThrough(error)) throw error
  giveUp(error)
}

/** @param {any} error */
function giveUp(error) {
  failed = true
  try {
    const isOfEngine = error?.code === 'HOT_HOOK_INTERNAL'
    const reason = isOfEngine ? error.message : `internal error (${describe(error)})`
    if (!isOfEngine) engine.giveUp(reason)
    if (engine.announcesFailure()) print(`${reason}; the app goes on without hot reload`)
  } catch {
    // The engine itself cannot be called any more: whoever calls it next meets the same.
  }
}

/** The error and where it was thrown, in one line. @param {any} error */
function describe(error) {
  try {
    const stack = String(error.stack)
    const end = stack.indexOf('\n', stack.indexOf('\n') + 1)
    return (end === -1 ? stack : stack.slice(0, end)).replace(/\s+/g, ' ')
  } catch {
    return 'a built-in of JavaScript or Node was replaced by one that throws'
  }
}

/**
 * Calls the engine, or does something about it. After a failure, `undefined`.
 * @template T @param {() => T} call
 */
export function guarded(call) {
  if (failed) return undefined
  try {
    return call()
  } catch (error) {
    fail(error)
    return undefined
  } finally {
    if (isDebugging) takeNotes()
  }
}

function takeNotes() {
  try {
    for (const note of failed ? [] : engine.notes()) debug(note)
  } catch (error) {
    fail(error)
  }
}

/**
 * Does what users' code calls for, after a failure too: it sees what is its own fault, and nothing of ours.
 * @template T @param {() => T} work
 */
export function called(work) {
  try {
    return work()
  } catch (error) {
    fail(error)
    return undefined
  }
}

/**
 * Does what Node calls for, after a failure too: nobody is there whom an error could reach.
 * @template T @param {() => T} work
 */
export function attempt(work) {
  try {
    return work()
  } catch (error) {
    giveUp(error)
    return undefined
  }
}

/** An error of Node's, without the frames of our file `url`: nobody looks for us in his stacks. @param {unknown} error @param {string} url */
export function withoutFrames(error, url) {
  if (error instanceof Error && typeof error.stack === 'string' && error.stack.includes(url)) {
    error.stack = error.stack
      .split('\n')
      .filter((line) => !line.includes(url))
      .join('\n')
  }
  return error
}

/**
 * A function of Node's that is replaced by ours: to look at, and by what it throws, it is the original.
 * @template {Function} F @param {F} original @param {F} replacement @returns {F}
 */
export function asOriginal(original, replacement) {
  const url = import.meta.url.replace(/[^/]*$/, '')
  const replaced = /** @type {any} */ ({
    [original.name](/** @type {any[]} */ ...args) {
      try {
        return apply(replacement, this, args)
      } catch (error) {
        throw withoutFrames(error, url)
      }
    },
  })[original.name]
  return Object.defineProperty(replaced, 'length', { value: original.length, configurable: true })
}
