/**
 * `createRunner`: what the state machine decides is done here, and what happens is told to it.
 */
import { EventEmitter } from 'node:events'
import { relative } from 'node:path'
import { launch } from './child.mjs'
import { createCompileCache } from './compile-cache.mjs'
import { createControl } from './control.mjs'
import { createHang, isStuck } from './hang.mjs'
import { describeHolder, removeLeftOver } from './holders.mjs'
import { createInput } from './input.mjs'
import { initial, isLooping, step } from './machine.mjs'
import { aheadOf, envFiles } from './node-flags.mjs'
import { complete } from './options.mjs'
import { reasonOf } from './report.mjs'
import { createSaves } from './saves.mjs'
import { createSockets } from './sockets.mjs'
import { createViewer } from './viewer.mjs'
import { createWatch } from './watch.mjs'

export { OptionsError } from './options.mjs'

/** @typedef {import('./machine.mjs').Event extends infer E ? E extends { at: number } ? Omit<E, 'at'> & { at?: number } : never : never} Input */

/** Sockets that listen at nearly the same time are told as one, in milliseconds. */
const TOGETHER = 10
/** So long after an app has come to rest the next process is started, in milliseconds. */
const LATER = 100
/**
 * So long an app that has come to rest may take until it listens, in milliseconds, if it is likely to: it has loaded what a
 * server needs, or the process before has listened.
 */
const LISTENS_LATE = 10_000
/** So much earlier than the clock a file may say that it was saved: file systems take a coarser one. In milliseconds. */
const GRAIN = 20
/** A terminal sends Ctrl-C to the app, too; and so long it takes until the app says that it has come, in milliseconds. */
const ECHO = 60
/** Package managers pass on a signal that the terminal has sent already: within so many milliseconds it is one. */
const SAME_KEY = 100
const FROM_TERMINAL = new Set(['SIGINT', 'SIGHUP', 'SIGQUIT'])

/**
 * See index.d.ts.
 * @param {import('./index.d.ts').RunnerOptions} given
 * @returns {import('./index.d.ts').Runner}
 */
