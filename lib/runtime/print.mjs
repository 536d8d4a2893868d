/**
 * Every line of ours is printed here, on standard error. The app notices nothing of a line that cannot be printed: neither
 * an exception, nor an event of its stream, which would end a process that does not listen for it.
 */
import * as engine from '../native/binding.js'
import { builtin, threadId } from '../node/features.mjs'
import { process } from './primordials.mjs'
import { visible, visibleLines } from './visible.mjs'

const { debuglog, format, inspect: inspectOf } = builtin('node:util')
const { hasOwn } = Object

/** Whether NODE_DEBUG asks for notes. Once: the property looks it up each time. */
export const isDebugging = debuglog('hot-hook').enabled

/** @param {string} line @param {[] | [unknown]} thrown what users' code has thrown, if it is about that */
export function print(line, ...thrown) {
  write(() => `hot-hook: ${visible(line)}${thrown.length > 0 ? `: ${visibleLines(inspect(thrown[0]))}` : ''}\n`)
}

/** Prints lines that are whole by themselves. @param {string} text */
export const printLines = (text) => write(() => `${visibleLines(text)}\n`)

/**
 * A note for NODE_DEBUG, as Node itself prints them, but a worker's past its stream: many are under way to the main thread
 * at any moment, and the first that arrives there when the reader of standard error has gone would end the process.
 * @param {string} text @param {unknown[]} values
 */
export function debug(text, ...values) {
  if (isDebugging) write(() => `HOT-HOOK ${process.pid}: ${format(text, ...values)}\n`, threadId !== 0)
}

/** What users' code has thrown or given, as text, also if that throws when it is looked at. @param {unknown} value */
export function inspect(value) {
  try {
    return inspectOf(value)
  } catch {
    return 'something that cannot be shown'
  }
}

/** @param {() => string} make @param {boolean} [isPastStream] through the stream only if the reader is behind */
function write(make, isPastStream = false) {
  try {
    const text = make()
    const stderr = findStream()
    if (isPastStream || !stderr || !passesOn(stderr, text)) writeDirectly(text, stderr)
  } catch {
    // It was only a line.
  }
}

/** @returns {NodeJS.WriteStream | undefined} */
function findStream() {
  try {
    return process.stderr
  } catch {
    return undefined
  }
}

/**
 * Gives a text to the stream, where other code wants what is written to it.
 * @param {NodeJS.WriteStream & { fd?: number }} stderr @param {string} text @returns {boolean} false if it is to be written in another way
 */
function passesOn(stderr, text) {
  try {
    // A stream that has ended would emit an error.
    if (stderr.writable === false || !(isReplaced(stderr) || stderr.writableLength > 0)) return false
    // Without a reader, it would emit an error: in the main thread, where a worker's ends up.
    if (engine.hasReader()) stderr.write(text)
    return true
  } catch {
    return false
  }
}

/** @param {string} text @param {NodeJS.WriteStream | undefined} stderr for the rest, if the reader is behind */
function writeDirectly(text, stderr) {
  let count
  try {
    count = engine.print(text)
  } catch {
    return builtin('node:fs').writeSync(2, text)
  }
  if (count != null) stderr?.write(Buffer.from(text).subarray(count))
}

/** Whether this is a thread of Node's own, for hooks: what is written to its stream may never arrive. */
let isInternal = false

/** From now on this thread prints past its stream. */
export const printPastStream = () => void (isInternal = true)

/**
 * Whether other code wants what is printed: code that has replaced the stream, or that has started the worker (`stderr: true`),
 * which a worker cannot tell.
 * @param {NodeJS.WriteStream & { fd?: number }} stderr
 */
const isReplaced = (stderr) => hasOwn(stderr, 'write') || (threadId === 0 ? stderr.fd !== 2 : !isInternal)
