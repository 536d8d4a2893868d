/**
 * `import.meta.hot`: checks what it is given, and registers it.
 */
import * as engine from '../native/binding.js'
import { thread } from '../native/thread.mjs'
import { observeRegistering } from './evaluation.mjs'
import { off, on, removeListeners, toPath } from './events.mjs'
import { addDisposer, addPruner, ask, createRecord, dataOf, isDisposed, keepRegistration, recordOf } from './handlers.mjs'
import { forgetKept, keep } from './keep.mjs'
import { attempt, called, guarded, ofUser } from './guard.mjs'
import { lookUp } from '../hooks/resolve-only.mjs'
import { builtin } from '../node/features.mjs'
import { inspect } from './print.mjs'

const { fileURLToPath } = builtin('node:url')

/** @typedef {import('./handlers.mjs').Instance} Instance */
/** @typedef {import('./handlers.mjs').Accepted['callback']} Callback */
/** @typedef {import('./handlers.mjs').Handler} Handler */

const NAME = 'import.meta.hot'

/** @param {string} call @param {unknown} value */
export function checkCallback(call, value) {
  if (typeof value === 'function') return
  throw ofUser(new TypeError(`${call}: the callback must be a function, got ${inspect(value)}`))
}

/**
 * Its functions are made when they are asked for, because most modules ask for none; each knows its module, so that
 * they may be taken apart.
 */
class Context {
  #id
  #meta
  /** @type {Instance | undefined} */
  #record

  /** @param {number | null} id @param {ImportMeta} meta */
  constructor(id, meta) {
    this.#id = id
    this.#meta = meta
  }

  get #instance() {
    return (this.#record ??= called(() => recordOf(this.#id, this.#meta)) ?? createRecord(this.#id, this.#meta))
  }

  get boundary() {
    return { with: { hot: 'true' } }
  }

  get data() {
    const instance = this.#instance
    return called(() => dataOf(instance)) ?? (instance.data ??= {})
  }

  get signal() {
    const instance = this.#instance
    return called(() => signalOf(instance)) ?? instance.controller?.signal
  }

  get accept() {
    const instance = this.#instance
    return (/** @type {unknown} */ first, /** @type {unknown} */ second) => called(() => accept(instance, first, second))
  }

  get dispose() {
    const instance = this.#instance
    return (/** @type {Handler} */ callback) => {
      checkCallback(`${NAME}.dispose(callback)`, callback)
      called(() => addDisposer(instance, callback))
    }
  }

  get prune() {
    const instance = this.#instance
    return (/** @type {Handler} */ callback) => {
      checkCallback(`${NAME}.prune(callback)`, callback)
      called(() => addPruner(instance, callback))
    }
  }

  get decline() {
    const id = this.#id
    return () => void guarded(() => id === null || engine.decline(id))
  }

  get invalidate() {
    const meta = this.#meta
    return (/** @type {unknown} */ message) => invalidate(meta, message)
  }

  get on() {
    const instance = this.#instance
    return (/** @type {unknown} */ event, /** @type {unknown} */ callback) => called(() => listen(instance, event, callback))
  }

  get off() {
    const instance = this.#instance
    return (/** @type {unknown} */ event, /** @type {unknown} */ callback) => called(() => off(NAME, event, callback, instance))
  }

  get watch() {
    const instance = this.#instance
    return (/** @type {unknown} */ patterns) => called(() => watch(`${NAME}.watch(patterns)`, instance, patterns))
  }

  get keep() {
    return (/** @type {unknown} */ key, /** @type {() => unknown} */ factory) => keep(NAME, key, factory)
  }

  get forget() {
    return forgetKept
  }
}

/** What a module gets. @param {number | null} id @param {ImportMeta} meta */
export const createContext = (id, meta) => new Context(id, meta)

/** @param {Instance} instance */
function signalOf(instance) {
  if (!instance.controller) {
    const controller = (instance.controller = new AbortController())
    if (isDisposed(instance)) controller.abort()
    else addDisposer(instance, () => controller.abort())
  }
  return instance.controller.signal
}

