/**
 * What the modules of this thread have registered, and who is told when: `dispose`, `prune` and `accept` handlers.
 *
 * An instance has a record once it has registered anything. Its `dispose` handlers run once; what it accepts, and its
 * `prune` handlers, outlive it until a newer instance has evaluated completely.
 */
import * as engine from './binding.js'
import { guarded } from './loader.mjs'
import { builtin, threadId } from './node.mjs'

const { inspect, types } = builtin('node:util')

/** @typedef {(data: any) => unknown} Handler */
/**
 * @typedef {object} Accepted a call of `accept`
 * @property {string[] | null} urls what was accepted, without our version; null: itself
 * @property {boolean} isList whether the callback gets a list
 * @property {(namespaces: any) => unknown} callback
 */
/**
 * @typedef {object} Instance
 * @property {number} id the engine's name for it
 * @property {ImportMeta} meta
 * @property {Handler[]} disposers
 * @property {Handler[]} pruners
 * @property {Accepted[]} accepted
 * @property {boolean} over it has been disposed of
 * @property {boolean} isWitnessed the end of its evaluation will be told
 */

/** @param {number} id @param {ImportMeta} meta @returns {Instance} */
export const createInstance = (id, meta) =>
  ({ id, meta, disposers: [], pruners: [], accepted: [], over: false, isWitnessed: false })

/** Instances with `dispose` handlers. @type {Map<number, Instance>} */
const disposable = new Map()

/** Instances whose `accept` and `prune` handlers may count. @type {Map<number, Instance>} */
const registered = new Map()

/** Called when the engine may have work. */
let deliver = () => {}

/** @param {() => void} callback */
export const onWork = (callback) => void (deliver = callback)

/** The record of an instance with `dispose` handlers. @param {number} id */
export const findInstance = (id) => disposable.get(id)

/** The record of an instance whose `accept` and `prune` handlers may count. @param {number} id */
export const findRegistered = (id) => registered.get(id)

/** @param {Instance} instance @param {Handler} handler */
export function addDisposer(instance, handler) {
  // Disposed of already: what it holds on to now is let go of on the next turn.
  if (instance.over) return void setImmediate(() => run(instance, [handler], 'dispose'))
  if (types.isAsyncFunction(handler)) guarded(() => engine.disposesAsync(instance.id))
  instance.disposers.push(handler)
  if (disposable.has(instance.id)) return
  disposable.set(instance.id, instance)
  const tracking = guarded(() => engine.track(instance.id))
  if (tracking === 'superseded') return void setImmediate(() => dispose([instance.id]))
  if (instance.isWitnessed) return
  if (tracking === 'runs-in-one-go') return queueMicrotask(() => instance.isWitnessed || ended(instance.id, false))
  witness(instance)
}

/** The engine knows of a registration of the instance: it may count until a newer instance has evaluated. @param {Instance} instance */
export function keepRegistration(instance) {
  if (registered.has(instance.id)) return
  registered.set(instance.id, instance)
  if (instance.isWitnessed) return
  witness(instance)
  // Whoever imports it goes on before that settles, and may save.
  if (guarded(() => engine.runsInOneGo(instance.id))) queueMicrotask(() => void guarded(() => engine.ran(instance.id)))
}

/** A module is its own witness: this import settles when its evaluation ends. It never passes our hooks. @param {Instance} instance */
function witness(instance) {
  instance.isWitnessed = true
  witnessEnd(instance.id, instance.meta.url)
}

/** @param {number} id @param {string} url */
function witnessEnd(id, url) {
  import(url).then(() => ended(id, false), () => ended(id, true))
}

/** The engine wants to know when these end, although they have registered nothing. */
export function witnessOthers() {
  for (const { instance, url } of guarded(() => engine.takeWitnesses(threadId)) ?? []) witnessEnd(instance, url)
}

/** @param {number} id @param {boolean} threw */
function ended(id, threw) {
  // If it was superseded meanwhile, what it has not registered says nothing: it may have been half a file.
  deliver()
  guarded(() => engine.ended(id, threw))
  deliver()
}

/** @param {number[]} ids */
export function forget(ids) {
  for (const id of ids) registered.delete(id)
}

/**
 * Runs the `dispose` handlers of these instances, once, in this order.
 * @param {number[]} ids
 */
export function dispose(ids) {
  const pending = ids.flatMap((id) => {
    const instance = disposable.get(id)
    if (!instance) return []
    disposable.delete(id)
    instance.over = true
    return run(instance, instance.disposers.splice(0), 'dispose')
  })
  if (pending.length > 0) waitFor(pending)
  else if (!settled) disposing?.disable()
}

/** Pending asynchronous handlers. @type {Promise<unknown> | undefined} */
let settled

/**
 * Tells what a handler does from what others do meanwhile.
 * @type {import('node:async_hooks').AsyncLocalStorage<boolean> | undefined}
 */
let disposing

/** Pending asynchronous handlers, for whoever must not go on before they have settled: unless it is one of them. */
export const whenSettled = () => (disposing?.getStore() ? undefined : settled)

/**
 * @param {Instance} instance @param {Handler[]} handlers @param {'dispose' | 'prune'} kind
 * @returns {Promise<unknown>[]}
 */
function run(instance, handlers, kind) {
  const context = (disposing ??= new (builtin('node:async_hooks').AsyncLocalStorage)())
  const pending = []
  for (const handler of handlers) {
    try {
      const result = context.run(true, handler, undefined)
      if (typeof (/** @type {any} */ (result)?.then) !== 'function') continue
      pending.push(Promise.resolve(result).catch((error) => report(instance, kind, error)))
    } catch (error) {
      report(instance, kind, error)
    }
  }
  return pending
}

/** @param {Instance} instance @param {string} kind @param {unknown} error */
function report(instance, kind, error) {
  process.stderr.write(`hot-hook: a ${kind} handler of ${instance.meta.url} failed: ${inspect(error)}\n`)
}

/** Modules that load from now on wait for these promises before they run. @param {Promise<unknown>[]} pending */
function waitFor(pending) {
  const all = Promise.all([settled, ...pending]).then(() => {
    if (settled !== all) return
    settled = undefined
    // It costs every promise of the app something, on Nodes before 24.
    disposing?.disable()
    guarded(() => engine.setDisposing(threadId, false))
  })
  settled = all
  guarded(() => engine.setDisposing(threadId, true))
}
