/**
 * A graph snapshot, indexed. The engine has made all decisions; the page only shows them.
 *
 * @typedef {'hot' | 'cold' | 'declined' | 'ignored'} State
 * @typedef {'hot' | 'restart' | 'declined' | 'ignored' | 'unknown'} Verdict
 * @typedef {{ path: string, version: number, state: State, verdict: Verdict, root: boolean, boundary: boolean, accepts: boolean, declines: boolean, via?: number, restart?: string, reason?: string, hint?: string, errors?: Failure[] }} Module
 * @typedef {{ phase?: string, name: string, message: string, file?: string, line?: number, column?: number, frame?: string }} Failure
 * @typedef {{ from: number, to: number, kind: 'static' | 'dynamic' | 'require', hot: boolean, accepted: boolean, climbs: boolean, takenOnce?: boolean, specifier: string }} Edge
 * @typedef {{ modules: Module[], edges: Edge[] }} Picture
 * @typedef {ReturnType<typeof createModel>} Model
 */

import { isOwn } from './fold.mjs'

/** @param {Picture} picture @param {string[]} [own] the folders of hot-hook's own packages, if they are linked */
export function createModel({ modules, edges }, own = []) {
  /** @type {Map<string, number>} */
  const byPath = new Map(modules.map(({ path }, at) => [path, at]))
  /** @type {Edge[][]} */
  const imports = modules.map(() => [])
  /** @type {Edge[][]} */
  const importers = modules.map(() => [])
  for (const edge of edges) {
    imports[edge.from].push(edge)
    importers[edge.to].push(edge)
  }
  const drawn = modules.map(({ path }) => !isOwn(path, own))
  return {
    modules,
    edges,
    /** Whether a module is one of the app, not hot-hook's own. @param {number} at */
    isDrawn: (at) => drawn[at],
    /** How many are. */
    size: drawn.filter(Boolean).length,
    /** Whether an importer has taken the module once, and keeps what it got. @param {number} at */
    isTakenOnce: (at) => importers[at].some(({ takenOnce }) => takenOnce !== undefined),
    imports,
    importers,
    /** @param {string} path */
    find: (path) => byPath.get(path),

    /** The edges that make a module cold, from where the app begins; empty if none do. @param {number} at */
    chain(at) {
      /** @type {Edge[]} */
      const chain = []
      for (let via = modules[at].via; via !== undefined; via = modules[edges[via].from].via) chain.unshift(edges[via])
      return chain
    },

    /** What a save of a module invalidates, itself first, and the edges by which. @param {number} at */
    affected(at) {
      /** @type {Edge[]} */
      const crossed = []
      if (modules[at].verdict !== 'hot' && modules[at].verdict !== 'declined') return { found: [], crossed }
      const found = new Set([at])
      for (const target of found) {
        for (const edge of importers[target]) {
          if (!edge.climbs) continue
          if (!found.has(edge.from)) crossed.push(edge)
          found.add(edge.from)
        }
      }
      return { found: [...found], crossed }
    },
  }
}

/**
 * What `hot.explain()` says of a module, with its paths as the snapshot has them, and the reason without the chain.
 * @param {Model} model @param {number} at
 */
export function explain(model, at) {
  const { modules, importers } = model
  const { path, version, verdict, restart, reason, hint } = modules[at]
  const chain = verdict === 'restart' && restart === undefined ? model.chain(at) : []
  const invalidates = verdict === 'hot' ? model.affected(at).found : []
  const boundaries = invalidates.filter((one) => importers[one].some(({ hot, accepted }) => hot || accepted))
  const taken = invalidates.flatMap((one) => importers[one].filter((edge) => edge.takenOnce !== undefined))
  return { path, version, verdict, boundaries, chain, reason, hint, invalidates, ...(taken.length > 0 && { taken }) }
}

/** What a save would do, in a sentence. @param {ReturnType<typeof explain>} explanation @returns {string} */
export function sentence({ verdict, invalidates }) {
  const above = invalidates.length - 1
  switch (verdict) {
    case 'hot':
      return above === 0 ? 'A save reloads it.' : `A save reloads it, and ${above} ${above === 1 ? 'module' : 'modules'} above it.`
    case 'restart':
    case 'declined':
      return 'A save asks for a restart.'
    case 'ignored':
      return 'A save does nothing: the option `ignore` matches it.'
    default:
      return 'It is no file that could be saved.'
  }
}
