/**
 * Tells the runner when the app has come to rest.
 */
import module from 'node:module'
import { tell } from './link.mjs'

/** How often it is looked, in milliseconds. */
const LOOK = 50

/** Whether the app has loaded what a server needs: it may be about to listen. */
function mayServe() {
  const loaded = /** @type {any} */ (process).moduleLoadList
  return Array.isArray(loaded) && loaded.includes('NativeModule _http_server')
}

/** Tells when the app has come to rest for the first time: then what it has compiled is stored, too. */
export function watchStart() {
  let last = performance.eventLoopUtilization()
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization()
    const { idle, active } = performance.eventLoopUtilization(now, last)
    last = now
    if (active > idle / 4) return
    clearInterval(timer)
    tell({ type: 'hot-runner:rest', serves: mayServe() })
    Reflect.get(module, 'flushCompileCache')?.()
  }, LOOK)
  timer.unref()
}
