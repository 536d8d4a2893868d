/**
 * `hot-hook`: see index.d.ts.
 */
export { hot } from './runtime/hot.mjs'
export { lazy } from './runtime/lazy.mjs'
