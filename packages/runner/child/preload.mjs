/**
 * Loaded into the app before its own code: what the runner wants to know of it, and what it needs to end well.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { drain } from './drain.mjs'
import { hear, hold, next, setup, tell } from './link.mjs'
import { holdOutput, holdsEvent } from './output.mjs'
import { sendSnapshots } from './snapshot.mjs'
import { MOST_MISSING } from './messages.mjs'
import { watchStart } from './rest.mjs'
import { keepSockets } from './sockets.mjs'
import { reportReading } from './stdin.mjs'
import { wait } from './wait.mjs'

/** How often it is looked whether the parent is gone, in milliseconds. */
const LOOK = 50

/** As it is before the app could replace it. */
const { getBuiltinModule } = process

if (setup) {
  observeProcess(setup)
  if (setup.ahead) holdOutput()
  reportReading()
  sendSnapshots()
  takeOutcomes()
  keepSockets()
  const { drainTimeout } = setup
  hear('hot-runner:ping', () => tell({ type: 'hot-runner:pong', inspected: isInspected() }))
  hear('hot-runner:restart', () => end(drainTimeout))
  tell({ type: 'hot-runner:hello' })
  if (setup.ahead === 'start') await wait()
  if (!setup.ahead) await begin(setup)
}

/** hot-hook finds it there when it starts, and leaves it to the runner to tell people what became of a save. */
function takeOutcomes() {
  const value = (/** @type {object} */ outcome, /** @type {string | undefined} */ text) => tell({ type: 'hot-runner:outcome', outcome, text })
  // One that is linked ahead is no app until it runs.
  const isAhead = setup?.ahead === 'link'
  Object.defineProperty(globalThis, Symbol.for('hot-runner.outcome'), { value: Object.assign(value, { isAhead }), configurable: true })
}

/** What a crash is about. @param {unknown} error */
function tellError(error) {
  if (process.listenerCount('uncaughtException') > 0) return
  const told = /** @type {any} */ (globalThis)[Symbol.for('hot-hook')]?.describe?.(error)
  if (told) tell({ type: 'hot-runner:error', error: told })
}

/** Whether a debugger can connect. The module takes a few milliseconds to load: not before it is asked for. */
function isInspected() {
  try {
    return getBuiltinModule('node:inspector').url() !== undefined
  } catch {
    // A Node that was built without it.
    return false
  }
}

/** @param {import('./link.mjs').Setup} setup */
async function begin({ handles }) {
  if (handles > 0) await next('hot-runner:handles')
  watchStart()
}

/** It must not end by itself before the signal comes: what it does then is part of its end. */
let letGo = () => {}

/** @param {number} limit */
async function end(limit) {
  letGo = hold()
  try {
    await drain(limit)
    await Promise.race([dispose(), sleep(limit, undefined, { ref: false })])
  } catch {
    // What the app has replaced may throw: it ends without more ado.
  }
  tell({ type: 'hot-runner:drained' })
}

/** Runs the dispose handlers. What fails in them is told by hot-hook itself. */
async function dispose() {
  try {
    await /** @type {any} */ (globalThis)[Symbol.for('hot-hook')]?.hot.dispose()
  } catch {}
}

/**
 * Which signals the app handles, and that its parent has gone. Listeners of ours would be seen, counted, and change what
 * the app does.
 * @param {import('./link.mjs').Setup} setup
 */
function observeProcess({ pid, signal, killTimeout }) {
  const { emit } = process
  /** @param {string} event @param {unknown[]} args */
  function observe(event, args) {
    if (event === 'SIGINT' || event === 'SIGHUP' || event === 'SIGQUIT') tell({ type: 'hot-runner:signal', signal: event })
    if (event === signal) letGo()
    if (event === 'disconnect') endIfOrphaned(pid, killTimeout).catch(() => {})
    if (event === 'uncaughtExceptionMonitor') tellError(args[0])
    if (event === 'exit') tellEnd()
  }
  process.emit = /** @type {any} */ (
    function (/** @type {string} */ event, /** @type {unknown[]} */ ...args) {
      try {
        observe(event, args)
      } catch {
        // The app goes on as it would without us.
      }
      const pass = () => Reflect.apply(emit, process, [event, ...args])
      return holdsEvent(event, pass) || pass()
    }
  )
}

/** What the runner wants to know of an end that may be a crash. */
function tellEnd() {
  tellExit()
  const packages = /** @type {any} */ (globalThis)[Symbol.for('hot-hook')]?.missing?.() ?? []
  if (packages.length > 0) tell({ type: 'hot-runner:missing', packages: packages.slice(0, MOST_MISSING) })
}

/** Where `process.exit` was called, if it was: Node emits the event within that call. */
function tellExit() {
  const { stack } = new Error()
  const lines = typeof stack === 'string' ? stack.split('\n') : []
  const at = lines.findIndex((line) => /at (process|Process)\.(exit|reallyExit) \(node:/.test(line))
  const [, place] = /\(?((?:file:|\/|[A-Z]:\\)[^()]*:\d+):\d+\)?$/.exec(lines[at + 1] ?? '') ?? []
  if (at >= 0 && place) tell({ type: 'hot-runner:exit', at: place.startsWith('file:') ? fileOf(place) : place })
}

/** @param {string} place a file's URL, perhaps with a version, and a line */
function fileOf(place) {
  const [, url, line] = /^(.*?)(?:\?.*)?(:\d+)$/.exec(place) ?? []
  return url ? fileURLToPath(url) + line : place
}

/** The runner is gone, and nothing else would end this process. @param {number} pid @param {number} killTimeout */
async function endIfOrphaned(pid, killTimeout) {
  // The channel closes a little earlier than the parent is gone.
  for (let tries = 0; tries < 20; tries++) {
    if (process.ppid !== pid) {
      process.kill(process.pid, 'SIGTERM')
      await sleep(killTimeout, undefined, { ref: false })
      return process.kill(process.pid, 'SIGKILL')
    }
    await sleep(LOOK, undefined, { ref: false })
  }
}
