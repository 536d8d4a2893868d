/**
 * Which apps run in a project, by the pointers that they have left (src/socket/place.rs). A repository may hold pointers, too, and
 * other users' folders may lie above a project: so they are read only where an app of this user would write them, they lead only to
 * sockets in folders that no other user may enter, and only what is known to be left behind is deleted.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { upwards } from '../find-viewer.mjs'

/** The longest pointer, in bytes: a few paths. */
const LONGEST = 64 * 1024

/**
 * @typedef {object} App
 * @property {string} name what it is called by `--pid`: in our PID namespace its pid, else as its pointer is
 * @property {number} pid @property {string} socket @property {string} root @property {string} entry
 * @property {string} file its pointer
 * @property {boolean} isOfOurs whether its pid is a number of our PID namespace
 * @property {boolean} isElsewhere whether it is known to be one of another
 * @property {string} [id] which socket it is
 * @property {boolean} runs whether it is a runner, which answers for its app
 * @property {number} [runner] the pid of the runner that has started it, if ours has
 * @property {string[]} [others] by what else `--pid` may call it: the processes that it answers for
 */

/** @param {string} file */
const look = (file) => fs.lstatSync(file, { bigint: true, throwIfNoEntry: false })

/** @param {fs.BigIntStats | undefined} found */
const isOwn = (found) => found !== undefined && Number(found.uid) === process.getuid?.()

/** Whether only this user can have put anything there, as `Folder` in src/socket/folder.rs has it. @param {string} folder */
function isUsers(folder) {
  const found = look(folder)
  return Boolean(found?.isDirectory()) && isOwn(found) && (Number(found?.mode) & 0o022) === 0
}

/** Whether no other user may enter it. @param {string} folder */
const isPrivate = (folder) => isUsers(folder) && (Number(look(folder)?.mode) & 0o777) === 0o700

/** Where sockets lie, and the pointers to some of them; as src/socket/place.rs has it. */
function runtimeFolders() {
  const { XDG_RUNTIME_DIR: runtime } = process.env
  const user = process.getuid?.()
  // The app may have been started where the variable is set, and we where it is not.
  const folders = [...(runtime ? [runtime] : []), `/run/user/${user}`].map((folder) => path.resolve(folder, 'hot-hook'))
  const temporary = [os.tmpdir(), '/tmp'].map((folder) => path.resolve(folder, `hot-hook-${user}`))
  return [...new Set([...folders, ...temporary])].filter(isPrivate)
}

/** Where the apps of a project leave their pointers. @param {string} project */
function pointerFolder(project) {
  const folders = ['node_modules', '.cache', 'hot-hook'].map((_, at, names) => path.join(project, ...names.slice(0, at + 1)))
  return folders.every(isUsers) ? folders.slice(-1) : []
}

/** @param {string} folder */
function list(folder) {
  try {
    return fs.readdirSync(folder)
  } catch {
    return []
  }
}

/** The text of a file of the user's: not of a link, a pipe or a device, nor of what is long. @param {string} file */
function read(file) {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants
  const fd = fs.openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const found = fs.fstatSync(fd, { bigint: true })
    if (!found.isFile() || !isOwn(found) || found.size > LONGEST) return ''
    const bytes = Buffer.alloc(LONGEST)
    return bytes.toString('utf8', 0, fs.readSync(fd, bytes, 0, LONGEST, 0))
  } finally {
    fs.closeSync(fd)
  }
}

