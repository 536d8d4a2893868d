/**
 * What the runner says, a line each: for people, or as JSON.
 */
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { visible, visibleJson } from 'hot-hook/internal'

/** @typedef {Record<string, any> & { event: string }} Told an event, as index.d.ts has it */
/** @typedef {'quiet' | 'normal' | 'verbose'} Level */

const CODES = { dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 }
/** @typedef {Record<keyof typeof CODES, (text: string) => string>} Paint */

/** From which level on an event is told. @type {Record<string, Level>} */
const LEVELS = {
  crash: 'quiet',
  killed: 'quiet',
  loop: 'quiet',
  problem: 'quiet',
  retry: 'quiet',
  unresponsive: 'quiet',
  start: 'verbose',
  waiting: 'verbose',
  exit: 'verbose',
}
const ORDER = ['quiet', 'normal', 'verbose']

/** The events that are told, in `--json` too. */
export const EVENTS = /** @type {const} */ ([
  'start', 'waiting', 'ready', 'viewer', 'listening', 'invalidated', 'outcome', 'restart', 'unresponsive', 'killed', 'crash', 'retry', 'loop', 'ended', 'problem', 'exit',
])

/** @param {boolean} isColoured @returns {Paint} */
export function createPaint(isColoured) {
  const entries = Object.entries(CODES).map(([name, code]) => [name, (/** @type {string} */ text) => (isColoured ? `\x1B[${code}m${text}\x1B[39;22m` : text)])
  return Object.fromEntries(entries)
}

/** Whether a stream takes colours. @param {{ isTTY?: boolean }} stream @param {NodeJS.ProcessEnv} env */
export function takesColours(stream, env) {
  if (env.NO_COLOR) return false
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0'
  return Boolean(stream.isTTY) && env.TERM !== 'dumb'
}

/** @param {Told} told @param {Level} level */
const isTold = ({ event }, level) => ORDER.indexOf(LEVELS[event] ?? 'normal') <= ORDER.indexOf(level)

/**
 * Lines for people.
 * @param {Told} told
 * @param {{ level: Level, cwd: string, script: string, paint: Paint, columns?: number }} how `columns`: of a terminal
 * @returns {string[]}
 */
export function toLines(told, how) {
  if (!isTold(told, how.level)) return []
  const mine = { ...how, cwd: visible(how.cwd), script: visible(how.script) }
  const [one, code] = apart(told)
  const lines = describe(made(one), mine).flatMap((text) => wrap(`${how.paint.cyan('hot-runner')} ${text}`, how.columns))
  return [...lines, ...code.map((line) => how.paint.dim(visible(line))), ...(told.event === 'outcome' ? marked(told, how.paint) : [])]
}

/** What is told of a restart, with the first line of its hint; and the others, of which code is to be copied as it stands. @param {Told} told @returns {[Told, string[]]} */
function apart(told) {
  const hint = told.event === 'restart' ? told.reason?.hint : undefined
  if (typeof hint !== 'string') return [told, []]
  const [first, ...code] = hint.split('\n')
  return [{ ...told, reason: { ...told.reason, hint: first } }, code]
}

/** A terminal would break a line anywhere; what is broken here stands under the text. @param {string} line @param {number} [columns] */
function wrap(line, columns = Infinity) {
  const lines = ['']
  for (const word of line.split(' ')) {
    const last = lines[lines.length - 1]
    if (last === '') lines[lines.length - 1] = word
    else if (width(last) + 1 + width(word) <= columns) lines[lines.length - 1] += ` ${word}`
    else lines.push(`${INDENT}${word}`)
  }
  return lines
}

const INDENT = ' '.repeat('hot-runner '.length)

/** How many columns a text takes: those of East Asia and emoji take two, marks that are put on another none. @param {string} text */
function width(text) {
  let columns = 0
  for (const character of stripVTControlCharacters(text)) columns += /\p{M}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1
  return columns
}

const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303F\uFF01-\uFF60]/u

/** All texts of an event made visible, before colours are added: none is forgotten. @template T @param {T} value @returns {T} */
function made(value) {
  if (typeof value === 'string') return /** @type {any} */ (visible(value))
  if (Array.isArray(value)) return /** @type {any} */ (value.map(made))
  if (typeof value !== 'object' || value === null) return value
  return /** @type {any} */ (Object.fromEntries(Object.entries(value).map(([key, one]) => [key, made(one)])))
}

/** One object a line, with the time in milliseconds since 1970. @param {Told} told @param {{ level: Level }} how @param {number} time */
export const toJson = (told, { level }, time) => (isTold(told, level === 'quiet' ? level : 'verbose') ? [visibleJson({ time, ...told })] : [])

