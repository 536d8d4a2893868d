/**
 * An app that does not come back, such as one in which an import loops for ever: what is saved then is known to hot-hook's
 * thread in it, which does answer, but no code in it could ask for a restart.
 *
 * The app is asked regularly whether it is there. When it does not answer, the project is watched; and when a file is saved
 * that it runs, and it then does not answer for a while, it is told.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { hasInspector } from './inspector.mjs'

/** How often it is asked, in milliseconds. */
const LOOK = 1000
/** An app that fails to answer so often is watched. */
const MISSES = 3
/** So often it may fail to answer after a save: it may compute. By the clock a machine that has slept would look like that. */
const PATIENCE = 10
/** So much earlier than it is heard an app may have said something, in milliseconds: a save that came between is not known to it. */
const DELAY = 500
/** How long hot-hook's thread may take, in milliseconds. */
const LIMIT = 5000
/** What hot-hook says of a file that the app runs. */
const RUNS = new Set(['hot', 'restart', 'declined'])

const CLI = fileURLToPath(new URL('cli/main.mjs', import.meta.resolve('hot-hook/package.json')))

/**
 * @typedef {object} Handlers
 * @property {(since: number) => void} watch the project is to be watched
 * @property {() => void} rest no longer
 * @property {(child: import('./child.mjs').Child, path: string) => Promise<boolean | undefined>} isStuck whether the app runs
 * that file, and it is no debugger that stops it; `undefined` if that cannot be told
 * @property {(path: string) => void} hung
 */

/** @param {Pick<import('./options.mjs').Options, 'env' | 'nodeArgs'>} options @param {Handlers} handlers */
export function createHang({ env, nodeArgs }, { watch, rest, isStuck, hung }) {
  // At a breakpoint the app does not answer.
  const isDebugged = [...nodeArgs, process.env.NODE_OPTIONS, env.NODE_OPTIONS].some((words) => words?.includes('--inspect'))
  /** @type {import('./child.mjs').Child | undefined} */
  let child
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  let begunAt = 0
  let heardAt = 0
  let misses = 0
  let isWatching = false
  /** It has said that it can be debugged. */
  let isInspected = false
  /** How often it has failed to answer since each save. @type {Map<string, number>} */
  const saved = new Map()

  function look() {
    if (++misses === 1) child?.tell({ type: 'hot-runner:ping' })
    if (misses <= MISSES || isInspected) return
    for (const [path, looks] of saved) {
      if (looks < PATIENCE) saved.set(path, looks + 1)
      else void askFor(path)
    }
    if (isWatching) return
    isWatching = true
    watch(Math.max(heardAt - DELAY, begunAt))
  }

  /** @param {string} path */
  async function askFor(path) {
    saved.delete(path)
    const mine = child
    const found = mine && (await isStuck(mine, path))
    if (child !== mine || !isWatching) return
    if (found) hung(path)
    // A busy machine may be why: later once more.
    if (found === undefined) saved.set(path, 0)
  }

  function quiet() {
    misses = 0
    saved.clear()
    if (isWatching) rest()
    isWatching = false
  }

  return {
    /** This process speaks, and runs the app since then. @param {import('./child.mjs').Child} next @param {number} since */
    follow(next, since) {
      if (child === next || isDebugged) return
      this.end()
      child = next
      begunAt = since
      heardAt = Date.now()
      timer = setInterval(look, LOOK)
    },
    /** It has said something. @param {import('./child.mjs').Child} who @param {boolean} [inspected] */
    heard(who, inspected = isInspected) {
      if (who !== child) return
      heardAt = Date.now()
      isInspected = inspected
      quiet()
    },
    /** These were saved while the project was watched. @param {string[]} paths */
    saved(paths) {
      for (const path of paths) saved.set(path, 0)
    },
    /** It is no more, or about to end. */
    end() {
      clearInterval(timer)
      child = undefined
      isInspected = false
      quiet()
    },
  }
}

/**
 * Whether an app that does not answer runs a file, and is not known to be debugged; `undefined` if hot-hook in it does not answer.
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} options @param {number} pid @param {string} path
 * @param {number[]} ports on which it listens
 */
export async function isStuck(options, pid, path, ports) {
  const verdict = await verdictOf(options, pid, path)
  return verdict === undefined ? undefined : RUNS.has(verdict) && !(await hasInspector(pid, ports))
}

/** @param {{ cwd: string, env: NodeJS.ProcessEnv }} options @param {number} pid @param {string} path @returns {Promise<any>} */
function verdictOf({ cwd, env }, pid, path) {
  const argv = [CLI, 'explain', path, '--json', '--pid', String(pid)]
  return new Promise((resolve) => {
    execFile(process.execPath, argv, { cwd, env: { ...process.env, ...env, NODE_OPTIONS: undefined }, timeout: LIMIT }, (_, stdout) => {
      try {
        resolve(JSON.parse(stdout).verdict)
      } catch {
        resolve(undefined)
      }
    })
  })
}
