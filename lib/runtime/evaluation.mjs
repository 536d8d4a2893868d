/**
 * When modules of this thread begin to evaluate, and how that ends: the engine names the modules whose end it wants to know.
 */
import { bodyEnded, ended, followBody, releases } from '../native/binding.js'
import { thread } from '../native/thread.mjs'
import { importAgain, jobOf } from '../node/esm-cache.mjs'
import { hasSyncHooks } from '../node/features.mjs'
import { Status, statusOf } from '../node/internals.mjs'
import { attempt, guarded } from './guard.mjs'
import { queueMicrotask } from './primordials.mjs'

/** Called when the engine may have work. */
let takeWork = () => {}

/** @param {() => void} callback */
export const onWork = (callback) => void (takeWork = callback)

/** The module at `url` begins to evaluate. @param {string} url @returns {number | null} the engine's name for the instance, if it knows it */
export function begin(url) {
  const instance = guarded(() => thread.evaluate(url)) ?? null
  const waits = instance === null ? null : guarded(() => followBody(instance))
  if (waits === true) void followToEnd(/** @type {number} */ (instance), url)
  // A hooks thread hears later of what such a body imports: then it is not known whether the body ran.
  else if (waits === false) queueMicrotask(() => attempt(() => guarded(() => bodyEnded(/** @type {number} */ (instance), true))))
  return instance
}

/** @param {number} instance @param {string} url */
async function followToEnd(instance, url) {
  let isOver = false
  // With hooks in a thread both imports are resolved there, one after the other. Only if the second one comes first, the first had
  // come to wait for the end, and tells of it at once.
  let isKnown = hasSyncHooks
  try {
    const evaluation = isImportable(url) ? importAgain(url) : undefined
    if (!hasSyncHooks) void import(import.meta.url).then(() => (isKnown = !isOver), () => {})
    await evaluation
  } catch {
    // It is over in any case.
  }
  isOver = true
  attempt(() => guarded(() => bodyEnded(instance, isKnown)))
}

/** What a loader has made up may not be found by its URL. @param {string} url */
const isImportable = (url) => /^(?:file|data):/.test(url)

/** @typedef {import('../native/binding.js').Ending} Ending */

/** What an update has imported by `url`, without version. @param {string} url @param {Ending} ending */
export const endReimport = (url, ending) => guarded(() => thread.reimportEnded(url, ending))

/** @param {number} instance @param {Ending} ending */
function end(instance, ending) {
  guarded(() => ended(instance, ending))
  // Nothing is decided here: other ends may be reported next.
  takeWork()
}

/** How CommonJS that was imported has ended: nothing tells of that by itself. */
export function endCommonJs() {
  if (!guarded(() => releases())) return
  // This module has run to its end: what has thrown has another status, and a later one.
  const completed = statusOf(jobOf(import.meta.url))
  if (completed < Status.EVALUATED) return
  for (const url of guarded(() => thread.openCommonjs()) ?? []) {
    const job = jobOf(url)
    const status = statusOf(job)
    // What was required has no job.
    if (!job || status >= completed) guarded(() => thread.endCommonjs(url, status > completed))
  }
}

let isDue = false

/**
 * An instance has registered something. It is observed at once: it may be evicted in this turn. The others are when this turn is over:
 * until then Node may be linking them, and it is not known whether they are cold.
 * @param {number | null} running
 */
export function observeRegistering(running) {
  if (running !== null) observe(running)
  if (isDue) return
  isDue = true
  queueMicrotask(() => attempt(() => {
    isDue = false
    observeEvaluations()
  }))
}

/** Reports what the engine wants to know of evaluations, as soon as it is known. */
export const observeEvaluations = () => observe()

/** @param {number} [only] this instance */
function observe(only) {
  for (const { instance, url, by } of guarded(() => thread.takeObserved(only)) ?? []) {
    if (by !== 'turn') void observeEnd(instance, url)
    if (by !== 'promise') queueMicrotask(() => attempt(() => end(instance, 'turn-over')))
  }
}

/** A module observes itself: this import settles when its evaluation ends. It never passes our hooks. @param {number} instance @param {string} url */
async function observeEnd(instance, url) {
  /** @type {Ending} */
  let ending = 'completed'
  try {
    if (isImportable(url)) await importAgain(url)
  } catch {
    ending = 'threw'
  }
  attempt(() => end(instance, ending))
}
