/**
 * The app's side of what it and the runner say to each other. The app notices nothing of it: these are internal messages
 * in Node's sense, for which it needs no listener and is not kept alive.
 */
import { isMainThread } from 'node:worker_threads'
import { fits, FROM_RUNNER } from './messages.mjs'

/** Names our messages as internal ones. */
export const COMMAND = 'NODE_HOT_RUNNER'

/**
 * @typedef {object} Setup
 * @property {number} pid the runner's
 * @property {boolean} keep
 * @property {number} handles how many listening sockets there are for it
 * @property {string} signal
 * @property {number} drainTimeout
 * @property {number} killTimeout
 * @property {Ahead} [ahead] it waits before it runs the app, and has done so much
 */
/** @typedef {'start' | 'link'} Ahead Node has started; and the app is linked */
/** @typedef {(message: any, handle: any) => void} Listener */

/** What the runner has set up; nothing if it is not our parent: a fork inherits the environment. @returns {Setup | undefined} */
function read() {
  const text = process.env.HOT_RUNNER
  if (!text || !isMainThread || !process.send) return undefined
  const setup = parse(text)
  if (setup?.pid !== process.ppid) return undefined
  delete process.env.HOT_RUNNER
  return setup
}

/** It is the environment's: anybody may have set it. @param {string} text @returns {any} */
function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const setup = read()

/** As it is before the app could replace it. */
const { send } = process

/**
 * Nothing that fails here is the app's: the channel may be closed, or what it leads to may be gone.
 * @param {{ type: string, [field: string]: unknown }} message @param {any} [handle] @param {() => void} [sent]
 */
export function tell(message, handle, sent = () => {}) {
  let isDone = false
  // With a callback Node emits no 'error'.
  const done = () => {
    if (!isDone) sent()
    isDone = true
  }
  try {
    if (process.connected && send) return void Reflect.apply(send, process, [{ ...message, cmd: COMMAND }, handle, {}, done])
  } catch {
    // It has not been sent.
  }
  return done()
}

/** @type {Map<string, Listener>} */
const listeners = new Map()

/** What came before anybody listened for it. @type {Array<[message: any, handle: any]>} */
const early = []

/** @param {string} type @param {Listener} listener */
export function hear(type, listener) {
  listeners.set(type, listener)
  for (const [message, handle] of early.splice(0)) receive(message, handle)
}

/** @param {any} message @param {any} handle */
function receive(message, handle) {
  const listener = listeners.get(message.type)
  if (listener) listener(message, handle)
  else early.push([message, handle])
}

/** Keeps the process alive until what it returns is called. @returns {() => void} */
export function hold() {
  const channel = /** @type {any} */ (process.channel)
  channel?.refCounted?.()
  let isHeld = true
  return () => {
    if (isHeld) channel?.unrefCounted?.()
    isHeld = false
  }
}

/** Waits for a message. @param {string} type @returns {Promise<any>} */
export async function next(type) {
  const letGo = hold()
  const message = await new Promise((resolve) => hear(type, resolve))
  letGo()
  return message
}

if (setup) {
  const listen = /** @type {(name: string, listener: Listener) => void} */ (process.on.bind(process))
  listen('internalMessage', (message, handle) => {
    if (message?.cmd !== COMMAND) return
    try {
      if (fits(FROM_RUNNER, message)) receive(message, handle)
      else handle?.close?.()
    } catch {
      // It would be thrown into the app.
    }
  })
}
