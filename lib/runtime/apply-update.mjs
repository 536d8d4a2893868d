/**
 * The updates of this thread that import something again at once: one after the other, none is lost.
 *
 *   link each reimport ─▶ dispose of what they replace ─▶ evaluate ─▶ callbacks ─▶ tell ─▶ release
 *        └ fails: it is reported, and what it would replace is kept
 */
import * as engine from '../native/binding.js'
import { thread } from '../native/thread.mjs'
import { endReimport } from './evaluation.mjs'
import { emitError } from './events.mjs'
import { describeFailure } from './failures.mjs'
import { dispose, findRegistered, reportHandler, whenSettled } from './handlers.mjs'
import { attempt, guarded, hasFailed } from './guard.mjs'
import { linkOnly } from './link-only.mjs'
import { clearTimeout, setTimeout } from './primordials.mjs'
import { inspect } from './print.mjs'
import { hasOwnFrame } from '../own.mjs'

/** @typedef {import('../native/binding.js').Reimport} Reimport */
/** @typedef {import('../native/binding.js').Callback & import('./handlers.mjs').Accepted & { registrant: import('./handlers.mjs').Instance }} Callback */

/**
 * How long an update may evaluate once the next one waits, in milliseconds: a module that never ends must not keep its
 * mended version out.
 */
const PATIENCE = 5000

/** @type {Promise<void>} */
let running = Promise.resolve()
let waiting = 0
/** Called when an update begins to wait. @type {() => void} */
let hurry = () => {}

/**
 * Takes an update in, whose turn comes when those before it are done.
 * @param {Reimport[]} reimports
 * @param {string[]} changed the files that have changed
 * @param {(released: string[], isApplied: boolean) => void} done called when it is, with the URLs that it leaves behind
 */
export function enqueue(reimports, changed, done) {
  waiting++
  hurry()
  running = follow(running, async () => {
    waiting--
    const released = /** @type {string[]} */ ([])
    const isApplied = await update(reimports, changed, released)
    attempt(() => done(released, isApplied))
  })
}

/** @param {Promise<void>} before @param {() => Promise<void>} work */
async function follow(before, work) {
  await before
  await work()
}

/**
 * @param {Reimport[]} reimports @param {string[]} changed @param {string[]} released
 * @returns {Promise<boolean>} whether anything was imported again
 */
async function update(reimports, changed, released) {
  if (reimports.length === 0) return true
  try {
    const failures = new Failures(changed)
    const leave = (/** @type {string[]} */ urls) => void released.push(...urls)
    const errors = await Promise.all(reimports.map(({ url, json }) => linkOnly(url, { json }, leave)))
    errors.forEach((error, index) => error && failures.add(reimports[index].url, error.cause, 'link'))
    const linked = guarded(() => thread.linked(reimports.filter((_, index) => !errors[index])))
    if (!linked || linked.urls.length === 0) return failures.count === 0
    const callbacks = linked.callbacks.flatMap(find)
    dispose(linked.disposals)
    await whenSettled()
    const namespaces = await evaluate(reimports, linked, failures)
    await Promise.all(callbacks.map((callback) => call(callback, namespaces)))
    return namespaces.size > 0 || failures.count === 0
  } catch (error) {
    // Of ours: whatever users' code throws was caught where it was called.
    attempt(() => { throw error })
    return false
  }
}

/**
 * What is new, by URL without version; what throws is reported.
 * @param {Reimport[]} reimports @param {import('../native/binding.js').Linked} linked @param {Failures} failures
 */
async function evaluate(reimports, { urls, first }, failures) {
  /** @type {Map<string, unknown>} */
  const namespaces = new Map()
  const ways = enter(first)
  const linked = new Set(urls)
  const imports = reimports.filter(({ url }) => linked.has(url)).map(async ({ url, json }) => {
    if (first.length > 0) await ways
    if (guarded(() => engine.isReached(url)) === false) return
    try {
      namespaces.set(url, await (json ? import(url, { with: { type: 'json' } }) : import(url)))
      endReimport(url, 'completed')
    } catch (error) {
      endReimport(url, 'threw')
      failures.add(url, error, 'evaluate')
    }
  })
  await patiently(Promise.all(imports))
  return new Map(namespaces)
}

/** Evaluates these in this order. Who is imported again by them meets what they throw. @param {string[]} urls */
async function enter(urls) {
  for (const url of urls) {
    try {
      await import(url)
    } catch {}
  }
}

/** Waits for `work`, but no longer than {@link PATIENCE} once another update waits. @param {Promise<unknown>} work */
async function patiently(work) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  const late = new Promise((resolve) => {
    hurry = () => (timer ??= setTimeout(resolve, PATIENCE).unref())
    if (waiting > 0) hurry()
  })
  await Promise.race([work, late])
  clearTimeout(timer)
  hurry = () => {}
}

/** What is to be called, which may be forgotten before it is. @param {import('../native/binding.js').Callback} due @returns {Callback[]} */
function find(due) {
  const registrant = findRegistered(due.instance)
  const accepted = registrant?.accepted[due.call]
  return accepted ? [{ ...due, ...accepted, registrant }] : []
}

/** @param {Callback} due @param {Map<string, unknown>} namespaces */
async function call({ instance, own, urls, callback, isList, registrant }, namespaces) {
  const found = urls.map((url) => (url === null ? undefined : namespaces.get(url)))
  if (found.every((namespace) => namespace === undefined)) return
  if (guarded(() => engine.isToCall(instance, own ? urls[0] : undefined)) === false) return
  try {
    await patiently(Promise.resolve(callback(isList ? found : found[0])))
  } catch (error) {
    reportHandler(registrant, 'accept', error)
  }
}

/** The errors of an update: each is reported once, whichever import meets it. */
class Failures {
  #seen = new Set()
  #changed

  /** @param {string[]} changed the files that have changed: Node does not say in which of them a syntax error is */
  constructor(changed) {
    this.#changed = changed
  }

  get count() {
    return this.#seen.size
  }

  /** @param {string} url @param {unknown} error @param {'link' | 'evaluate'} phase */
  add(url, error, phase) {
    // Imports go through: there is nothing to be said of this one.
    if (hasFailed() || this.#seen.has(error)) return
    this.#seen.add(error)
    const failure = describeFailure(url, phase, error, this.#changed)
    const shown = phase === 'link' ? { keepsOld: true } : { stack: framesOf(error) }
    guarded(() => thread.failed(url, { ...failure, ...shown }))
    emitError(url, phase, error)
  }
}

/** Who called what has thrown, as far as that is the user's code. The place itself is told besides. @param {unknown} error */
function framesOf(error) {
  const lines = inspect(error).split('\n').filter((/** @type {string} */ line) => /^\s+at /.test(line))
  const callers = lines.slice(1).filter((/** @type {string} */ line) => !hasOwnFrame(line) && !/\(?node:/.test(line) && !line.includes('Promise.all (index'))
  return callers.length > 0 ? callers.join('\n') : undefined
}
