/**
 * Calls of the engine, which must not cost the user his process if it fails.
 */
import * as engine from './binding.js'
import { debug, isDebugging, print } from './print.mjs'

/** The engine has failed: imports go through as if we were not there. */
let failed = false

/** Whether the engine has failed: then it only tells that something has changed. */
export const hasFailed = () => failed

/**
 * Calls the engine. After a failure inside it, which is said once, `undefined`.
 * @template T @param {() => T} call
 */
export function guarded(call) {
  if (failed) return undefined
  try {
    return call()
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'HOT_HOOK_INTERNAL') throw error
    failed = true
    const { message } = /** @type {Error} */ (error)
    if (engine.announcesFailure()) print(`${message}; the app goes on without hot reload`)
    return undefined
  } finally {
    if (isDebugging) for (const note of failed ? [] : engine.notes()) debug(note)
  }
}
