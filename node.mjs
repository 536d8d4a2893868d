/**
 * What this Node can do: every version test of the project is here, by name.
 */
import module, { createRequire } from 'node:module'

const [major, minor] = process.versions.node.split('.').map(Number)

/** Whether this Node is at least the given release of its own line, or of a later line than all given ones. */
const since = (/** @type {Record<number, number>} */ releases) =>
  major in releases ? minor >= releases[major] : major > Math.max(...Object.keys(releases).map(Number))

/**
 * `module.registerHooks` is complete: in-thread hooks leave imported CommonJS with its `require.cache`, its `children`
 * and its own kind of `require`. Before (22.15–22.22, 24.0–24.11, 25) they do not.
 */
export const hasSyncHooks = typeof module.registerHooks === 'function' && since({ 22: 23, 24: 12, 26: 0 })

/** A linked module holds what it imports by strong handles of C++, until it is gone itself: see release.mjs. */
export const chainsModules = major < 22

/**
 * A built-in module, when it is needed: an `import` would load it at every start, and read all its getters.
 * @type {NodeJS.Require | typeof process.getBuiltinModule}
 */
export const builtin = process.getBuiltinModule ?? createRequire(import.meta.url)