/** Whose numbers ours are: of a PID namespace, on a machine since it was started; `undefined` where there is no telling. */
function namespace() {
  try {
    return `${fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fs.readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return undefined
  }
}

/** @param {string} file @returns {App[]} */
function readApp(file) {
  try {
    const { pid, socket, root, entry, namespace: theirs, id, runs, runner } = JSON.parse(read(file))
    const isWhole = Number.isSafeInteger(pid) && pid > 0 && [socket, root, entry].every((text) => typeof text === 'string' && path.isAbsolute(text))
    if (!isWhole) return []
    const ours = namespace()
    const isOfOurs = process.platform === 'linux' ? ours !== undefined && theirs === ours : (theirs ?? undefined) === undefined
    return [{ name: path.basename(file, '.json'), pid, socket: path.resolve(socket), root, entry, file, isOfOurs, isElsewhere: !isOfOurs && typeof theirs === 'string', id, runs: runs === true, others: [], ...(Number.isSafeInteger(runner) && { runner }) }]
  } catch {
    // It is no pointer, is just being written, or has just gone.
    return []
  }
}

/** @param {string} folder @returns {App[]} */
const listApps = (folder) => list(folder).filter((name) => /^\d+(-\d+)?\.json$/.test(name)).flatMap((name) => readApp(path.join(folder, name)))

/** What is at an app's socket: in another container the same path may lead to another one. @param {App} app */
function isItsSocket({ socket, isOfOurs, id }) {
  const found = look(socket)
  if (!found) return true
  return found.isSocket() && isOwn(found) && (isOfOurs || id === undefined || id === `${found.dev}:${found.ino}:${found.ctimeNs}`)
}

/**
 * A pid of ours means the process that has it here: its pointer may be named `18-2.json`, because an app of another PID
 * namespace has left `18.json`.
 * @param {App[]} apps
 */
function giveNames(apps) {
  const ours = apps.filter(({ isOfOurs }) => isOfOurs)
  for (const app of ours) app.name = String(app.pid)
  const taken = new Set(ours.map(({ name }) => name))
  for (const app of apps) if (!app.isOfOurs && taken.has(app.name)) app.name += '-elsewhere'
}

/** An app that a runner has started is asked through that, which also knows what it is without the app. @param {App[]} apps */
function withoutThoseOfRunners(apps) {
  const runners = new Map(apps.filter(({ runs }) => runs).map((app) => [`${app.isOfOurs} ${app.pid}`, app]))
  return apps.filter((app) => {
    const runner = app.runs ? undefined : runners.get(`${app.isOfOurs} ${app.runner}`)
    runner?.others?.push(app.name)
    return !runner
  })
}

/** @param {string} cwd */
function all(cwd) {
  const above = upwards(cwd)
  const runtime = runtimeFolders()
  const isHere = (/** @type {App} */ { root }) => above.includes(root) || upwards(root).includes(cwd)
  const apps = [...above.flatMap(pointerFolder).flatMap(listApps), ...runtime.flatMap(listApps).filter(isHere)]
  const reachable = apps.filter((app) => runtime.includes(path.dirname(app.socket)) && isItsSocket(app))
  // Two pointers may lead to one socket.
  const each = [...new Map(reachable.toReversed().map((app) => [app.socket, app])).values()].toReversed()
  return { apps, each }
}

/**
 * The apps that may run in this project: those of a folder above, or of one below. Some may have ended.
 * @param {string} cwd @returns {{ apps: App[], elsewhere: boolean }} `elsewhere`: others cannot be reached from this container, or machine
 */
export function findApps(cwd) {
  const { apps, each } = all(cwd)
  giveNames(each)
  return { apps: withoutThoseOfRunners(each), elsewhere: apps.some((app) => app.isElsewhere && !(each.includes(app) && look(app.socket))) }
}

/** The app that a process of ours runs in this project, if it can be asked. @param {string} cwd @param {number} pid @returns {import('../internal.d.ts').App | undefined} */
export const findApp = (cwd, pid) => all(cwd).each.find((app) => app.isOfOurs && !app.runs && app.pid === pid)

/** Whether a process of our PID namespace has that number. @param {number} pid */
function runs(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH'
  }
}

/** @param {string} file */
function remove(file) {
  try {
    fs.rmSync(file, { force: true })
  } catch {
    // It lies where nothing can be changed, and stays.
  }
}

/** An app does not answer: its pointer goes if it is left behind. The next app takes away the socket (`sweep` in src/socket/place.rs). @param {{ file: string, pid: number, isOfOurs: boolean }} app */
export function forget({ file, pid, isOfOurs }) {
  if (isOfOurs && !runs(pid)) remove(file)
}
