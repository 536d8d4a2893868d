/**
 * `hot.keep`: values that outlive the modules that make them. One for each key and thread.
 */
import { inspect } from './print.mjs'

/** @type {Map<unknown, unknown>} */
const kept = new Map()

/** What stands for a value while its factory runs. */
const MAKING = Symbol('making')

/**
 * @param {string} call @param {unknown} key @param {() => unknown} factory
 */
export function keep(call, key, factory) {
  if (typeof factory !== 'function') {
    throw new TypeError(`${call}.keep(key, factory): the factory must be a function, got ${inspect(factory)}`)
  }
  if (kept.has(key)) {
    const value = kept.get(key)
    if (value === MAKING) throw new Error(`${call}.keep(${inspect(key)}): its own factory asks for it`)
    return value
  }
  kept.set(key, MAKING)
  try {
    const value = /** @type {any} */ (factory())
    kept.set(key, value)
    // What has failed is made anew when it is next asked for.
    if (typeof value?.then === 'function') value.then(undefined, () => kept.get(key) === value && kept.delete(key))
    return value
  } catch (error) {
    kept.delete(key)
    throw error
  }
}

/** @param {unknown} key @returns {boolean} whether there was a value */
export const forgetKept = (key) => kept.delete(key)
