/**
 * Receives what the app sends while it runs: graph snapshots, updates and restarts, as server-sent events.
 */
import { describeFailure, describeHint } from './say.mjs'
import { byId, element, visible } from './text.mjs'

/** So many lines are kept. */
const KEPT = 200

/** @param {string} kind @param {Array<string | Node>} words what is shown; each second one is a name */
function note(kind, words) {
  const line = words.map((word, at) => (at % 2 === 0 || typeof word !== 'string' ? word : element('bdi', { textContent: visible(word) })))
  const time = element('time', { textContent: new Date().toLocaleTimeString() })
  const log = byId('log')
  const made = element('li', { className: kind }, time, ' ', ...line)
  log.prepend(made)
  while (log.children.length > KEPT) log.lastElementChild?.remove()
  return made
}

/** The line of a save, for its outcome. @param {string[]} files */
const keyOf = (files) => JSON.stringify(files.toSorted())

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
  /** Each outcome's line, by its id: it may become another. @type {Map<string, HTMLElement>} */
  const lines = new Map()

  /** @param {any} outcome */
  function became({ id, outcome, files, errors = [], mended = [], stale = [], pending = [], ms }) {
    const saved = [...byId('log').querySelectorAll('li.update')].find((line) => /** @type {HTMLElement} */ (line).dataset.files === keyOf(files) && !/** @type {HTMLElement} */ (line).dataset.outcome)
    const before = lines.get(id)
    lines.delete(id)
    if (lines.size > KEPT) lines.delete([...lines.keys()][0])
    const file = (/** @type {string} */ path) => (knows(path) ? named(path) : undefined)
    /** @type {HTMLElement | undefined} */
    let line
    if (outcome === 'failed') line = note('failed', ['✗ failed: ', first(files), element('div', {}, ...errors.flatMap((/** @type {any} */ error) => describeFailure(error, file)))])
    else if (outcome === 'applied' && saved) {
      /** @type {HTMLElement} */ (saved).dataset.outcome = id
      saved.append(element('span', { className: 'ms', textContent: pending.length > 0 ? ' · checked when it is next imported' : ` · ready in ${Math.max(1, Math.round(ms ?? 0))} ms` }))
    } else if (outcome === 'restarted') line = note('started', ['▶ restarted for ', first(files)])
    else if (outcome === 'crashed') line = note('failed', ['✗ crashed after ', first(files), element('div', {}, ...errors.flatMap((/** @type {any} */ error) => describeFailure(error, file)))])
    if (mended.length > 0) note('mended', ['✓ mended: ', first(mended)])
    for (const { path, by } of stale) note('stale', ['1× ', named(path), ' stays as it was in ', named(by), ', which took it once'])
    if (!line) return
    if (before) before.replaceWith(line)
    lines.set(id, line)
  }

  on('outcome', became)
  on('update', ({ files, paths }) => (note('update', ['✎ saved ', first(files), `: ${paths.length} ${paths.length === 1 ? 'module runs' : 'modules run'} again`]).dataset.files = keyOf(files)))
  on('end', () => {
    note('end', ['□ the app has ended'])
    byId('connection').textContent = 'the app does not run'
  })
  on('restart', ({ path, text, hint }) => note('restart', [...(path === undefined ? ['■ restart asked for: '] : ['■ restart asked for by ', named(path), ': ']), text, ...(hint ? [element('div', {}, ...describeHint(hint))] : [])]))
  source.addEventListener('error', () => (byId('connection').textContent = 'not connected; trying again'))
}