/** @param {Told} told @param {{ cwd: string, script: string, paint: Paint }} how @returns {string[]} */
function describe(told, { cwd, script, paint }) {
  const show = (/** @type {string} */ file) => path.relative(cwd, file) || file
  switch (told.event) {
    case 'start':
      return [paint.dim(`${told.isRestart ? 'started' : 'starting'} ${script} (pid ${told.pid})`)]
    case 'waiting':
      return [paint.dim(`the next process waits (pid ${told.pid})`)]
    case 'ready': {
      const where = told.urls.length > 0 ? `: ${told.urls.join(', ')}` : ''
      return [`${paint.green(told.isRestart ? 'restarted' : 'started')} in ${time(told.ms)}${where}`]
    }
    case 'viewer':
      return [`viewer: ${told.url}`]
    case 'listening':
      return [paint.dim(`listening: ${told.url}`)]
    // What becomes of it is told once that is known.
    case 'invalidated':
      return []
    case 'outcome':
      return describeOutcome(told, show, paint)
    case 'restart':
      return describeRestart(told, show, paint)
    case 'unresponsive':
      return [paint.yellow(`${script} has not finished in ${time(told.ms)}: ending it`)]
    case 'killed':
      return [paint.yellow(`${script} has not ended in ${time(told.ms)}: killed`)]
    case 'crash':
      return [`${paint.red(`${script} crashed`)} ${describeExit(told)}${place(told, show)} after ${time(told.ms)}; waiting for a save${orPackages(told)}`]
    case 'retry':
      return [paint.yellow(`Node crashed ${describeExit(told)} as it started ${script}: starting it once more, without what was compiled before`)]
    case 'loop':
      return [paint.yellow(`it crashes again and again: next start in ${time(told.ms)}`)]
    case 'ended':
      return [`${script} has ended ${describeExit(told)}${place(told, show)}${told.waits ? '; waiting for a save' : ''}`]
    case 'problem':
      return [paint.yellow(told.text)]
    case 'exit':
      return [paint.dim(`ended ${describeExit(told)}`)]
    default:
      return []
  }
}

/** @param {Told} told @param {(file: string) => string} show @param {Paint} paint */
function describeOutcome({ outcome, files, modules, boundaries, stale = [], errors = [], text, again }, show, paint) {
  if (again) return []
  // That of a handler was told where it has failed.
  const error = errors.find((/** @type {any} */ { phase }) => phase === 'link' || phase === 'evaluate')
  if (outcome === 'failed' && error && text === undefined) return [`${paint.red('still broken')}${error.file ? `: ${[show(error.file), error.line].filter(Boolean).join(':')}` : ''}`]
  if (outcome !== 'applied' || modules.length === 0) return []
  const isStale = new Set(stale.map((/** @type {any} */ one) => one.path))
  const others = modules.length - 1
  const more = others > 0 ? paint.dim(` (and ${others} ${others === 1 ? 'module that imports' : 'modules that import'} it)`) : ''
  // Of what was taken once nothing is reloaded.
  const reloads = boundaries.length > 0 && boundaries.every((/** @type {string} */ one) => isStale.has(one)) ? [] : [`${paint.green('reloads')} ${show(files[0])}${more}`]
  return [...reloads, ...stale.map((/** @type {any} */ one) => `${paint.yellow('stale')} ${show(one.path)}: ${show(one.by)} took it when it ran; only a restart brings it in`)]
}

/** Its lines stand as they are: the caret in a frame points at what is above it. @param {Told} told @param {Paint} paint */
const marked = ({ text = '' }, paint) =>
  text.split('\n').filter(Boolean).map((/** @type {string} */ line) => visible(line).replace(/^[✗✓]/, (mark) => (mark === '✗' ? paint.red(mark) : paint.green(mark))))

/** @param {Told} told @param {(file: string) => string} show @param {Paint} paint */
function describeRestart(told, show, paint) {
  const { text, hint } = reasonOf(told, show)
  return [`${paint.yellow('restart')}: ${text}`, ...(hint ? [paint.dim(`hint: ${hint}`)] : [])]
}

/**
 * Why there is a restart.
 * @param {Record<string, any>} told @param {(file: string) => string} show @returns {{ text: string, hint?: string }}
 */
export function reasonOf({ cause, path: file, reason }, show) {
  switch (cause) {
    case 'change':
      return { text: reason?.text ?? `${show(file)} changed`, hint: reason?.hint }
    case 'env-file':
      return { text: `${show(file)} changed, which sets the environment` }
    case 'hung':
      return { text: `${show(file)} was saved, and the app does not answer (a loop without end?): it is ended` }
    case 'installed':
      return { text: `${file} is installed` }
    case 'save':
      return { text: `${show(file)} was saved` }
    default:
      return { text: 'asked for' }
  }
}

/** @param {Record<string, any>} exit @param {(file: string) => string} show */
const place = ({ at }, show) => (at === undefined ? '' : ` (process.exit in ${show(at)})`)

/** @param {Record<string, any>} crash */
const orPackages = ({ missing = [] }) => (missing.length > 0 ? `, or for ${missing.join(', ')} to be installed` : '')

/** @param {Record<string, any>} exit */
function describeExit({ code, signal }) {
  if (!signal) return `with code ${code}`
  return signal === 'SIGKILL' ? 'by SIGKILL (out of memory?)' : `by ${signal}`
}

/** @param {number} ms */
const time = (ms) => (ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`)
