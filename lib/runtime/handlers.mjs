/**
 * What the modules of this thread have registered, and who is told when: `dispose`, `prune` and `accept` handlers, and
 * their data.
 *
 * An instance has a record once it has registered anything. Its `dispose` handlers run once; what it accepts, and its
 * `prune` handlers, outlive it until a newer instance has evaluated completely.
 */
import * as engine from '../native/binding.js'
import { thread } from '../native/thread.mjs'
import { observeRegistering } from './evaluation.mjs'
import { expectEnd } from './sigterm.mjs'
import { emitError } from './events.mjs'
import { describeFailure } from './failures.mjs'
import { attempt, guarded } from './guard.mjs'
import { builtin } from '../node/features.mjs'
import { clearTimeout, setImmediate, setTimeout } from './primordials.mjs'
import { print } from './print.mjs'

const { types } = builtin('node:util')

/** @typedef {(data: any) => unknown} Handler */
/**
 * @typedef {object} Accepted what is kept of a call of `accept`
 * @property {boolean} isList whether the callback gets a list
 * @property {(namespaces: any) => unknown} callback
 */
/**
 * @typedef {object} Instance
 * @property {number | null} id the engine's name for it, if it has one
 * @property {ImportMeta} meta
 * @property {import('../native/binding.js').Slot | null | undefined} slot where it keeps its data
 * @property {Record<string, unknown> | undefined} data its own, if it has no slot
 * @property {Handler[]} disposers
 * @property {Handler[]} pruners
 * @property {Accepted[]} accepted by the engine's names for the calls
 * @property {AbortController | undefined} controller
 * @property {boolean} isListening its listeners are removed when it is disposed of
 */

/** Of instances that have not been disposed of. @type {Map<number, Instance>} */
const records = new Map()

/** Instances whose `accept` and `prune` handlers may count. @type {Map<number, Instance>} */
const registered = new Map()

/** By the engine's name for the module, and the URL. @type {Map<number, Map<string, Record<string, unknown>>>} */
const data = new Map()

/** The record of an instance, made if it has none. @param {number | null} id @param {ImportMeta} meta @returns {Instance} */
export function recordOf(id, meta) {
  const known = id === null ? undefined : records.get(id)
  if (known) return known
  // One that the engine never knew, or knows no longer because it failed, stays as it is.
  const slot = id === null ? undefined : guarded(() => engine.dataKey(id))
  const record = createRecord(id, meta, slot)
  if (id !== null && slot) records.set(id, record)
  return record
}

/** @param {number | null} id @param {ImportMeta} meta @param {Instance['slot']} [slot] @returns {Instance} */
export function createRecord(id, meta, slot) {
  return { id, meta, slot, data: undefined, disposers: [], pruners: [], accepted: [], controller: undefined, isListening: false }
}

/** The record of an instance whose `accept` and `prune` handlers may count. @param {number} id */
export const findRegistered = (id) => registered.get(id)

/**
 * Asks the engine about an instance, if it knows that.
 * @template T @param {Instance} instance @param {(id: number) => T} question
 */
export const ask = ({ id }, question) => guarded(() => (id === null ? undefined : question(id)))

/** Whether what an instance registers now is too late for it. @param {Instance} instance */
export const isDisposed = (instance) => ask(instance, engine.isDisposed) === true

/** What the instances at one slot hand on. @param {Instance} instance */
export function dataOf(instance) {
  if (!instance.slot) return (instance.data ??= {})
  const { module, url } = instance.slot
  let slots = data.get(module)
  if (!slots) data.set(module, (slots = new Map()))
  let found = slots.get(url)
  if (!found) slots.set(url, (found = {}))
  return found
}

/** @param {Instance} instance @param {Handler} handler */
export function addDisposer(instance, handler) {
  if (types.isAsyncFunction(handler)) ask(instance, engine.disposesAsync)
  instance.disposers.push(handler)
  expectEnd(disposeOfAll)
  const { id } = instance
  // What the engine knows no longer was released before it ran.
  const isTracked = guarded(() => id !== null && engine.track(id))
  if (isTracked) observeRegistering(id)
  if (isTracked === false) disposeLate(instance)
}

/** Instances that register handlers although they are disposed of already. @type {Set<Instance>} */
const late = new Set()

/** What it holds on to now is released on the next turn, or before another module runs. @param {Instance} instance */
function disposeLate(instance) {
  if (late.size === 0) setImmediate(() => attempt(disposeOfLate))
  late.add(instance)
}

/** The next module is about to run: those that were too late are disposed of first. */
export function disposeOfLate() {
  if (late.size === 0) return
  const instances = [...late].toReversed()
  late.clear()
  for (const instance of instances) {
    if (instance.id !== null) records.delete(instance.id)
    waitFor(run(instance, instance.disposers.splice(0), 'dispose'))
  }
}

/** @param {Instance} instance @param {Handler} handler */
export function addPruner(instance, handler) {
  if (!ask(instance, engine.keepsHandlers)) return
  instance.pruners.push(handler)
  keepRegistration(instance)
}

/** The engine knows of a registration of the instance: it may count until a newer instance has evaluated. @param {Instance} instance */
export function keepRegistration(instance) {
  if (instance.id === null || registered.has(instance.id)) return
  registered.set(instance.id, instance)
  observeRegistering(instance.id)
}

/** What these have registered counts no longer. @param {number[]} ids */
export function forget(ids) {
  for (const id of ids) registered.delete(id)
}

