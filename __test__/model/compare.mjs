/** What the app did, against what the oracle expects. Each function returns the differences, as lines. */
import { kindOf } from './world.mjs'

/**
 * @typedef {import('./oracle.mjs').Oracle} Oracle
 * @typedef {import('./oracle.mjs').Shown} Shown
 * @typedef {import('./oracle.mjs').Expected} Expected
 * @typedef {{ path: string, id: number, stamp: number, query?: string, links: ({ to?: number, error?: string, text?: string } | null)[] }} Answered
 * @typedef {{ path: string, version: number, boundary: boolean, reloadable: boolean, dependencies: string[], dependents: string[] }} Dumped
 */

/** @param {Oracle} oracle @param {Shown[]} shown @param {Answered[]} answer */
export function compareAnswer(oracle, shown, answer) {
  const problems = []
  const paths = answer.map((found) => found.path)
  for (const path of new Set(paths)) if (paths.indexOf(path) !== paths.lastIndexOf(path)) problems.push(`two copies of ${path} in one answer`)
  for (const [index, expected] of shown.entries()) {
    const found = answer[index]
    if (found?.path !== expected.path) {
      problems.push(`module ${index} of the answer is ${found?.path}, not ${expected.path}`)
      break
    }
    problems.push(...compareModule(oracle, expected, found, answer))
  }
  return problems
}

/** @param {Oracle} oracle @param {Shown} expected @param {Answered} found @param {Answered[]} answer */
function compareModule(oracle, expected, found, answer) {
  const problems = []
  if (found.stamp !== expected.stamp) problems.push(`${found.path} answers ${found.stamp}, not ${expected.stamp}`)
  const { identity, id } = /** @type {import('./oracle.mjs').Module} */ (oracle.modules.get(found.path))
  // JSON goes by what it holds: see agent.cjs.
  const isCompared = kindOf(found.path) !== 'json'
  if (isCompared && identity === 'same' && id !== found.id) problems.push(`${found.path} is another instance, and nothing has changed`)
  if (isCompared && identity === 'new' && id === found.id) problems.push(`${found.path} is the old instance, and it was superseded`)
  const links = found.links.map((link, index) => compareLink(expected.links[index], link, answer) && `${found.path}, link ${index}: ${compareLink(expected.links[index], link, answer)}`)
  return [...problems, ...links.filter((problem) => problem !== undefined)]
}

/** @param {Shown['links'][number] | undefined} expected @param {Answered['links'][number]} link @param {Answered[]} answer */
function compareLink(expected, link, answer) {
  if (!expected || !link) return expected || link ? `${JSON.stringify(link)}, and the model has ${JSON.stringify(expected)}` : undefined
  const to = link.to === undefined ? undefined : answer[link.to].path
  if ('to' in expected) return to === expected.to ? undefined : `${to ?? `${link.error} (${link.text})`}, not ${expected.to}`
  return link.error && (expected.kinds.has(link.error) || link.error === 'cycle') ? undefined : `${to ?? `${link.error} (${link.text})`}, not an error of ${[...expected.kinds]}`
}

/** The next answer must show the same instances. @param {Oracle} oracle @param {Answered[]} answer */
export function remember(oracle, answer) {
  for (const { path, id } of answer) Object.assign(oracle.modules.get(path) ?? {}, { id, identity: 'same' })
}

/** Whether all messages that are due have come. @param {Expected} expected @param {any[]} messages */
export function areComplete(expected, messages) {
  const invalidated = new Set(messages.filter((message) => message.type === 'hot-hook:invalidated').flatMap((message) => message.paths))
  const isAsked = messages.some((message) => message.type === 'hot-hook:full-reload')
  return [...expected.sure].every((path) => invalidated.has(path)) && (isAsked || !expected.isColdSure)
}

/** @param {Expected} expected @param {any[]} messages with paths as the model has them */
export function compareMessages(expected, messages) {
  const problems = []
  for (const message of messages) {
    if (message.type === 'hot-hook:invalidated') problems.push(...compareInvalidated(expected, message))
    else if (message.type === 'hot-hook:full-reload') problems.push(...compareFullReload(expected, message))
    else problems.push('a message of an unknown type')
    const same = messages.filter((other) => other.type === message.type)
    if (same.length > expected.most) problems.push(`${same.length} messages, and at most ${expected.most} are due`)
  }
  if (!areComplete(expected, messages)) problems.push(`a message is missing`)
  return problems.length > 0 ? [...new Set(problems), `messages: ${JSON.stringify(messages)}`, `due: ${show(expected)}`] : []
}

/** @param {Expected} expected @param {{ paths: string[] }} message */
function compareInvalidated(expected, { paths }) {
  const problems = []
  if (!expected.first.has(paths[0])) problems.push(`${paths[0]} is named first`)
  for (const path of paths) if (!expected.may.has(path)) problems.push(`${path} is invalidated`)
  if (new Set(paths).size < paths.length) problems.push('a path is named twice')
  return problems
}

