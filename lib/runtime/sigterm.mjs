/**
 * The end of an app: SIGTERM, which a dev server sends for a restart, takes effect once `dispose` handlers have run.
 *
 * A listener of ours would be counted, and change what the app's own listeners decide. So the signal is caught where
 * Node emits it, and passed on as if there were no listener of ours: to the app's listeners, or to the system's default.
 */
import { attempt } from './guard.mjs'
import { threadId } from '../node/features.mjs'
import { apply, process } from './primordials.mjs'

const SIGNAL = 'SIGTERM'

/** Stands for a listener where Node hears that there is one, or none: it then begins to wait for the signal, or no longer does. */
const nobody = () => {}

let isExpected = false

/**
 * From now on `dispose` is called before SIGTERM takes effect.
 * @param {() => Promise<unknown> | undefined} dispose returns what is to be waited for
 */
export function expectEnd(dispose) {
  // Signals reach the main thread only.
  if (isExpected || threadId !== 0) return
  isExpected = true
  const { emit } = process
  const pass = (/** @type {unknown[]} */ ...args) => apply(emit, process, args)
  let isEnding = false

  /** @param {unknown[]} args the signal, and what Node says of it */
  function signalled(args) {
    isEnding = false
    const isHeard = apply(emit, process, args)
    if (isHeard || args.length === 1) return isHeard
    pass('removeListener', SIGNAL, nobody)
    process.kill(process.pid, SIGNAL)
    return false
  }

  /** @param {unknown[]} args */
  function disposeFirst(args) {
    const pending = isEnding ? undefined : attempt(dispose)
    if (!pending) return signalled(args)
    isEnding = true
    void signalledAfter(pending, args)
    return true
  }

  /** @param {Promise<unknown>} pending @param {unknown[]} args */
  async function signalledAfter(pending, args) {
    await pending
    // What the app's listeners throw is the app's own affair.
    process.nextTick(signalled, args)
  }

  process.emit = /** @type {any} */ (
    function (/** @type {unknown[]} */ ...args) {
      if (args[0] === SIGNAL) return disposeFirst(args)
      const isHeard = apply(emit, process, args)
      // With its last listener Node ends to wait for the signal.
      if (args[0] === 'removeListener' && args[1] === SIGNAL) pass('newListener', SIGNAL, nobody)
      return isHeard
    }
  )
  // Node has kept the `emit` of when it began to wait.
  const listeners = process.rawListeners(SIGNAL)
  process.removeAllListeners(SIGNAL)
  for (const listener of listeners) process.on(SIGNAL, /** @type {() => void} */ (listener))
  pass('newListener', SIGNAL, nobody)
}
