/**
 * `hot.on` and `import.meta.hot.on`: what happens in this thread, for those who want to hear of it.
 */
import { thread } from '../native/thread.mjs'
import { attempt, guarded, ofUser } from './guard.mjs'
import { builtin } from '../node/features.mjs'
import { inspect, print } from './print.mjs'

const { fileURLToPath } = builtin('node:url')

/** @typedef {'beforeUpdate' | 'afterUpdate' | 'beforeFullReload' | 'beforePrune' | 'invalidate' | 'outcome' | 'error'} Name */
/** @typedef {(payload: any) => unknown} Listener */

/** The same events by our names and by Vite's. @type {Map<unknown, Name>} */
const names = new Map()
for (const name of /** @type {Name[]} */ (['beforeUpdate', 'afterUpdate', 'beforeFullReload', 'beforePrune', 'invalidate', 'error'])) {
  names.set(`hot:${name}`, name).set(`vite:${name}`, name)
}
// Vite has none.
names.set('hot:outcome', 'outcome')

/** @typedef {{ callback: Listener, owner: object | undefined }} Entry */

/** @type {Map<Name, Entry[]>} */
const listeners = new Map()

/**
 * @param {string} call as the user wrote it
 * @param {unknown} event
 * @param {unknown} callback
 * @returns {Name}
 */
function check(call, event, callback) {
  const name = names.get(event)
  if (!name) {
    const known = [...names.keys()].filter((other) => String(other).startsWith('hot:'))
    throw ofUser(new TypeError(`${call}: there is no event ${inspect(event)}, only ${known.join(', ')}`))
  }
  if (typeof callback !== 'function') {
    throw ofUser(new TypeError(`${call}: the callback must be a function, got ${inspect(callback)}`))
  }
  return name
}

/**
 * @param {string} call @param {unknown} event @param {unknown} callback
 * @param {object} [owner] what listens, if it may come to an end
 */
export function on(call, event, callback, owner) {
  const name = check(`${call}.on(event, callback)`, event, callback)
  const entry = { callback: /** @type {Listener} */ (callback), owner }
  listeners.set(name, [...(listeners.get(name) ?? []), entry])
  listen()
}

/** @param {string} call @param {unknown} event @param {unknown} callback @param {object} [owner] */
export function off(call, event, callback, owner) {
  const name = check(`${call}.off(event, callback)`, event, callback)
  const isIt = (/** @type {Entry} */ entry) => entry.callback === callback && entry.owner === owner
  listeners.set(name, (listeners.get(name) ?? []).filter((entry) => !isIt(entry)))
}

/** @param {object} owner */
export function removeListeners(owner) {
  for (const [name, entries] of listeners) listeners.set(name, entries.filter((entry) => entry.owner !== owner))
}

/** The engine is to tell what happens, if anybody wants to hear of it. */
export function listen() {
  if (listeners.size > 0) guarded(() => thread.listen())
}

/** @param {Name} name @param {object} payload */
export function emit(name, payload) {
  for (const { callback } of listeners.get(name) ?? []) {
    try {
      const result = /** @type {any} */ (callback(payload))
      if (typeof result?.then === 'function') void reportRejection(name, result)
    } catch (error) {
      report(name, error)
    }
  }
}

/** @param {Name} name @param {Promise<unknown>} result */
async function reportRejection(name, result) {
  try {
    await result
  } catch (error) {
    attempt(() => report(name, error))
  }
}

/** @param {Name} name @param {unknown} error */
function report(name, error) {
  print(`a listener for hot:${name} failed`, error)
}

/**
 * @param {string} url of the module, without our version
 * @param {'link' | 'evaluate' | 'accept' | 'dispose' | 'prune'} phase
 * @param {unknown} error
 */
export function emitError(url, phase, error) {
  if (!listeners.has('error')) return
  const { message = String(error), stack = '' } = /** @type {Partial<Error>} */ (Object(error))
  emit('error', { type: 'error', path: toPath(url), phase, error, err: { message, stack } })
}

/** @param {string} url */
export const toPath = (url) => (url.startsWith('file:') ? fileURLToPath(url) : url)

/**
 * Tells what the engine says that happens. Returns what is to be told when the update is done.
 * @param {import('../native/binding.js').HotEvent[]} events
 * @param {string[]} resolveForUpdate the URLs of what is imported again
 */
export function emitAll(events, resolveForUpdate) {
  const timestamp = Date.now()
  const updates = resolveForUpdate.map(toPath).map((path) => ({ type: 'js-update', path, acceptedPath: path, timestamp }))
  /** @type {object[]} */
  const applied = []
  for (const event of events) {
    if (event.type === 'update') {
      const { files, versions } = event
      const payload = {
        type: 'update',
        files,
        versions: Object.fromEntries(versions.map(({ path, version }) => [path, version])),
        updates,
      }
      emit('beforeUpdate', payload)
      applied.push(payload)
    } else if (event.type === 'full-reload') {
      const { path, shouldBeReloadable, reason } = event
      emit('beforeFullReload', { type: 'full-reload', path, files: [path], triggeredBy: path, shouldBeReloadable, ...reason })
    } else if (event.type === 'outcome') {
      emit('outcome', JSON.parse(event.json))
    } else if (event.type === 'prune') {
      emit('beforePrune', { type: 'prune', paths: event.paths })
    } else {
      const { path, message } = event
      emit('invalidate', { path, message, firstInvalidatedBy: path })
    }
  }
  return () => applied.forEach((payload) => emit('afterUpdate', payload))
}
