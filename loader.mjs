/**
 * `hot-hook/loader`: the hooks, for `module.register` by hand.
 */
export { initialize, load, resolve } from './lib/hooks/async.mjs'
