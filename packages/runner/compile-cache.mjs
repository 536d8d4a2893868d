/**
 * Node's compile cache, which makes a start faster: where it is kept, and what is thrown out of it.
 *
 * Node runs what is in it, and checks only that it is whole. So it lies where only the user can have put anything:
 * never in the project, which may be somebody else's.
 */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

/** So many files are no cache of one project any more. */
const MANY = 50_000
/** Versions that were invalidated without being told: a link that failed. */
const MORE = 8
/** A project that was not started for so long has no cache any more, in milliseconds. */
const UNUSED = 60 * 24 * 60 * 60 * 1000

/** A project's folder, as {@link keyOf} names it. */
const PROJECT = /^[0-9a-f]{32}$/
/** A folder of one Node: its version, the processor, a hash and the user; early ones have the hash alone. */
const VERSION = /^(v\d+\.\d+\.\d+[\w.+-]*-\w+-)?[0-9a-f]{1,8}(-\d+)?$/
/** A file that Node has written, or is just writing. */
const ENTRY = /^[0-9a-f]{8}(\.\w{6})?$/

/**
 * The folder for a project; none if the user has chosen otherwise, or if there can be none that is the user's alone.
 * @param {string} cwd @param {Record<string, string | undefined>} env
 */
function openFolder(cwd, env) {
  if (env.NODE_COMPILE_CACHE !== undefined || env.NODE_DISABLE_COMPILE_CACHE) return undefined
  try {
    const all = path.join(userFolder(env), 'hot-runner')
    const folder = path.join(all, keyOf(cwd))
    make(folder)
    if (![all, folder].every(isPrivate) || !ancestors(fs.realpathSync(path.dirname(all))).every(isSafe)) return undefined
    const now = new Date()
    fs.utimesSync(folder, now, now)
    sweep(all, now.getTime() - UNUSED)
    return folder
  } catch {
    // It only makes a start faster.
    return undefined
  }
}

/** Makes a folder, and those above it. (Node's own `recursive` never ends in `/proc`.) @param {string} folder */
function make(folder) {
  if (fs.existsSync(folder)) return
  make(path.dirname(folder))
  fs.mkdirSync(folder, { mode: 0o700 })
}

/** Where caches of this user are. @param {Record<string, string | undefined>} env */
function userFolder({ XDG_CACHE_HOME: given, LOCALAPPDATA: local }) {
  if (given && path.isAbsolute(given)) return given
  return process.platform === 'win32' && local ? local : path.join(os.homedir(), '.cache')
}

/** @param {string} cwd */
const keyOf = (cwd) => createHash('sha256').update(fs.realpathSync(cwd)).digest('hex').slice(0, 32)

/** @param {string} folder @returns {string[]} */
const ancestors = (folder) => (path.dirname(folder) === folder ? [folder] : [folder, ...ancestors(path.dirname(folder))])

/** Whether no other user can have put anything there. @param {string} folder */
function isPrivate(folder) {
  const found = fs.lstatSync(folder)
  return found.isDirectory() && (!process.getuid || (found.uid === process.getuid() && (found.mode & 0o77) === 0))
}

/** Whether no other user can replace a folder that is in it. @param {string} folder */
function isSafe(folder) {
  const { uid, mode } = fs.lstatSync(folder)
  return !process.getuid || ((uid === process.getuid() || uid === 0) && ((mode & 0o22) === 0 || (mode & 0o1000) !== 0))
}

/** @param {string} cwd @param {Record<string, string | undefined>} env @param {number} [many] how many files are too many */
export function createCompileCache(cwd, env, many = MANY) {
  const folder = openFolder(cwd, env)
  /** How often each file was invalidated in this process. @type {Map<string, number>} */
  let versions = new Map()
  // Not when the app runs: a folder that changes would look like a package that comes.
  if (folder) for (const version of versionsIn(folder)) if (list(version).length > many) empty(version)
  return {
    folder,
    /** @param {string[]} paths */
    invalidated(paths) {
      for (const one of paths.filter(path.isAbsolute)) versions.set(one, (versions.get(one) ?? 0) + 1)
    },
    /** After a process has ended: the next one asks for none of the versions that it has made. */
    prune() {
      const stale = versions
      versions = new Map()
      if (!folder || stale.size === 0) return
      const names = new Set([...stale].flatMap(([file, count]) => namesOf(file, count + MORE)))
      for (const version of versionsIn(folder)) empty(version, (name) => names.has(name))
    },
    /** Throws all of it out. */
    clear() {
      if (folder) versionsIn(folder).forEach((version) => empty(version))
    },
  }
}

/**
 * The names of the files for the versions of an ES module: Node hashes a 1 and the URL. CommonJS is known by its path.
 * @param {string} file @param {number} count
 */
function namesOf(file, count) {
  const { href } = pathToFileURL(file)
  return Array.from({ length: count }, (_, n) => crc32(`\u0001${href}?v=${n + 1}`).toString(16).padStart(8, '0'))
}

/** @param {string} folder */
function list(folder) {
  try {
    return fs.readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

/** The folders of the Nodes that have run. Links are not followed: what they lead to is not ours. @param {string} folder */
const versionsIn = (folder) => list(folder).flatMap((entry) => (entry.isDirectory() && VERSION.test(entry.name) ? path.join(folder, entry.name) : []))

/** Deletes what Node has written in a folder, and nothing else. @param {string} version @param {(name: string) => boolean} [which] */
function empty(version, which = () => true) {
  for (const entry of list(version)) {
    if (entry.isFile() && ENTRY.test(entry.name) && which(entry.name)) fs.rmSync(path.join(version, entry.name), { force: true })
  }
}

/** The caches of projects that are not used any more go. @param {string} all @param {number} since in milliseconds since 1970 */
function sweep(all, since) {
  for (const entry of list(all)) {
    const project = path.join(all, entry.name)
    if (!entry.isDirectory() || !PROJECT.test(entry.name) || fs.lstatSync(project).mtimeMs > since) continue
    for (const folder of [...versionsIn(project), project]) {
      if (folder !== project) empty(folder)
      try {
        fs.rmdirSync(folder)
      } catch {
        // Something else is in it.
      }
    }
  }
}

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xed_b8_83_20 : rest >>> 1
  return rest
})

/** `zlib.crc32`, which early Nodes lack. @param {string} text */
function crc32(text) {
  let rest = -1
  for (const byte of Buffer.from(text)) rest = TABLE[(rest ^ byte) & 255] ^ (rest >>> 8)
  return (rest ^ -1) >>> 0
}