/** Runs the `dispose` handlers of these instances, once, in this order. @param {number[]} ids */
export function dispose(ids) {
  disposeOfLate()
  const pending = ids.flatMap((id) => {
    const instance = records.get(id)
    if (!instance) return []
    records.delete(id)
    return run(instance, instance.disposers.splice(0), 'dispose')
  })
  waitFor(pending)
}

/**
 * The app ends: runs the `dispose` handlers of all instances, once, latest evaluation first.
 * @returns {Promise<unknown> | undefined} settles when they have, or have taken too long; undefined if none takes any time
 */
export function disposeOfAll() {
  isEnding = true
  // What the engine does not name, after a failure perhaps, comes last.
  dispose([...(guarded(() => thread.disposeAll()) ?? []), ...[...records.keys()].toReversed()])
  return whenSettled()
}

/**
 * Runs the `prune` handlers that count, and drops the data.
 * @param {number[]} ids whose handlers they are
 * @param {number[]} modules the engine's names for them
 */
export function prune(ids, modules) {
  const pending = ids.flatMap((id) => {
    const instance = registered.get(id)
    return instance ? run(instance, instance.pruners.splice(0), 'prune') : []
  })
  waitFor(pending)
  for (const module of modules) data.delete(module)
}

/** How long asynchronous handlers may keep waiting what comes after them, in milliseconds. */
const LIMIT = 2000

/**
 * @typedef {object} Pending an asynchronous handler that has begun
 * @property {string} name what to call it
 * @property {boolean} isPending
 * @property {Promise<void>} end
 */

/** Pending asynchronous handlers, until each has settled or has had its time. @type {Promise<unknown> | undefined} */
let settled

/** Their limits. They keep no process alive, unless it waits for them. @type {Set<NodeJS.Timeout>} */
const timers = new Set()

/** All instances were disposed of: the app ends. */
let isEnding = false

/**
 * Tells what a handler does from what others do meanwhile.
 * @type {import('node:async_hooks').AsyncLocalStorage<boolean> | undefined}
 */
let disposing

/** Pending asynchronous handlers. Code that must wait for them awaits this, unless it runs in one of them. */
export function whenSettled() {
  if (!settled || disposing?.getStore()) return undefined
  for (const timer of timers) timer.ref()
  return settled
}

/** As {@link whenSettled}, for what keeps no process alive. */
export const pendingHandlers = () => settled

/**
 * @param {Instance} instance @param {Handler[]} handlers @param {'dispose' | 'prune'} kind
 * @returns {Pending[]}
 */
function run(instance, handlers, kind) {
  if (handlers.length === 0) return []
  const context = (disposing ??= new (builtin('node:async_hooks').AsyncLocalStorage)())
  const given = dataOf(instance)
  const pending = []
  for (const handler of handlers) {
    try {
      const result = context.run(true, handler, given)
      if (typeof (/** @type {any} */ (result)?.then) !== 'function') continue
      pending.push(settle(result, instance, kind))
    } catch (error) {
      reportHandler(instance, kind, error)
    }
  }
  return pending
}

/** @param {Promise<unknown>} result @param {Instance} instance @param {'dispose' | 'prune'} kind @returns {Pending} */
function settle(result, instance, kind) {
  const one = { name: `a ${kind} handler of ${instance.meta.url}`, isPending: true, end: Promise.resolve() }
  const end = async () => {
    try {
      await result
    } catch (error) {
      attempt(() => reportHandler(instance, kind, error))
    }
    one.isPending = false
  }
  one.end = end()
  return one
}

/** A handler of the user's has failed: that is told, and stops nothing. @param {Instance} instance @param {'accept' | 'dispose' | 'prune'} kind @param {unknown} error */
export function reportHandler(instance, kind, error) {
  const article = kind === 'accept' ? 'an' : 'a'
  print(`${article} ${kind} handler of ${instance.meta.url} failed`, error)
  const url = guarded(() => engine.clean(instance.meta.url)) ?? instance.meta.url
  guarded(() => thread.failed(url, describeFailure(url, kind, error)))
  emitError(url, kind, error)
}

/** Modules that load from now on wait for these handlers before they run. @param {Pending[]} pending */
function waitFor(pending) {
  if (pending.length === 0) {
    if (!settled) rest()
    return
  }
  const all = allOf([settled, inTime(pending)], () => {
    if (settled !== all) return
    settled = undefined
    rest()
    guarded(() => thread.setDisposing(false))
  })
  settled = all
  guarded(() => thread.setDisposing(true))
}

/** @param {(Promise<unknown> | undefined)[]} promises none of which rejects @param {() => void} end called when they have settled */
async function allOf(promises, end) {
  for (const promise of promises) await promise
  attempt(end)
}

/** Nothing is pending any more. */
function rest() {
  isEnding = false
  // It costs every promise of the app something, on Nodes before 24.
  disposing?.disable()
}

/** Waits for these handlers, but no longer than {@link LIMIT}: those that are late are reported. @param {Pending[]} pending */
function inTime(pending) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      timers.delete(timer)
      resolve(undefined)
    }
    const timer = setTimeout(() => {
      attempt(() => reportLate(pending))
      attempt(end)
    }, LIMIT).unref()
    timers.add(timer)
    void allOf(pending.map((one) => one.end), end)
  })
}

/** @param {Pending[]} pending */
function reportLate(pending) {
  const outcome = isEnding ? 'the app ends without it' : 'imports go on without it'
  const names = pending.filter((one) => one.isPending).map((one) => one.name)
  for (const name of new Set(names)) print(`${name} takes longer than ${LIMIT} ms: ${outcome}`)
}
