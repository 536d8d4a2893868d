/**
 * What is known of the chosen module or folder, as text.
 */
import { explain, sentence } from './model.mjs'
import { packageName } from './fold.mjs'
import { describeFailure, describeHint } from './say.mjs'
import { element, visible } from './text.mjs'

/** So many of a list are shown. */
const SHOWN = 200
const STATES = { hot: '● hot', cold: '■ cold', declined: '▲ declined', ignored: '◆ ignored' }

/**
 * @param {string} heading @param {number} count @param {Array<Node>} rows @param {'ul' | 'ol'} [tag]
 */
function list(heading, count, rows, tag = 'ul') {
  if (count === 0) return []
  const more = count > rows.length ? [element('p', { textContent: `and ${count - rows.length} more` })] : []
  return [element('h3', { textContent: `${heading} (${count})` }), element(tag, {}, ...rows.map((row) => element('li', {}, row))), ...more]
}

/** A path of which each folder is a button that folds it. @param {string} path @param {string[]} folders @param {(folder: string) => void} toggle */
function crumbs(path, folders, toggle) {
  let from = 0
  const parts = folders.flatMap((folder) => {
    const text = visible(path.slice(from, folder.length))
    from = folder.length + 1
    return [element('button', { type: 'button', className: 'crumb', title: 'Fold', ariaLabel: `Fold ${visible(folder)}/`, onclick: () => toggle(folder) }, element('bdi', { textContent: text })), '/']
  })
  return element('h2', {}, ...parts, element('bdi', { textContent: visible(path.slice(from)) }))
}

/**
 * @param {HTMLElement} panel
 * @param {{ choose: (path: string) => void, toggle: (folder: string) => void, putBack: (path: string) => void }} actions
 */
