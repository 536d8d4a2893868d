/**
 * The runner's control socket: it answers for its app, also while that restarts or has crashed. What the app's own socket
 * knows it asks there (docs/protocol.md of hot-hook).
 */
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask, findApp, follow, openControl } from 'hot-hook/internal'

/** How long a request may wait for an app that restarts, in milliseconds, if it does not say how long. */
const PATIENCE = 30_000
/** The same, of what is asked of the graph. */
const GRAPH_PATIENCE = 4000
/** How often it is looked for the app's socket, in milliseconds: it comes when the app begins. */
const LOOK = 20
/** So long it may take until the socket of an app is there that has started. */
const OPENS = 2000
/** What V8 says of what a module lacks that is imported: that is mended elsewhere. */
const OF_ANOTHER = /does not provide an export named|ambiguous|conflicting/
/** How many outcomes are kept. */
const KEPT = 200

/** Waits for something, and no longer than that, in milliseconds. @param {Promise<unknown>} work @param {number} limit */
async function within(work, limit) {
  const over = new AbortController()
  try {
    await Promise.race([work, sleep(limit, undefined, { ref: false, signal: over.signal }).catch(() => {})])
  } finally {
    over.abort()
  }
}

/** @typedef {import('./machine.mjs').State} State */
/**
 * @typedef {object} View what the runner knows
 * @property {State} state
 * @property {number} [pid] of the app
 * @property {number} [since] when its process began
 * @property {string[]} urls
 * @property {Record<string, unknown>} [crash] how the last process ended
 * @property {() => Promise<void>} sync takes in what the runner itself watches
 */

/**
 * @param {import('./options.mjs').Options} options
 * @param {() => View} look
 */
