/**
 * Random graphs of modules that accept, and random saves, against what DESIGN.md says must happen. The app logs what
 * runs; this knows nothing of the engine.
 *
 *   main ──▶ m0 … m7, each importing later ones    No import is repeated: what is not accepted is cold.
 *
 * With some seeds modules import earlier ones, too, so that there are cycles. Nothing is broken there: Node 20 may never settle an
 * import of a cycle that cannot be linked.
 */
import { inspect } from 'node:util'
import { createRandom } from './random.mjs'

/**
 * @typedef {object} Content what a module is made of
 * @property {number} stamp
 * @property {number[]} imports
 * @property {number[]} back imports of earlier modules, which may close cycles
 * @property {boolean} own whether it accepts itself
 * @property {number[]} accepts which of its imports it accepts
 * @property {'ok' | 'syntax' | 'early' | 'throw'} state `early`: it throws before it registers anything, `throw`: after
 * @property {boolean} awaits whether it has a top-level `await`
 * @property {boolean} slow whether it takes its time to be disposed of
 * @property {boolean} hangs whether its disposal never ends: it is waited for no longer than the limit
 * @typedef {{ type: string, module: number, n: number, stamp?: number, links?: number[], fresh?: number[], by?: number }} Line
 * @typedef {Line & { stamp: number, links: number[], content: Content, over: boolean, mixed: string[] }} Instance
 * `mixed`: what of its links was not current when it evaluated. That is allowed if it was pruned meanwhile: its import was under way.
 */

const COUNT = 8
const MAIN = -1
const nameOf = (/** @type {number} */ id) => (id === MAIN ? 'main.mjs' : `m${id}.mjs`)

/** @param {Content} content */
const importsOf = ({ imports, back }) => [...imports, ...back]

/** @param {number} id @param {Content} content @param {boolean} isCyclic whether there may be cycles */
function render(id, content, isCyclic) {
  const { stamp, imports, back, own, accepts, state, awaits, slow, hangs } = content
  const linked = importsOf(content)
  if (state === 'syntax') return `export const = ${stamp}`
  const at = `module: ${id}, n: inst.n`
  const fails = `log({ type: 'throw', ${at} }); throw new Error('thrown by ${stamp}')`
  return [
    ...linked.map((to) => `import { inst as i${to} } from './${nameOf(to)}'`),
    `export const inst = { n: globalThis.count = (globalThis.count ?? 0) + 1 }`,
    `log({ type: 'eval', ${at}, stamp: ${stamp}, links: [${imports.map((to) => `of(() => i${to}.n)`)}] })`,
    // In a cycle some of them have not evaluated yet.
    `function of(get) { try { return get() } catch { return 0 } }`,
    back.length > 0 || isCyclic ? `setImmediate(function later() { try { log({ type: 'links', ${at}, links: [${linked.map((to) => `i${to}.n`)}] }) } catch { setImmediate(later) } })` : '',
    state === 'early' ? fails : '',
    hangs
      ? `import.meta.hot.dispose(() => { log({ type: 'dispose', ${at} }); return new Promise(() => {}) })`
      : slow
      ? `import.meta.hot.dispose(async () => { log({ type: 'dispose', ${at} }); await new Promise((r) => setTimeout(r, 3)); log({ type: 'disposed', ${at} }) })`
      : `import.meta.hot.dispose(() => { log({ type: 'dispose', ${at} }); log({ type: 'disposed', ${at} }) })`,
    own ? `import.meta.hot.accept((fresh) => log({ type: 'own', ${at}, fresh: [fresh.inst.n] }))` : '',
    accepts.length > 0
      ? `import.meta.hot.accept([${accepts.map((to) => `'./${nameOf(to)}'`)}], (all) => log({ type: 'dependencies', ${at}, fresh: all.map((one) => one?.inst.n ?? 0) }))`
      : '',
    awaits ? 'await new Promise(setImmediate)' : '',
    state === 'throw' ? fails : '',
    id === MAIN ? `import './probe.mjs'; serve({ log: () => log.lines.splice(0) })` : '',
  ].join('\n')
}

/** Accepts itself: once it is told, all that was saved before is done. @param {number} stamp */
const probe = (stamp) =>
  `export const stamp = ${stamp}; if (stamp === 0) log({ type: 'probe', stamp }); import.meta.hot.accept((fresh) => log({ type: 'probe', stamp: fresh.stamp }))`

/** @param {import('./random.mjs').Random} random @param {number} id @param {number} stamp @param {boolean} isCyclic @returns {Content} */
function randomContent(random, id, stamp, isCyclic) {
  const imports = Array.from({ length: COUNT }, (_, to) => to).filter((to) => to > id && random.chance(id === MAIN ? 0.35 : 0.3))
  const accepts = imports.filter(() => random.chance(id === MAIN ? 0.7 : 0.3))
  const back = isCyclic && id > 0 && random.chance(0.4) ? [random.below(id)] : []
  return { stamp, imports, back, own: id !== MAIN && random.chance(0.4), accepts, state: 'ok', awaits: random.chance(0.2), slow: random.chance(0.2), hangs: random.chance(0.015) }
}