export function createRunner(given) {
  const options = complete(given)
  const events = new EventEmitter()
  const sockets = createSockets()
  const cache = createCompileCache(options.cwd, { ...process.env, ...options.env })
  const watch = createWatch(options, cache.folder, {
    saved: (paths, early) => {
      if (state.name !== 'crashed') return hang.saved(paths)
      const { counts, own } = saves.judge(paths, { ago: Date.now() - endedAt, early, isLooping: isLooping(state) })
      for (const path of own) emit('problem', { text: `${path} has changed, as in the runs before: it is taken for a file that the app writes, and starts nothing` })
      if (counts.length === 0) return undefined
      if (!state.waits) cause = { cause: 'save', path: counts[0] }
      return dispatch({ type: 'saved', early })
    },
    installed: (path) => {
      if (!state.waits) cause = { cause: 'installed', path }
      dispatch({ type: 'saved' })
    },
    envChanged: (paths) => {
      // It has read them.
      drop()
      reload({ cause: 'env-file', path: paths[0] })
    },
    problem: (text) => emit('problem', { text }),
  })
  const hang = createHang(options, {
    watch: (since) => watch.project(since),
    rest: () => watch.rest(),
    isStuck: ({ pid = 0 }, path) => isStuck(options, pid, path, portsOf(current)),
    hung: (path) => {
      if (state.name === 'starting' || state.name === 'running') cause = { cause: 'hung', path }
      dispatch({ type: 'hung' })
    },
  })
  const input = createInput(options, () => runner.restart())
  const viewer = options.viewer === undefined ? undefined : createViewer(options, { ready: (url) => emit('viewer', { url }), problem: (text) => emit('problem', { text }) })
  /** @type {Map<import('./machine.mjs').Timer, NodeJS.Timeout>} */
  const timers = new Map()
  const saves = createSaves()
  /** When the last process has ended. */
  let endedAt = 0
  let state = initial()
  /** @type {Current | undefined} */
  let current
  /** The process that is to be the next. @type {Current | undefined} */
  let waiting
  /** Whether the process that was ready last has listened. */
  let serves = false
  /** Where the last process has called `process.exit`. @type {string | undefined} */
  let exitedAt
  /** What the last process has thrown at its end. @type {Record<string, unknown> | undefined} */
  let error
  /** The outcomes that a restart follows. @type {Array<Record<string, unknown>>} */
  let restarts = []
  let restartCount = 0
  /** How the last process has ended, if that was a crash. @type {Record<string, unknown> | undefined} */
  let crash
  /** Where the last process could not listen. @type {Current['inUse']} */
  let failed = new Map()
  /** What the last process did not find. @type {Current['missing']} */
  let missing = []
  /** Why there is a restart. @type {Record<string, unknown>} */
  let cause = {}
  /** @type {Promise<import('./machine.mjs').Exit>} */
  let ended = Promise.resolve({ code: 0, signal: null })
  /** @type {(exit: import('./machine.mjs').Exit) => void} */
  let settle = () => {}
  let lastInterrupt = -Infinity
  /** Node would not wait for what the app does. @type {NodeJS.Timeout | undefined} */
  let alive
  /** @type {NodeJS.Timeout | undefined} */
  let later

  const control = createControl(options, () => ({
    state,
    pid: current?.child.pid,
    since: current?.begunAt,
    urls: [...(current?.listening.values() ?? [])],
    crash,
    sync: watch.sync,
  }))

  /** @param {string} name @param {Record<string, unknown>} fields */
  const emit = (name, fields) => {
    if (name === 'outcome') {
      control.outcome(fields)
      viewer?.became(fields)
    }
    events.emit(name, fields)
  }

  /** @param {any} event */
  function dispatch(event) {
    const [next, effects] = step(state, { at: Date.now(), ...event }, options)
    state = next
    for (const effect of effects) carryOut(effect)
    control.changed()
  }

  /** @param {Record<string, unknown>} why */
  function reload(why) {
    if (state.name === 'starting' || state.name === 'running' || state.name === 'crashed') cause = why
    dispatch({ type: 'reload' })
  }

  /** @param {import('./machine.mjs').Effect} effect */
  function carryOut(effect) {
    switch (effect.do) {
      case 'spawn':
        return start()
      case 'drain':
        return current?.speaks && current.child.hears() ? current.child.tell({ type: 'hot-runner:restart' }) : queueMicrotask(() => dispatch({ type: 'drained' }))
      case 'signal':
        return void current?.child.signal(effect.signal ?? options.signal)
      case 'relay':
        return relay(effect.signal)
      case 'kill':
        return effect.all ? current?.child.killAll() : void current?.child.signal('SIGKILL')
      case 'set':
        return void timers.set(effect.timer, setTimeout(dispatch, effect.ms, { type: 'timeout', timer: effect.timer }))
      case 'clear':
        return clearTimeout(timers.get(effect.timer))
      case 'watch':
        return watch.project(effect.since - GRAIN, missing)
      case 'unwatch':
        return watch.rest()
      case 'forget':
        return cache.clear()
      case 'end':
        return end(effect.exit, effect.byItself)
      case 'say':
        return say(effect.say)
    }
  }

  /** @param {import('./machine.mjs').Saying} saying */
  function say({ what, ...fields }) {
    if (what === 'restart') {
      if (cause.cause !== 'save') saves.lived()
      viewer?.restarts(cause)
      noteRestart()
      emit('restart', cause)
    } else if (what === 'ready') {
      saves.lived()
      serves = current !== undefined && current.listening.size > 0
      emit('ready', { ...fields, pid: current?.child.pid, urls: [...(current?.listening.values() ?? [])] })
      followUp('restarted', 'ms' in fields ? { ms: fields.ms } : {})
      if (!serves && current) tellHolders(current.inUse)
    } else if ('exit' in fields) {
      emit(what, { ...fields.exit, ...('ms' in fields && { ms: fields.ms }), ...place(), ...(what === 'crash' && missing.length > 0 && { missing: wanted() }), ...(what === 'crash' && error && { error }), ...(what === 'ended' && { waits: true }) })
      if (what === 'crash') {
        crash = { ...fields.exit, ...place(), ...(missing.length > 0 && { missing: wanted() }), ...(error && { error }) }
        followUp('crashed', { ...('ms' in fields && { ms: fields.ms }), ...(error && { errors: [{ phase: 'evaluate', ...error }] }) })
      }
      tellHolders(failed)
    }
    else emit(what, fields)
  }

  /** Who holds what the app wanted. @param {Current['inUse']} inUse */
  function tellHolders(inUse) {
    for (const one of inUse.values()) emit('problem', { text: describeHolder(one) })
    inUse.clear()
  }

  /** What became of the save for which there was a restart. @param {'restarted' | 'crashed'} outcome @param {object} fields */
  function followUp(outcome, fields) {
    for (const one of restarts.splice(0)) emit('outcome', { ...one, outcome, ...fields })
  }

  /** A save that no app has heard of has an outcome, too: that is the runner's. */
  function noteRestart() {
    const { path } = cause
    if (typeof path !== 'string' || cause.cause === 'installed' || restarts.length > 0) return
    const time = Date.now()
    const id = `${time.toString(16)}-${process.pid.toString(16)}-r${++restartCount}`
    restarts.push({ id, time, files: [path], modules: [], boundaries: [], pending: [], ms: 0, reason: reasonOf(cause, (file) => relative(options.cwd, file) || file).text })
  }

  /** Names, as the app wrote them. */
  const wanted = () => [...new Set(missing.map(({ specifier }) => specifier))]
  const place = () => (exitedAt === undefined ? {} : { at: exitedAt })

  function start() {
    const mine = waiting ?? create()
    waiting = undefined
    if (mine.isAhead && mine.speaks) go(mine)
    begin(mine)
  }

  /** @param {Current} mine one that waits */
  const go = ({ child }) => child.tell({ type: 'hot-runner:go', handles: sockets.size })

  /** It runs the app from now on. @param {Current} mine */
  function begin(mine) {
    current = mine
    crash = undefined
    mine.begunAt = Date.now()
    input.attach(mine.child.stdin)
    viewer?.follow(mine.child)
    emit('start', { pid: mine.child.pid, isRestart: Boolean(state.isRestart), isAhead: mine.isAhead })
  }

  /** @param {import('./child/link.mjs').Ahead} [ahead] @returns {Current} */
  function create(ahead) {
    /** @type {Current} */
    const mine = { child: /** @type {any} */ (undefined), listening: new Map(), files: new Map(), inUse: new Map(), missing: [], speaks: false, isAhead: Boolean(ahead), begunAt: 0, signals: new Map() }
    mine.child = launch(
      options,
      { handles: sockets.size, cache: cache.folder, pipesInput: input.isPiped, ahead },
      {
        message: (message, handle) => {
          if (message?.type === 'hot-runner:hello') mine.speaks = true
          if (mine === waiting && message?.type === 'hot-runner:waits') emit('waiting', { pid: mine.child.pid })
          else if (mine === current) heard(mine, message, handle)
          else handle?.close?.()
          // One that was started ahead runs the app as soon as it has said that it goes: it may say no more.
          if (mine === current && !mine.isAhead && mine.speaks) hang.follow(mine.child, mine.begunAt)
          hang.heard(mine.child, message.inspected)
        },
        other: (message) => mine === current && !mine.isAhead && void events.emit('message', message),
        // It may have disconnected before it was told to drain, or while it did: no message will say that it is done.
        deaf: () => mine === current && dispatch({ type: 'drained' }),
        exit: (exit) => {
          if (waiting === mine) waiting = undefined
          if (current !== mine) return
          // Somebody has killed it while it waited.
          if (mine.isAhead && state.name === 'starting' && !state.ending) return replace(mine)
          clearTimeout(mine.timer)
          clearTimeout(later)
          exitedAt = mine.exitedAt
          error = mine.error
          failed = mine.inUse
          missing = mine.missing
          endedAt = Date.now()
          saves.ended()
          for (const { address, inode } of mine.files.values()) removeLeftOver(address, inode)
          current = undefined
          hang.end()
          input.detach()
          sockets.rest()
          setImmediate(cache.prune)
          dispatch({ type: 'exit', exit })
        },
      },
    )
    return mine
  }

  /** The next process is started as soon as the processor has nothing more urgent to do. */
  function startAhead() {
    const ahead = aheadOf(options, { ...process.env, ...options.env })
    if (!ahead) return
    clearTimeout(later)
    later = setTimeout(() => {
      if (!waiting && current && !state.ending) waiting = create(ahead)
    }, LATER)
  }

  /** What was started ahead is of no use. */
  function drop() {
    clearTimeout(later)
    waiting?.child.signal('SIGKILL')
    waiting = undefined
  }

  /** What was started ahead cannot run the app: files have changed that it cannot load again, or it is no more. @param {Current} mine */
  function replace(mine) {
    clearTimeout(mine.timer)
    begin(create())
  }

  /** @param {Current} mine @param {any} message @param {any} handle */
  function heard(mine, message, handle) {
    const { child } = mine
    if (mine.isAhead) {
      if (message?.type === 'hot-runner:hello') return go(mine)
      // What else it has said while it waited is of the past.
      if (message?.type === 'hot-runner:stale') return state.name === 'starting' ? replace(mine) : undefined
      if (message?.type !== 'hot-runner:goes') return handle?.close?.()
      mine.isAhead = false
    }
    switch (message?.type) {
      case 'hot-runner:hello':
      case 'hot-runner:goes':
        return sockets.size > 0 ? sockets.give(child) : undefined
      case 'hot-runner:listening':
        if (message.scheme === 'unix') mine.files.set(message.id, message)
        else if (options.keepSockets) sockets.listening(child, message, handle)
        return listens(mine, message.id, urlOf(message))
      case 'hot-runner:rest':
        startAhead()
        mine.restsAt = Date.now()
        return undefined
      case 'hot-runner:quiet':
        return awaitListening(mine, serves || message.serves ? LISTENS_LATE : 0)
      case 'hot-runner:connection':
        return sockets.connection(message.id, handle)
      case 'hot-runner:closed':
        mine.listening.delete(message.id)
        mine.files.delete(message.id)
        return options.keepSockets ? sockets.closed(child, message.id) : undefined
      case 'hot-runner:in-use':
        return void mine.inUse.set(`${message.address} ${message.port}`, message)
      case 'hot-runner:missing':
        return void (mine.missing = message.packages)
      case 'hot-runner:outcome':
        if (message.outcome.outcome === 'restart-needed') restarts.push(message.outcome)
        return emit('outcome', { ...message.outcome, ...(message.text != null && { text: message.text }), ...(control.knows(message.outcome.id) && { again: true }) })
      case 'hot-runner:error':
        return void (mine.error = message.error)
      case 'hot-runner:exit':
        return void (mine.exitedAt = message.at)
      case 'hot-runner:signal':
        return void mine.signals.set(message.signal, Date.now())
      case 'hot-runner:stdin':
        return input.appReads(message.reads)
      case 'hot-runner:snapshot':
      case 'hot-runner:update':
        return viewer?.heard(message)
      case 'hot-runner:drained':
        return dispatch({ type: 'drained' })
      case 'hot-hook:invalidated':
        cache.invalidated(message.paths)
        return emit('invalidated', { paths: message.paths })
      case 'hot-hook:full-reload':
        return reload({ cause: 'change', path: message.path, reason: message.reason ?? undefined })
    }
  }

  /** @param {Current} mine @param {string} id @param {string} url */
  function listens(mine, id, url) {
    mine.listening.set(id, url)
    if (state.name !== 'starting') return emit('listening', { url })
    if (mine.listening.size > 1) return undefined
    clearTimeout(mine.timer)
    const at = Date.now()
    mine.timer = setTimeout(() => {
      // An app that only looks for a free port listens, too.
      if (mine.listening.size > 0) dispatch({ type: 'ready', at })
      else if (mine.restsAt) awaitListening(mine, LISTENS_LATE)
    }, TOGETHER)
    return undefined
  }

  /** It has come to rest, and may yet listen. @param {Current} mine @param {number} limit */
  function awaitListening(mine, limit) {
    if (mine.listening.size > 0 || state.name !== 'starting') return
    clearTimeout(mine.timer)
    mine.timer = setTimeout(dispatch, limit, { type: 'ready', at: mine.restsAt })
  }

  /** @param {string} signal */
  function relay(signal) {
    const mine = current
    if (!FROM_TERMINAL.has(signal)) return void mine?.child.signal(signal)
    const since = Date.now() - SAME_KEY
    setTimeout(() => {
      const hasCome = (mine?.signals.get(signal) ?? 0) >= since
      if (mine && mine === current && !hasCome) mine.child.signal(signal)
    }, ECHO)
    return undefined
  }

  /** @param {import('./machine.mjs').Exit} exit @param {boolean} [byItself] */
  function end(exit, byItself = false) {
    for (const timer of timers.values()) clearTimeout(timer)
    clearInterval(alive)
    control.end()
    drop()
    viewer?.end()
    hang.end()
    watch.end()
    input.end()
    sockets.closeAll()
    cache.prune()
    settle(exit)
    if (byItself) emit('ended', { ...exit, ...place(), waits: false })
    emit('exit', { ...exit })
  }

  const runner = Object.assign(events, {
    start() {
      if (state.name !== 'idle' && state.name !== 'stopped') return
      ended = new Promise((resolve) => (settle = resolve))
      alive = setInterval(() => {}, 2 ** 30)
      input.begin()
      control.begin()
      viewer?.open()
      watch.envFiles(envFiles(options.nodeArgs))
      dispatch({ type: 'start' })
    },
    restart() {
      if (state.name === 'starting' || state.name === 'running' || state.name === 'crashed') cause = { cause: 'asked' }
      dispatch({ type: 'restart' })
    },
    stop() {
      dispatch({ type: 'stop' })
      return ended
    },
    signal(/** @type {string} */ signal) {
      const now = performance.now()
      if (signal === 'SIGINT' && now - lastInterrupt < SAME_KEY) return
      if (signal === 'SIGINT') lastInterrupt = now
      dispatch({ type: 'signal', signal })
    },
  })
  return /** @type {any} */ (runner)
}

