/**
 * A picture, indexed. The engine has decided: here its answers are only followed.
 *
 * @typedef {'hot' | 'cold' | 'declined' | 'ignored'} State
 * @typedef {{ path: string, version: number, state: State, root: boolean, boundary: boolean, accepts: boolean, declines: boolean, via?: number, restart?: string }} Module
 * @typedef {{ from: number, to: number, kind: 'static' | 'dynamic' | 'require', hot: boolean, accepted: boolean, climbs: boolean, specifier: string }} Edge
 * @typedef {{ modules: Module[], edges: Edge[] }} Picture
 * @typedef {ReturnType<typeof createModel>} Model
 */

/** @param {Picture} picture */
export function createModel({ modules, edges }) {
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
  return {
    modules,
    edges,
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
    climb(at) {
      /** @type {Edge[]} */
      const crossed = []
      const { state, restart } = modules[at]
      if (state === 'cold' || state === 'ignored' || restart !== undefined) return { found: [], crossed }
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

/** What a save of a module would do, in a sentence. @param {Model} model @param {number} at @returns {string} */
export function verdict(model, at) {
  const { state, restart, via } = model.modules[at]
  if (restart !== undefined) return `A save asks for a restart: it matches restart: ${JSON.stringify(restart)}.`
  if (state === 'ignored') return 'A save does nothing: it keeps its one instance until a restart.'
  if (state === 'cold' && via === undefined) return 'A save asks for a restart: the app begins here.'
  if (state === 'cold') return 'A save asks for a restart: no boundary makes it hot.'
  const above = model.climb(at).found.slice(1)
  if (state === 'declined') return 'A save asks for a restart: a module that would have to run again declines hot reload.'
  if (above.length === 0) return 'A save reloads it.'
  return `A save reloads it, and ${above.length} ${above.length === 1 ? 'module' : 'modules'} above it.`
}
