/**
 * Which copy of `@hot-hook/dump-viewer` is run: that of the project that owns the lock file, or the one that was installed with
 * us. Not whatever Node would find further up, where another user may have put a `node_modules`.
 */
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { upwards } from './pointers.mjs'

const NAME = '@hot-hook/dump-viewer'
const LOCK_FILES = ['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'bun.lockb']

/**
 * Whether it is this user's, root's or the other one's, and not everybody's to change.
 * @param {string} file @param {number} [other] a user who is trusted, too
 */
export function isTrusted(file, other) {
  const found = fs.lstatSync(file, { throwIfNoEntry: false })
  if (!found || process.platform === 'win32') return Boolean(found)
  return [0, process.getuid?.(), other].includes(found.uid) && !found.isSymbolicLink() && (found.mode & 0o002) === 0
}

/** The folders of a project from one of them up to that with the lock file; none if there is no project. @param {string} folder */
function projectFolders(folder) {
  const above = upwards(folder)
  const hasLock = (/** @type {string} */ one) => LOCK_FILES.some((name) => fs.existsSync(path.join(one, name)))
  const folders = above.slice(0, above.findIndex(hasLock) + 1)
  const locks = LOCK_FILES.map((name) => path.join(folders.at(-1) ?? folder, name)).filter((file) => fs.existsSync(file))
  return [...folders, ...locks].every((file) => isTrusted(file)) ? folders : []
}

/** Where our own dependencies are: beside what holds us, because who can change that can change us, too. @param {string} file of ours */
function ownModules(file) {
  const folders = upwards(path.dirname(file))
  return [path.join(folders[0], 'node_modules'), ...folders.filter((folder) => path.basename(folder) === 'node_modules')]
}

/** What a `node_modules` has, if it has it. @param {string} modules @returns {string[]} */
function findIn(modules) {
  try {
    const folder = fs.realpathSync(path.join(modules, NAME))
    const file = createRequire(path.join(folder, '_')).resolve(`${NAME}/server`)
    return file.startsWith(folder + path.sep) ? [file] : []
  } catch {
    return []
  }
}

/** Yarn's Plug'n'Play has no `node_modules`, and looks nowhere but in the project. @param {string} project */
function findByPnp(project) {
  try {
    return [createRequire(path.join(project, '_')).resolve(`${NAME}/server`)]
  } catch {
    return []
  }
}

/**
 * Throws an error with the code `MODULE_NOT_FOUND` if there is none.
 * @param {string} cwd @param {string} url of the module that runs it, of the package that was installed
 * @returns {string} its URL
 */
export function findViewer(cwd, url) {
  const own = fileURLToPath(url)
  const projects = [projectFolders(fs.realpathSync(cwd)), projectFolders(path.dirname(own))]
  const modules = projects[0].map((folder) => path.join(folder, 'node_modules')).filter((folder) => isTrusted(folder))
  const others = [...ownModules(own), ...projects[1].map((folder) => path.join(folder, 'node_modules'))]
  const pnp = process.versions.pnp ? projects.flatMap((folders) => folders.slice(-1)).flatMap(findByPnp) : []
  const [found] = [...pnp, ...modules.flatMap(findIn), ...others.flatMap(findIn)]
  if (found === undefined) throw Object.assign(new Error(`there is no ${NAME}`), { code: 'MODULE_NOT_FOUND' })
  return pathToFileURL(found).href
}
