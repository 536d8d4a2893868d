/**
 * What the runner does when: a pure state machine. An event and a state give the next state and what is to be done; there
 * is no clock, no process and no file here.
 *
 * ```text
 *            start              ready
 *   idle ───────────▶ starting ───────▶ running ──exit 0──▶ stopped
 *                      ▲  ▲ │ reload      │ reload              ▲
 *               gone   │  │ ▼             ▼                     │ gone
 *   (next: start) ─────┘  │ draining ──drained──▶ killing ──────┘ (next: end)
 *                   saved │
 *                      crashed ◀── exit ≠ 0, from starting or running
 * ```
 */

/** @typedef {{ code: number | null, signal: string | null }} Exit */
/** @typedef {'start' | 'end'} Next what comes when the process has gone */

/**
 * @typedef {object} State
 * @property {'idle' | 'starting' | 'running' | 'draining' | 'killing' | 'crashed' | 'stopped'} name
 * @property {Next} [next] in draining and killing
 * @property {Exit} [last] in crashed: how the app ended
 * @property {boolean} [waits] in crashed: something was saved, and the start is put off
 * @property {number} [startedAt] when the process was started
 * @property {number} [since] when what goes on now began, as a person sees it: a restart begins with the save
 * @property {boolean} [isRestart]
 * @property {boolean} [isRetry] in starting: Node itself had crashed, and that is tried once
 * @property {string} [ending] the signal by which the runner was asked to end
 * @property {number} [interrupts] how often Ctrl-C was pressed
 * @property {number[]} crashes when the app crashed lately
 * @property {boolean} [wasEarly] the last start after a crash was for something saved before that was watched
 */

/**
 * @typedef {{ at: number } & (
 *   | { type: 'start' }
 *   | { type: 'ready' }
 *   | { type: 'reload' }
 *   | { type: 'restart' }
 *   | { type: 'hung' }
 *   | { type: 'drained' }
 *   | { type: 'exit', exit: Exit }
 *   | { type: 'saved', early?: boolean }
 *   | { type: 'signal', signal: string }
 *   | { type: 'stop' }
 *   | { type: 'timeout', timer: Timer }
 * )} Event
 */

/** @typedef {'drain' | 'kill' | 'retry'} Timer */

/**
 * - `signal`: to the app; without one that of a restart.
 * - `relay`: what was sent to the runner goes to the app, unless the terminal has sent it there, too.
 * - `kill`: at once; `all`: what it has started, too.
 * - `forget`: what makes a start faster, and may be why it failed.
 * - `end`: `byItself` if it was not asked to end.
 * @typedef {{ do: 'spawn' | 'drain' | 'unwatch' | 'forget' }
 *   | { do: 'signal', signal?: string }
 *   | { do: 'relay', signal: string }
 *   | { do: 'kill', all: boolean }
 *   | { do: 'set', timer: Timer, ms: number }
 *   | { do: 'clear', timer: Timer }
 *   | { do: 'watch', since: number }
 *   | { do: 'end', exit: Exit, byItself?: boolean }
 *   | { do: 'say', say: Saying }
 * } Effect
 */

/**
 * @typedef {{ what: 'restart' }
 *   | { what: 'ready', ms: number, isRestart: boolean }
 *   | { what: 'crash', exit: Exit, ms: number }
 *   | { what: 'retry', exit: Exit }
 *   | { what: 'ended', exit: Exit }
 *   | { what: 'loop', ms: number }
 *   | { what: 'killed', ms: number }
 *   | { what: 'unresponsive', ms: number }
 * } Saying
 */

/** @typedef {{ drainTimeout: number, killTimeout: number, stay: boolean }} Limits in milliseconds */

/** An app that crashes so often within so many milliseconds is started again only after a pause. */
const LOOP = { crashes: 5, within: 10_000 }
/** The first pause; each crash more doubles it. */
const PAUSE = { first: 1000, longest: 30_000 }
/** How much longer than its own limits a draining app may take to say so. */
const SLACK = 500