export function createControl({ cwd, script }, look) {
  const entry = path.resolve(cwd, script)
  const root = packageFolder(cwd)
  /** @type {import('hot-hook/internal').Control | null} */
  let control = null
  /** @type {Set<() => void>} */
  const waiting = new Set()
  /** Who still waits for an answer, by their requests, and what is to be done when they go. @type {Map<number, Set<() => void>>} */
  const open = new Map()
  /** @type {any[]} */
  const outcomes = []
  /** The ids of those that who waited was told. @type {Set<string>} */
  const shown = new Set()
  /** What cannot be parsed, by its file, with the process that has said so: it stays so until it is saved. @type {Map<string, Unparsed>} */
  const unparsed = new Map()
  /** Those who follow. @type {Map<number, (outcome: any) => void>} */
  const followers = new Map()

  /** @param {number} request @param {unknown} response @param {boolean} [last] */
  const say = (request, response, last = true) => control?.answer(request, response === null ? null : JSON.stringify(response), last)

  /** Until something happens to the app, or for so long, in milliseconds. @param {number} limit */
  async function change(limit) {
    let done = () => {}
    const happens = new Promise((resolve) => (done = () => resolve(undefined)))
    waiting.add(done)
    await within(happens, limit)
    waiting.delete(done)
  }

  /** What the app answers; `undefined` if it has gone, or cannot be asked. @param {object} request */
  async function askApp(request) {
    const { pid = 0 } = look()
    const app = findApp(cwd, pid)
    if (!app) return undefined
    try {
      return await ask(app, request)
    } catch {
      return undefined
    }
  }

  /** @param {string[]} files */
  const concerns = (files) => (/** @type {any} */ outcome) => files.length === 0 || [...outcome.files, ...(outcome.modules ?? [])].some((one) => files.includes(one))

  /** What who waits has not been told of: of the app's own and of what followed. @param {any[]} told @param {string[]} files */
  function news(told, files) {
    const ours = outcomes.filter(concerns(files)).filter(({ id }) => !shown.has(id))
    const known = new Map([...told, ...ours].map((one) => [one.id, one]))
    // What became of it by now.
    for (const one of outcomes) if (known.has(one.id) && isRestart(one)) known.set(one.id, one)
    for (const id of known.keys()) shown.add(id)
    const all = [...known.values()].toSorted((a, b) => a.time - b.time)
    // The process that was started for a save may have seen that, too.
    const restarted = new Set(all.filter(isRestart).flatMap((one) => one.files))
    const isSeenTwice = (/** @type {any} */ one) => one.outcome === 'unchanged' && one.files.every((/** @type {string} */ file) => restarted.has(file))
    // A save that is seen again after a crash starts the app once more.
    const isRepeated = (/** @type {any} */ one, /** @type {any} */ next) => isRestart(one) && next?.outcome === one.outcome && String(next.files) === String(one.files)
    return all.filter((one, at) => !isSeenTwice(one) && !isRepeated(one, all[at + 1]))
  }

  /** What is said in all states. @param {string[]} files */
  function describe(files) {
    const { pid, since, urls } = look()
    return { pid: pid ?? process.pid, runner: process.pid, root, entry, node: process.version, ...(since && { since }), urls, unmended: [], undecided: [], threads: [], ...(files.length > 0 && { files: files.map((one) => ({ path: one, loaded: true })) }) }
  }

  /** @param {string} state @param {number} code @param {any[]} told @param {string[]} files */
  function ownStatus(state, code, told, files) {
    const { crash } = look()
    return { state, code, ...describe(files), outcomes: told, ...(state === 'crashed' && crash && { crash }) }
  }

  /** What was broken before a restart, and still is. @param {any} answer @param {string[]} files */
  function stillUnparsed(answer, files) {
    const known = new Set(answer.unmended.map((/** @type {any} */ { file }) => file))
    for (const [file, { text }] of unparsed) if (read(file) !== text) unparsed.delete(file)
    const others = [...unparsed].filter(([file, { pid }]) => pid !== answer.pid && !known.has(file))
    return { all: others.map(([, { failure }]) => failure), isMeant: others.some(([file]) => files.length === 0 || files.includes(file)) }
  }

  /** What the app says of itself, and what only the runner knows. @param {any} answer @param {any[]} told @param {string[]} files */
  const withOwn = (answer, told, files) => {
    const { urls } = look()
    const { all, isMeant } = stillUnparsed(answer, files)
    const isBroken = isMeant && (answer.code === 0 || answer.state === 'stale')
    // One that was linked ahead begins with a module of ours.
    return { ...answer, root, entry, ...(isBroken && { state: 'broken', code: 1 }), unmended: [...answer.unmended, ...all], runner: process.pid, ...(urls.length > 0 && { urls }), outcomes: told }
  }

  /** @param {any} outcome */
  function noteErrors({ outcome, files, errors = [], mended = [] }) {
    for (const file of mended) unparsed.delete(file)
    if (outcome !== 'failed') return
    for (const failure of errors) {
      const { file, phase, name, message } = failure
      const isOwn = phase === 'link' && name === 'SyntaxError' && files.includes(file) && !OF_ANOTHER.test(message)
      if (!isOwn) continue
      const text = read(file)
      if (hasLine(text, failure)) unparsed.set(file, { failure, pid: look().pid, text })
    }
  }

  /** How it stands while the app does not run. @param {State} state @returns {[string, number] | undefined} */
  function standing({ name, waits, last }) {
    if (name === 'crashed' && !waits) return last?.code === 0 ? ['ended', 2] : ['crashed', 1]
    return name === 'idle' || name === 'stopped' ? ['ended', 2] : undefined
  }

  /** @param {State} state */
  const underWay = ({ name, isRestart }) => (name === 'starting' && !isRestart ? 'starting' : 'restarting')

  /** @param {any} given @param {() => boolean} isOver */
  async function wait({ files, timeout }, isOver) {
    const until = Date.now() + timeout
    const left = () => Math.max(0, until - Date.now())
    /** @type {any[]} */
    const told = []
    let opensBy = 0
    for (;;) {
      await within(look().sync(), left())
      const { state, pid } = look()
      const end = standing(state)
      if (end) return ownStatus(...end, news(told, files), files)
      if (state.name === 'running') {
        const answer = await askApp({ ask: 'wait', files, timeout: left() })
        const isSame = look().pid === pid && look().state.name === 'running'
        if (answer) {
          opensBy = 0
          told.push(...(answer.outcomes ?? []))
          // A restart that is needed is on its way.
          const isFinal = isSame && answer.error === undefined && !needsRestart(answer)
          if (isFinal) return withOwn(answer, news(told, files), files)
        } else if (isSame) {
          opensBy ||= Date.now() + OPENS
          if (Date.now() > opensBy) return ownStatus('unknown', 4, news(told, files), files)
        }
        if (isSame) await change(Math.min(LOOK, left()))
      } else await change(left())
      if (isOver()) return undefined
      if (left() === 0) return ownStatus(look().state.name === 'running' ? 'busy' : underWay(look().state), 4, news(told, files), files)
    }
  }

  /** @param {{ files: string[] }} given */
  async function status({ files }) {
    const { state } = look()
    const end = standing(state)
    const last = outcomes.slice(-1)
    if (end) return ownStatus(...end, last, files)
    if (state.name !== 'running') return ownStatus(underWay(state), 4, last, files)
    const answer = await askApp({ ask: 'status', files })
    if (!answer || answer.error !== undefined) return ownStatus('unknown', 4, last, files)
    // The restart that it needs is on its way.
    const isDone = !needsRestart(answer)
    return withOwn({ ...answer, ...(!isDone && { state: 'restarting', code: 4 }) }, answer.outcomes.length > 0 ? answer.outcomes : last, files)
  }

  /** What the app alone knows: a response, or lines as long as both go on. @param {number} request @param {any} asked */
  async function pass(request, asked) {
    const until = Date.now() + GRAPH_PATIENCE
    for (; Date.now() < until && open.has(request); await change(LOOK)) {
      const { state, pid = 0 } = look()
      const end = standing(state)
      if (end) return say(request, { error: `the app has ${end[0]}, and waits for a save`, code: end[1] })
      const app = state.name === 'running' || state.name === 'starting' ? findApp(cwd, pid) : undefined
      if (!app) continue
      if (asked.ask === 'follow') return passOn(request, app)
      try {
        return say(request, await ask(app, asked))
      } catch {
        // It has gone just now.
      }
    }
    return say(request, { error: 'the app restarts, or has no socket', code: 4 })
  }

  /** @param {number} request @param {import('hot-hook/internal').App} app */
  async function passOn(request, app) {
    try {
      const { over, close } = await follow(app, { ask: 'follow' }, (event) => say(request, event, false))
      open.get(request)?.add(close)
      if (!open.has(request)) close()
      say(request, { event: 'hello' }, false)
      await over
    } catch {}
    say(request, null)
  }

  /** @param {number} request @param {any} asked */
  function log(request, { last, follow: follows }) {
    const count = Number.isSafeInteger(last) && last >= 0 ? last : KEPT
    const tell = (/** @type {any} */ data) => say(request, { event: 'outcome', data }, false)
    outcomes.slice(Math.max(0, outcomes.length - count)).forEach(tell)
    if (!follows) return say(request, { event: 'end' })
    followers.set(request, tell)
    open.get(request)?.add(() => followers.delete(request))
    return say(request, { event: 'hello' }, false)
  }

  /** @param {number} request @param {any} asked */
  async function answer(request, asked) {
    const { files = [], timeout = PATIENCE } = asked
    if (!Array.isArray(files) || files.some((one) => typeof one !== 'string')) return say(request, { error: 'the files are to be a list of paths' })
    if (!Number.isSafeInteger(timeout) || timeout < 0) return say(request, { error: 'the timeout is to be a number of milliseconds, without a fraction' })
    switch (asked.ask) {
      case 'wait': {
        const response = await wait({ files, timeout: Math.min(timeout, 2 ** 31 - 1) }, () => !open.has(request))
        return response && say(request, response)
      }
      case 'status':
        return say(request, await status({ files }))
      case 'log':
        return log(request, asked)
      case 'graph':
      case 'explain':
      case 'follow':
        return pass(request, asked)
      default:
        return say(request, { error: 'hot-runner does not know this request: it may be of another version' })
    }
  }

  /** @param {import('hot-hook/internal').ControlRequest} given */
  function heard({ request, text }) {
    if (text == null) {
      for (const go of open.get(request) ?? []) go()
      open.delete(request)
      return
    }
    open.set(request, new Set())
    answer(request, Object(JSON.parse(text))).catch((error) => say(request, { error: String(error?.message) }))
  }

  return {
    begin() {
      try {
        control = openControl(root, entry, /** @type {any} */ ((/** @type {any[]} */ ...args) => heard(args.at(-1))))
      } catch {
        // Nobody can ask then, and is told that nothing runs.
      }
    },
    /** Something has happened to the app. */
    changed() {
      for (const done of waiting) done()
    },
    /** Whether an outcome was told before, as what it was then. @param {string} id */
    knows: (id) => outcomes.some((one) => one.id === id),
    /** What became of a save is known, or has become something else. @param {any} given */
    outcome(given) {
      const outcome = { ...given }
      // They are for people.
      delete outcome.text
      delete outcome.again
      const at = outcomes.findIndex(({ id }) => id === outcome.id)
      if (at >= 0) outcomes[at] = outcome
      else outcomes.push(outcome)
      if (outcomes.length > KEPT) shown.delete(outcomes.shift().id)
      noteErrors(outcome)
      for (const tell of followers.values()) tell(outcome)
    },
    end() {
      control?.close()
      control = null
    },
  }
}

/** @typedef {{ failure: any, pid: number | undefined, text: string }} Unparsed */

/** What a file holds, by which it is known again. @param {string} file */
function read(file) {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Whether a text still has the line that an error is about: it may have been saved since. @param {string} text @param {{ line?: number, frame?: string }} failure */
function hasLine(text, { line = 0, frame = '' }) {
  const found = /^\s*> \d+ \| ?(.*)$/m.exec(frame)?.[1]
  return found !== undefined && text.split('\n')[line - 1]?.trim() === found.trim()
}

/** Not what stays stale: nobody restarts an app for that. @param {any} status of the app */
const needsRestart = ({ state }) => state === 'restart-needed'

const isRestart = (/** @type {any} */ { outcome }) => outcome === 'restarted' || outcome === 'crashed'

/** The folder of the nearest package.json upwards. @param {string} cwd */
function packageFolder(cwd) {
  for (let folder = cwd; ; folder = path.dirname(folder)) {
    if (fs.existsSync(path.join(folder, 'package.json'))) return folder
    if (folder === path.dirname(folder)) return cwd
  }
}