export function createPanel(panel, { choose, toggle, putBack }) {
  /** @param {string} path @param {string} [note] */
  function link(path, note) {
    const button = element('button', { type: 'button', className: 'path', onclick: () => choose(path) }, element('bdi', { textContent: visible(path) }))
    return note === undefined ? button : element('span', {}, button, ` ${note}`)
  }

  /** @param {import('./model.mjs').Edge} edge */
  const kindOf = ({ kind, hot, accepted }) => [kind, hot && 'hot', accepted && 'accepted'].filter(Boolean).join(', ')

  return {
    /** @param {import('./model.mjs').Model} model @param {number} at @param {string[]} folders those that it is in, outermost first */
    showModule(model, at, folders) {
      const { modules, imports, importers } = model
      const { path, version, state, root, boundary, accepts, declines, errors = [] } = modules[at]
      const explanation = explain(model, at)
      const { chain, reason, hint, boundaries, invalidates, taken = [] } = explanation
      const declining = state === 'declined' ? model.affected(at).found.filter((one) => modules[one].declines) : []
      const facts = [
        STATES[state],
        `version ${version}`,
        root && '▶ root',
        boundary && '⇥ boundary',
        accepts && '↻ accepts itself',
        declines && '✖ declines',
        version > 0 && '✎ changed',
        model.isTakenOnce(at) && '1× taken once',
      ].filter((fact) => typeof fact === 'string')
      panel.replaceChildren(
        crumbs(path, folders, toggle),
        element('p', { className: 'facts', textContent: facts.join(' · ') }),
        ...errors.map((error) => element('div', { className: 'verdict failed' }, ...describeFailure(error, (file) => (model.find(file) === undefined ? undefined : link(file))))),
        element('div', { className: `verdict ${state}` },
          element('p', { textContent: sentence(explanation) }),
          ...(reason === undefined ? [] : [element('p', { className: 'reason' }, element('b', { textContent: 'Reason: ' }), element('bdi', { textContent: visible(reason) }))]),
          ...(hint === undefined ? [] : describeHint(hint))),
        ...list('What stays stale, taken once by', taken.length, taken.slice(0, SHOWN).map((edge) => element('span', {}, link(modules[edge.from].path, edge.takenOnce ? undefined : 'probably'), ` ─${edge.kind}→ `, link(modules[edge.to].path)))),
        ...list('What makes it cold', chain.length, chain.map((edge) => element('span', {}, link(modules[edge.from].path), ` ─${edge.kind}→ `, link(modules[edge.to].path))), 'ol'),
        ...list('What declines', declining.length, declining.slice(0, SHOWN).map((one) => link(modules[one].path))),
        ...list('What makes it hot', boundaries.length, boundaries.slice(0, SHOWN).map((one) => link(modules[one].path, modules[one].boundary ? '⇥ boundary' : 'accepted'))),
        ...list('What a save runs again', invalidates.length, invalidates.slice(0, SHOWN).map((one) => link(modules[one].path))),
        ...list('Imported by', importers[at].length, importers[at].slice(0, SHOWN).map((edge) => link(modules[edge.from].path, kindOf(edge)))),
        ...list('Imports', imports[at].length, imports[at].slice(0, SHOWN).map((edge) => link(modules[edge.to].path, `${kindOf(edge)}, as ${visible(JSON.stringify(edge.specifier))}`))),
      )
      panel.scrollTop = 0
    },

    /**
     * @param {import('./model.mjs').Model} model @param {import('./fold.mjs').Unit & { path: string, isFolded: boolean }} folder
     * @param {string[]} direct the packages that the app imports itself, and that do not stand apart
     */
    showFolder({ modules }, { name, kind, members, path, isFolded }, direct) {
      const button = (/** @type {string} */ text, /** @type {() => void} */ onclick) => element('button', { type: 'button', onclick }, text)
      const isAll = kind === 'packages'
      const actions = isAll
        ? [direct.length > 0 ? button(`Show the ${direct.length} that the app imports`, () => toggle(path)) : button('Fold all packages', () => toggle(path))]
        : [button(isFolded ? 'Unfold' : 'Fold', () => toggle(path)), ...(kind === 'package' ? [button('Put back among the packages', () => putBack(path))] : [])]
      const counts = Object.entries(STATES).map(([state, word]) => [members.filter((at) => modules[at].state === state).length, word])
      panel.replaceChildren(
        element('h2', {}, element('bdi', { textContent: visible(name) })),
        element('p', { className: 'facts', textContent: [isAll ? `${members.length} modules of packages` : `${kind} of ${members.length}`, ...counts.filter(([count]) => count).map(([count, word]) => `${count} ${word}`)].join(' · ') }),
        element('p', { className: 'actions' }, ...actions),
        ...(isAll ? list('Imported by the app', direct.length, direct.slice(0, SHOWN).map((one) => element('button', { type: 'button', className: 'path', onclick: () => toggle(one) }, element('bdi', { textContent: visible(packageName(one)) })))) : []),
        ...list('Modules', members.length, members.slice(0, SHOWN).map((at) => link(modules[at].path))),
      )
      panel.scrollTop = 0
    },

    /** @param {import('./model.mjs').Model} model */
    showAll({ modules: all, isDrawn, size }) {
      const modules = all.filter((_, at) => isDrawn(at))
      const counts = /** @type {Array<keyof typeof STATES>} */ (Object.keys(STATES)).map((state) => [state, modules.filter((module) => module.state === state).length])
      const chips = counts.filter(([, count]) => count).map(([state, count]) => element('li', { className: `state ${state}`, textContent: `${count} ${STATES[/** @type {keyof typeof STATES} */ (state)]}` }))
      const changed = modules.filter(({ version }) => version > 0)
      const failed = modules.filter(({ errors }) => errors !== undefined)
      const text = size === 0 ? 'No modules: hot-hook is not enabled in this thread, or nothing was imported since.' : `${size} modules. Choose one to see who imports it, and what a save of it would do.`
      panel.replaceChildren(element('h2', { textContent: 'Import graph' }), element('p', { textContent: text }),
        ...(chips.length > 0 ? [element('ul', { className: 'counts' }, ...chips)] : []),
        ...list('Failed', failed.length, failed.slice(0, SHOWN).map(({ path, errors = [] }) => link(path, visible(`${errors[0]?.name}: ${errors[0]?.message.split('\n')[0]}`)))),
        ...list('Changed', changed.length, changed.slice(0, SHOWN).map(({ path, version }) => link(path, `✎${version}`))))
    },
  }
}
