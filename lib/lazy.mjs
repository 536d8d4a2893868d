/**
 * `hot-hook/lazy`: see lazy.d.ts. Nothing here needs the addon, so that production can do without it.
 */
export { handler } from './runtime/handler.mjs'
export { lazy } from './runtime/lazy.mjs'
