/**
 * Tells the runner when the app has come to rest.
 */
import module from 'node:module'
import { tell } from './link.mjs'

/** How often it is looked, in milliseconds. */
const LOOK = 50

/** Tells when the app has come to rest for the first time: then what it has compiled is stored, too. */
export function watchStart() {
  let last = performance.eventLoopUtilization()
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization()
    const { idle, active } = performance.eventLoopUtilization(now, last)
    last = now
    if (active > idle / 4) return
    clearInterval(timer)
    tell({ type: 'hot-runner:rest' })
    Reflect.get(module, 'flushCompileCache')?.()
  }, LOOK)
  timer.unref()
}
