/**
 * `hot-hook graph`: the modules and their imports.
 */
import { visible, visibleJson } from '../lib/runtime/visible.mjs'
import { askOne } from './apps.mjs'

/** How modules are filled, by their state. @type {Record<string, string>} */
const FILLS = { hot: '#cde8cf', cold: '#d6e4f5', declined: '#f6d9b8', ignored: '#e8e8e8' }

/** @typedef {{ path: string, state: string, version: number, root?: boolean, boundary?: boolean }} Module */
/** @typedef {{ from: number, to: number, kind: string, hot?: boolean }} Edge */
/** @typedef {{ modules: Module[], edges: Edge[] }} Graph */

/** @param {{ pid?: string, all: boolean, json: boolean, dot: boolean, mermaid: boolean }} options @returns {Promise<string[]>} */
export async function graph({ pid, all, json, dot, mermaid }) {
  const { response } = await askOne({ ask: 'graph' }, pid)
  const shown = all ? response : withoutPackages(response)
  if (json) return [visibleJson(shown)]
  return dot ? toDot(shown) : mermaid ? toMermaid(shown) : toTree(shown)
}

const isOfPackage = (/** @type {Module} */ { path }) => /(?:^|[/\\])node_modules[/\\]/.test(path)

/** The user's own modules. @param {Graph} graph @returns {Graph} */
function withoutPackages({ modules, edges, ...more }) {
  /** @type {Map<number, number>} */
  const places = new Map()
  for (const [at, module] of modules.entries()) if (!isOfPackage(module)) places.set(at, places.size)
  const kept = edges.flatMap((edge) => {
    const [from, to] = [places.get(edge.from), places.get(edge.to)]
    return from === undefined || to === undefined ? [] : { ...edge, from, to }
  })
  // They name edges by their places.
  const own = modules.filter((_, at) => places.has(at)).map(({ ...module }) => (delete (/** @type {any} */ (module).via), module))
  return { ...more, modules: own, edges: kept }
}

/**
 * ```text
 *   cold     main.mjs
 *   cold     ├─ config.mjs
 *   hot      └─ page.mjs  boundary
 *   hot         └─ part.mjs  v1
 * ```
 * A module stands below the importer that is met first, and elsewhere once more with `…` for what it imports.
 * @param {Graph} graph
 */
function toTree({ modules, edges }) {
  /** @type {number[][]} */
  const imports = modules.map(() => [])
  for (const { from, to } of edges) if (!imports[from].includes(to)) imports[from].push(to)
  const imported = new Set(edges.filter(({ from, to }) => from !== to).map(({ to }) => to))
  /** @type {Set<number>} */
  const shown = new Set()
  /** @type {string[]} */
  const lines = []
  const walk = (/** @type {number} */ root) => {
    // Not by recursion: a chain of imports may be long.
    const stack = [{ at: root, head: '', indent: '' }]
    for (let next; (next = stack.pop()); ) {
      const { at, head, indent } = next
      const isKnown = shown.has(at) && imports[at].length > 0
      lines.push(`${modules[at].state.padEnd(8)} ${head}${describe(modules[at])}${isKnown ? ' …' : ''}`)
      if (shown.has(at)) continue
      shown.add(at)
      const below = imports[at].map((to, place, all) => {
        const isLast = place === all.length - 1
        return { at: to, head: `${indent}${isLast ? '└─ ' : '├─ '}`, indent: `${indent}${isLast ? '   ' : '│  '}` }
      })
      stack.push(...below.toReversed())
    }
  }
  const all = modules.map((_, at) => at)
  const roots = all.filter((at) => modules[at].root)
  const others = all.filter((at) => !imported.has(at))
  for (const at of [...roots, ...others, ...all]) if (!shown.has(at)) walk(at)
  return lines
}

/** @param {Module} module */
const describe = ({ path, version, boundary }) => `${visible(path)}${boundary ? '  boundary' : ''}${version > 0 ? `  v${version}` : ''}`

/** @param {Graph} graph */
function toDot({ modules, edges }) {
  const quote = (/** @type {string} */ text) => `"${visible(text).replace(/["\\]/g, '\\$&')}"`
  return [
    'digraph {',
    '  node [shape=box, style=filled]',
    ...modules.map(({ path: file, state, boundary }, at) => `  n${at} [label=${quote(file)}, fillcolor="${FILLS[state]}"${boundary ? ', penwidth=2' : ''}]`),
    ...edges.map(({ from, to, kind, hot }) => `  n${from} -> n${to}${kind === 'static' ? '' : ` [style=${hot ? 'bold' : 'dashed'}, label="${hot ? 'hot' : kind}"]`}`),
    '}',
  ]
}

/** @param {Graph} graph */
function toMermaid({ modules, edges }) {
  const label = (/** @type {string} */ text) => visible(text).replace(/[#"<>&`[\](){}|\\]/g, (character) => `#${character.charCodeAt(0)};`)
  return [
    'flowchart TD',
    ...modules.map(({ path: file, state }, at) => `  n${at}["${label(file)}"]:::${state}`),
    ...edges.map(({ from, to, kind, hot }) => `  n${from} ${kind === 'static' ? '-->' : `-. ${hot ? 'hot' : kind} .->`} n${to}`),
    ...Object.entries(FILLS).map(([state, fill]) => `  classDef ${state} fill:${fill}`),
  ]
}