/**
 * The files of an app, and what it did so far.
 * @param {number} seed
 */
export function createModel(seed) {
  const random = createRandom(seed)
  /** Every fifth seed, so that the others stay as they are. */
  const isCyclic = seed % 5 === 0
  let stamp = 0
  /** By stamp: what was ever saved. @type {Map<number, Content>} */
  const saved = new Map()
  /** @type {Map<number, Content>} */
  const disk = new Map()
  const save = (/** @type {number} */ id, /** @type {Content} */ content) => {
    saved.set(content.stamp, content)
    disk.set(id, content)
    return { file: nameOf(id), text: render(id, content, isCyclic) }
  }
  for (let id = MAIN; id < COUNT; id++) save(id, randomContent(random, id, ++stamp, isCyclic))
  const files = Object.fromEntries([...disk].map(([id, content]) => [nameOf(id), render(id, content, isCyclic)]))

  /** All that ever evaluated. @type {Map<number, Instance>} */
  const instances = new Map()
  /** The last of each module that evaluated, if it did not throw. @type {Map<number, Instance>} */
  const current = new Map()
  /** Whose dispose handlers have not settled, and which are superseded, not pruned. @type {Set<number>} */
  const pending = new Set()

  /** Who is reached from the entry point by edges that `follow` says yes to. @param {(from: Instance, to: number) => boolean} follow */
  function reach(follow) {
    const seen = new Set([MAIN])
    for (const id of seen) {
      const from = current.get(id)
      for (const to of from ? importsOf(from.content) : []) if (from && follow(from, to)) seen.add(to)
    }
    return seen
  }
  const isAccepted = (/** @type {Instance} */ from, /** @type {number} */ to) =>
    from.content.accepts.includes(to) || current.get(to)?.content.own === true
  const coldOnes = () => reach((from, to) => !isAccepted(from, to))

  /** What a change of these invalidates: up to where it is accepted. @param {number[]} ids */
  function climb(ids) {
    const cold = coldOnes()
    const seen = new Set(ids.filter((id) => current.has(id) && !cold.has(id)))
    for (const to of seen) {
      for (const [id, from] of current) if (from.content.imports.includes(to) && !isAccepted(from, to)) seen.add(id)
    }
    return seen
  }

  /**
   * Takes in what the app has logged, and says what of it breaks a rule.
   * @param {Line[]} lines @param {boolean} isOne whether it is about a single update: there is no order between several
   */
  function take(lines, isOne) {
    const problems = []
    const complain = (/** @type {Line} */ line, /** @type {string} */ text) => problems.push(`${inspect(line, { breakLength: Infinity })}: ${text}`)
    let lastDisposed = Infinity
    const ran = new Set(lines.filter(({ type }) => type === 'eval').map((line) => line.module))
    for (const line of lines) {
      if (line.type === 'probe') continue
      const { module, n } = line
      const instance = instances.get(n)
      if (line.type !== 'dispose' && line.type !== 'disposed' && line.type !== 'links') lastDisposed = Infinity
      if (line.type === 'links') {
        if (instance) instance.links = line.links ?? []
      } else if (line.type === 'eval') {
        const made = /** @type {Instance} */ ({ ...line, content: saved.get(/** @type {number} */ (line.stamp)), over: false, mixed: [] })
        if (pending.size > 0) complain(line, `the dispose handlers of ${[...pending]} have not settled`)
        for (const other of instances.values()) if (other.module === module && !other.over) complain(line, `${other.n} was not disposed of`)
        made.content.imports.forEach((to, index) => {
          if (made.links[index] !== 0 && current.get(to)?.n !== made.links[index]) made.mixed.push(`${n} of ${module} is linked to ${made.links[index]} of ${to}, and the current one is ${current.get(to)?.n}`)
        })
        instances.set(n, made)
        current.set(module, made)
      } else if (line.type === 'throw') {
        current.delete(module)
        // It has nothing to dispose of.
        if (instance?.content.state === 'early') instance.over = true
      } else if (line.type === 'dispose') {
        if (instance?.over) complain(line, 'it is disposed of twice')
        // What is pruned, is when the new instance of its importer begins: that is after what was superseded.
        if (isOne && ran.has(module)) {
          if (n > lastDisposed) complain(line, `${lastDisposed} was disposed of before it`)
          lastDisposed = n
          if (!instance?.content.hangs) pending.add(n)
        }
        if (instance) instance.over = true
        if (current.get(module) === instance) current.delete(module)
      } else if (line.type === 'disposed') pending.delete(n)
      else {
        if (line.type === 'dependencies' && instance?.over) complain(line, 'it is disposed of')
        for (const fresh of line.fresh ?? []) if (instances.get(fresh)?.over) complain(line, `${fresh} is disposed of`)
      }
    }
    return problems
  }

  /** The links of instances that count which were not current when they evaluated. */
  const mixed = () => [...instances.values()].flatMap((instance) => (instance.over ? [] : instance.mixed))

  return {
    files: { ...files, 'probe.mjs': probe(0) },
    take,
    mixed,
    /** What is to be saved next. `isExact`: see {@link check}. */
    next() {
      const broken = [...disk].filter(([, { state }]) => state !== 'ok')
      const count = random.chance(0.2) ? 2 : 1
      /** @type {number[]} */
      const ids = []
      const saves = Array.from({ length: count }, () => {
        const isRepair = broken.length > 0 && random.chance(0.6)
        const id = isRepair ? random.pick(broken)[0] : random.below(COUNT)
        ids.push(id)
        const before = /** @type {Content} */ (disk.get(id))
        const state = !isRepair && !isCyclic && random.chance(0.15) ? random.pick(/** @type {const} */ (['syntax', 'early', 'throw'])) : 'ok'
        const content = random.chance(0.3) ? randomContent(random, id, 0, isCyclic) : { ...before, slow: random.chance(0.2), hangs: random.chance(0.015) }
        // Who accepts, goes on: else all is soon cold.
        return save(id, { ...content, own: before.own || content.own, state, stamp: ++stamp })
      })
      const isWhole = broken.length === 0 && [...disk.values()].every(({ state }) => state === 'ok')
      const expected = isWhole && count === 1 && !isCyclic ? { invalidated: climb(ids), before: new Map(current), changed: ids[0] } : undefined
      saves.push({ file: 'probe.mjs', text: probe(++stamp) })
      return { saves, stamp, expected, isWhole: [...disk.values()].every(({ state }) => state === 'ok'), isCold: ids.some((id) => coldOnes().has(id)) }
    },
    /** Whether all that may be is as the files say, once nothing is broken. */
    settled() {
      const problems = mixed()
      const cold = coldOnes()
      const live = reach(() => true)
      for (const id of live) {
        const found = current.get(id)
        if (!found) problems.push(`${id} has no instance`)
        else if (!cold.has(id) && found.stamp !== disk.get(id)?.stamp) problems.push(`${id} is stale: ${found.stamp}, not ${disk.get(id)?.stamp}`)
        if (found) importsOf(found.content).forEach((to, index) => {
          if (!isAccepted(found, to) && found.links[index] !== current.get(to)?.n) problems.push(`${id} holds ${found.links[index]} of ${to}, not ${current.get(to)?.n}`)
        })
      }
      for (const { module, n, over } of instances.values()) if (!over && current.get(module)?.n !== n) problems.push(`${n} of ${module} was not disposed of`)
      for (const [id, { n }] of current) if (!live.has(id)) problems.push(`${n} of ${id} is not reached any more, and was not disposed of`)
      return problems
    },
    /**
     * What a single save had to do when nothing was broken: who ran again, and who was told, in which order.
     * @param {Line[]} lines @param {{ invalidated: Set<number>, before: Map<number, Instance>, changed: number }} expected
     */
    exact(lines, { invalidated, before, changed }) {
      const problems = []
      const ran = lines.filter(({ type }) => type === 'eval').map(({ module }) => module)
      const due = [...invalidated].filter((id) => reach(() => true).has(id))
      const extra = ran.filter((id) => !invalidated.has(id) && before.has(id))
      if (new Set(ran).size !== ran.length) problems.push(`ran twice: ${ran}`)
      if (extra.length > 0) problems.push(`ran needlessly: ${extra}`)
      const missed = due.filter((id) => !ran.includes(id))
      if (missed.length > 0) problems.push(`did not run: ${missed}`)
      const disposed = new Set(lines.filter(({ type }) => type === 'dispose').map(({ n }) => n))
      const superseded = [...invalidated].map((id) => /** @type {Instance} */ (before.get(id)).n)
      if (superseded.some((n) => !disposed.has(n))) problems.push(`not disposed of: ${superseded.filter((n) => !disposed.has(n))}`)
      const told = lines.filter(({ type }) => type === 'own' || type === 'dependencies').map(({ type, n, fresh }) => [n, type, ...(fresh ?? [])].join(' '))
      const expected = [...before.values()].toSorted((a, b) => a.n - b.n).flatMap((instance) => tellings(instance, invalidated))
      if (inspect(told) !== inspect(expected)) problems.push(`told: ${inspect(told)}, not ${inspect(expected)}`)
      return problems.map((problem) => `after a change of ${changed}, which invalidates ${[...invalidated]}: ${problem}`)
    },
    show: () => inspect({ disk: [...disk], current: [...current.values()].map(({ module, n, stamp: of, links }) => ({ module, n, stamp: of, links })) }, { depth: 4, breakLength: 160 }),
  }

  /** What the callbacks of an instance are due. @param {Instance} instance @param {Set<number>} invalidated */
  function tellings({ module, n, content }, invalidated) {
    const freshOf = (/** @type {number} */ id) => (invalidated.has(id) ? (current.get(id)?.n ?? 0) : 0)
    const own = content.own && invalidated.has(module) ? [[n, 'own', freshOf(module)].join(' ')] : []
    const fresh = content.accepts.map(freshOf)
    const others = !invalidated.has(module) && fresh.some((one) => one > 0) ? [[n, 'dependencies', ...fresh].join(' ')] : []
    return [...own, ...others]
  }
}
