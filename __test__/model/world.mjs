/**
 * The model's own graph: what each file holds, and the random world to begin with. A file's text is made from its
 * content, and says nothing that the content does not.
 */
import path from 'node:path'

/**
 * @typedef {'es' | 'cjs' | 'json'} Kind
 * @typedef {'static' | 'lazy' | 'lazy-hot' | 'kept' | 'kept-hot' | 'late' | 'require'} How
 *   `lazy`: `import()` at each request; `kept`: `import()` at the first request, and kept; `-hot`: with the attribute;
 *   `late`: like `lazy`, but not before the operation `late`
 * @typedef {{ to: string, how: How }} Link
 * @typedef {'ok' | 'syntax' | 'throw' | 'noexport'} State
 * @typedef {{ kind: Kind, stamp: number, state: State, links: Link[] }} Content
 * @typedef {Map<string, Content | null>} World `null`: the file does not exist
 */

export const MAIN = 'main.mjs'

/** @param {string} file @returns {Kind} */
export function kindOf(file) {
  if (file.endsWith('.json')) return 'json'
  return file.endsWith('.cjs') ? 'cjs' : 'es'
}

/** Whether the `boundaries` pattern matches a file. @param {string} file */
export const isBoundary = (file) => file.startsWith('bound/')

export const isDynamic = (/** @type {Link} */ link) => link.how !== 'static' && link.how !== 'require'
export const isHot = (/** @type {Link} */ link) => isDynamic(link) && (link.how.endsWith('-hot') || isBoundary(link.to))
export const isKept = (/** @type {Link} */ link) => link.how.startsWith('kept')

/** @param {string} from @param {string} to */
function specifier(from, to) {
  const relative = path.posix.relative(path.posix.dirname(from), to)
  return JSON.stringify(relative.startsWith('.') ? relative : `./${relative}`)
}

/** The options of an `import()`. @param {Link} link */
function options(link) {
  const attributes = [
    ...(kindOf(link.to) === 'json' ? [`type: 'json'`] : []),
    ...(link.how.endsWith('-hot') ? [`hot: 'true'`] : []),
  ]
  return attributes.length > 0 ? `, { with: { ${attributes.join(', ')} } }` : ''
}

/** @param {string} from @param {Link} link @param {number} index */
function declaration(from, link, index) {
  const source = specifier(from, link.to)
  if (link.how === 'require') return `const n${index} = require(${source})`
  if (link.how !== 'static') return ''
  if (kindOf(link.to) === 'json') return `import n${index} from ${source} with { type: 'json' }`
  return `import { node as n${index} } from ${source}`
}

/** @param {string} from @param {Link} link @param {number} index */
function getter(from, link, index) {
  if (link.how === 'static') return `() => n${index}`
  if (link.how === 'require') return kindOf(link.to) === 'json' ? `() => n${index}` : `() => n${index}.node`
  const take = `() => agent.take(import(${specifier(from, link.to)}${options(link)}))`
  return isKept(link) ? `agent.keep(${take})` : take
}

/** The text of a file. @param {string} file @param {Content} content */
export function render(file, content) {
  const { kind, stamp, state, links } = content
  if (kind === 'json') return state === 'ok' ? `{ "stamp": ${stamp} }\n` : `{ "stamp": ${stamp}, broken\n`
  const before = links.map((link, index) => declaration(file, link, index)).filter(Boolean)
  const list = links.map((link, index) => `  [${JSON.stringify(link.to)}, ${getter(file, link, index)}],\n`).join('')
  const born = `agent.born(${kind === 'cjs' ? '__filename' : 'import.meta.url'}, ${stamp}, [\n${list}])`
  return [
    ...(kind === 'cjs' && state === 'throw' ? [`throw new Error('boom')`] : []),
    ...before,
    ...(kind === 'es' && state === 'throw' ? [`throw new Error('boom')`] : []),
    ...(state === 'syntax' ? ['const broken = = 1'] : []),
    kind === 'cjs' ? `exports.node = ${born}` : `${state === 'noexport' ? '' : 'export '}const node = ${born}`,
    ...(file === MAIN ? ['agent.start(node)'] : []),
    '',
  ].join('\n')
}

