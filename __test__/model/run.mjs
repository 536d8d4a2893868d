/**
 * Runs a plan in a real process, step by step: save, request at once, compare. What goes wrong is an error that says all,
 * with the command that does it again.
 */
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { createFolder, nodeIs, PROBES, startApp } from '../support/app.mjs'
import { areComplete, compareAnswer, compareDump, compareMessages, remember } from './compare.mjs'
import { createOracle } from './oracle.mjs'
import { makePlan } from './plan.mjs'
import { MAIN, render } from './world.mjs'

const { act } = createRequire(import.meta.url)('./actions.cjs')
const AGENT = fileURLToPath(new URL('agent.cjs', import.meta.url))
/** A save that took longer may have been seen half done. */
const STALL = 40

/**
 * @typedef {import('./plan.mjs').Operation} Operation
 * @typedef {import('./plan.mjs').Change} Change
 * @typedef {import('./oracle.mjs').Expected} Expected
 * @typedef {{ after: (end: () => unknown) => void }} Context
 * @typedef {Awaited<ReturnType<typeof createSession>>} Session
 */

/** A mismatch, at a step. */
export class Mismatch extends Error {
  /** @param {number} step @param {string} text */
  constructor(step, text) {
    super(text)
    this.step = step
  }
}

/** @param {Context} t @param {import('./world.mjs').World} world */
async function createSession(t, world) {
  const disk = new Map(world)
  const files = Object.fromEntries([...disk].map(([name, content]) => [name, content ? render(name, content) : '']))
  const folder = createFolder(/** @type {any} */ (t), { files, hotHook: { boundaries: ['./bound/**'] } })
  const session = {
    t, disk, folder,
    /** @type {Awaited<ReturnType<typeof startApp>>} */ app: /** @type {any} */ (undefined),
    oracle: createOracle(disk),
    /** @type {Map<string, number>} */ versions: new Map(),
    /** @type {Map<string, number>} */ told: new Map(),
    /** @type {any[]} */ answer: [],
  }
  await start(session)
  return session
}

/** @param {Session} session */
async function start(session) {
  const { t, folder } = session
  session.app = await startApp(/** @type {any} */ (t), { folder, entry: MAIN, before: ['--require', AGENT] })
  session.oracle = createOracle(session.disk)
  session.versions.clear()
  session.told.clear()
  const { shown, skip } = session.oracle.request()
  return answerWith(session, shown, await session.app.ask('walk', skip))
}

/** @param {Session} session @param {import('./oracle.mjs').Shown[]} shown @param {any} answer */
function answerWith(session, shown, answer) {
  session.answer = answer
  const problems = compareAnswer(session.oracle, shown, answer)
  if (problems.length === 0) remember(session.oracle, answer)
  return problems
}

/** @param {Session} session @param {Operation} operation */
async function restart(session, operation) {
  await session.app.kill()
  act(session.folder, apply(session, operation.changes.map((change) => ({ ...change, method: 'write' }))))
  repairAll(session)
  return start(session)
}

/** In a shortened plan, a repair may have been left out. @param {Session} session */
function repairAll({ disk, folder }) {
  for (const [name, content] of disk) {
    if (content?.state === 'ok') continue
    const kind = name.endsWith('.json') ? 'json' : name.endsWith('.cjs') ? 'cjs' : 'es'
    /** @type {import('./world.mjs').Content} */
    const whole = content ? { ...content, state: 'ok' } : { kind, stamp: 1, state: 'ok', links: [] }
    disk.set(name, whole)
    fs.writeFileSync(path.join(folder, name), render(name, whole))
  }
}

/** The model's files change; returns what is to be done to the real ones. @param {Session} session @param {Change[]} changes */
function apply({ disk }, changes) {
  const actions = []
  for (const { path: name, content, method, other } of changes) {
    const before = disk.get(name)
    if (method === 'swap') {
      if (!other || actions.some((action) => action.other === name)) continue
      disk.set(name, /** @type {any} */ (disk.get(other))).set(other, /** @type {any} */ (before))
      actions.push({ method, path: name, other })
      continue
    }
    disk.set(name, content)
    const text = content ? render(name, content) : undefined
    if (method === 'delete') actions.push(...(before ? [{ method, path: name }] : []))
    else if (method === 'back') {
      const else_ = `${text}\n`
      actions.push({ method: 'atomic', path: name, text: else_ }, { method: 'atomic', path: name, text })
    } else actions.push({ method: { same: 'write', sameAtomic: 'atomic' }[method] ?? method, path: name, text })
  }
  return actions
}

/** In a shortened plan, an operation may have lost its ground. @param {Session} session @param {Operation} operation */
function isPossible({ disk, oracle }, { type, changes, isNoop }) {
  const after = new Map(disk)
  for (const { path: name, content, other, method } of changes) {
    if (method === 'swap' && (!disk.get(name) || !disk.get(/** @type {string} */ (other)))) return false
    if (method === 'delete' && !disk.get(name)) return false
    if (isNoop && !disk.get(name)) return false
    if (!isNoop) after.set(name, content)
  }
  return !breaksCommonJS(after) && (nodeIs(22) || !breaksCycle(after)) && (type === 'restart' || !oracle.isNodesAffair(after))
}

