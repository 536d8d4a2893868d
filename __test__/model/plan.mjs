/**
 * The random operations: made of the seed alone, before anything runs, and concrete (each says what its files hold
 * afterwards), so that any part of them can be run again by itself.
 */
import { createRandom } from './random.mjs'
import { kindOf, MAIN, randomLink, randomWorld } from './world.mjs'

/**
 * @typedef {import('./world.mjs').Content} Content
 * @typedef {import('./world.mjs').World} World
 * @typedef {import('./random.mjs').Random} Random
 * @typedef {object} Change
 * @property {string} path
 * @property {Content | null} content what the file holds afterwards; `null`: it is deleted
 * @property {string} method see actions.cjs
 * @property {string} [other] the file that it is swapped with
 * @typedef {object} Operation
 * @property {string} type
 * @property {Change[]} changes
 * @property {'app' | 'test' | 'blocked' | 'overtaken'} by who saves, and when
 * @property {boolean} dumps whether `hot.dump()` is compared afterwards
 * @property {boolean} waits whether a deletion is waited for before the request
 * @property {boolean} [isNoop] the files hold what they held
 */

const METHODS = { write: 5, atomic: 3, vim: 2, slow: 1, again: 1 }
const NOOPS = { same: 3, sameAtomic: 2, touch: 2, chmod: 1, back: 2, again: 1 }

/** @param {Content} content @param {Partial<Content>} more @returns {Content} */
const changed = (content, more) => ({ ...content, ...more })

/**
 * @param {number} seed @param {number} steps
 * @returns {{ world: World, operations: Operation[] }}
 */
export function makePlan(seed, steps) {
  const random = createRandom(seed)
  const world = randomWorld(random)
  const planner = { random, world: new Map(world), stamp: 1000, isLate: random.chance(0.3) }
  /** @type {Operation[]} */
  const operations = []
  while (operations.length < steps) operations.push(makeOperation(planner))
  return { world, operations }
}

/** @typedef {{ random: Random, world: World, stamp: number, isLate: boolean }} Planner */

/** @param {Planner} planner @returns {Operation} */
function makeOperation(planner) {
  const { random } = planner
  const type = pickType(planner)
  const changes = type === 'several' ? several(planner) : make[/** @type {keyof make} */ (type)](planner)
  const by = random.weighted({ app: 5, test: 4, blocked: 0.2, overtaken: 1 })
  return { type, changes, by, dumps: random.chance(0.3), waits: random.chance(0.5), isNoop: type === 'noop' }
}

/** Broken files are repaired after a while: else all of the graph soon fails. @param {Planner} planner */
function pickType({ random, world, isLate }) {
  const broken = [...world.values()].filter((content) => content?.state !== 'ok').length
  if (broken > 0 && random.chance(0.25 + 0.1 * broken)) return 'repair'
  return random.weighted({
    edit: 30, addLink: 9, removeLink: 7, hurt: 6, remove: 4, swap: 3, several: 7, noop: 8, restart: 0.7, late: isLate ? 0.5 : 0,
  })
}

/** @param {Planner} planner @param {(file: string, content: Content) => boolean} [where] */
function pickFile({ random, world }, where = () => true) {
  const files = [...world].filter(([file, content]) => content && where(file, content)).map(([file]) => file)
  const liked = files.filter((file) => file !== MAIN && !file.startsWith('cold/'))
  return random.pick(liked.length > 0 && random.chance(0.9) ? liked : files)
}

/** Writes `content`, with a stamp of its own. @param {Planner} planner @param {string} path @param {Content} content @returns {Change[]} */
function save(planner, path, content) {
  const stamped = changed(content, { stamp: ++planner.stamp })
  planner.world.set(path, stamped)
  return [{ path, content: stamped, method: planner.random.weighted(METHODS) }]
}

/** @param {Planner} planner @param {string} file */
const contentOf = (planner, file) => /** @type {Content} */ (planner.world.get(file))

