/**
 * Finds modules by parts of their paths.
 */
import { element, visible } from './text.mjs'

/** So many are listed. */
const SHOWN = 50

/**
 * @param {HTMLInputElement} input @param {HTMLElement} results @param {() => string[]} paths @param {(path: string) => void} choose
 */
export function createSearch(input, results, paths, choose) {
  const close = () => {
    results.hidden = true
    results.replaceChildren()
  }

  /** @param {string} path */
  const take = (path) => {
    close()
    choose(path)
  }

  function search() {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean)
    if (words.length === 0) return close()
    const found = paths().filter((path) => words.every((word) => path.toLowerCase().includes(word)))
    const rows = found.slice(0, SHOWN).map((path) =>
      element('li', {}, element('button', { type: 'button', className: 'path', onclick: () => take(path) }, element('bdi', { textContent: visible(path) }))),
    )
    const rest = found.length - rows.length
    const note = found.length === 0 ? 'nothing found' : rest > 0 ? `and ${rest} more` : ''
    results.replaceChildren(...rows, ...(note ? [element('li', { textContent: note })] : []))
    results.hidden = false
    return undefined
  }

  input.addEventListener('input', search)
  input.addEventListener('keydown', (event) => {
    const first = results.querySelector('button')
    if (event.key === 'Enter') first?.click()
    else if (event.key === 'ArrowDown') first?.focus()
    else if (event.key === 'Escape') close()
    else return
    event.preventDefault()
  })
  results.addEventListener('keydown', (event) => {
    const row = document.activeElement?.closest('li')
    const next = event.key === 'ArrowDown' ? row?.nextElementSibling : event.key === 'ArrowUp' ? row?.previousElementSibling : undefined
    if (event.key === 'Escape') close()
    else if (next === undefined) return
    if (next) next.querySelector('button')?.focus()
    else input.focus()
    event.preventDefault()
  })
}