/** @param {Instance} instance @param {unknown} event @param {unknown} callback */
function listen(instance, event, callback) {
  on(NAME, event, callback, instance)
  if (isDisposed(instance)) return removeListeners(instance)
  if (instance.isListening) return
  instance.isListening = true
  addDisposer(instance, () => attempt(() => {
    instance.isListening = false
    removeListeners(instance)
  }))
}

/** @param {ImportMeta} meta @param {unknown} [message] */
function invalidate(meta, message) {
  if (message !== undefined && typeof message !== 'string') {
    throw new TypeError(`${NAME}.invalidate(message): the message must be a string, got ${inspect(message)}`)
  }
  guarded(() => thread.invalidate(meta.url, message))
}

/** @param {string} call @param {Instance} instance @param {unknown} patterns */
export function watch(call, instance, patterns) {
  const list = (Array.isArray(patterns) ? patterns : [patterns]).map((pattern) => {
    if (pattern instanceof URL || (typeof pattern === 'string' && pattern.startsWith('file:'))) return pathOf(pattern)
    if (typeof pattern === 'string' && pattern !== '') return pattern
    throw ofUser(new TypeError(`${call}: a pattern must be a path, a glob or a file: URL, got ${inspect(pattern)}`))
  })
  try {
    if (ask(instance, (id) => engine.watchFilesFor(id, list))) keepRegistration(instance)
  } catch (error) {
    throw ofUser(new TypeError(`${call}: ${/** @type {Error} */ (error).message}`, { cause: error }))
  }
}

/** @param {string | URL} url */
function pathOf(url) {
  try {
    return fileURLToPath(url)
  } catch (error) {
    throw ofUser(error)
  }
}

/**
 * @param {Instance} instance
 * @param {unknown} [first]
 * @param {unknown} [second]
 */
function accept(instance, first, second) {
  if (first === undefined || typeof first === 'function') {
    return acceptOwn(instance, /** @type {Callback | undefined} */ (first))
  }
  const specifiers = Array.isArray(first) ? first : [first]
  for (const specifier of specifiers) {
    if (typeof specifier === 'string') continue
    throw ofUser(new TypeError(`${NAME}.accept(dependencies, callback): a dependency must be a specifier, got ${inspect(specifier)}`))
  }
  if (second !== undefined) checkCallback(`${NAME}.accept(dependencies, callback)`, second)
  const callback = /** @type {Callback} */ (second ?? (() => {}))
  const urls = specifiers.map((specifier) => resolve(instance.meta, specifier))
  const accepted = ask(instance, (id) => engine.acceptDependencies(id, urls))
  if (accepted?.type === 'missing') throw unresolved(instance.meta, specifiers[accepted.index])
  if (accepted?.type !== 'accepted') return
  instance.accepted[accepted.call] = { isList: Array.isArray(first), callback }
  keepRegistration(instance)
}

/** @param {Instance} instance @param {Callback} [callback] */
function acceptOwn(instance, callback = () => {}) {
  const call = ask(instance, engine.acceptOwn)
  if (call == null) return
  instance.accepted[call] = { isList: false, callback }
  keepRegistration(instance)
  // The modules that import it: where they have evaluated, they do not run again.
  observeRegistering(instance.id)
}

/** The URL that an `import` of the module would lead to. @param {ImportMeta} meta @param {string} specifier */
function resolve(meta, specifier) {
  try {
    return lookUp([meta.url], specifier, () => meta.resolve(specifier))
  } catch (error) {
    throw unresolved(meta, specifier, error)
  }
}

/** @param {ImportMeta} meta @param {string} specifier @param {any} [cause] */
function unresolved(meta, specifier, cause) {
  const why = cause?.message ?? 'there is no such file'
  const message = `${NAME}.accept(${inspect(specifier)}) in ${toPath(meta.url)} cannot be resolved: ${why}`
  return ofUser(Object.assign(new Error(message, { cause }), { code: cause?.code ?? 'ERR_MODULE_NOT_FOUND' }))
}
