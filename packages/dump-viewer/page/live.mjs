/**
 * Receives what the app sends while it runs: graph snapshots, updates and restarts, as server-sent events.
 */
import { byId, element, visible } from './text.mjs'

/** So many lines are kept. */
const KEPT = 200

/** @param {string} kind @param {Array<string | Node>} words what is shown; each second one is a name */
function note(kind, words) {
  const line = words.map((word, at) => (at % 2 === 0 || typeof word !== 'string' ? word : element('bdi', { textContent: visible(word) })))
  const time = element('time', { textContent: new Date().toLocaleTimeString() })
  const log = byId('log')
  log.prepend(element('li', { className: kind }, time, ' ', ...line))
  while (log.children.length > KEPT) log.lastElementChild?.remove()
}

/**
 * @param {string} events
 * @param {{ replace: (picture: import('./model.mjs').Picture) => void, choose: (path: string) => void, knows: (path: string) => boolean }} actions
 */
export function listen(events, { replace, choose, knows }) {
  /** A file, to be chosen if it is a module. @param {string} path */
  const named = (path) => {
    const name = element('bdi', { textContent: visible(path) })
    return knows(path) ? element('button', { type: 'button', className: 'path', onclick: () => choose(path) }, name) : name
  }
  /** @param {string[]} paths */
  const first = (paths) => element('span', {}, named(paths[0] ?? ''), ...(paths.length > 1 ? [` and ${paths.length - 1} more`] : []))
  byId('timeline').hidden = false
  const source = new EventSource(events)
  /** @type {string | undefined} */
  let app
  /** @param {string} name @param {(data: any) => void} act */
  const on = (name, act) => source.addEventListener(name, ({ data }) => act(JSON.parse(data)))
  on('hello', (data) => {
    if (app !== undefined && app !== data.app) note('started', ['▶ started again'])
    app = data.app
    byId('connection').textContent = 'live'
  })
  on('picture', replace)
  on('update', ({ files, paths }) => note('update', ['✎ saved ', first(files), `: ${paths.length} ${paths.length === 1 ? 'module runs' : 'modules run'} again`]))
  on('end', () => {
    note('end', ['□ the app has ended'])
    byId('connection').textContent = 'the app does not run'
  })
  on('restart', ({ path, text, hint }) => note('restart', [...(path === undefined ? ['■ restart asked for: '] : ['■ restart asked for by ', named(path), ': ']), text, ...(hint ? [' — ', hint] : [])]))
  source.addEventListener('error', () => (byId('connection').textContent = 'not connected; trying again'))
}