/**
 * @typedef {object} Current the app's process
 * @property {import('./child.mjs').Child} child
 * @property {Map<string, string>} listening the URLs on which it listens, by id
 * @property {Map<string, { address: string, inode?: string }>} files of Unix sockets on which it listens, by id
 * @property {Map<string, { address: string, port: number }>} inUse where it could not listen, because somebody else does
 * @property {import('./watch.mjs').Missing[]} missing packages that it did not find
 * @property {string} [exitedAt] where it has called `process.exit`
 * @property {Record<string, unknown>} [error] what it has thrown that nobody caught
 * @property {boolean} speaks our code runs in it
 * @property {boolean} isAhead it waits, or has not yet said that it goes
 * @property {number} begunAt when it was its turn to run the app
 * @property {Map<string, number>} signals when the app last got which
 * @property {number} [restsAt] when it has come to rest
 * @property {NodeJS.Timeout} [timer]
 */

/** The ports on which it listens. @param {Current | undefined} app */
const portsOf = (app) => [...(app?.listening.values() ?? [])].map((url) => Number(/\d*$/.exec(url)?.[0]))

/** @param {{ scheme: string, address: string, port: number }} socket @returns {string} */
function urlOf({ scheme, address, port }) {
  if (scheme === 'unix') return `unix:${address}`
  const isLocal = ['::', '0.0.0.0', '127.0.0.1'].includes(address)
  const host = isLocal ? 'localhost' : address.includes(':') ? `[${address}]` : address
  return `${scheme}://${host}:${port}`
}
