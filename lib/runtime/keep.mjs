/**
 * `hot.keep`: values that outlive the modules that make them. One for each key and thread.
 */
import { apply } from './primordials.mjs'
import { inspect } from './print.mjs'

/** @type {Map<unknown, unknown>} */
const kept = new Map()
const { delete: remove, get, has, set } = Map.prototype

/** What stands for a value while its factory runs. */
const MAKING = Symbol('making')

/**
 * @param {string} call @param {unknown} key @param {() => unknown} factory
 */
export function keep(call, key, factory) {
  if (typeof factory !== 'function') {
    throw new TypeError(`${call}.keep(key, factory): the factory must be a function, got ${inspect(factory)}`)
  }
  if (apply(has, kept, [key])) {
    const value = apply(get, kept, [key])
    if (value === MAKING) throw new Error(`${call}.keep(${inspect(key)}): its own factory asks for it`)
    return value
  }
  apply(set, kept, [key, MAKING])
  try {
    const value = /** @type {any} */ (factory())
    apply(set, kept, [key, value])
    if (typeof value?.then === 'function') void forgetFailed(key, value)
    return value
  } catch (error) {
    apply(remove, kept, [key])
    throw error
  }
}

/** What has failed is made anew when it is next asked for. @param {unknown} key @param {Promise<unknown>} value */
async function forgetFailed(key, value) {
  try {
    await value
  } catch {
    if (apply(get, kept, [key]) === value) apply(remove, kept, [key])
  }
}

/** @param {unknown} key @returns {boolean} whether there was a value */
export const forgetKept = (key) => apply(remove, kept, [key])
