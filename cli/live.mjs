/**
 * `hot-hook wait` and `hot-hook status`: whether what was saved is live.
 */
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask, follow, isGone } from '../lib/control/client.mjs'
import { visible, visibleJson } from '../lib/runtime/visible.mjs'
import { currentFolder, find, problemOf } from './apps.mjs'
import { describeError, describeOutcome, describeStale, showFrom } from './outcomes.mjs'
import { Problem } from './problem.mjs'

/** So long the parent of an app that needs a restart may take to end it, in milliseconds: perhaps it does not. */
const RESTARTS = 1000
/** So long an app that has ended while it was asked may take to come back, in milliseconds. */
const RETURNS = 2000
/** How often it is looked whether it has, in milliseconds. */
const LOOK = 50

/** @typedef {import('../lib/control/pointers.mjs').App} App */
/** @typedef {{ pid?: string, json: boolean }} Options */

/** @param {string[]} names @param {Options} options @returns {Promise<{ lines: string[], code: number }>} */
export const status = (names, { pid, json }) => report(names, pid, json, async (app, files) => {
  const answer = await answerOf(app, { ask: 'status', files })
  return answer && !answer.isLost ? answer : undefined
}, true)

/** @param {string[]} names @param {Options & { timeout: number }} options @returns {Promise<{ lines: string[], code: number }>} */
export function wait(names, { pid, json, timeout }) {
  const until = Date.now() + timeout
  return report(names, pid, json, (app, files) => settled(app, files, until))
}

/**
 * @param {string[]} names @param {string | undefined} pid @param {boolean} json
 * @param {(app: App, files: string[]) => Promise<any>} asked @param {boolean} [hasHeads] whether each app is described
 */
async function report(names, pid, json, asked, hasHeads = false) {
  const folder = currentFolder()
  const files = names.map((name) => path.resolve(folder, name))
  const { apps, nothing } = find(pid)
  const answers = await Promise.all(apps.map((app) => asked(app, files)))
  const all = distinct(answers.filter((answer) => answer !== undefined))
  if (all.length === 0) throw nothing()
  const knowing = all.filter((answer) => answer.files?.some((/** @type {any} */ { loaded }) => loaded))
  const meant = files.length > 0 && knowing.length > 0 ? knowing : all
  const code = Math.max(...meant.map((answer) => answer.code))
  if (json) return { lines: meant.map(visibleJson), code }
  const show = showFrom(folder)
  return { lines: meant.flatMap((answer) => describe(answer, show, hasHeads || meant.length > 1)), code }
}

/**
 * Each process once, with all that it told: where one was killed, its pointer stays, and whoever waits for it asks the next process, too.
 * @param {any[]} answers
 */
function distinct(answers) {
  /** @type {Map<string, any>} */
  const found = new Map()
  for (const answer of answers) {
    const key = `${answer.pid} ${answer.since}`
    const known = found.get(key)
    if (!known || known.outcomes.length < answer.outcomes.length) found.set(key, answer)
  }
  return [...found.values()]
}

/** What an app answers; `undefined` if it runs no more. @param {App} app @param {import('../lib/control/client.mjs').Request} request */
async function answerOf(app, request) {
  try {
    return withCode(app, await ask(app, request))
  } catch (error) {
    if (isGone(error)) return undefined
    if (isLost(error)) return { isLost: true }
    throw problemOf(app, error)
  }
}

/** @param {App} app @param {any} answer */
function withCode(app, answer) {
  if (answer.error === undefined) return answer
  if (answer.code === undefined) throw new Problem(visible(answer.error))
  // Its engine has failed: it says so.
  return { state: 'restart-needed', pid: app.pid, entry: app.entry, outcomes: [], unmended: [], ...answer }
}

const isLost = (/** @type {any} */ { code }) => code === 'ECONNRESET' || code === 'EPIPE'

/** What an app answers when it is known what became of what was saved before. @param {App} app @param {string[]} files @param {number} until */
async function settled(app, files, until) {
  /** @type {any[]} */
  const before = []
  for (let asked = app; ; ) {
    const answer = await answerOf(asked, { ask: 'wait', files, timeout: Math.max(0, until - Date.now()) })
    const isOver = answer !== undefined && !answer.isLost && !(answer.state === 'restart-needed' && answer.restarts && (await ends(asked, until)))
    if (isOver) return { ...answer, outcomes: [...before, ...answer.outcomes] }
    before.push(...(answer?.outcomes ?? []))
    // It is started again by its parent, or by a person; a runner answers for it meanwhile.
    const limit = answer?.state === 'restart-needed' ? until : Math.min(until, Date.now() + RETURNS)
    const next = await successor(asked, limit)
    if (!next) return undefined
    asked = next
  }
}

