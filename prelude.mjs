/**
 * The text that goes into every ES module: one line, on its first line, after a hashbang.
 *
 * It names nothing but `globalThis`, which modules seldom shadow (they do shadow `Symbol`).
 */
const HOT = 'globalThis[globalThis.Symbol.for("hot-hook")]'
// Node 20 also sends the modules of loaders that are registered after us through our hooks: in a thread without us.
const ENTER = `import.meta.hot=${HOT}?.enter(import.meta);`
const WAIT = `await ${HOT}?.settled;`
const BOOT = `import${JSON.stringify(new URL('./hot.mjs', import.meta.url).href)};`

const decoder = new TextDecoder()

/** Source as text, without a byte order mark. @param {string | ArrayBuffer | NodeJS.TypedArray} source */
export function toText(source) {
  if (typeof source !== 'string') return decoder.decode(source)
  return source.charCodeAt(0) === 0xfeff ? source.slice(1) : source
}

/**
 * @param {string} text
 * @param {{ waits: boolean, boots: boolean }} options `waits`: asynchronous `dispose` handlers are pending, and no
 *   module may run before they have settled. `boots`: nobody has loaded hot.mjs in this thread.
 */
export function withPrelude(text, { waits, boots }) {
  const prelude = (boots ? BOOT : '') + ENTER + (waits ? WAIT : '')
  if (text.startsWith('#!')) {
    const end = text.indexOf('\n') + 1
    return end === 0 ? text : text.slice(0, end) + prelude + shiftSourceMap(text.slice(end), prelude.length, 1)
  }
  return prelude + shiftSourceMap(text, prelude.length, 0)
}

const INLINE_MAP = /^(\/\/[#@] sourceMappingURL=data:application\/json[^,\n]*;base64,)([A-Za-z0-9+/=]+)\s*$/m

/**
 * Moves the first mapping of generated line `line` of an inline source map `by` columns to the right: the others of
 * that line are relative to it.
 * @param {string} text @param {number} by @param {number} line
 */
function shiftSourceMap(text, by, line) {
  const at = text.lastIndexOf('sourceMappingURL=data:')
  if (at === -1) return text
  const start = text.lastIndexOf('\n', at) + 1
  const found = INLINE_MAP.exec(text.slice(start))
  if (!found) return text
  try {
    const map = JSON.parse(Buffer.from(found[2], 'base64').toString())
    const lines = map.mappings.split(';')
    if (!lines[line]) return text
    lines[line] = shiftFirstColumn(lines[line], by)
    map.mappings = lines.join(';')
    const encoded = Buffer.from(JSON.stringify(map)).toString('base64')
    const offset = start + found.index + found[1].length
    return text.slice(0, offset) + encoded + text.slice(offset + found[2].length)
  } catch {
    // A map that cannot be read maps nothing either.
    return text
  }
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** @param {string} segments base 64 VLQ, of which the first number is a column @param {number} by */
function shiftFirstColumn(segments, by) {
  let column = 0
  let length = 0
  let more
  do {
    const digit = DIGITS.indexOf(segments[length])
    column += (digit & 31) << (5 * length)
    more = digit & 32
    length++
  } while (more)
  // The lowest bit is the sign; a column has none.
  let rest = ((column >> 1) + by) << 1
  let encoded = ''
  do {
    const digit = rest & 31
    rest >>= 5
    encoded += DIGITS[rest > 0 ? digit | 32 : digit]
  } while (rest > 0)
  return encoded + segments.slice(length)
}
