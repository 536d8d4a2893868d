/**
 * What the runner itself watches, with the addon's watcher: files that set the environment, and the whole project while
 * no app runs that could.
 */
import fs from 'node:fs'
import path from 'node:path'
import { watchFiles, watchProject } from 'hot-hook/internal'

/**
 * @typedef {object} Handlers
 * @property {(paths: string[], early: boolean) => void} saved `early`: before the watch began
 * @property {(paths: string[]) => void} envChanged
 * @property {(text: string) => void} problem
 */

/** @param {import('./options.mjs').Options} options @param {string | undefined} cache @param {Handlers} handlers */
export function createWatch({ cwd, env }, cache, { saved, envChanged, problem }) {
  /** @type {import('hot-hook/internal').Watcher | undefined} */
  let project
  /** @type {import('hot-hook/internal').Watcher | undefined} */
  let envFiles

  /** @param {(paths: string[], early: boolean) => void} changed @returns {(error: unknown, found: any) => void} */
  const found = (changed) => (...args) => {
    const { paths, early, problems } = args.at(-1)
    problems.forEach(problem)
    if (paths.length > 0) changed(paths, early)
  }

  return {
    /** Waits for a save, also one since that time, in milliseconds since 1970. @param {number} since */
    project(since) {
      project?.stop()
      const { folder, options } = readPackage(cwd)
      const caches = [cache, process.env.NODE_COMPILE_CACHE, env.NODE_COMPILE_CACHE].flatMap((one) => (one ? path.resolve(cwd, one) : []))
      const skip = [...caches, ...outputs()]
      const mine = watchProject(options, folder, skip, since, (/** @type {any[]} */ ...args) => project === mine && found(saved)(args[0], args.at(-1)))
      project = mine
    },
    /** Ends that. */
    rest() {
      project?.stop()
      project = undefined
    },
    /** @param {string[]} files */
    envFiles(files) {
      if (files.length === 0) return
      envFiles = watchFiles(files.map((file) => path.resolve(cwd, file)), /** @type {any} */ (found(envChanged)))
    },
    end() {
      project?.stop()
      envFiles?.stop()
      project = undefined
    },
  }
}

/** The files that our output, and the app's, goes to: a crash is told there. @returns {string[]} */
function outputs() {
  return [1, 2].flatMap((fd) => {
    try {
      return fs.fstatSync(fd).isFile() ? fs.readlinkSync(`/proc/self/fd/${fd}`) : []
    } catch {
      return []
    }
  })
}

/** hot-hook's options, from the nearest package.json upwards. @param {string} cwd */
function readPackage(cwd) {
  for (let folder = cwd; ; folder = path.dirname(folder)) {
    try {
      const text = fs.readFileSync(path.join(folder, 'package.json'), 'utf8').replace(/^\uFEFF/, '')
      return { folder, options: JSON.stringify(JSON.parse(text).hotHook ?? {}) }
    } catch (error) {
      // One that is not JSON is why the app does not start.
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') return { folder, options: '{}' }
    }
    if (folder === path.dirname(folder)) return { folder: cwd, options: '{}' }
  }
}
