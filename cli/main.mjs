#!/usr/bin/env node
/**
 * `hot-hook`: asks an app that runs in this project, by the socket that its addon keeps open (src/socket.rs), or by that of
 * its runner. Of hot-hook only what needs no addon is loaded here.
 */
import fs from 'node:fs'
import { parseArgs } from 'node:util'
import { visibleLines } from '../lib/runtime/visible.mjs'
import { Problem, USAGE } from './problem.mjs'

const HELP = `Usage: hot-hook wait [--timeout TIME] [FILE…]
       hot-hook status [FILE…]
       hot-hook log [-n NUMBER] [-f]
       hot-hook explain FILE
       hot-hook graph [--all] [--dot | --mermaid]
       hot-hook view [--port NUMBER] [--no-open]
       hot-hook doctor
       hot-hook run [options] script [script args]

Asks the apps that run under hot-hook in this project.

  wait           until all that was saved before is live, and says what became of it
  status         how it stands, without waiting
  log            what became of the last saves
  explain FILE   what a change of the file would do now, and why
  graph          the modules and their imports
  view           shows the graph, live, in your browser, from a port of 127.0.0.1; needs @hot-hook/dump-viewer
  doctor         whether hot-hook can work here, and how; no app needs to run
  run            starts an app, and restarts it when a change needs that; needs @hot-hook/runner

  --timeout TIME how long to wait: 30s, if nothing is given
  -n NUMBER      so many (10)
  -f, --follow   and those that come
  --all          those of packages, too
  --no-open      only prints where it is; BROWSER says which browser, if not the usual one
  --json         one JSON object a line: see hot-hook/schema.json
  --pid NUMBER   which app, if several run
  -h, --help
  -v, --version

Exit codes of wait and status: 0 what was saved is live, 1 it is broken, 2 nothing runs here, 3 a restart is needed and nobody does
it, or something stays stale, 4 not known in time, 64 wrong usage. With FILEs, what is broken or stale concerns them.
Exit codes of doctor: 0 nothing is wrong, 1 something is.
`

const flag = /** @type {const} */ ({ type: 'boolean', default: false })
const text = /** @type {const} */ ({ type: 'string' })

const OPTIONS = /** @type {const} */ ({
  json: flag, pid: text, help: { ...flag, short: 'h' }, version: { ...flag, short: 'v' },
  timeout: text, follow: { ...flag, short: 'f' }, number: { ...text, short: 'n' },
  all: flag, dot: flag, mermaid: flag, port: text, 'no-open': flag,
})

const ANYWHERE = new Set(['json', 'pid', 'help', 'version'])

/**
 * The commands: how each is written, its options besides those that all have, and how many FILEs it takes.
 * @type {Record<string, { usage: string, options?: string[], least?: number, most?: number }>}
 */
const COMMANDS = {
  wait: { usage: 'wait [--timeout TIME] [FILE…] [--json]', options: ['timeout'], most: Infinity },
  status: { usage: 'status [FILE…] [--json]', most: Infinity },
  log: { usage: 'log [-n NUMBER] [-f] [--json]', options: ['number', 'follow'] },
  explain: { usage: 'explain FILE [--json]', least: 1, most: 1 },
  graph: { usage: 'graph [--all] [--json | --dot | --mermaid]', options: ['all', 'dot', 'mermaid'] },
  view: { usage: 'view [--port NUMBER] [--no-open]', options: ['port', 'no-open'] },
  doctor: { usage: 'doctor [--json]' },
}

/** @param {string} command @param {string} [why] @returns {never} */
function wrong(command, why) {
  throw new Problem(`${why ? `${why}; ` : ''}usage: hot-hook ${COMMANDS[command].usage}`, USAGE)
}

const UNITS = { '': 1, ms: 1, s: 1000, m: 60_000 }

/** @param {string} given */
function parseTime(given) {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|)$/.exec(given) ?? []
  const ms = Number(number) * UNITS[/** @type {keyof typeof UNITS} */ (unit)]
  return number !== undefined && ms < 2 ** 31 ? Math.round(ms) : wrong('wait', `--timeout is ${JSON.stringify(given)}, but must be a time, such as 500ms or 30s`)
}