/** Whether the process of an app ends soon. @param {App} app @param {number} until */
async function ends(app, until) {
  try {
    const { over, close } = await follow(app, { ask: 'log', last: 0, follow: true }, () => {})
    const limit = Math.max(0, Math.min(until - Date.now(), RESTARTS))
    const hasEnded = await Promise.race([over.then(() => true), sleep(limit, false, { ref: false })])
    close()
    return hasEnded
  } catch {
    return true
  }
}

/** The next process of an app that has ended. @param {App} app @param {number} until @returns {Promise<App | undefined>} */
async function successor(app, until) {
  for (;;) {
    const next = find(undefined).apps.find(({ root, entry, socket }) => root === app.root && entry === app.entry && socket !== app.socket)
    if (next || Date.now() >= until) return next
    await sleep(LOOK)
  }
}

const STATES = {
  live: 'live',
  broken: 'broken: it is not mended',
  'restart-needed': 'a restart is needed, and nobody does it',
  stale: 'stale: only a restart brings it in',
  busy: 'not known yet',
  starting: 'it starts',
  restarting: 'it restarts',
  crashed: 'crashed; waiting for a save',
  ended: 'it has ended; waiting for a save',
}

/** @param {any} answer @param {(file: string) => string} show @param {boolean} hasHead */
function describe(answer, show, hasHead) {
  const { state, outcomes, unmended, files = [], threads = [], undecided = [], stale = [], restart, crash, error } = answer
  const told = new Set(outcomes.flatMap((/** @type {any} */ { errors = [] }) => errors.map(keyOf)))
  const toldStale = new Set(outcomes.flatMap((/** @type {any} */ one) => (one.stale ?? []).map(keyOfStale)))
  const isTold = outcomes.some((/** @type {any} */ { outcome }) => outcome === 'restart-needed')
  return [
    ...(hasHead ? [headOf(answer, show)] : []),
    ...outcomes.flatMap((/** @type {any} */ outcome) => describeOutcome(outcome, show)),
    ...unmended.filter((/** @type {any} */ one) => !told.has(keyOf(one))).flatMap((/** @type {any} */ one) => describeError(one, show).map((text, at) => (at === 0 ? `✗ ${text}` : `  ${text}`))),
    ...describeStale(stale.filter((/** @type {any} */ one) => !toldStale.has(keyOfStale(one))), show).map((text) => `! ${text}`),
    ...(state === 'restart-needed' && restart && !isTold ? describeOutcome(restart, show) : []),
    ...(crash?.error && !told.has(keyOf(crash.error)) ? describeError(crash.error, show).map((text, at) => (at === 0 ? `✗ ${text}` : `  ${text}`)) : []),
    ...(error === undefined ? [] : [visible(error)]),
    ...files.filter((/** @type {any} */ { loaded }) => !loaded).map((/** @type {any} */ file) => `${show(file.path)}: ${fs.existsSync(file.path) ? 'nobody has loaded it' : 'there is no such file, and nobody has loaded it'}`),
    ...undecided.map((/** @type {string} */ file) => `${show(file)} is not decided on yet`),
    ...(threads.length > 0 ? [`threads that do not answer: ${threads.map((/** @type {number} */ id) => (id === 0 ? 'the main thread' : id)).join(', ')}`] : []),
    STATES[/** @type {keyof typeof STATES} */ (state)] ?? visible(state),
  ]
}

const keyOf = (/** @type {any} */ { name, message, file, line }) => `${name} ${message} ${file} ${line}`

const keyOfStale = (/** @type {any} */ one) => `${one.path}\0${one.by}`

/** @param {any} answer @param {(file: string) => string} show */
function headOf({ pid, runner, entry, node, hooks, since, urls = [] }, show) {
  const process = runner === undefined || runner === null ? `pid ${pid}` : `pid ${pid} (of the runner ${runner})`
  const parts = [process, node && visible(node), hooks && (hooks === 'sync' ? 'hooks in its threads' : 'hooks in a thread of their own'), since && `since ${new Date(since).toLocaleTimeString('en-GB')}`, ...urls.map(visible)]
  return [entry ? show(entry) : 'an app', parts.filter(Boolean).join(', ')].join(': ')
}
