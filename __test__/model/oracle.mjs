/**
 * The naive oracle: what DESIGN.md says must happen, on the model's own graph. It knows nothing of the engine.
 *
 * Where a link or an evaluation fails, the design does not say which imports Node saw before. So there is `sure` and
 * there is `may`: an edge that was perhaps recorded, a module that was perhaps invalidated. What is answered to a
 * request is always sure.
 */
import path from 'node:path'
import { isBoundary, isDynamic, isHot, isKept, kindOf, MAIN, render } from './world.mjs'

/**
 * @typedef {import('./world.mjs').Content} Content
 * @typedef {import('./world.mjs').Link} Link
 * @typedef {'static' | 'dynamic' | 'require'} EdgeKind
 * @typedef {{ from: string, to: string, kind: EdgeKind, hot: boolean, sure: boolean }} Edge
 * @typedef {object} Module
 * @property {string} path
 * @property {'yes' | 'no' | 'maybe'} known whether it is in the graph
 * @property {Content | null} loaded what its current instance was made of
 * @property {boolean | 'maybe'} begun whether anybody began to load its current version
 * @property {string | null} bytes what was last decided on; `null`: absent
 * @property {'same' | 'new' | 'any'} identity what instance the next answer must show
 * @property {number} id its instance in the last answer that showed it
 * @property {Map<number, Set<string> | 'ok'>} kept how the imports that it keeps ended
 * @property {boolean} missing it was asked for, and not there
 * @property {boolean} isPruned it is CommonJS or JSON, and was pruned
 * @property {boolean} isFree its version may have gone up unseen since the last dump
 * @typedef {{ path: string, stamp: number, links: ({ to: string } | { kinds: Set<string> } | null)[] }} Shown
 * @typedef {object} Expected the messages that are due
 * @property {Set<string>} sure must be invalidated
 * @property {Set<string>} may may be invalidated
 * @property {Set<string>} first may be named first
 * @property {Map<string, Set<boolean>>} cold cold files that changed → what `shouldBeReloadable` may be
 * @property {boolean} isColdSure whether a restart must be asked for
 * @property {number} most how many messages of a kind there may be
 */

/** @returns {Expected} */
const nothing = () => ({ sure: new Set(), may: new Set(), first: new Set(), cold: new Map(), isColdSure: false, most: 0 })

