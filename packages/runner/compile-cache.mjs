/**
 * Node's compile cache, which makes a start faster: where it is kept, and what is thrown out of it.
 */
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

/** So many files are no cache of one project any more. */
const MANY = 50_000
/** Versions that were invalidated without being told: a link that failed. */
const MORE = 8

/**
 * The folder, in the nearest `node_modules`; none if there is none, or if the user has chosen otherwise.
 * @param {string} cwd @param {Record<string, string | undefined>} env
 */
export function cacheFolder(cwd, env) {
  if (env.NODE_COMPILE_CACHE !== undefined || env.NODE_DISABLE_COMPILE_CACHE) return undefined
  for (let folder = cwd; ; folder = path.dirname(folder)) {
    const modules = path.join(folder, 'node_modules')
    if (fs.existsSync(modules)) return path.join(modules, '.cache', 'hot-runner')
    if (folder === path.dirname(folder)) return undefined
  }
}

/** @param {string | undefined} folder */
export function createCompileCache(folder) {
  /** How often each file was invalidated in this process. @type {Map<string, number>} */
  let versions = new Map()
  if (folder) {
    // Not when the app runs: a folder that changes would look like a package that comes.
    fs.mkdirSync(folder, { recursive: true })
    clear(folder)
  }
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
      for (const version of list(folder)) {
        for (const name of list(path.join(folder, version))) {
          if (names.has(name)) fs.rmSync(path.join(folder, version, name), { force: true })
        }
      }
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
    return fs.readdirSync(folder)
  } catch {
    return []
  }
}

/** What has grown without bound begins anew. @param {string} folder */
function clear(folder) {
  for (const version of list(folder)) {
    const inside = path.join(folder, version)
    if (list(inside).length > MANY) fs.rmSync(inside, { recursive: true, force: true })
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

