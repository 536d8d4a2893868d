/**
 * A contender's app as a process: run to its end, or started and asked over IPC.
 */
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const SERVE = fileURLToPath(new URL('serve.cjs', import.meta.url))
const DEADLINE = 60_000

/**
 * @typedef {object} Start
 * @property {string} node the binary
 * @property {import('./contenders.mjs').Contender} contender
 * @property {string} folder the app's; its entry is main.mjs
 * @property {string[]} [args] Node's
 * @property {string[]} [before] a command that runs Node
 */

/** @param {Start} start @param {boolean} ipc */
function spawnApp({ node, contender, folder, args = [], before = [] }, ipc) {
  const [command, ...argv] = [
    ...before,
    node,
    ...args,
    ...(ipc ? ['--require', SERVE] : []),
    ...(contender.folder ? ['--import=hot-hook/register'] : []),
    'main.mjs',
  ]
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, PLAIN: contender.folder ? '' : 'yes' }
  for (const name of ['NODE_OPTIONS', 'NODE_DEBUG', 'HOT_HOOK_WATCH', 'NODE_COMPILE_CACHE']) delete env[name]
  /** @type {import('node:child_process').StdioOptions} */
  const stdio = ipc ? ['ignore', 'ignore', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe']
  const child = spawn(command, argv, { cwd: folder, env, stdio })
  let stderr = ''
  child.stderr?.on('data', (data) => (stderr += data))
  /** @param {string} text */
  const fail = (text) => new Error(`${contender.name}: ${text}\n${argv.join(' ')}\n${stderr}`)
  return { child, fail }
}

/** Runs an app to its end. Returns how long that took, in milliseconds. @param {Start} start @returns {Promise<number>} */
export function runApp(start) {
  const begin = performance.now()
  const { child, fail } = spawnApp(start, false)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => {
      const end = performance.now()
      if (code === 0) resolve(end - begin)
      else child.on('close', () => reject(fail(`exit code ${code}`)))
    })
  })
}

/**
 * Runs an app that writes a word when it has started. Returns when that came, and when the process was gone.
 * @param {Start} start @returns {Promise<{ started: number, ended: number }>}
 */
export function runToItsEnd(start) {
  const begin = performance.now()
  const { child, fail } = spawnApp(start, false)
  let started = 0
  child.stdout?.once('data', () => (started = performance.now() - begin))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => {
      const ended = performance.now() - begin
      child.on('close', () => (code === 0 && started > 0 ? resolve({ started, ended }) : reject(fail(`exit code ${code}`))))
    })
  })
}

/** Starts an app that calls `serve` (see serve.cjs). @param {Start} start */
export async function startApp(start) {
  const { child, fail } = spawnApp(start, true)
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  const asked = new Map()
  /** @type {Set<(message: any, at: number) => void>} */
  const listeners = new Set()
  let last = 0
  const question = (/** @type {number} */ id) =>
    new Promise((resolve, reject) => {
      asked.set(id, { resolve, reject })
      sleep(DEADLINE, undefined, { ref: false }).then(() => reject(fail('no answer')))
    })
  const ready = question(0)
  child.on('message', (/** @type {any} */ message) => {
    const at = performance.now()
    if (message?.answer === undefined) return listeners.forEach((listener) => listener(message, at))
    const { answer, value, error } = message
    if (error) asked.get(answer)?.reject(fail(error))
    else asked.get(answer)?.resolve(value)
    asked.delete(answer)
  })
  child.on('close', (code) => asked.forEach(({ reject }) => reject(fail(`exit code ${code}`))))
  await ready

  return {
    folder: start.folder,
    contender: start.contender,
    /** @param {string} name @param {any[]} args @returns {Promise<any>} */
    ask(name, ...args) {
      const id = ++last
      child.send({ ask: id, name, args })
      return question(id)
    },
    /**
     * When the next message of a type arrives, on the clock of `performance`; `undefined` after `limit` milliseconds.
     * @param {string} type @param {number} limit @returns {Promise<number | undefined>}
     */
    told(type, limit) {
      return new Promise((resolve) => {
        const end = (/** @type {number | undefined} */ at) => {
          clearTimeout(timer)
          listeners.delete(listener)
          resolve(at)
        }
        const listener = (/** @type {any} */ message, /** @type {number} */ at) => message?.type === type && end(at)
        const timer = setTimeout(() => end(undefined), limit)
        listeners.add(listener)
      })
    },
    stop() {
      asked.clear()
      child.kill('SIGKILL')
    },
  }
}

/** @typedef {Awaited<ReturnType<typeof startApp>>} App */
