/**
 * The options, of the command line and of `createRunner`: checked and completed.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import { isKnown, isOtherMode, takesNext } from './node-flags.mjs'

/** @typedef {import('./index.d.ts').RunnerOptions} RunnerOptions */
/** @typedef {Required<Omit<RunnerOptions, 'clearScreen' | 'viewer'>> & Pick<RunnerOptions, 'clearScreen' | 'viewer'>} Options */

/** How an option was written: its name on the command line, and what it takes. */
const FLAGS = /** @type {const} */ ({
  '--ahead': ['ahead', 'flag'],
  '--clear-screen': ['clearScreen', 'flag'],
  '--drain-timeout': ['drainTimeout', 'time'],
  '--json': ['json', 'flag'],
  '--keep-sockets': ['keepSockets', 'flag'],
  '--kill-timeout': ['killTimeout', 'time'],
  '--node-args': ['nodeArgs', 'words'],
  '--quiet': ['quiet', 'flag'],
  '--register': ['register', 'flag'],
  '--script-args': ['scriptArgs', 'words'],
  '--signal': ['signal', 'text'],
  '--stay': ['stay', 'flag'],
  '--stdin': ['stdin', 'flag'],
  '--verbose': ['verbose', 'flag'],
  '--viewer': ['viewer', 'port'],
})

/** Those that may be switched off with `--no-`. */
const NEGATABLE = new Set(['--ahead', '--clear-screen', '--keep-sockets', '--register', '--stdin'])

const UNITS = /** @type {Record<string, number>} */ ({ '': 1, ms: 1, s: 1000, m: 60_000 })

/** Something that the user wrote cannot be meant so. */
export class OptionsError extends Error {
  code = 'HOT_RUNNER_OPTIONS'
}

/** @param {string} message @returns {never} */
function fail(message) {
  throw new OptionsError(message)
}

/**
 * `[options] [node flags] script [script args]`.
 * @param {string[]} argv @returns {'help' | 'version' | RunnerOptions}
 */
export function parse(argv) {
  /** @type {Record<string, any> & { nodeArgs: string[], scriptArgs: string[] }} */
  const options = { nodeArgs: [], scriptArgs: [] }
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at]
    if (word === '--help' || word === '-h') return 'help'
    if (word === '--version' || word === '-v') return 'version'
    if (word === '--') return withScript(options, argv.slice(at + 1))
    if (!word.startsWith('-')) return withScript(options, argv.slice(at))
    const name = word.replace(/=.*/s, '')
    if (Object.hasOwn(FLAGS, name.replace(/^--no-/, '--'))) {
      at += takeOwn(options, name, word, argv[at + 1])
    } else {
      checkNodeFlag(word)
      options.nodeArgs.push(word)
      if (takesNext(word)) options.nodeArgs.push(argv[++at] ?? fail(`${word} needs a value`))
    }
  }
  return withScript(options, [])
}

/**
 * Takes one of our own options in.
 * @param {Record<string, any>} options @param {string} name @param {string} word @param {string | undefined} next
 * @returns {number} how many words more it took
 */
function takeOwn(options, name, word, next) {
  const isOff = name.startsWith('--no-')
  const flag = /** @type {keyof typeof FLAGS} */ (name.replace(/^--no-/, '--'))
  const [key, kind] = FLAGS[flag]
  if (isOff && !NEGATABLE.has(flag)) fail(`unknown option ${name}`)
  if (isOff || kind === 'flag') {
    if (word.includes('=')) fail(`${name} takes no value, got ${JSON.stringify(word)}`)
    options[key] = !isOff
    return 0
  }
  const isJoined = word.includes('=')
  if (kind === 'port' && !isJoined && !/^\d+$/.test(next ?? '')) {
    options[key] = 0
    return 0
  }
  const value = isJoined ? word.slice(name.length + 1) : next
  if (value === undefined || value === '') fail(`${name} needs a value`)
  if (kind === 'words') options[key].push(...splitWords(value))
  else if (kind === 'port') options[key] = parsePort(name, value)
  else options[key] = kind === 'time' ? parseTime(name, value) : value
  return isJoined ? 0 : 1
}

/** @param {string} word */
function checkNodeFlag(word) {
  if (isOtherMode(word)) {
    fail(`${word}: hot-runner runs a script, and restarts it itself; leave ${word} out`)
  }
  if (isKnown(word)) return
  const nearest = Object.keys(FLAGS).find((flag) => isAlike(word.replace(/=.*/s, '').replace(/^--no-/, '--'), flag))
  fail(`unknown option ${word}: ${nearest ? `did you mean ${nearest}?` : 'neither hot-runner nor this Node has it; see --help'}`)
}

