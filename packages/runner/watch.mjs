/**
 * What the runner itself watches, with the addon's watcher: files that set the environment, and the whole project while
 * no app runs that could.
 */
import fs from 'node:fs'
import path from 'node:path'
import { isInstalled, watchFiles, watchProject } from 'hot-hook/internal'

/**
 * @typedef {object} Handlers
 * @property {(paths: string[], early: boolean) => void} saved `early`: before the watch began
 * @property {(specifier: string) => void} installed a package is there that was missing
 * @property {(paths: string[]) => void} envChanged
 * @property {(text: string) => void} problem
 */

/** @typedef {Parameters<typeof isInstalled>[0]} Missing */

/** How often it is looked for packages that are missing, in milliseconds: `node_modules` is not watched. */
const INSTALLS = 300
/** What package managers write for each installation: while a package is missing that is no save. */
const OF_INSTALLATIONS = new Set(['package.json', 'package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb', '.pnp.cjs', '.pnp.loader.mjs'])

/** @param {import('./options.mjs').Options} options @param {string | undefined} cache @param {Handlers} handlers */
export function createWatch({ cwd, env }, cache, { saved, installed, envChanged, problem }) {
  /** @type {import('hot-hook/internal').Watcher | undefined} */
  let project
  /** @type {import('hot-hook/internal').Watcher | undefined} */
  let envFiles
  /** What the app did not find when it crashed, and is still missing. @type {Missing[]} */
  let missing = []
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  /** Who waits until a watcher has taken in what was saved. @type {Array<{ of: object, number: number, done: () => void }>} */
  let syncs = []

  /** @param {object | undefined} of @param {number} [number] that it has come to */
  function synced(of, number = Infinity) {
    for (const one of syncs) if (one.of === of && one.number <= number) one.done()
    syncs = syncs.filter((one) => one.of !== of || one.number > number)
  }

  /** What is there stays for a whole interval before that is told: an installation goes on for a while. @param {Set<Missing>} before */
  function lookForPackages(before) {
    const there = missing.filter(isInstalled)
    const found = there.find((one) => before.has(one))
    if (found) installed(found.specifier)
    else timer = setTimeout(lookForPackages, INSTALLS, new Set(there))
  }

  function stop() {
    project?.stop()
    clearTimeout(timer)
    synced(project)
    project = undefined
    missing = []
  }

  /** @param {string[]} paths @param {boolean} early */
  function count(paths, early) {
    const counts = missing.length === 0 ? paths : paths.filter((one) => !OF_INSTALLATIONS.has(path.basename(one)))
    if (counts.length > 0) saved(counts, early)
  }

  /**
   * @param {(paths: string[], early: boolean) => void} changed @param {() => object | undefined} watcher
   * @returns {(error: unknown, found: any) => void}
   */
  const found = (changed, watcher) => (...args) => {
    const mine = watcher()
    const { paths, early, problems, synced: number } = args.at(-1)
    problems.forEach(problem)
    if (paths.length > 0) changed(paths, early)
    if (number > 0) synced(mine, number)
  }

  return {
    /**
     * Waits for a save, also one since that time, in milliseconds since 1970; and for packages that are missing.
     * @param {number} since @param {Missing[]} [packages]
     */
    project(since, packages = []) {
      stop()
      missing = packages
      if (missing.length > 0) lookForPackages(new Set())
      const { folder, options } = readPackage(cwd)
      const caches = [cache, process.env.NODE_COMPILE_CACHE, env.NODE_COMPILE_CACHE].flatMap((one) => (one ? path.resolve(cwd, one) : []))
      const skip = [...caches, ...outputs()]
      const mine = watchProject(options, folder, skip, since, (/** @type {any[]} */ ...args) => project === mine && found(count, () => mine)(args[0], args.at(-1)))
      project = mine
    },
    /** Ends that. */
    rest: stop,
    /** @param {string[]} files */
    envFiles(files) {
      if (files.length === 0) return
      envFiles = watchFiles(files.map((file) => path.resolve(cwd, file)), /** @type {any} */ (found(envChanged, () => envFiles)))
    },
    /** Until what was saved by now is told. */
    async sync() {
      const watchers = [project, envFiles].filter((one) => one !== undefined)
      await Promise.all(watchers.map((of) => new Promise((resolve) => syncs.push({ of, number: of.sync(), done: () => resolve(undefined) }))))
    },
    end() {
      stop()
      envFiles?.stop()
      synced(envFiles)
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
