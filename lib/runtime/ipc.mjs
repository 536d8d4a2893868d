/**
 * The parent process: what we send it, and what it sends. It sees no more of us than that, and neither does the app:
 * our listener keeps nothing alive and takes no message away.
 */
import { attempt } from './guard.mjs'
import { apply, process } from './primordials.mjs'
import { print } from './print.mjs'

/** As it is before the app could replace it. */
const { send } = process

/** It has thrown: that is reported once. */
let isBroken = false

/** Sends the parent a message, if there is one. @param {object} message @returns {boolean} whether it was sent */
export function tellParent(message) {
  // A parent that goes away meanwhile does no harm.
  const args = [message, undefined, undefined, () => {}]
  try {
    if (!send || !process.connected) return false
    try {
      apply(process.send ?? send, process, args)
    } catch {
      // The app has put something of its own in its place, which is not for this.
      apply(send, process, args)
    }
    return true
  } catch (error) {
    if (!isBroken) print('process.send failed', error)
    isBroken = true
    return false
  }
}

/** Whether there is one that messages can be sent to. */
export const hasParent = () => process.send !== undefined && process.connected

/**
 * Whether the app of a runner has started this process: the runner, whose process id it leaves to all below it, does not hear
 * of it, and the app most likely does not listen.
 */
export const isForked = () => {
  const runner = Number(process.env.HOT_RUNNER_PID)
  return runner > 0 && process.ppid !== runner
}

let isListening = false

/**
 * Calls `changed` when the parent says that a file has changed.
 * @param {(path: string, isRemoved: boolean) => void} changed
 */
export function listenToParent(changed) {
  if (isListening || !process.send) return
  isListening = true

  /** What came while only we listened: Node would have kept it. @type {unknown[][]} */
  let early = []
  const hear = (/** @type {unknown} */ message, /** @type {unknown} */ handle) => {
    const { type, path, action } = /** @type {Record<string, unknown>} */ (Object(message))
    if (type === 'hot-hook:file-changed') {
      if (typeof path === 'string' && path !== '') changed(path, action === 'unlink')
    } else if (process.listenerCount('message') === 1) early.push([message, handle])
  }
  const listener = (/** @type {unknown[]} */ ...args) => attempt(() => hear(args[0], args[1]))
  const takeEarly = () => {
    const others = process.listeners('message').filter((other) => other !== listener)
    if (others.length === 0) return []
    const messages = early
    early = []
    return messages.flatMap((args) => others.map((other) => ({ other, args })))
  }
  const replay = () => {
    // What the app's own listeners throw is its own.
    for (const { other, args } of attempt(takeEarly) ?? []) apply(other, process, args)
  }
  process.on('message', listener)
  process.on('newListener', (event) => event === 'message' && process.nextTick(replay))
  process.on('removeListener', (event, removed) => event === 'message' && removed === listener && channel()?.refCounted?.())
  // Listening must not keep the app alive; its own listeners still do, because Node counts them.
  channel()?.unrefCounted?.()
}

const channel = () =>
  /** @type {{ refCounted?: () => void, unrefCounted?: () => void } | null | undefined} */ (
    /** @type {unknown} */ (process.channel)
  )