/** Signals by which people and supervisors end a process; others are a crash. */
const REQUESTS = new Set(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'])

/** By these Node itself crashes; the numbers are how Windows says so. */
const FATAL = new Set(['SIGABRT', 'SIGBUS', 'SIGILL', 'SIGSEGV', 'SIGTRAP', 134, 0x80_00_00_03, 0xc0_00_00_05, 0xc0_00_00_1d, 0xc0_00_04_09])

/** @param {Exit} exit */
const isFatal = ({ code, signal }) => FATAL.has(signal ?? code ?? 0)

/** @returns {State} */
export const initial = () => ({ name: 'idle', crashes: [] })

/**
 * @param {State} state @param {Event} event @param {Limits} limits
 * @returns {[State, Effect[]]}
 */
export function step(state, event, limits) {
  switch (event.type) {
    case 'start':
      return state.name === 'idle' || state.name === 'stopped' ? spawn(initial(), event.at, false) : [state, []]
    case 'ready':
      return ready(state, event.at)
    case 'reload':
    case 'restart':
      return restart(state, event.at, limits)
    case 'hung':
      return hung(state, event.at, limits)
    case 'drained':
      return state.name === 'draining' ? kill(state, limits) : [state, []]
    case 'exit':
      return exited(state, event.exit, event.at, limits)
    case 'saved':
      return saved(state, event)
    case 'signal':
      return signalled(state, event.signal)
    case 'stop':
      return stop(state, limits)
    case 'timeout':
      return timedOut(state, event, limits)
  }
}

/** @param {State} state @param {number} since @param {boolean} isRestart @returns {[State, Effect[]]} */
function spawn({ crashes, wasEarly }, since, isRestart, at = since) {
  const next = { name: /** @type {const} */ ('starting'), crashes, wasEarly, since, startedAt: at, isRestart }
  return [next, [{ do: 'spawn' }]]
}

/** @param {State} state @param {number} at @returns {[State, Effect[]]} */
function ready(state, at) {
  if (state.name !== 'starting') return [state, []]
  const ms = at - (state.since ?? at)
  return [{ ...state, name: 'running' }, [{ do: 'say', say: { what: 'ready', ms, isRestart: Boolean(state.isRestart) } }]]
}

/** @param {State} state @param {number} at @param {Limits} limits @returns {[State, Effect[]]} */
function restart(state, at, limits) {
  switch (state.name) {
    case 'starting':
    case 'running': {
      // The caller that asked for the end waits for it; the app may take its time.
      if (state.ending) return [state, []]
      const [next, effects] = drain({ ...state, since: at }, 'start', limits)
      return [next, [{ do: 'say', say: { what: 'restart' } }, ...effects]]
    }
    case 'crashed':
      return startAgain(state, at)
    default:
      return [state, []]
  }
}

/** It does not come back, and so can finish nothing. @param {State} state @param {number} at @param {Limits} limits @returns {[State, Effect[]]} */
function hung(state, at, limits) {
  if (state.ending || (state.name !== 'starting' && state.name !== 'running')) return [state, []]
  const [next, effects] = kill({ ...state, next: 'start', since: at }, limits)
  return [next, [{ do: 'say', say: { what: 'restart' } }, ...effects]]
}

/** @param {State} state @param {number} at @returns {[State, Effect[]]} */
function startAgain(state, at) {
  const [next, effects] = spawn(state, at, true)
  return [next, [{ do: 'clear', timer: 'retry' }, { do: 'unwatch' }, { do: 'say', say: { what: 'restart' } }, ...effects]]
}

/** @param {State} state @param {Next} next @param {Limits} limits @returns {[State, Effect[]]} */
function drain(state, next, limits) {
  return [{ ...state, name: 'draining', next }, [{ do: 'drain' }, { do: 'set', timer: 'drain', ms: drainLimit(limits) }]]
}

/** @param {State} state @param {Limits} limits @returns {[State, Effect[]]} */
function kill(state, { killTimeout }) {
  return [
    { ...state, name: 'killing' },
    [{ do: 'clear', timer: 'drain' }, { do: 'signal' }, { do: 'set', timer: 'kill', ms: killTimeout }],
  ]
}

/** @param {State} state @param {Exit} exit @param {number} at @param {Limits} limits @returns {[State, Effect[]]} */
function exited(state, exit, at, limits) {
  switch (state.name) {
    case 'draining':
    case 'killing': {
      /** @type {Effect[]} */
      const clear = [{ do: 'clear', timer: 'drain' }, { do: 'clear', timer: 'kill' }]
      if (state.next === 'end') return end(state, exit, clear)
      const [next, effects] = spawn(state, state.since ?? at, true, at)
      return [next, [...clear, ...effects]]
    }
    case 'starting':
    case 'running':
      if (state.ending) return end(state, exit)
      if (state.name === 'starting' && !state.isRetry && isFatal(exit)) return retry(state, exit, at)
      if (exit.signal !== null ? REQUESTS.has(exit.signal) : exit.code === 0) {
        return limits.stay ? wait(state, exit, at, { what: 'ended', exit }) : [{ name: 'stopped', crashes: [] }, [{ do: 'end', exit, byItself: true }]]
      }
      return wait(state, exit, at, { what: 'crash', exit, ms: at - (state.startedAt ?? at) })
    default:
      return [state, []]
  }
}

/** @param {State} state @param {Exit} exit @param {number} at @returns {[State, Effect[]]} */
function retry(state, exit, at) {
  const [next, effects] = spawn(state, state.since ?? at, Boolean(state.isRestart), at)
  return [{ ...next, isRetry: true }, [{ do: 'say', say: { what: 'retry', exit } }, { do: 'forget' }, ...effects]]
}

/** @param {State} state @param {Exit} exit @param {Effect[]} [before] @returns {[State, Effect[]]} */
function end(state, exit, before = []) {
  // Killed because Ctrl-C came twice: it is that which ended it.
  const byUs = (state.interrupts ?? 0) > 1 && exit.signal === 'SIGKILL'
  return [{ name: 'stopped', crashes: [] }, [...before, { do: 'end', exit: byUs ? { code: null, signal: 'SIGINT' } : exit }]]
}

/** @param {State} state @param {Exit} exit @param {number} at @param {Saying} say @returns {[State, Effect[]]} */
function wait(state, exit, at, say) {
  const crashes = say.what === 'crash' ? [...state.crashes.filter((then) => at - then < LOOP.within + pause(state)), at] : []
  const { wasEarly } = state
  // What was saved before it crashed may mend it; or it saves that itself, each time, and so this counts but once.
  const since = wasEarly ? at : (state.startedAt ?? at)
  return [{ name: 'crashed', last: exit, crashes, wasEarly }, [{ do: 'say', say }, { do: 'watch', since }]]
}

/** How long a start is put off; 0 if not. @param {Pick<State, 'crashes'>} state */
function pause({ crashes }) {
  const over = crashes.length - LOOP.crashes
  return over < 0 ? 0 : Math.min(PAUSE.first * 2 ** over, PAUSE.longest)
}

/** Whether the app crashes again and again. @param {Pick<State, 'crashes'>} state */
export const isLooping = (state) => pause(state) > 0

/** @param {State} state @param {{ at: number, early?: boolean }} event @returns {[State, Effect[]]} */
function saved(state, { at, early = false }) {
  if (state.name !== 'crashed' || state.waits) return [state, []]
  const ms = pause(state)
  if (ms === 0) return startAgain({ ...state, wasEarly: early }, at)
  return [
    { ...state, waits: true, wasEarly: early },
    [{ do: 'say', say: { what: 'loop', ms } }, { do: 'set', timer: 'retry', ms }],
  ]
}

/** @param {State} state @param {string} signal @returns {[State, Effect[]]} */
function signalled(state, signal) {
  switch (state.name) {
    case 'idle':
    case 'stopped':
      return [state, []]
    case 'crashed': {
      const { code = null, signal: by = null } = state.last ?? {}
      return end(state, { code, signal: by }, [{ do: 'clear', timer: 'retry' }, { do: 'unwatch' }])
    }
    default: {
      const interrupts = (state.interrupts ?? 0) + (signal === 'SIGINT' ? 1 : 0)
      /** @type {State} */
      const next = { ...state, ending: state.ending ?? signal, interrupts, ...(state.next && { next: 'end' }) }
      return [next, [interrupts > 1 ? { do: 'kill', all: true } : { do: 'relay', signal }]]
    }
  }
}

/** @param {State} state @param {Limits} limits @returns {[State, Effect[]]} */
function stop(state, limits) {
  switch (state.name) {
    case 'starting':
    case 'running':
      return drain(state, 'end', limits)
    case 'draining':
    case 'killing':
      return [{ ...state, next: 'end' }, []]
    case 'crashed':
      return end(state, state.last ?? { code: 0, signal: null }, [{ do: 'clear', timer: 'retry' }, { do: 'unwatch' }])
    default:
      return [state, []]
  }
}

/** @param {State} state @param {{ timer: Timer, at: number }} event @param {Limits} limits @returns {[State, Effect[]]} */
function timedOut(state, { timer, at }, limits) {
  if (timer === 'drain' && state.name === 'draining') {
    const [next, effects] = kill(state, limits)
    return [next, [{ do: 'say', say: { what: 'unresponsive', ms: drainLimit(limits) } }, ...effects]]
  }
  if (timer === 'kill' && state.name === 'killing') {
    return [state, [{ do: 'say', say: { what: 'killed', ms: limits.killTimeout } }, { do: 'kill', all: false }]]
  }
  if (timer === 'retry' && state.name === 'crashed') return startAgain(state, at)
  return [state, []]
}

/**
 * How long an app may take until it has finished what it serves and has run its dispose handlers, in milliseconds; each
 * has the same limit.
 * @param {Limits} limits
 */
export const drainLimit = ({ drainTimeout }) => 2 * drainTimeout + SLACK
