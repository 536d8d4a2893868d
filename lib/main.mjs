/**
 * `hot-hook`: see index.d.ts.
 */
export { hot } from './runtime/hot.mjs'
export { handler, lazy } from './lazy.mjs'
