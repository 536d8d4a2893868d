/**
 * `import.meta.hot`: checks what it is given, and registers it.
 */
import * as engine from './binding.js'
import { addDisposer, createInstance, keepRegistration } from './handlers.mjs'
import { guarded, peek } from './loader.mjs'
import { builtin, threadId } from './node.mjs'

const { fileURLToPath } = builtin('node:url')
const { inspect } = builtin('node:util')

/** @typedef {import('./handlers.mjs').Instance} Instance */
/** @typedef {import('./handlers.mjs').Accepted['callback']} Callback */

/** @param {string} call @param {string} name @param {unknown} value */
export function checkFunction(call, name, value) {
  if (typeof value === 'function') return
  throw new TypeError(`${call}: ${name} must be a function, got ${inspect(value)}`)
}

/**
 * Its functions are made when they are asked for, because most modules ask for none; each knows its module, so that
 * they may be taken apart.
 */
class Context {
  /** @type {Instance} */
  #instance

  /** @param {Instance} instance */
  constructor(instance) {
    this.#instance = instance
  }

  get boundary() {
    return { with: { hot: 'true' } }
  }

  get accept() {
    return accept.bind(null, this.#instance)
  }

  get dispose() {
    const instance = this.#instance
    return (/** @type {import('./handlers.mjs').Handler} */ callback) => {
      checkFunction('import.meta.hot.dispose(callback)', 'the callback', callback)
      addDisposer(instance, callback)
    }
  }

  get decline() {
    const { id } = this.#instance
    return () => void guarded(() => engine.decline(id))
  }
}

/** What a module gets. @param {number} id @param {ImportMeta} meta */
export const createContext = (id, meta) => new Context(createInstance(id, meta))

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
    throw new TypeError(
      `import.meta.hot.accept(dependencies, callback): a dependency must be a specifier, got ${inspect(specifier)}`,
    )
  }
  const call = 'import.meta.hot.accept(dependencies, callback)'
  if (second !== undefined) checkFunction(call, 'the callback', second)
  const callback = /** @type {Callback} */ (second ?? (() => {}))
  const urls = specifiers.map((specifier) => resolve(instance.meta, specifier))
  if (instance.over) return
  const accepted = guarded(() => engine.acceptDependencies(instance.id, urls))
  if (accepted?.missing != null) throw unresolved(instance.meta, specifiers[accepted.missing])
  if (!accepted?.urls) return
  instance.accepted.push({ urls: accepted.urls, isList: Array.isArray(first), callback })
  keepRegistration(instance)
}

/** @param {Instance} instance @param {Callback} [callback] */
function acceptOwn(instance, callback = () => {}) {
  if (instance.over || !guarded(() => engine.acceptOwn(instance.id))) return
  instance.accepted.push({ urls: null, isList: false, callback })
  keepRegistration(instance)
}

/** The URL that an `import` of the module would lead to. @param {ImportMeta} meta @param {string} specifier */
function resolve(meta, specifier) {
  try {
    return peek(threadId, meta.url, specifier, () => meta.resolve(specifier))
  } catch (error) {
    throw unresolved(meta, specifier, error)
  }
}

/** @param {ImportMeta} meta @param {string} specifier @param {any} [cause] */
function unresolved(meta, specifier, cause) {
  const from = meta.url.startsWith('file:') ? fileURLToPath(meta.url) : meta.url
  const why = cause?.message ?? 'there is no such file'
  const message = `import.meta.hot.accept(${inspect(specifier)}) in ${from} cannot be resolved: ${why}`
  return Object.assign(new Error(message, { cause }), { code: cause?.code ?? 'ERR_MODULE_NOT_FOUND' })
}