/**
 * CommonJS that throws, imported by two ES modules, ends plain Node: the second import succeeds with `undefined`, and the
 * error is thrown once more as an uncaught one (20.20, 22.23, 24.21, 26.10). So what is required is always whole.
 * @param {import('./world.mjs').World} world
 */
function breaksCommonJS(world) {
  return [...world].some(([name, content]) => {
    if (!content || !name.endsWith('.cjs')) return false
    return content.state !== 'ok' || content.links.some(({ to, how }) => how === 'require' && (world.get(to)?.state !== 'ok' || (to.endsWith('.cjs') && to <= name)))
  })
}

/**
 * On plain Node 20, an import of a cycle that cannot be linked may never settle.
 * @param {import('./world.mjs').World} world
 */
function breaksCycle(world) {
  return [...world.keys()].some((name) => {
    const below = new Set(staticTargets(world, name))
    for (const file of below) for (const to of staticTargets(world, file)) below.add(to)
    return below.has(name) && [...below].some((file) => world.get(file)?.state !== 'ok')
  })
}

/** @param {import('./world.mjs').World} world @param {string} name */
const staticTargets = (world, name) => (world.get(name)?.links ?? []).filter(({ how }) => how === 'static').map(({ to }) => to)

/** @param {Session} session @param {Operation} operation @returns {Promise<string[]>} */
async function step(session, operation) {
  if (!isPossible(session, operation)) return []
  if (operation.type === 'restart') return restart(session, operation)
  if (operation.type === 'late') {
    if (!session.oracle.becomeLate()) return []
    return request(session)
  }
  return save(session, operation)
}

/** @param {Session} session */
async function request(session) {
  const { shown, skip } = session.oracle.request()
  return answerWith(session, shown, await session.app.ask('walk', skip))
}

/** @param {Session} session @param {Operation} operation */
async function save(session, operation) {
  const { oracle, app, disk } = session
  const changes = operation.isNoop
    ? operation.changes.map((change) => ({ ...change, content: /** @type {any} */ (disk.get(change.path)) }))
    : operation.changes
  const actions = apply(session, changes)
  const names = changes.map((change) => change.path)
  const deletes = changes.some((change) => change.content === null)
  const isOvertaken = operation.by === 'overtaken' && !deletes
  const isSpread = isOvertaken || deletes
  const from = app.messages.length
  const isBack = changes[0].method === 'back' && operation.isNoop
  const expected = isBack ? oracle.perhaps(names[0]) : oracle.change(names, isSpread)
  if (isSpread) expected.most += 10
  const problems = deletes
    ? await requestWhenDeleted(session, operation, actions, expected, from)
    : await requestAtOnce(session, { ...operation, by: isOvertaken || operation.by !== 'overtaken' ? operation.by : 'app' }, actions, expected)
  if (problems.length > 0) return problems
  problems.push(...(await settleMessages(session, expected, from)))
  return problems.length > 0 || !deletes ? problems : requestAgain(session, expected, from, changes.length > 1)
}

/** @param {Session} session @param {Operation} operation @param {any[]} actions @param {Expected} expected */
async function requestAtOnce(session, operation, actions, expected) {
  const { app, oracle, folder } = session
  const { shown, skip } = oracle.request()
  const begun = performance.now()
  const answer = await {
    app: () => app.ask('act', actions, skip),
    overtaken: () => app.ask('overtaken', actions, skip),
    async test() {
      act(folder, actions)
      return app.ask('walk', skip)
    },
    async blocked() {
      const blocked = app.ask('block', 100)
      act(folder, actions)
      const [answer] = await Promise.all([app.ask('walk', skip), blocked])
      return answer
    },
  }[operation.by]()
  // Other processes may have had the processor while a file was half written: then the half is a save of its own.
  const isStalled = performance.now() - begun > STALL
  if (isStalled && operation.isNoop) loosen(session, expected, operation)
  else if (isStalled && operation.changes.some(({ method }) => method === 'slow' || method === 'write')) expected.most += operation.changes.length
  return answerWith(session, shown, answer)
}

/** @param {Session} session @param {Expected} expected @param {Operation} operation */
function loosen({ oracle }, expected, { changes }) {
  const { may, first, cold } = oracle.perhaps(changes[0].path)
  for (const file of may) expected.may.add(file)
  for (const file of first) expected.first.add(file)
  for (const [file, values] of cold) expected.cold.set(file, values)
  expected.most += 2
  oracle.request()
}

/**
 * A deletion counts after a while. So what is asked at once may show what was, until it shows what is.
 * @param {Session} session @param {Operation} operation @param {any[]} actions @param {Expected} expected @param {number} from
 */
