/**
 * Which copy of `@hot-hook/dump-viewer` is run: that of the project that owns the lock file, or the one that was installed with
 * us. Not whatever Node would find further up, where another user may have put a `node_modules`.
 */
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const NAME = '@hot-hook/dump-viewer'
const LOCK_FILES = ['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'bun.lockb']

/** The folders above one, and itself. @param {string} folder @returns {string[]} */
export const upwards = (folder) => (path.dirname(folder) === folder ? [folder] : [folder, ...upwards(path.dirname(folder))])

/**
 * Whether it belongs to this user, root or the other one, and no other user can change it; of a link only whose it is.
 * @param {string} file @param {number} [other] a user who is trusted, too
 */
function isTrusted(file, other) {
  const found = fs.lstatSync(file, { throwIfNoEntry: false })
  if (!found || process.platform === 'win32') return Boolean(found)
  return [0, process.getuid?.(), other].includes(found.uid) && (found.isSymbolicLink() || (found.mode & 0o022) === 0)
}

/** A file, and the folders that hold it, up to `last`. @param {string} file @param {string} last */
const upTo = (file, last) => upwards(file).slice(0, upwards(file).indexOf(last) + 1)

/**
 * Whether no other user can have put a file of a package where it is found: not in a folder that it lies in, nor by a link.
 *
 * ```text
 *   /app ─ node_modules ─ hot-hook ──link──▶ /app ─ node_modules ─ .pnpm ─ hot-hook@2 ─ node_modules ─ hot-hook ─ register.mjs
 * ```
 * @param {string} file its real path @param {string} name of the package
 * @param {string} from the folder from which it is looked for @param {number} [other] a user who is trusted, too
 */
export function isFoundSafely(file, name, from, other) {
  const folders = upwards(file)
  const modules = folders.findLast((folder) => path.basename(folder) === 'node_modules')
  // A workspace's package may lie anywhere: the user who has linked it, or works in it, trusts that place.
  const root = folders.slice(1).find((folder) => fs.existsSync(path.join(folder, 'package.json')))
  const project = upwards(from).find((folder) => holds(path.join(folder, 'node_modules', name), file))
  const link = project === undefined ? [] : upTo(path.join(project, 'node_modules', name), project)
  return [...upTo(file, modules ? path.dirname(modules) : (root ?? folders[1])), ...link].every((one) => isTrusted(one, other))
}

/** Whether a file lies where a folder, or a link to one, leads. @param {string} folder @param {string} file a real path */
function holds(folder, file) {
  try {
    return file.startsWith(fs.realpathSync(folder) + path.sep)
  } catch {
    return false
  }
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
  const modules = projects[0].map((folder) => path.join(folder, 'node_modules'))
  const others = [...ownModules(own), ...projects[1].map((folder) => path.join(folder, 'node_modules'))]
  const pnp = process.versions.pnp ? projects.flatMap((folders) => folders.slice(-1)).flatMap(findByPnp) : []
  const inProject = modules.flatMap(findIn).filter((file) => isFoundSafely(file, NAME, projects[0][0]))
  const [found] = [...pnp, ...inProject, ...others.flatMap(findIn)]
  if (found === undefined) throw Object.assign(new Error(`there is no ${NAME}`), { code: 'MODULE_NOT_FOUND' })
  return pathToFileURL(found).href
}
