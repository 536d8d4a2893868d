/**
 * File names are text, whatever they hold.
 */

export { visible } from '../../../lib/runtime/visible.mjs'

/** @param {string} path */
export const baseName = (path) => path.slice(path.lastIndexOf('/') + 1)

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, unknown>} [properties] @param {Array<Node | string>} children
 */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

/** @template {HTMLElement} T @param {string} id @returns {T} */
export const byId = (id) => /** @type {T} */ (/** @type {unknown} */ (document.getElementById(id)))
