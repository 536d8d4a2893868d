/**
 * What is to be seen, as a list: for small screens, and for people who prefer to read.
 */
import { face } from './drawing.mjs'
import { foldersOf, PACKAGES, packageOf } from './fold.mjs'
import { element, visible } from './text.mjs'

/** So many rows are made at most. */
const SHOWN = 500

/** @param {import('./fold.mjs').Unit} unit */
const pathOf = ({ id, kind, name }) => (kind === 'packages' ? '\uffff' : kind === 'package' ? `\uffff${name}` : id.replace(/^(module|folder) /, ''))

/**
 * @param {HTMLElement} list
 * @param {{ chooseUnit: (unit: string) => void, toggle: (folder: string) => void }} actions
 */
export function createList(list, { chooseUnit, toggle }) {
  /** @param {number} depth @param {Array<Node | string>} children */
  const row = (depth, ...children) => {
    const made = element('li', {}, ...children)
    made.style.setProperty('--depth', String(depth))
    return made
  }

  /** @param {string} folder @param {string} name @param {boolean} isOpen */
  const fold = (folder, name, isOpen) =>
    element('button', { type: 'button', className: 'fold', ariaExpanded: String(isOpen), ariaLabel: `${isOpen ? 'Fold' : 'Unfold'} ${visible(name)}`, onclick: () => toggle(folder), textContent: isOpen ? '▾' : '▸' })

  return {
    /**
     * @param {import('./model.mjs').Model} model @param {Map<string, import('./fold.mjs').Unit>} units
     * @param {import('./fold.mjs').Folding} folding @param {Set<string>} chosen
     */
    show(model, units, { folded }, chosen) {
      /** @type {Set<string>} */
      const headed = new Set()
      const rows = []
      const sorted = [...units.values()].toSorted((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1))
      for (const unit of sorted.slice(0, SHOWN)) {
        const own = unit.id.replace(/^(module|folder) /, '')
        const inside = unit.kind === 'module' && packageOf(own) === undefined ? foldersOf(own) : unit.kind === 'folder' ? foldersOf(`${own}/`).slice(0, -1) : []
        const above = inside.filter((folder) => !folded.has(folder))
        above.forEach((folder, depth) => {
          if (headed.has(folder)) return
          headed.add(folder)
          const name = `${depth > 0 ? folder.slice(above[depth - 1].length + 1) : folder}/`
          rows.push(row(depth, fold(folder, name, true), element('bdi', { className: 'heading', textContent: visible(name) })))
        })
        const start = above.length > 0 ? `${above.at(-1)}/`.length : 0
        const { label, state } = face({ ...unit, name: unit.kind === 'module' || unit.kind === 'folder' ? unit.name.slice(start) : unit.name }, model)
        const open = element('button', { type: 'button', className: `unit ${state}`, onclick: () => chooseUnit(unit.id) }, element('bdi', { textContent: label }))
        if (chosen.has(unit.id)) open.setAttribute('aria-current', 'true')
        if (unit.kind !== 'module') rows.push(row(above.length, fold(unit.kind === 'packages' ? PACKAGES : own, unit.name, false), open))
        else rows.push(row(above.length, open))
      }
      if (sorted.length > SHOWN) rows.push(row(0, `and ${sorted.length - SHOWN} more: search, or choose a folder`))
      list.replaceChildren(...rows)
    },
  }
}
