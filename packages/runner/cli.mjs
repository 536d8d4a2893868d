#!/usr/bin/env node
/**
 * `hot-runner [options] [node flags] script [script args]`.
 */
import { createRequire } from 'node:module'
import os from 'node:os'
import { visible } from 'hot-hook/internal'
import { createRunner, OptionsError } from './index.mjs'
import { parse } from './options.mjs'
import { createPaint, EVENTS, takesColours, toJson, toLines } from './report.mjs'

const HELP = `Usage: hot-runner [options] [node flags] script [script args]

Runs a Node.js app under hot-hook, and restarts it when a change needs that.
While the app does not read its standard input, "rs" and Enter restarts it.

  --no-register           do not add --import=hot-hook/register
  --node-args WORDS       flags for Node
  --script-args WORDS     arguments for the script, before those that follow it
  --signal NAME           what ends the app for a restart (SIGTERM)
  --kill-timeout TIME     how long it may take to end before it is killed (5s)
  --drain-timeout TIME    how long requests may take to finish before a restart (2s)
  --no-ahead              do not start the next process before it is needed
  --no-keep-sockets       do not keep listening sockets over restarts
  --stay                  stay when the app ends with code 0, and wait for a save
  --no-stdin              leave standard input to the app alone
  --[no-]clear-screen     clear the screen before a restart (only on a terminal)
  --viewer [PORT]         show the import graph on 127.0.0.1, live
  --quiet                 say only what goes wrong
  --verbose               say more
  --json                  say it as JSON, one object a line
  -h, --help
  -v, --version

Files of --env-file restart the app when they change.
`

// The reader of the runner's output may close it: the app stays.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

/** @param {string} text */
const write = (text) => void process.stderr.write(text)

/** @param {import('./index.d.ts').RunnerOptions} options */
function run(options) {
  const runner = createRunner(options)
  const { json = false, quiet = false, verbose = false, clearScreen } = options
  /** @type {import('./report.mjs').Level} */
  const level = quiet ? 'quiet' : verbose ? 'verbose' : 'normal'
  const how = { level, cwd: process.cwd(), script: options.script, paint: createPaint(takesColours(process.stderr, process.env)) }
  const clears = !json && (clearScreen ?? process.stdout.isTTY)
  for (const event of EVENTS) {
    runner.on(event, (/** @type {any} */ fields) => {
      if (event === 'restart' && clears) process.stdout.write('\x1B[2J\x1B[H')
      const told = { event, ...fields }
      const { columns } = process.stderr
      for (const line of json ? toJson(told, how, Date.now()) : toLines(told, { ...how, columns })) write(`${line}\n`)
    })
  }
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'])) listen(signal, runner)
  runner.on('exit', end)
  runner.start()
}

/** @param {NodeJS.Signals} signal @param {import('./index.d.ts').Runner} runner */
function listen(signal, runner) {
  if (process.platform === 'win32' && !['SIGINT', 'SIGTERM', 'SIGHUP'].includes(signal)) return
  process.on(signal, () => runner.signal(signal))
}

/** As the app has ended. @param {{ code: number | null, signal: string | null }} exit */
function end({ code, signal }) {
  if (!signal) return process.exit(code ?? 0)
  process.exitCode = 128 + (os.constants.signals[/** @type {NodeJS.Signals} */ (signal)] ?? 0)
  if (!['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'].includes(signal) || process.platform === 'win32') return process.exit()
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
  // The parent may have it ignored.
  return setTimeout(() => process.exit(), 100)
}

try {
  const options = parse(process.argv.slice(2))
  if (options === 'help') process.stdout.write(HELP)
  else if (options === 'version') console.log(createRequire(import.meta.url)('./package.json').version)
  else run(options)
} catch (error) {
  if (!(error instanceof OptionsError)) throw error
  write(`hot-runner: ${visible(error.message)}\n`)
  process.exit(2)
}