/** @param {import('./world.mjs').World} disk what the files hold: the caller keeps it current */
export function createOracle(disk) {
  /** @type {Map<string, Module>} */
  const modules = new Map()
  /** @type {Edge[]} */
  let edges = []
  let isLate = false

  /** @param {string} file @returns {Module} */
  function moduleAt(file) {
    let module = modules.get(file)
    if (!module) {
      module = {
        path: file, known: 'no', loaded: null, begun: false, bytes: null, identity: 'new', id: 0, kept: new Map(), missing: false, isPruned: false, isFree: false,
      }
      modules.set(file, module)
    }
    return module
  }

  const bytesOf = (/** @type {string} */ file) => {
    const content = disk.get(file)
    return content ? render(file, content) : null
  }

  // ---- the graph

  /** @param {string} from @param {string} to @param {EdgeKind} kind @param {boolean} hot @param {boolean} sure */
  function addEdge(from, to, kind, hot, sure) {
    moduleAt(to).known = sure ? 'yes' : moduleAt(to).known === 'yes' ? 'yes' : 'maybe'
    const same = edges.find((edge) => edge.from === from && edge.to === to && edge.kind === kind && edge.hot === hot)
    if (!same) edges.push({ from, to, kind, hot, sure })
    else same.sure ||= sure
  }

  /** @param {(edge: Edge) => boolean} follow */
  function reach(follow) {
    const seen = new Set([MAIN])
    for (const file of seen) for (const edge of edges) if (edge.from === file && follow(edge)) seen.add(edge.to)
    return seen
  }

  const coldFiles = () => reach((edge) => !edge.hot)

  /** `file` and its importers that are not cold, upwards. @param {string} file @param {(edge: Edge) => boolean} follow */
  function climb(file, follow) {
    const cold = coldFiles()
    const seen = new Set([file])
    for (const at of seen) for (const edge of edges) if (edge.to === at && follow(edge) && !cold.has(edge.from)) seen.add(edge.from)
    return seen
  }

  /**
   * Whether the shortest chain from the root to `file` enters a boundary by a static import. Require edges may be
   * noticed late, and so come later than others: among equally short chains either may be meant.
   * @param {string} file @returns {Set<boolean>}
   */
  function shouldBeReloadable(file) {
    let layer = new Map([[MAIN, new Set([false])]])
    const seen = new Set([MAIN])
    while (layer.size > 0 && !layer.has(file)) {
      /** @type {typeof layer} */
      const next = new Map()
      for (const edge of edges) {
        const before = layer.get(edge.from)
        if (!before || edge.hot || seen.has(edge.to)) continue
        const after = next.get(edge.to) ?? new Set()
        for (const value of before) after.add(value || (edge.kind === 'static' && isBoundary(edge.to)))
        next.set(edge.to, after)
      }
      for (const at of next.keys()) seen.add(at)
      layer = next
    }
    return layer.get(file) ?? new Set([false])
  }

  /** What nothing reaches any more leaves the graph. `late`: when that is noticed, is left open. @param {boolean} late */
  function prune(late) {
    const [surely, perhaps] = [reach((edge) => edge.sure), reach(() => true)]
    for (const module of modules.values()) {
      if (module.known === 'no' || surely.has(module.path)) continue
      const isGone = !perhaps.has(module.path) && !late
      // JSON that CommonJS requires is in the same cache.
      if (kindOf(module.path) !== 'es') module.isPruned = true
      Object.assign(module, { loaded: null, begun: isGone ? false : 'maybe', kept: new Map(), isFree: true })
      module.identity = isGone && module.known === 'yes' ? 'new' : 'any'
      module.known = isGone ? 'no' : 'maybe'
      if (isGone) edges = edges.filter((edge) => edge.from !== module.path)
      else for (const edge of edges) if (edge.from === module.path) edge.sure = false
    }
  }

  // ---- what Node does

  /** The edges that a module's code makes by itself, before its `import()`s. @param {string} file @param {Content} content */
  const ownEdges = (file, content) =>
    content.links.filter((link) => !isDynamic(link)).map(({ to, how }) => ({ from: file, to, kind: /** @type {EdgeKind} */ (how), hot: false, sure: true }))

  /** An instance has run: its edges are those of its code. @param {Module} module @param {Content} content */
  function hasRun(module, content) {
    edges = edges.filter((edge) => edge.from !== module.path || edge.kind === 'dynamic')
    for (const edge of ownEdges(module.path, content)) addEdge(edge.from, edge.to, edge.kind, false, true)
    Object.assign(module, { loaded: content, begun: true, known: 'yes', bytes: bytesOf(module.path), kept: new Map(), missing: false })
    prune(kindOf(module.path) === 'cjs')
  }

  /** Imports `file`, of which there is no current instance. Returns how that fails, if it does. @param {string} file */
  function attempt(file) {
    /** @type {Set<string>} */
    const kinds = new Set()
    /** @type {Module[]} */
    const touched = []
    /** @type {Module[]} */
    const order = []
    link(file)
    if (kinds.size === 0) order.forEach(isLinked)
    if (kinds.size === 0) order.every((module) => evaluate(module))
    if (kinds.size === 0) return kinds
    // Node may also repeat what an earlier attempt ended in.
    if (touched.some((module) => disk.get(module.path)?.state === 'throw')) kinds.add('throw')
    touched.forEach(leaveOpen)
    // One that began to run has let go of what its older instances imported.
    prune(true)
    for (const module of touched) for (const importer of climb(module.path, (edge) => edge.kind === 'static')) moduleAt(importer).isFree = true
    return kinds

    /** @param {string} at */
    function link(at) {
      const module = moduleAt(at)
      const content = disk.get(at)
      if (module.loaded || touched.includes(module)) return
      touched.push(module)
      if (!content) return void kinds.add('missing')
      if (content.kind !== 'cjs' && content.state === 'syntax') return void kinds.add('syntax')
      for (const { to, how } of content.links) {
        if (how !== 'static') continue
        addEdge(at, to, 'static', false, false)
        link(to)
        if (kindOf(to) === 'es' && (moduleAt(to).loaded ?? disk.get(to))?.state === 'noexport') kinds.add('syntax')
      }
      order.push(module)
    }

    /** Its static imports were all seen. @param {Module} module */
    function isLinked(module) {
      for (const { to, kind } of ownEdges(module.path, /** @type {Content} */ (disk.get(module.path)))) {
        if (kind === 'static') addEdge(module.path, to, kind, false, true)
      }
    }

    /** @param {Module} module */
    function evaluate(module) {
      const content = disk.get(module.path)
      if (module.loaded) return true
      if (!touched.includes(module)) touched.push(module)
      if (!content) kinds.add('missing')
      else if (content.state === 'syntax') kinds.add('syntax')
      else if (content.state === 'throw') kinds.add('throw')
      else {
        const required = content.links.filter((link) => link.how === 'require')
        for (const { to } of required) addEdge(module.path, to, 'require', false, true)
        if (required.every(({ to }) => evaluate(moduleAt(to)))) hasRun(module, content)
      }
      return kinds.size === 0
    }
  }

  /** A module took part in an import that failed: how far it came is not known. @param {Module} module */
  function leaveOpen(module) {
    const content = disk.get(module.path)
    Object.assign(module, { begun: 'maybe', loaded: null, identity: 'any', kept: new Map(), isFree: true, bytes: bytesOf(module.path) })
    module.missing = !content
    const own = content ? ownEdges(module.path, content) : []
    for (const edge of edges) {
      if (edge.from !== module.path || edge.kind === 'dynamic') continue
      // How many `require`s it came to is not known.
      if (edge.kind === 'require' || !own.some((other) => other.to === edge.to && other.kind === edge.kind)) edge.sure = false
    }
    for (const edge of own) addEdge(edge.from, edge.to, edge.kind, false, false)
  }

  // ---- requests

  /** What the next request must answer. `skip`: links that it must not follow, because their answer is left open. */
  function request() {
    /** @type {Shown[]} */
    const shown = []
    /** @type {string[]} */
    const skip = []
    const seen = new Set([MAIN])
    for (const file of seen) {
      const content = /** @type {Content} */ (moduleAt(file).loaded)
      const links = content.links.map((link, index) => {
        const found = follow(moduleAt(file), link, index)
        if (!found) skip.push(`${file} ${index}`)
        else if ('to' in found) seen.add(found.to)
        return found
      })
      shown.push({ path: file, stamp: content.stamp, links })
    }
    return { shown, skip }
  }

  /** @param {Module} importer @param {Link} link @param {number} index */
  function follow(importer, link, index) {
    const { to } = link
    if (!isDynamic(link)) return { to }
    if (link.how === 'late' && !isLate) return null
    const cold = coldFiles()
    // What cold code keeps of what is hot is its own.
    if (isKept(link) && isHot(link) && cold.has(importer.path)) return null
    // Whether Node still resolves a file that is gone, for what it has loaded, is its own affair.
    if (cold.has(to) && !disk.get(to)) return null
    const kept = isKept(link) ? importer.kept.get(index) : undefined
    const outcome = kept ?? importDynamically(importer, link)
    if (isKept(link)) importer.kept.set(index, outcome)
    if (outcome !== 'ok') return { kinds: outcome }
    return kindOf(to) === 'es' && moduleAt(to).loaded?.state === 'noexport' ? { kinds: new Set(['undefined']) } : { to }
  }

  /** @param {Module} importer @param {Link} link */
  function importDynamically(importer, link) {
    addEdge(importer.path, link.to, 'dynamic', isHot(link), true)
    if (moduleAt(link.to).loaded) return 'ok'
    const kinds = attempt(link.to)
    return kinds.size > 0 ? kinds : 'ok'
  }

  // ---- changes

  /** Takes in that files have changed; `disk` says it already. @param {string[]} files @param {boolean} mayBeSeenEarly */
  function change(files, mayBeSeenEarly) {
    const expected = nothing()
    const cold = coldFiles()
    const changed = files.filter((file) => modules.get(file) && moduleAt(file).known !== 'no' && moduleAt(file).bytes !== bytesOf(file))
    for (const file of changed) consider(moduleAt(file), cold, expected, isLeftMeanwhile(file, changed))
    for (const file of files) createdNear(file, expected)
    for (const file of changed) moduleAt(file).bytes = bytesOf(file)
    for (const file of expected.may) invalidate(moduleAt(file), expected.sure.has(file) && !mayBeSeenEarly)
    for (const file of expected.may) if (edges.some((edge) => edge.to === file && edge.hot)) linkAhead(file)
    return expected
  }

  /** A boundary that an update affects is linked, perhaps; nothing of it runs. @param {string} file */
  function linkAhead(file) {
    const seen = new Set([file])
    for (const at of seen) {
      const module = moduleAt(at)
      if (module.loaded) continue
      if (module.begun === false) module.begun = 'maybe'
      const content = disk.get(at)
      // What links to it is tried again at the next import.
      if (content?.state !== 'ok') for (const importer of climb(at, (edge) => edge.kind === 'static')) moduleAt(importer).isFree = true
      for (const { to, how } of content?.links ?? []) {
        if (how !== 'static') continue
        addEdge(at, to, 'static', false, false)
        seen.add(to)
      }
    }
  }

  /** A deletion counts later: by then an importer that changed with it may have let it go. @param {string} file @param {string[]} changed */
  function isLeftMeanwhile(file, changed) {
    if (disk.get(file)) return false
    const above = new Set(climb(file, () => true))
    return changed.some((other) => other !== file && above.has(other))
  }

  /** @param {Module} module @param {Set<string>} cold @param {Expected} expected @param {boolean} isLeft */
  function consider(module, cold, expected, isLeft) {
    expected.most++
    if (cold.has(module.path)) {
      expected.cold.set(module.path, shouldBeReloadable(module.path))
      if (module.loaded) expected.isColdSure = true
      // It never ran, so that nothing of it stays.
      else mayInvalidate(module, expected, false)
    } else if (module.begun !== false) mayInvalidate(module, expected, module.begun === true && module.known === 'yes' && !isLeft)
  }

  /** @param {Module} module @param {Expected} expected @param {boolean} surely */
  function mayInvalidate(module, expected, surely) {
    expected.first.add(module.path)
    for (const file of climb(module.path, () => true)) expected.may.add(file)
    if (surely) for (const file of climb(module.path, (edge) => edge.sure)) if (moduleAt(file).known === 'yes') expected.sure.add(file)
  }

  /** Any file that comes to be may be the one that was missing in its folder. @param {string} file @param {Expected} expected */
  function createdNear(file, expected) {
    for (const module of modules.values()) {
      if (!module.missing || path.dirname(module.path) !== path.dirname(file)) continue
      expected.most += 2
      mayInvalidate(module, expected, false)
    }
  }

  /** @param {Module} module @param {boolean} surely */
  function invalidate(module, surely) {
    if (surely) module.identity = module.identity === 'any' ? 'any' : 'new'
    else Object.assign(module, { identity: 'any', isFree: true })
    Object.assign(module, { loaded: null, begun: surely ? false : 'maybe', kept: new Map() })
  }

  /** Whether all that `file` leads to is whole, so that it can become cold. @param {string} file */
  function isWhole(file) {
    const seen = new Set([file])
    for (const at of seen) {
      const content = disk.get(at)
      if (content?.state !== 'ok') return false
      for (const link of content.links) if (!isHot(link)) seen.add(link.to)
    }
    return true
  }

  Object.assign(moduleAt(MAIN), { known: 'yes' })
  const failed = attempt(MAIN)
  if (failed.size > 0) throw new Error(`the model's app does not start: ${[...failed]}`)

  return {
    modules,
    request,
    change,
    /** A deletion was perhaps seen at once, and told later. @param {Expected} expected */
    reopen(expected) {
      for (const file of expected.may) invalidate(moduleAt(file), false)
    },
    /** Whether a file is cold whatever was noticed of what is required. @param {string} file */
    isSurelyCold: (file) => reach((edge) => !edge.hot && edge.kind !== 'require').has(file),
    isCold: (/** @type {string} */ file) => coldFiles().has(file),
    edges: () => edges,
    /** Bytes that perhaps were others for a moment. @param {string} file */
    perhaps(file) {
      const expected = change([file], true)
      const module = modules.get(file)
      if (!module || module.known === 'no') return expected
      expected.most += 2
      if (coldFiles().has(file)) expected.cold.set(file, shouldBeReloadable(file))
      else mayInvalidate(module, expected, false)
      for (const other of expected.may) invalidate(moduleAt(other), false)
      return expected
    },
    /**
     * Whether code that runs again links to cold code whose file is gone: how that ends is Node's own affair.
     * @param {import('./world.mjs').World} after what the files would hold
     */
    isNodesAffair(after) {
      const cold = coldFiles()
      return [...after].some(([from, content]) => !cold.has(from) && content?.links.some(({ to }) => cold.has(to) && !after.get(to)))
    },
    /** From now on the root imports what it left alone so far, without a boundary. */
    becomeLate() {
      const late = /** @type {Content} */ (moduleAt(MAIN).loaded).links.filter((link) => link.how === 'late')
      if (!late.every((link) => isWhole(link.to))) return false
      isLate = true
      return true
    },
  }
}

/** @typedef {ReturnType<typeof createOracle>} Oracle */
