/**
 * `hot-hook/internal`: what `@hot-hook/runner` needs of the addon. It is nobody else's: any release may change it.
 */
export { Watcher, watchFiles, watchProject } from './binding.js'