function read() {
  try {
    return parseArgs({ allowPositionals: true, options: OPTIONS })
  } catch (error) {
    throw new Problem(/** @type {Error} */ (error).message, USAGE)
  }
}

/** @param {string} line */
const write = (line) => console.log(line)

/** @returns {Promise<number>} the exit code */
async function main() {
  const { values, positionals } = read()
  const [command, ...files] = positionals
  const { json, pid } = values
  if (values.help) return write(HELP.trimEnd()), 0
  if (values.version) return write(version()), 0
  if (command === undefined || !Object.hasOwn(COMMANDS, command)) throw unknown(command)
  check(command, values, files)
  switch (command) {
    case 'wait':
    case 'status': {
      const live = await import('./live.mjs')
      const { lines, code } = await live[command](files, { json, pid, timeout: parseTime(values.timeout ?? '30s') })
      lines.forEach(write)
      return code
    }
    case 'log': {
      const { log } = await import('./log.mjs')
      const { number = '10' } = values
      if (!/^\d+$/.test(number)) wrong('log')
      await log({ json, pid, count: Number(number), follows: values.follow }, write)
      return 0
    }
    case 'explain': {
      const { explain } = await import('./explain.mjs')
      for (const line of await explain(files[0], { json, pid })) write(line)
      return 0
    }
    case 'graph': {
      const { graph } = await import('./graph.mjs')
      for (const line of await graph({ json, pid, all: values.all, dot: values.dot, mermaid: values.mermaid })) write(line)
      return 0
    }
    case 'doctor': {
      const { doctor } = await import('./doctor.mjs')
      const { lines, code } = await doctor(json)
      lines.forEach(write)
      return code
    }
    default: {
      const { show } = await import('./view.mjs')
      const { port = '0' } = values
      if (!/^\d+$/.test(port) || Number(port) > 65_535) wrong('view')
      await show(pid, Number(port), !values['no-open'])
      return 0
    }
  }
}

/** @param {string} command @param {Record<string, unknown>} values @param {string[]} files */
function check(command, values, files) {
  const { options = [], least = 0, most = 0 } = COMMANDS[command]
  const isGiven = (/** @type {string} */ name) => values[name] !== undefined && values[name] !== false
  const other = Object.keys(values).find((name) => isGiven(name) && !ANYWHERE.has(name) && !options.includes(name))
  const forms = ['json', 'dot', 'mermaid'].filter(isGiven)
  if (other !== undefined || files.length < least || files.length > most || forms.length > 1) wrong(command)
}

const version = () => JSON.parse(fs.readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version

/** @param {string | undefined} command */
function unknown(command) {
  if (command === undefined) return new Problem(HELP.trimEnd(), USAGE)
  if (fs.existsSync(command) || /\.[cm]?[jt]sx?$/.test(command)) {
    return new Problem(`${command} is a file, not a command. To run it: npx hot-hook run ${command}, which restarts it when a change needs that; or node --import=hot-hook/register ${command}`, USAGE)
  }
  return new Problem(`there is no command ${JSON.stringify(command)}: hot-hook has ${[...Object.keys(COMMANDS), 'run'].join(', ').replace(/, (?=\w+$)/, ' and ')}`, USAGE)
}

/** @param {unknown} error */
function fail(error) {
  const { message } = /** @type {Error} */ (error)
  const code = error instanceof Problem ? error.code : 1
  const isAsked = ['wait', 'status', 'log'].includes(process.argv[2]) && process.argv.includes('--json') && code !== USAGE
  if (isAsked) write(JSON.stringify({ state: code === 2 ? 'none' : 'unknown', code, error: visibleLines(message) }))
  // Nothing else is expected to fail, and a stack would say no more.
  else console.error(message.startsWith('Usage') ? message : `hot-hook: ${visibleLines(message)}`)
  process.exitCode = code
}

// It reads the rest itself.
if (process.argv[2] === 'run') {
  try {
    const { run } = await import('./run.mjs')
    await run(process.argv.slice(3))
  } catch (error) {
    fail(error)
  }
} else {
  // The reader may have closed the pipe (`| head -1`).
  process.stdout.on('error', () => process.exit())
  process.stderr.on('error', () => {})
  await main().then((code) => (process.exitCode = code), fail)
}
