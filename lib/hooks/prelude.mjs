/**
 * The text that goes into every ES module: one line, on its first line, after a hashbang.
 *
 * A module may have a binding of its own for any name, `globalThis` too; so the prelude uses none. What its thread runs is
 * reached by way of a string. It names `globalThis` where that is not so: with frozen intrinsics.
 */
import { shiftSourceMap } from './source-maps.mjs'

const KEY = 'hot-hook'
const HOT = `(""["constructor"]["${KEY}"]??globalThis[globalThis.Symbol.for("${KEY}")])`
const ENTER = `import.meta.hot=${HOT}?.enter(import.meta);`
const WAIT = `await ${HOT}?.settled;`
const BOOT = `import${JSON.stringify(new URL('../runtime/hot.mjs', import.meta.url).href)};`

/** What does not wait is as long as what does: a column tells what stood before it, whichever that was. */
const PLAIN = ENTER.padEnd(ENTER.length + WAIT.length)

/** All that may stand before a module's text, the longest first, the usual one last. */
export const PRELUDES = [BOOT + ENTER + WAIT, BOOT + PLAIN, ENTER + WAIT, PLAIN]

const decoder = new TextDecoder()

/** Makes what this thread runs known to preludes, and to others. @param {object} runtime */
export function publish(runtime) {
  Object.defineProperty(globalThis, Symbol.for(KEY), { value: runtime, configurable: true })
  publishToPreludes(runtime)
}

/** @param {{ enter?: (meta: ImportMeta) => unknown }} runtime */
export function publishToPreludes(runtime) {
  if (Object.isExtensible(String)) Object.defineProperty(String, KEY, { value: runtime, configurable: true })
}

/** Source as text, without a byte order mark. @param {string | ArrayBuffer | NodeJS.TypedArray} source */
export function toText(source) {
  if (typeof source !== 'string') return decoder.decode(source)
  return source.charCodeAt(0) === 0xfeff ? source.slice(1) : source
}

/**
 * @param {string} text
 * @param {string} url the module's
 * @param {{ waits: boolean, boots: boolean }} options `waits`: asynchronous `dispose` handlers are pending, and no
 *   module may run before they have settled. `boots`: runtime/hot.mjs has not been loaded in this thread.
 */
export function withPrelude(text, url, { waits, boots }) {
  const prelude = (boots ? BOOT : '') + (waits ? ENTER + WAIT : PLAIN)
  if (text.startsWith('#!')) {
    const end = text.indexOf('\n') + 1
    return end === 0 ? text : text.slice(0, end) + prelude + shiftSourceMap(text.slice(end), url, prelude.length, 1)
  }
  return prelude + shiftSourceMap(text, url, prelude.length, 0)
}
