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
 * The place among the arguments of Express' and Fastify's way to hear of the end: a callback, after at least two other
 * arguments; -1 if there is none. (Koa's `next` comes second, and is not for errors.)
 * @param {any[]} args
 */
const callbackAt = (args) => args.findIndex((arg, index) => index > 1 && typeof arg === 'function')

/** Fastify's reply, which can be awaited: what a handler should return that answers later. @param {any[]} args */
const replyOf = (args) => args.find((arg) => typeof arg?.send === 'function' && typeof arg.then === 'function')

/** A caller that has its answer by the callback must not get it by the promise, too: Fastify goes on at whichever comes first. */
const answered = () => new Promise(() => {})

/**
 * See lazy.d.ts.
 * @param {() => Promise<Record<string, any>>} load @param {string} [name]
 */
export function lazy(load, name = 'default') {
  if (typeof load !== 'function') throw new TypeError(`lazy(load, name): load must be a function that imports, got ${typeof load}`)
  if (typeof name !== 'string') throw new TypeError(`lazy(load, name): name must be a string, got ${typeof name}`)
  /** What was imported, for good: where nothing is reloaded. @type {Function | undefined} */
  let loaded

  /** @this {unknown} @param {any[]} args */
  return async function (...args) {
    const callback = callbackAt(args)
    try {
      const handler = loaded ?? functionOf(await load(), name)
      if (!isHot()) loaded = handler
      const result = handler.apply(this, args)
      if (typeof result?.then === 'function') return await result
      if (callback !== -1) return handler.length > callback ? await answered() : result
      return await (result ?? replyOf(args))
    } catch (error) {
      if (callback === -1) throw error
      args[callback](error)
      return answered()
    }
  }
}
