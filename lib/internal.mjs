/**
 * `hot-hook/internal`: what `@hot-hook/runner` and `@hot-hook/dump-viewer` need. Any release may change it. Its types are in
 * internal.d.ts.
 */
export { Control, isInstalled, openControl, Watcher, watchFiles, watchProject } from './native/binding.js'
export { ask, follow } from './control/client.mjs'
export { relativeOutcome } from './control/relative-outcome.mjs'
export { findApp } from './control/pointers.mjs'
export { findViewer, isFoundSafely } from './find-viewer.mjs'
export { visible, visibleJson, visibleLines } from './runtime/visible.mjs'

/** What this thread runs, if hot-hook is in it. */
const runtime = () => /** @type {any} */ (globalThis)[Symbol.for('hot-hook')]

/** The graph with all that was decided on it, as JSON; `undefined` without hot-hook. @returns {string | undefined} */
export const snapshot = () => runtime()?.snapshot()

/** Paths as people want to read them: relative to the folder of package.json. @param {string[]} paths @returns {string[]} */
export const shown = (paths) => runtime()?.shown(paths) ?? paths
