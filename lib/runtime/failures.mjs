/**
 * Failures of the user's code, as the engine is told of them.
 */
import { addPlace, describeError } from './error-place.mjs'

/** @typedef {import('../native/binding.js').FailurePhase} Phase */

/**
 * Where something has failed, and why. An error without any place in its stack is given one.
 * @param {string} url of the module, without our version @param {Phase} phase @param {unknown} error
 * @param {string[]} [files] that have changed, absolute
 * @returns {import('../native/binding.js').Failure}
 */
export function describeFailure(url, phase, error, files = []) {
  const place = describeError(error, { url, files })
  addPlace(error, place)
  return { phase, ...place }
}
