/**
 * Tells the runner when the app has come to rest.
 */
import module from 'node:module'
import { tell } from './link.mjs'

/** How often it is looked, in milliseconds. */
const LOOK = 50
/** So often it must have been at rest until it is not expected to begin to listen at any moment. */
const LOOKS = 10

/** Whether the app has loaded what a server needs, or Node 20 still loads the app: it may be about to listen. */
function mayServe() {
  const loaded = /** @type {any} */ (process).moduleLoadList
  const isLoading = process.listeners('exit').some(({ name }) => name === 'handleProcessExit')
  return isLoading || (Array.isArray(loaded) && loaded.includes('NativeModule _http_server'))
}

/**
 * Tells when the app has come to rest for the first time: then what it has compiled is stored, too. And when it has been at
 * rest for a while: not by the clock, because on a busy machine it may only be waiting for the processor, or for a disk.
 */
export function watchStart() {
  let last = performance.eventLoopUtilization()
  let looks = 0
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization()
    const { idle, active } = performance.eventLoopUtilization(now, last)
    last = now
    if (active > idle / 4) return
    if (++looks === 1) {
      tell({ type: 'hot-runner:rest' })
      Reflect.get(module, 'flushCompileCache')?.()
    }
    if (looks < LOOKS) return
    clearInterval(timer)
    tell({ type: 'hot-runner:quiet', serves: mayServe() })
  }, LOOK)
  timer.unref()
}
