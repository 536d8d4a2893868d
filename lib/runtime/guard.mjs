/**
 * No failure of ours costs users their process: what Node calls in us is guarded, and so is each call of the engine. A
 * failure is reported once; then imports go through as if we were not there, and a change asks for a restart.
 */
import * as engine from '../native/binding.js'
import { hasOwnFrame } from '../own.mjs'
import { apply } from './primordials.mjs'
import { debug, isDebugging, print } from './print.mjs'

/** We have failed: imports go through. */
let failed = false

/** Whether we have failed: then the engine only tells that something has changed. */
export const hasFailed = () => failed

/** What users' code, or another loader, has thrown last. @type {unknown} */
let thrownByUser

/**
 * Marks an error that is none of ours: it goes through all guards.
 * @template T @param {T} error @returns {T} the same, to be thrown
 */
export function ofUser(error) {
  thrownByUser = error
  return error
}

const { RangeError } = globalThis

/** Whether an error must go through: Node would throw something like it, or the user is to see it. @param {any} error */
function goesThrough(error) {
  if (error === thrownByUser) return true
  const code = error?.code
  if (code === 'HOT_HOOK_NOT_DYNAMIC' || code === 'HOT_HOOK_OPTIONS') return true
  return error instanceof RangeError && error.message === 'Maximum call stack size exceeded'
}

/** Gives up after a failure of ours; throws the error again if it is the user's. @param {any} error */
export function fail(error) {
  if (goesThrough(error)) throw error
  giveUp(error)
}

/**
 * From now on imports go through. That is reported once, by whatever still works.
 * @param {any} error
 */
function giveUp(error) {
  const isFirst = !failed
  failed = true
  const isOfEngine = error?.code === 'HOT_HOOK_INTERNAL'
  const reason = isOfEngine ? error.message : `internal error (${describe(error)})`
  const isAnnounced = askEngine(() => {
    if (!isOfEngine) engine.giveUp(reason)
    return engine.shouldReportFailure()
  })
  if (isAnnounced ?? isFirst) print(`${reason}; the app goes on without hot reload`)
}

/**
 * @param {() => boolean} ask whether it is for this thread to tell the user: one of the process does
 * @returns {boolean | undefined} undefined if the engine cannot be called any more
 */
function askEngine(ask) {
  try {
    return ask()
  } catch {
    return undefined
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
 * Runs what users' code has called, after a failure too: their own errors are thrown, ours are not.
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
 * Runs what Node has called, after a failure too: no error is thrown, because no code of the user's could catch it.
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

/** An error of Node's, without our frames, which would only distract in a user's stack. @param {unknown} error */
export function withoutFrames(error) {
  if (error instanceof Error && typeof error.stack === 'string' && hasOwnFrame(error.stack)) {
    error.stack = error.stack
      .split('\n')
      .filter((line) => !hasOwnFrame(line))
      .join('\n')
  }
  return error
}

/**
 * A function of Node's that is replaced by ours: to look at, and by what it throws, it is the original.
 * @template {Function} F @param {F} original @param {F} replacement @returns {F}
 */
export function asOriginal(original, replacement) {
  const replaced = /** @type {any} */ ({
    [original.name](/** @type {any[]} */ ...args) {
      try {
        return apply(replacement, this, args)
      } catch (error) {
        throw withoutFrames(error)
      }
    },
  })[original.name]
  return Object.defineProperty(replaced, 'length', { value: original.length, configurable: true })
}
