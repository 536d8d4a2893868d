/**
 * Hints and errors as the page tells them. All of it is text, whatever it holds.
 */
import { element, visible } from './text.mjs'

/** What is to be written, with a button that copies it. @param {string} text */
function code(text) {
  const copy = element('button', { type: 'button', className: 'copy', textContent: 'Copy' })
  copy.addEventListener('click', async () => {
    const isCopied = await copyText(text)
    copy.textContent = isCopied ? 'Copied' : 'Select it, and copy'
  })
  return element('div', { className: 'code' }, element('pre', { tabIndex: 0 }, element('code', { textContent: text.split('\n').map(visible).join('\n') })), copy)
}

/** @param {string} text */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // A page that is a file may not.
    const area = element('textarea', { value: text, className: 'unseen', ariaLabel: 'What is copied' })
    document.body.append(area)
    area.select()
    const isCopied = document.execCommand('copy')
    area.remove()
    return isCopied
  }
}

/** The parts of a hint: what is indented is code to write. @param {string} hint */
export function describeHint(hint) {
  /** @type {Array<{ isCode: boolean, lines: string[] }>} */
  const parts = []
  for (const line of hint.split('\n')) {
    const isCode = parts.length > 0 && /^\s+\S/.test(line)
    const last = parts.at(-1)
    if (last?.isCode === isCode) last.lines.push(line)
    else parts.push({ isCode, lines: [line] })
  }
  const indent = (/** @type {string[]} */ lines) => Math.min(...lines.map((line) => line.search(/\S/)))
  return parts.map(({ isCode, lines }, at) =>
    isCode
      ? code(lines.map((line) => line.slice(indent(lines))).join('\n'))
      : element('p', { className: 'hint' }, ...(at === 0 ? [element('b', { textContent: 'Hint: ' })] : []), element('bdi', { textContent: lines.map(visible).join('\n') })),
  )
}

/**
 * An error, its place and the lines around it.
 * @param {import('./model.mjs').Failure} failure @param {(file: string) => Node | undefined} [link] to a file, if it is a module
 */
export function describeFailure({ name, message, file, line, column, frame }, link) {
  const at = [line, column].filter((number) => number !== undefined && number !== null).join(':')
  const place = file === undefined || file === null ? [] : [element('p', { className: 'place' }, link?.(file) ?? element('bdi', { textContent: visible(file) }), at && `:${at}`)]
  return [
    element('p', { className: 'error' }, element('bdi', { textContent: `✗ ${visible(name)}: ${message.split('\n').map(visible).join('\n')}` })),
    ...place,
    ...(frame ? [element('pre', { tabIndex: 0 }, frame.split('\n').map(visible).join('\n'))] : []),
  ]
}
