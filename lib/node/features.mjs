/**
 * What this Node can do: every version test of the project is here, by name. And what else takes part in its loading.
 */
import module, { createRequire } from 'node:module'
import { isFirstThread } from '../native/binding.js'

const [major, minor] = process.versions.node.split('.').map(Number)

/** Whether this Node is at least the given release of its own line, or of a later line than all given ones. */
const since = (/** @type {Record<number, number>} */ releases) =>
  major in releases ? minor >= releases[major] : major > Math.max(...Object.keys(releases).map(Number))

/**
 * The lines that are tested, and from which release on. What package.json#engines, README, docs/compatibility.md and
 * scripts/nodes.json say of it follows from this (nodes.test.mjs).
 * @type {Record<number, number>}
 */
export const TESTED = { 20: 19, 22: 12, 24: 0, 25: 0, 26: 0 }

/** What there is to say at the start: this Node is of no line that is tested, or older. */
export const untested = minor >= TESTED[major] ? undefined
  : `not tested on Node ${process.versions.node}, only on ${describe(TESTED)}: what cannot be reloaded here asks for a restart`

/** @param {Record<number, number>} releases */
function describe(releases) {
  const lines = Object.entries(releases).map(([line, first]) => (first > 0 ? `${line} (from ${line}.${first})` : line))
  return `${lines.slice(0, -1).join(', ')} and ${lines.at(-1)}`
}

const FLAGS = new Set([...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)].map((word) => word.replaceAll('_', '-')))

/** Whether Node was started with a flag, as an argument or in NODE_OPTIONS. @param {string} name */
export const hasFlag = (name) => FLAGS.has(name)

/** Whether `require` loads ES modules. The first that did had a flag, and do not say it of themselves. @type {boolean} */
export const canRequireModules = /** @type {any} */ (process).features.require_module ?? (major >= 23 || hasFlag('--experimental-require-module'))

/**
 * Since when Node links synchronously, and `module.registerHooks` is complete: in-thread hooks leave imported CommonJS with
 * its `require.cache`, its `children` and its own kind of `require`. Before (22.15–22.22, 24.0–24.11, 25.0–25.1) they do
 * not. A hooks thread cannot wait there for the app's thread, which waits for its answers.
 */
export const linksSynchronously = since({ 22: 23, 24: 12, 25: 2 })

/**
 * Whether a hooks thread may be asked by an app's thread that waits for the answer: where Node links synchronously, and
 * where synchronous hooks of other packages stand before it.
 */
export const mayBlock = typeof module.registerHooks === 'function' || linksSynchronously

/**
 * Whether hooks run in the app's thread, because they are complete there. Of lines that are later than all that are tested this
 * is assumed, not proved: nothing that Node tells before the app's first import shows it. (Where it is untrue, on Node 22.15,
 * 24.0 to 24.9 and 25.0, imported CommonJS fails or gets wrong values.)
 */
export const hasSyncHooks = typeof module.registerHooks === 'function' && linksSynchronously

/** A linked module holds what it imports by strong handles of C++, until it is gone itself: see esm-cache.mjs. */
export const chainsModules = !since({ 22: 22, 24: 8 })

/**
 * A built-in module. An `import` would read all its getters, and one of `node:util` makes streams of the standard output.
 * @type {NodeJS.Require | typeof process.getBuiltinModule}
 */
export const builtin = process.getBuiltinModule ?? createRequire(import.meta.url)

/** Node's number of this thread. To ask Node means to load all that workers need, which takes it 2 ms. */
export const threadId = isFirstThread() ? 0 : builtin('node:worker_threads').threadId

/**
 * Whether no other hooks were registered before these: those would stand between ours and Node. Node numbers hooks.
 * @param {object} hooks what `registerHooks` returned
 */
export function areFirst(hooks) {
  const marks = /** @type {Record<symbol, unknown>} */ (hooks)
  return Object.getOwnPropertySymbols(hooks).some((key) => Object(marks[key]).description === 'module-hook-0')
}

/** What Node has loaded of itself: the list only grows. @type {string[] | undefined} */
const loaded = /** @type {any} */ (process).moduleLoadList

/** The parts of Node that stand between its hooks and its own ways: loaders in another thread, virtual files. */
const BETWEEN = new Set(['NativeModule internal/modules/esm/hooks', 'NativeModule internal/vfs/setup'])

const { toString: functionToString } = Function.prototype

/**
 * Whether Node itself compiles what is required, and no handler of somebody's (`require.extensions`, `_compile`) that may translate
 * it: told by names in the text of its functions. Where they are others, it is not known, which counts as no.
 */
export function compilesCommonJs() {
  const { _extensions: extensions, prototype } = /** @type {any} */ (module.Module)
  const text = (/** @type {unknown} */ of) => (typeof of === 'function' ? Reflect.apply(functionToString, of, []) : '')
  return /\b(?:packageJsonReader|cjsParseCache)\b/.test(text(extensions['.js'])) && /\bwrapSafe\(/.test(text(prototype._compile))
}

let seen = 0
let isBetween = !Array.isArray(loaded) || 'permission' in process

/** Whether something may stand between Node's innermost hooks and its own ways: a loader, virtual files, permissions. */
export function isCustomized() {
  if (!isBetween && loaded && loaded.length > seen) {
    isBetween = loaded.slice(seen).some((name) => BETWEEN.has(name))
    seen = loaded.length
  }
  return isBetween
}
