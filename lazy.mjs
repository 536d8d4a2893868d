/**
 * Functions that are handed over once and run today's code: `hot-hook/lazy`, also exported by `hot-hook`.
 *
 * It needs nothing of the addon, so that production can do without it.
 */

const KEY = Symbol.for('hot-hook')

/** Whether modules are reloaded in this thread. */
const isHot = () => /** @type {any} */ (globalThis)[KEY]?.isHot === true

/** @param {Record<string, any>} namespace @param {string} name */
function functionOf(namespace, name) {
  const value = namespace[name]
  if (typeof value === 'function') return value
  const names = Object.keys(namespace).join(', ') || 'nothing'
  throw new TypeError(`lazy(load, ${JSON.stringify(name)}): the module exports no function of that name; it exports ${names}`)
}

/**
 * Express' and Fastify's way to hear of errors: a callback, after at least two other arguments. (Koa's `next` comes
 * second, and is not for errors.)
 * @param {any[]} args
 */
const callbackOf = (args) => args.find((arg, index) => index > 1 && typeof arg === 'function')

/**
 * See index.d.ts.
 * @param {() => Promise<Record<string, any>>} load @param {string} [name]
 */
export function lazy(load, name = 'default') {
  if (typeof load !== 'function') throw new TypeError(`lazy(load, name): load must be a function that imports, got ${typeof load}`)
  if (typeof name !== 'string') throw new TypeError(`lazy(load, name): name must be a string, got ${typeof name}`)
  /** What was imported, for good: where nothing is reloaded. @type {Function | undefined} */
  let loaded

  /** @this {unknown} @param {any[]} args */
  return async function (...args) {
    try {
      const handler = loaded ?? functionOf(await load(), name)
      if (!isHot()) loaded = handler
      return await handler.apply(this, args)
    } catch (error) {
      const callback = callbackOf(args)
      if (!callback) throw error
      return void callback(error)
    }
  }
}
