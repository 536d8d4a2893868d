/**
 * The runner as a user has it: a real process, with a real app, whose events are read as they are told.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { createFolder, DEADLINE } from '../../../../__test__/support/app.mjs'

export const CLI = fileURLToPath(new URL('../../cli.mjs', import.meta.url))
const LOAD = fileURLToPath(new URL('../../../../__test__/support/load.mjs', import.meta.url))

/** An HTTP server that answers with what `value.mjs` holds. */
export const SERVER = {
  'main.mjs': `import http from 'node:http'
    import { value } from './value.mjs'
    http.createServer((request, response) => response.end(String(value))).listen(0, '127.0.0.1')`,
  'value.mjs': 'export const value = 0',
}

/** @param {number} n */
export const value = (n) => `export const value = ${n}`

/** Not that of the person who runs the tests. */
export const CACHE = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'hot-runner-cache-'))
process.on('exit', () => fs.rmSync(CACHE, { recursive: true, force: true }))

/** The environment of a person at a terminal. @param {Record<string, string>} [more] */
export function environment(more = {}) {
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, NO_COLOR: '1', XDG_CACHE_HOME: CACHE }
  for (const name of ['NODE_OPTIONS', 'NODE_DEBUG', 'NODE_CHANNEL_FD', 'NODE_TEST_CONTEXT', 'FORCE_COLOR', 'NODE_COMPILE_CACHE']) delete env[name]
  return { ...env, ...more }
}

/**
 * @typedef {import('../../../../__test__/support/app.mjs').Options & {
 *   options?: string[], scriptArgs?: string[], stdin?: 'pipe' | 'ignore', json?: boolean, runner?: string[]
 * }} Options `options`: what stands before the script
 */

/** @param {import('node:test').TestContext} t @param {Options} options */
export async function startRunner(t, options) {
  const { entry = 'main.mjs', stdin = 'ignore', json = true, wait = true } = options
  // Before the folder goes: what is done after a test is done in the order in which it was asked for.
  let stop = async () => {}
  t.after(() => stop())
  const folder = options.folder ?? createFolder(t, options)
  const argv = options.runner ?? [CLI, ...(json ? ['--json'] : []), ...(options.options ?? []), entry, ...(options.scriptArgs ?? [])]
  const child = spawn(process.execPath, argv, { cwd: options.cwd ?? folder, env: environment(options.env), stdio: [stdin, 'pipe', 'pipe'] })
  /** @type {any[]} */
  const events = []
  const output = { stdout: '', stderr: '' }
  let rest = ''
  child.stdout?.on('data', (data) => (output.stdout += data))
  child.stderr?.on('data', (data) => {
    const lines = (rest + data).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (json && line.startsWith('{"time"')) events.push(JSON.parse(line))
      else output.stderr += `${line}\n`
    }
  })
  /** @type {{ code: number | null, signal: string | null } | undefined} */
  let exit
  const exited = once(child, 'close').then(([code, signal]) => (exit = { code, signal }))
  stop = async () => {
    if (!exit) child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), 3000)
    await exited
    clearTimeout(timer)
  }

  const known = () => inspect({ argv, exit, events, ...output, rest }, { depth: 6, maxArrayLength: 60, maxStringLength: 4000, breakLength: 120 })
  /** @template T @param {string} what @param {() => T | Promise<T>} look */
  async function until(what, look, deadline = DEADLINE) {
    const end = Date.now() + deadline
    for (;;) {
      const found = await look()
      if (found) return found
      if (Date.now() > end) throw new Error(`after ${deadline} ms, not: ${what}\n${known()}`)
      await sleep(10)
    }
  }

  const runner = {
    child,
    folder,
    events,
    output,
    known,
    until,
    file: (/** @type {string} */ name) => path.join(folder, name),
    save: (/** @type {string} */ name, /** @type {string} */ text) => fs.writeFileSync(path.join(folder, name), text),
    /** @param {string} event */
    told: (event) => events.filter((one) => one.event === event),
    /** Waits for the `count`th event of a kind. @param {string} event @param {number} [count] */
    async event(event, count = 1) {
      await until(`${count} event(s) ${event}`, () => {
        if (exit && runner.told(event).length < count) throw new Error(`the runner has ended\n${known()}`)
        return runner.told(event).length >= count
      })
      return runner.told(event)[count - 1]
    },
    /** @param {string} text */
    says: (text) => until(`it says ${text}`, () => output.stdout.includes(text) || output.stderr.includes(text)),
    /** The port of a URL that is listened on. */
    port: (at = 0) => Number(new URL(runner.told('ready')[0].urls[at].replace(/^(tcp|tls):/, 'http:')).port),
    /** @returns {Promise<{ code: number | null, signal: string | null }>} */
    async exit() {
      await until('the runner ends', () => exit)
      return /** @type {any} */ (exit)
    },
  }
  if (wait && json) await runner.event('ready')
  return runner
}

/** An answer on a connection of its own. @param {number} port @param {http.RequestOptions} [options] @returns {Promise<string>} */
export function ask(port, options = {}) {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, host: '127.0.0.1', agent: false, signal: AbortSignal.timeout(DEADLINE), ...options }, (response) => {
      let text = ''
      response.on('data', (part) => (text += part))
      response.on('end', () => resolve(text))
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}

/** Clients in a process of their own. @param {import('node:test').TestContext} t @param {object} options see load.mjs */
export async function startLoad(t, options) {
  const child = spawn(process.execPath, [LOAD, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'], env: environment() })
  t.after(() => child.kill('SIGKILL'))
  let text = ''
  child.stdout.on('data', (part) => (text += part))
  const closed = once(child, 'close')
  while (!text.includes('begun')) await once(child.stdout, 'data')
  return {
    /** @returns {Promise<{ answers: number, refused: number, reset: number, wrong: number, longest: number, last: number, errors: string[] }>} */
    async end() {
      child.stdin.write('\n')
      await closed
      return JSON.parse(text.split('\n')[1])
    },
  }
}

/** Whether a process is there. @param {number} pid */
export function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return !/\) Z /.test(fs.existsSync(`/proc/${pid}/stat`) ? fs.readFileSync(`/proc/${pid}/stat`, 'utf8') : '')
  } catch {
    return false
  }
}