async function requestWhenDeleted(session, operation, actions, expected, from) {
  const { app, oracle, folder } = session
  act(folder, actions)
  if (operation.waits && expected.sure.size > 0) {
    await app.until('the deletion is told', () => areComplete(expected, messagesSince(session, from))).catch(() => {})
  }
  const { shown, skip } = oracle.request()
  /** @type {string[]} */
  let problems = []
  const look = async () => (problems = answerWith(session, shown, await app.ask('walk', skip))).length === 0
  await app.until('the deletion shows', look, 5000).catch(() => {})
  return problems
}

/**
 * A request that comes before a deletion counts may find the file gone already; then modules are told later, and run
 * once more.
 * @param {Session} session @param {Expected} expected @param {number} from @param {boolean} isOneOfSeveral
 */
async function requestAgain(session, expected, from, isOneOfSeveral) {
  const counted = session.app.messages.length - from
  // What else is due may have been told before the deletion counts.
  if (expected.sure.size === 0 || isOneOfSeveral) await session.app.quiet()
  session.oracle.reopen(expected)
  const problems = await request(session)
  return problems.length > 0 ? problems : settleMessages(session, expected, from, counted)
}

/** @param {Session} session @param {number} from */
function messagesSince({ app, folder }, from) {
  const short = (/** @type {string} */ file) => path.relative(folder, file).split(path.sep).join('/')
  return app.messages.slice(from).map((message) => ({
    ...message,
    ...(message.path ? { path: short(message.path) } : {}),
    ...(message.paths ? { paths: message.paths.map(short) } : {}),
  }))
}

/** @param {Session} session @param {Expected} expected @param {number} from @param {number} [counted] */
async function settleMessages(session, expected, from, counted = 0) {
  const { app, told } = session
  await app.until('the messages come', () => areComplete(expected, messagesSince(session, from)), 5000).catch(() => {})
  await app.ask('block', 0)
  const messages = messagesSince(session, from)
  for (const { paths } of messages.slice(counted)) for (const file of paths ?? []) told.set(file, (told.get(file) ?? 0) + 1)
  return compareMessages(expected, messages)
}

/** @param {Session} session */
async function checkDump(session) {
  const { app, oracle, answer, disk, versions, told } = session
  const dump = (await app.ask('dump')).filter((/** @type {{ path: string }} */ { path: name }) => !name.startsWith(PROBES))
  return compareDump(oracle, dump, answer, disk, versions, told)
}

/** @param {Operation} operation */
const describe = ({ type, by, changes }) =>
  `${type} (${by}) ${changes.map(({ path: name, content, method }) => `${name} ${method} ${JSON.stringify(content)}`).join('; ')}`

/**
 * Runs the operations of a seed, or some of them.
 * @param {{ seed: number, steps: number, only?: number[], progress?: (done: number) => void }} options
 */
export async function run({ seed, steps, only, progress }) {
  /** @type {(() => unknown)[]} */
  const ends = []
  const t = { after: (/** @type {() => unknown} */ end) => void ends.unshift(end) }
  let at = -1
  /** @type {string[]} */
  const history = []
  try {
    const { world, operations } = makePlan(seed, steps)
    const session = await createSession(t, world)
    let due = 0
    for (at of only ?? operations.keys()) {
      const operation = operations[at]
      history.push(`${at}: ${describe(operation)}`)
      const late = messagesSince(session, due)
      const problems = late.length > 0 ? [`messages that were not due: ${JSON.stringify(late)}`] : await step(session, operation)
      if (problems.length === 0 && (operation.dumps || only)) problems.push(...(await checkDump(session)))
      if (problems.length > 0) throw new Mismatch(at, explain(session, problems, history))
      due = session.app.messages.length
      progress?.(at + 1)
    }
  } catch (error) {
    if (error instanceof Mismatch) throw error
    throw new Mismatch(at, `${history.slice(-3).join('\n')}\n${/** @type {Error} */ (error).stack}`)
  } finally {
    for (const end of ends) await end()
  }
}

/** @param {Session} session @param {string[]} problems @param {string[]} history */
function explain(session, problems, history) {
  const { app, answer, disk } = session
  return [
    ...problems.map((problem) => `* ${problem}`),
    `operations, the last ones:`, ...history.slice(-12),
    `links: ${[...disk].map(([name, content]) => `${name}${content?.state === 'ok' ? '' : ` (${content?.state ?? 'absent'})`} → ${content?.links.map(({ to, how }) => `${how} ${to}`).join(', ')}`).join('\n       ')}`,
    `answer: ${answer.map(({ path: name, id, stamp, query, links }) => `${name}${query ?? ''} #${id} ${stamp} ${JSON.stringify(links)}`).join('\n        ')}`,
    `messages: ${messagesSince(session, 0).slice(-8).map((message) => JSON.stringify(message)).join('\n          ')}`,
    `stderr: ${inspect(app.output.stderr.slice(-2000))}`,
  ].join('\n')
}
