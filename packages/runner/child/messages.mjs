/**
 * The messages between the runner and the app, and what each must hold. The channel is the app's, too: it may send
 * anything, and so may another parent that takes this one's place. What does not fit is not ours.
 */

/** @typedef {(value: any) => boolean} Check */

const text = (/** @type {unknown} */ value) => typeof value === 'string'
const number = (/** @type {unknown} */ value) => Number.isSafeInteger(value) && Number(value) >= 0
const flag = (/** @type {unknown} */ value) => typeof value === 'boolean'
const texts = (/** @type {unknown} */ value) => Array.isArray(value) && value.every(text)
const path = (/** @type {unknown} */ value) => text(value) && value !== ''
const paths = (/** @type {unknown} */ value) => texts(value) && /** @type {string[]} */ (value).length > 0 && /** @type {string[]} */ (value).every(path)
/** A crash may be due to one of a few, not of thousands. */
export const MOST_MISSING = 100
const isMissing = (/** @type {any} */ value) => Object(value) === value && path(value.importer) && path(value.specifier) && flag(value.required)
const missing = (/** @type {unknown} */ value) => Array.isArray(value) && value.length <= MOST_MISSING && value.every(isMissing)
const reason = (/** @type {any} */ value) => Object(value) === value && text(value.text) && optional(text)(value.hint) && optional(Array.isArray)(value.chain)

const object = (/** @type {unknown} */ value) => Object(value) === value

/** @param {Check} check @returns {Check} */
const optional = (check) => (value) => value === undefined || value === null || check(value)

const error = (/** @type {any} */ value) => object(value) && text(value.name) && text(value.message) && optional(text)(value.file)
const stale = (/** @type {unknown} */ value) => Array.isArray(value) && value.every((one) => object(one) && text(one.path) && text(one.by))
const errors = (/** @type {unknown} */ value) => Array.isArray(value) && value.every(error)
const outcome = (/** @type {any} */ value) =>
  object(value) && text(value.id) && text(value.outcome) && number(value.time) && texts(value.files) && [value.modules, value.pending, value.mended].every(optional(texts)) && optional(errors)(value.errors) && optional(stale)(value.stale)

/** What the app says to the runner. @type {Record<string, Record<string, Check>>} */
export const FROM_APP = {
  'hot-runner:hello': {},
  'hot-runner:waits': {},
  'hot-runner:goes': {},
  'hot-runner:stale': {},
  'hot-runner:pong': { inspected: flag },
  'hot-runner:rest': {},
  'hot-runner:quiet': { serves: flag },
  'hot-runner:exit': { at: text },
  'hot-runner:outcome': { outcome, text: optional(text) },
  'hot-runner:error': { error },
  'hot-runner:missing': { packages: missing },
  'hot-runner:drained': {},
  'hot-runner:listening': { id: text, key: text, address: text, port: number, scheme: text, inode: optional(text) },
  'hot-runner:in-use': { address: text, port: number },
  'hot-runner:connection': { id: text },
  'hot-runner:closed': { id: text },
  'hot-runner:signal': { signal: text },
  'hot-runner:stdin': { reads: flag },
  'hot-runner:snapshot': { text: optional(text) },
  'hot-runner:update': { files: texts, paths: texts },
}

/** What hot-hook says to any parent: ordinary messages. @type {Record<string, Record<string, Check>>} */
export const FROM_HOT_HOOK = {
  'hot-hook:invalidated': { paths },
  'hot-hook:full-reload': { path, reason: optional(reason) },
}

/** What the runner says to the app. @type {Record<string, Record<string, Check>>} */
export const FROM_RUNNER = {
  'hot-runner:ping': {},
  'hot-runner:restart': {},
  'hot-runner:go': { handles: number },
  'hot-runner:handle': { id: text, key: text, port: number },
  'hot-runner:handles': {},
  'hot-runner:connection': { id: text },
  'hot-runner:released': { id: text },
  'hot-runner:forget': { ids: texts },
  'hot-runner:look': { again: flag },
}

/**
 * Whether a message is one of these, and whole.
 * @param {Record<string, Record<string, Check>>} messages @param {unknown} message
 */
export function fits(messages, message) {
  const { type } = Object(message)
  if (typeof type !== 'string' || !Object.hasOwn(messages, type)) return false
  return Object.entries(messages[type]).every(([field, check]) => check(/** @type {any} */ (message)[field]))
}