/** @param {Expected} expected @param {{ path: string, shouldBeReloadable: boolean }} message */
function compareFullReload(expected, { path, shouldBeReloadable }) {
  const possible = expected.cold.get(path)
  if (!possible) return [`a restart is asked for because of ${path}`]
  return possible.has(shouldBeReloadable) ? [] : [`shouldBeReloadable is ${shouldBeReloadable} for ${path}`]
}

/** @param {Expected} expected */
const show = ({ sure, may, first, cold, isColdSure, most }) =>
  JSON.stringify({ sure: [...sure], may: [...may], first: [...first], cold: [...cold].map(([path, values]) => [path, ...values]), isColdSure, most })

/**
 * @param {Oracle} oracle @param {Dumped[]} dump @param {Answered[]} answer @param {import('./world.mjs').World} disk
 * @param {Map<string, number>} versions those of the last dump; brought up to date
 * @param {Map<string, number>} told how many messages since then have named a file
 */
export function compareDump(oracle, dump, answer, disk, versions, told) {
  const problems = []
  const nodes = new Map(dump.filter(({ path }) => !path.startsWith('..')).map((node) => [node.path, node]))
  if (nodes.size !== dump.filter(({ path }) => !path.startsWith('..')).length) problems.push('a path twice')
  // When it is noticed that something is required no longer, is left open.
  for (const path of nodes.keys()) if (kindOf(path) === 'es' && (oracle.modules.get(path)?.known ?? 'no') === 'no') problems.push(`${path} is no longer in the graph`)
  for (const module of oracle.modules.values()) {
    const node = nodes.get(module.path)
    if (!node && module.known === 'yes' && disk.get(module.path)) problems.push(`${module.path} is missing`)
    if (!node || module.known === 'no') continue
    if (module.known === 'yes') problems.push(...compareNode(oracle, node, disk))
    problems.push(...compareVersion(module, node, versions.get(module.path), told.get(module.path) ?? 0))
    versions.set(module.path, node.version)
    module.isFree = false
  }
  for (const { path, query } of answer) {
    const version = nodes.get(path)?.version
    const url = version ? `?v=${version}` : ''
    if (kindOf(path) === 'es' && !oracle.isCold(path) && query !== url) problems.push(`${path} is at version ${version}, and runs as ${query || 'the first'}`)
  }
  told.clear()
  return problems.map((problem) => `dump: ${problem}`)
}

/**
 * @param {Oracle} oracle @param {Dumped} node @param {import('./world.mjs').World} disk
 */
function compareNode(oracle, node, disk) {
  const { path } = node
  const problems = []
  const [into, out] = [oracle.edges().filter((edge) => edge.to === path), oracle.edges().filter((edge) => edge.from === path)]
  const boundary = new Set(into.filter((edge) => edge.hot).map((edge) => edge.sure))
  if (node.boundary ? boundary.size === 0 : boundary.has(true)) problems.push(`boundary of ${path} is ${node.boundary}`)
  if (node.reloadable ? oracle.isSurelyCold(path) : !oracle.isCold(path)) problems.push(`reloadable of ${path} is ${node.reloadable}`)
  problems.push(...compareNames(`dependencies of ${path}`, node.dependencies, out.map(({ to, sure }) => ({ name: to, sure: isSure(to, sure) }))))
  problems.push(...compareNames(`dependents of ${path}`, node.dependents, into.map(({ from, sure }) => ({ name: from, sure: isSure(from, sure) }))))
  return problems

  /** @param {string} name @param {boolean} sure */
  function isSure(name, sure) {
    return sure && oracle.modules.get(name)?.known === 'yes' && Boolean(disk.get(name))
  }
}

/** @param {string} what @param {string[]} found @param {{ name: string, sure: boolean }[]} expected */
function compareNames(what, found, expected) {
  const [all, sure] = [expected.map(({ name }) => name), expected.filter((one) => one.sure).map(({ name }) => name)]
  const isRight = found.every((name) => all.includes(name)) && sure.every((name) => found.includes(name)) && new Set(found).size === found.length
  return isRight ? [] : [`${what} are ${found.toSorted()}; sure are ${[...new Set(sure)].toSorted()}, possible ${[...new Set(all)].toSorted()}`]
}

/** @param {import('./oracle.mjs').Module} module @param {Dumped} node @param {number | undefined} before @param {number} told */
function compareVersion(module, { version }, before, told) {
  if (before === undefined) return []
  const growth = version - before
  const isRight = module.isFree || module.isPruned ? growth >= 0 : told > 0 ? growth >= 1 && growth <= told : growth === 0
  return isRight ? [] : [`${module.path} went from version ${before} to ${version}, and ${told} messages named it`]
}

