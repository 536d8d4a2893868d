/**
 * V8 keeps no source of a version that will be superseded: its compilation cache is off while such a module loads.
 */
import * as engine from '../native/binding.js'
import { attempt, guarded } from '../runtime/guard.mjs'
import { clearTimeout, queueMicrotask, setTimeout } from '../runtime/primordials.mjs'
import { builtin, hasFlag } from './features.mjs'

/** Whether V8's compilation cache is ours to switch: the user may have switched it off. */
let isCacheOurs = !hasFlag('--no-compilation-cache')

/**
 * V8 keeps compiled sources, by their text. Off around the load of a versioned module; left off it would make every
 * `eval` slow and Node reject its compile cache. The flag belongs to the process, not to the thread. Where it cannot be
 * set, memory grows.
 * @param {boolean} on
 */
function compilationCache(on) {
  if (!isCacheOurs) return
  try {
    builtin('node:v8').setFlagsFromString(on ? '--compilation-cache' : '--no-compilation-cache')
  } catch {
    isCacheOurs = false
  }
}

/** How long V8's compilation cache stays off if the module that is loaded never runs, in milliseconds. */
const SOURCE_LIMIT = 100

/** @type {NodeJS.Timeout | undefined} */
let cacheTimer

/** A versioned module is loaded: V8 must not keep its source. The prelude calls {@link keepSources} again. */
export function leaveNoSource() {
  if (!guarded(() => engine.releases())) return
  compilationCache(false)
  clearTimeout(cacheTimer)
  cacheTimer = setTimeout(() => attempt(keepSources), SOURCE_LIMIT).unref()
}

/** The end of {@link leaveNoSource}, in whichever thread it began: `url` runs. @param {string} [url] */
export function keepSources(url) {
  if (url && !cacheTimer && !url.includes('v=')) return
  clearTimeout(cacheTimer)
  cacheTimer = undefined
  compilationCache(true)
}

/** The same for what `require` loads in this turn, past all hooks. */
export function leaveNoSourceOfThisTurn() {
  if (!engine.releases()) return
  compilationCache(false)
  queueMicrotask(() => compilationCache(true))
}