/** Whether one letter was left out, added or changed, or two were swapped. @param {string} a @param {string} b */
function isAlike(a, b) {
  if (Math.abs(a.length - b.length) > 1) return false
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++
  const [left, right] = [a.length - start - end, b.length - start - end]
  const isSwapped = left === 2 && right === 2 && a[start] === b[start + 1] && a[start + 1] === b[start]
  return isSwapped || Math.max(left, right) <= 1
}

/** @param {Record<string, any>} options @param {string[]} rest */
function withScript(options, [script, ...scriptArgs]) {
  if (script === undefined) fail('no script given: hot-runner [options] [node flags] script [script args]')
  return { .../** @type {any} */ (options), script, scriptArgs: [...options.scriptArgs, ...scriptArgs] }
}

/** Words as a shell would see them, in one text. @param {string} text */
function splitWords(text) {
  return [...text.matchAll(/(?:[^\s"']+|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'))
}

/** @param {string} name @param {string} text */
function parseTime(name, text) {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|)$/.exec(text) ?? []
  if (number === undefined) fail(`${name} is ${JSON.stringify(text)}, but must be a time, such as 500ms or 2s`)
  return Number(number) * UNITS[unit]
}

/** @param {string} name @param {string} text */
function parsePort(name, text) {
  if (!/^\d+$/.test(text) || Number(text) > 65_535) fail(`${name} is ${JSON.stringify(text)}, but must be a port, such as 4321`)
  return Number(text)
}

/** What was not given. */
const DEFAULTS = {
  nodeArgs: /** @type {string[]} */ ([]),
  scriptArgs: /** @type {string[]} */ ([]),
  register: true,
  ahead: true,
  signal: 'SIGTERM',
  killTimeout: 5000,
  drainTimeout: 2000,
  keepSockets: true,
  stay: false,
  stdin: true,
  quiet: false,
  verbose: false,
  json: false,
  env: /** @type {Record<string, string | undefined>} */ ({}),
}

/**
 * Checks the options, and completes them.
 * @param {RunnerOptions} given @returns {Options}
 */
export function complete(given) {
  for (const key of Object.keys(given)) {
    if (!(key in DEFAULTS) && !['script', 'cwd', 'clearScreen', 'viewer'].includes(key)) fail(`the option ${JSON.stringify(key)} is unknown`)
  }
  const entries = Object.entries(given).filter(([, value]) => value !== undefined && value !== null)
  const options = /** @type {Options} */ ({ cwd: process.cwd(), ...DEFAULTS, ...Object.fromEntries(entries) })
  for (const key of /** @type {const} */ (['script', 'cwd', 'signal'])) {
    if (typeof options[key] !== 'string' || options[key] === '') wrong(key, options[key], 'a text')
  }
  for (const key of /** @type {const} */ (['nodeArgs', 'scriptArgs'])) {
    const words = options[key]
    if (!Array.isArray(words) || words.some((word) => typeof word !== 'string')) wrong(key, words, 'a list of texts')
  }
  for (const key of /** @type {const} */ (['killTimeout', 'drainTimeout'])) {
    if (!(Number(options[key]) >= 0 && options[key] <= 2 ** 30)) wrong(key, options[key], 'a number of milliseconds')
  }
  for (const key of /** @type {const} */ (['register', 'ahead', 'keepSockets', 'stay', 'stdin', 'quiet', 'verbose', 'json', 'clearScreen'])) {
    if (key in options && typeof options[key] !== 'boolean') wrong(key, options[key], 'true or false')
  }
  const { viewer } = options
  if (viewer !== undefined && !(Number.isInteger(viewer) && viewer >= 0 && viewer <= 65_535)) wrong('viewer', viewer, 'a port')
  checkScript(options)
  return { ...options, signal: signalName(options.signal) }
}

/** @param {string} key @param {unknown} got @param {string} want @returns {never} */
function wrong(key, got, want) {
  return fail(`the option ${JSON.stringify(key)} is ${inspect(got)}, but must be ${want}`)
}

/** Node may add an extension, and a loader any. @param {Options} options */
function checkScript({ script, cwd }) {
  const file = path.resolve(cwd, script)
  if (fs.existsSync(file)) return
  const folder = path.dirname(file)
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : []
  if (!names.some((name) => name.startsWith(`${path.basename(file)}.`))) fail(`there is no script ${script} (${file})`)
}

/** @param {string} text */
function signalName(text) {
  const name = text.toUpperCase().replace(/^(?!SIG)/, 'SIG')
  if (!(name in os.constants.signals)) fail(`there is no signal ${JSON.stringify(text)}; SIGTERM or SIGINT are usual`)
  return name
}