const make = {
  /** @param {Planner} planner */
  edit(planner) {
    const file = pickFile(planner)
    return save(planner, file, contentOf(planner, file))
  },
  /** @param {Planner} planner */
  addLink(planner) {
    const file = pickFile(planner, (_, content) => content.kind !== 'json')
    const content = contentOf(planner, file)
    const link = file === MAIN ? undefined : randomLink(planner.random, planner.world, file)
    return save(planner, file, changed(content, { links: link ? [...content.links, link] : content.links }))
  },
  /** @param {Planner} planner */
  removeLink(planner) {
    const file = pickFile(planner, (path, content) => path !== MAIN && content.links.length > 0)
    if (!file) return make.edit(planner)
    const content = contentOf(planner, file)
    const gone = planner.random.below(content.links.length)
    return save(planner, file, changed(content, { links: content.links.filter((_, index) => index !== gone) }))
  },
  /** @param {Planner} planner */
  hurt(planner) {
    const file = pickFile(planner, (path, content) => path !== MAIN && content.kind !== 'cjs' && content.state === 'ok')
    if (!file) return make.edit(planner)
    /** @type {Record<string, number>} */
    const states = { syntax: 3, ...(kindOf(file) === 'json' ? {} : { throw: 2, noexport: 1 }) }
    const state = /** @type {import('./world.mjs').State} */ (planner.random.weighted(states))
    return save(planner, file, changed(contentOf(planner, file), { state }))
  },
  /** @param {Planner} planner */
  remove(planner) {
    const file = pickFile(planner, (path) => path !== MAIN)
    if (!file) return make.edit(planner)
    planner.world.set(file, null)
    return [{ path: file, content: null, method: 'delete' }]
  },
  /** A broken file is mended, or a deleted one comes back. @param {Planner} planner */
  repair(planner) {
    const file = planner.random.pick([...planner.world].filter(([, content]) => content?.state !== 'ok').map(([path]) => path))
    const content = planner.world.get(file)
    return save(planner, file, content ? changed(content, { state: 'ok' }) : revived(planner, file))
  },
  /** @param {Planner} planner */
  swap(planner) {
    const one = pickFile(planner, (path) => path !== MAIN)
    const [folder] = one.split('/')
    const others = [...planner.world.keys()].filter((path) => path !== one && path.startsWith(`${folder}/`) && canSwap(planner, one, path))
    if (others.length === 0) return make.edit(planner)
    const two = planner.random.pick(others)
    const [a, b] = [contentOf(planner, one), contentOf(planner, two)]
    planner.world.set(one, b).set(two, a)
    return [
      { path: one, content: b, method: 'swap', other: two },
      { path: two, content: a, method: 'swap', other: one },
    ]
  },
  /** @param {Planner} planner */
  noop(planner) {
    const path = pickFile(planner)
    return [{ path, content: contentOf(planner, path), method: planner.random.weighted(NOOPS) }]
  },
  /** A new process: all files are whole before. @param {Planner} planner */
  restart(planner) {
    const broken = [...planner.world].filter(([, content]) => content?.state !== 'ok')
    return broken.flatMap(([path, content]) => save(planner, path, content ? changed(content, { state: 'ok' }) : revived(planner, path)))
  },
  late: () => [],
}

/** @param {Planner} planner @param {string} file @returns {Content} */
function revived({ random, world }, file) {
  const link = kindOf(file) === 'json' ? undefined : randomLink(random, world, file)
  return { kind: kindOf(file), stamp: 0, state: 'ok', links: link ? [link] : [] }
}

/** No file may come to import itself, nor CommonJS to have a cycle. @param {Planner} planner @param {string} one @param {string} two */
function canSwap({ world }, one, two) {
  const [a, b] = [world.get(one), world.get(two)]
  if (!a || !b || kindOf(one) !== kindOf(two)) return false
  const leadsTo = (/** @type {Content} */ content, /** @type {string} */ file) => content.links.some((link) => link.to === file)
  if (leadsTo(a, two) || leadsTo(b, one)) return false
  const isOrdered = (/** @type {Content} */ content, /** @type {string} */ file) =>
    content.links.every((link) => kindOf(link.to) === 'json' || link.to > file)
  return kindOf(one) !== 'cjs' || (isOrdered(a, two) && isOrdered(b, one))
}

/** Several files at once, each once. @param {Planner} planner @returns {Change[]} */
function several(planner) {
  /** @type {Change[]} */
  const changes = []
  for (let n = 2 + planner.random.below(4); n > 0; n--) {
    const type = planner.random.weighted({ edit: 6, addLink: 2, removeLink: 2, hurt: 1, remove: 0.5 })
    const before = new Map(planner.world)
    const more = make[type](planner)
    if (more.some((change) => changes.some((other) => other.path === change.path))) {
      for (const [path, content] of before) planner.world.set(path, content)
    } else changes.push(...more)
  }
  return changes
}

