/**
 * `hot-hook explain`: what a change of a file would do.
 */
import fs from 'node:fs'
import path from 'node:path'
import { visible, visibleJson } from '../lib/runtime/visible.mjs'
import { describeHint } from './outcomes.mjs'
import { askOne, currentFolder } from './apps.mjs'

/** @param {string} file @param {{ pid?: string, json: boolean }} options @returns {Promise<string[]>} */
export async function explain(file, { pid, json }) {
  const { response } = await askOne({ ask: 'explain', path: path.resolve(currentFolder(), file) }, pid)
  return json ? [visibleJson(response)] : describe(response, (one) => visible(path.relative(currentFolder(), one) || one))
}

/** @param {any} found @param {(file: string) => string} show */
function describe({ path: file, version, verdict, boundaries, reason, hint, invalidates, takenOnce = [] }, show) {
  const by = (/** @type {boolean} */ certain) => takenOnce.filter((/** @type {any} */ one) => one.certain === certain).map((/** @type {any} */ one) => show(one.by))
  const taken = [['taken once by', by(true)], ['probably taken once by', by(false)]].map(([words, list]) => (list.length > 0 ? `, ${words} ${list.join(', ')}` : '')).join('')
  const head = `${show(file)}: ${visible(verdict)}${taken}${version > 0 ? `, version ${version}` : ''}`
  switch (verdict) {
    case 'hot': {
      const others = invalidates.slice(1).map(show)
      const again = others.length === 0 ? 'it alone would run again' : `it would run again, and ${others.length} more: ${others.join(', ')}`
      return [head, `boundaries: ${boundaries.map(show).join(', ') || 'none'}`, again]
    }
    case 'restart':
    case 'declined': {
      return [head, ...(reason ? [visible(reason)] : []), ...describeHint(hint)]
    }
    case 'ignored':
      return [head, 'a change of it does nothing: the option `ignore` matches it']
    default:
      return [head, fs.existsSync(file) ? 'a change of it does nothing: nothing has imported it' : 'there is no such file, and nothing waits for it']
  }
}