/** @param {string} folder @param {string} letter @param {number} count @param {string} extension */
const names = (folder, letter, count, extension) =>
  Array.from({ length: count }, (_, index) => `${folder}/${letter}${index}.${extension}`)

/**
 * What may be linked from where. Cold code reaches `shared`, and that does not lead back to `app`: else all were cold.
 * @param {string} from @param {string[]} files
 */
function targets(from, files) {
  const [folder] = from.split('/')
  const into = (/** @type {string[]} */ ...folders) => files.filter((file) => file !== from && folders.includes(file.split('/')[0]))
  if (folder === 'lib') return into('lib', 'data').filter((file) => kindOf(file) === 'json' || file > from)
  if (folder === 'shared') return into('shared', 'lib', 'data')
  if (folder === 'cold') return into('cold', 'shared', 'lib', 'data', 'app', 'bound')
  return into('app', 'app', 'bound', 'shared', 'lib', 'data')
}

/** @param {import('./random.mjs').Random} random @param {string} from @param {string} to @returns {How} */
function how(random, from, to) {
  if (kindOf(from) === 'cjs') return 'require'
  const isCold = from === MAIN || from.startsWith('cold/')
  const isApp = to.startsWith('app/') || to.startsWith('bound/')
  if (isCold && isApp) return isBoundary(to) && random.chance(0.3) ? 'lazy' : 'lazy-hot'
  if (isCold) return random.weighted({ static: 6, lazy: 1, kept: 1 })
  return random.weighted({ static: 10, lazy: 2, 'lazy-hot': 1, kept: 2, 'kept-hot': 1 })
}

/**
 * A link that `from` does not have yet, if there is one.
 * @param {import('./random.mjs').Random} random @param {World} world @param {string} from @returns {Link | undefined}
 */
export function randomLink(random, world, from) {
  const possible = targets(from, [...world.keys()])
  if (possible.length === 0) return undefined
  const to = random.pick(possible)
  const link = { to, how: how(random, from, to) }
  const links = world.get(from)?.links ?? []
  return links.some((other) => other.to === to && other.how === link.how) ? undefined : link
}

/** @param {import('./random.mjs').Random} random @returns {World} */
export function randomWorld(random) {
  const size = 1 + random.below(3)
  const files = [
    MAIN,
    ...names('cold', 'k', 1 + random.below(2 * size), 'mjs'),
    ...names('app', 'm', 2 + random.below(6 * size), 'mjs'),
    ...names('bound', 'b', 1 + random.below(2 * size), 'mjs'),
    ...names('shared', 's', 1 + random.below(2 * size), 'mjs'),
    ...names('lib', 'c', random.below(3 * size), 'cjs'),
    ...names('data', 'j', random.below(2 * size), 'json'),
  ]
  /** @type {World} */
  const world = new Map()
  for (const [index, file] of files.entries()) world.set(file, { kind: kindOf(file), stamp: index + 1, state: 'ok', links: [] })
  for (const file of files) {
    const content = /** @type {Content} */ (world.get(file))
    if (content.kind === 'json') continue
    for (let n = random.below(4); n > 0; n--) content.links.push(...[randomLink(random, world, file) ?? []].flat())
  }
  linkMain(random, world, files)
  return world
}

/** The root has boundaries of both sorts, cold modules, and something that becomes cold later. */
function linkMain(/** @type {import('./random.mjs').Random} */ random, /** @type {World} */ world, /** @type {string[]} */ files) {
  const app = files.filter((file) => file.startsWith('app/'))
  /** @type {Link[]} */
  const links = []
  for (const file of files) {
    if (file.startsWith('cold/')) links.push({ to: file, how: 'static' })
    else if (isBoundary(file)) links.push({ to: file, how: 'lazy' })
    else if (file.startsWith('app/') && random.chance(0.4)) links.push({ to: file, how: 'lazy-hot' })
  }
  if (random.chance(0.3)) links.push({ to: random.pick(files.filter((file) => isBoundary(file))), how: 'static' })
  links.push({ to: app[0], how: 'lazy-hot' }, { to: random.pick(app), how: 'late' })
  const main = /** @type {Content} */ (world.get(MAIN))
  main.links = links.filter(
    (link, index) => links.findIndex((other) => other.to === link.to && other.how === link.how) === index,
  )
}
