/**
 * Text that is not ours, such as names of files, as it may be written to a terminal or into a log: a terminal would obey
 * escape sequences, and show the other characters as something else than what they are. The CLI and the runner use it,
 * too; nothing else is loaded here.
 */

/** Controls (C0, DEL and C1), format characters (bidi, zero width), separators of lines, and halves of surrogate pairs. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const UNSAFE_IN_LINES = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

const escape = (/** @type {string} */ character) => `\\u{${character.codePointAt(0)?.toString(16)}}`

/** One line, whatever is in it. @param {unknown} text */
export const visible = (text) => String(text).replace(UNSAFE, escape)

/** Several lines, such as a stack. @param {unknown} text */
export const visibleLines = (text) => String(text).replace(UNSAFE_IN_LINES, escape)

/** JSON whose texts hold nothing of the kind; read again, they are the same. @param {unknown} value @returns {string} */
export const visibleJson = (value) =>
  // What is unsafe in JSON stands inside of a text: there is nothing of the kind between them.
  JSON.stringify(value).replace(UNSAFE, (character) =>
    Array.from({ length: character.length }, (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  )
