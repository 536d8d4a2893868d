/**
 * An app that does not come back, such as one in which an import loops for ever: what is saved then is known to hot-hook's
 * thread in it, which does answer, but nobody in it could ask for a restart.
 *
 * The app is asked regularly whether it is there. When it does not answer, the project is watched; and when a file is saved
 * that it runs, and it still does not answer, it is told.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** How often it is asked, in milliseconds. */
const LOOK = 1000
/** So often it may fail to answer. By the clock a machine that has slept would look like that. */
const MISSES = 3
/** How long hot-hook's thread may take, in milliseconds. */
const LIMIT = 5000
/** What hot-hook says of a file that the app runs. */
const RUNS = new Set(['hot', 'restart', 'declined'])

const CLI = fileURLToPath(new URL('cli.mjs', import.meta.resolve('hot-hook/package.json')))

/**
 * @param {import('./options.mjs').Options} options
 * @param {{ watch: (since: number) => void, rest: () => void, hung: (path: string) => void }} handlers
 */
export function createHang({ cwd, env, nodeArgs }, { watch, rest, hung }) {
  // At a breakpoint nobody answers.
  const isDebugged = [...nodeArgs, process.env.NODE_OPTIONS, env.NODE_OPTIONS].some((words) => words?.includes('--inspect'))
  /** @type {import('./child.mjs').Child | undefined} */
  let child
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  let heardAt = 0
  let misses = 0
  let isWatching = false
  /** @type {Set<string>} */
  const saved = new Set()

  function look() {
    if (++misses === 1) child?.tell({ type: 'hot-runner:ping' })
    if (misses <= MISSES) return
    for (const path of saved) askFor(path)
    saved.clear()
    if (isWatching) return
    isWatching = true
    watch(heardAt)
  }

  /** @param {string} path */
  function askFor(path) {
    const mine = child
    const argv = [CLI, 'explain', path, '--json', '--pid', String(mine?.pid)]
    execFile(process.execPath, argv, { cwd, env: { ...process.env, ...env, NODE_OPTIONS: undefined }, timeout: LIMIT }, (_, stdout) => {
      if (child === mine && isWatching && RUNS.has(verdictOf(stdout))) hung(path)
    })
  }

  function quiet() {
    misses = 0
    saved.clear()
    if (isWatching) rest()
    isWatching = false
  }

  return {
    /** This process speaks, and runs the app. @param {import('./child.mjs').Child} next */
    follow(next) {
      if (child === next || isDebugged) return
      this.end()
      child = next
      heardAt = Date.now()
      timer = setInterval(look, LOOK)
    },
    /** It has said something. @param {import('./child.mjs').Child} who */
    heard(who) {
      if (who !== child) return
      heardAt = Date.now()
      quiet()
    },
    /** These were saved while the project was watched: at the next look it has had the time to see that itself. @param {string[]} paths */
    saved: (paths) => paths.forEach((path) => saved.add(path)),
    /** It is no more, or about to end. */
    end() {
      clearInterval(timer)
      child = undefined
      quiet()
    },
  }
}

/** @param {string} text */
function verdictOf(text) {
  try {
    return JSON.parse(text).verdict
  } catch {
    return undefined
  }
}
