/**
 * Every line of ours is printed here, on standard error. Whatever becomes of it, the app notices nothing: neither an
 * exception, nor an event of its stream, which would end a process that does not listen for it.
 */
import * as engine from './binding.js'
import { builtin, threadId } from './node.mjs'
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

/** A note for NODE_DEBUG, as Node itself prints them. @param {string} text @param {unknown[]} values */
export function debug(text, ...values) {
  if (isDebugging) write(() => `HOT-HOOK ${process.pid}: ${format(text, ...values)}\n`)
}

/** What users' code has thrown or given, as text, also if that throws when it is looked at. @param {unknown} value */
export function inspect(value) {
  try {
    return inspectOf(value)
  } catch {
    return 'something that cannot be shown'
  }
}

/** @param {() => string} make */
function write(make) {
  try {
    const text = make()
    const stderr = findStream()
    if (stderr && (isReplaced(stderr) || stderr.writableLength > 0)) return void (engine.hasReader() && stderr.write(text))
    const count = engine.print(text)
    if (count != null) stderr?.write(Buffer.from(text).subarray(count))
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

/** Whether somebody wants to have what is printed. @param {NodeJS.WriteStream & { fd?: number }} stderr */
const isReplaced = (stderr) => hasOwn(stderr, 'write') || (threadId === 0 && stderr.fd !== 2)
