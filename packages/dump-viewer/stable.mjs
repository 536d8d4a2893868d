/**
 * The port and the token of a project: the same each time, so that a bookmark works, and known to nobody else. Both follow
 * from a secret of this user, which lies in a folder that only this user can change.
 */
import { createHmac, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const LENGTH = 32
/** Below the ports that systems give away, and none that browsers refuse. */
const PORTS = { first: 20_000, count: 10_000 }

/** @param {fs.Stats} found @param {number} forbidden bits of its mode */
function isUsers(found, forbidden) {
  return process.platform === 'win32' || (found.uid === process.getuid?.() && (found.mode & forbidden) === 0)
}

/** @param {string} file */
function read(file) {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants
  const fd = fs.openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const found = fs.fstatSync(fd)
    if (!found.isFile() || found.size !== LENGTH || !isUsers(found, 0o077)) return undefined
    const bytes = Buffer.alloc(LENGTH)
    return fs.readSync(fd, bytes, 0, LENGTH, 0) === LENGTH ? bytes : undefined
  } finally {
    fs.closeSync(fd)
  }
}

/** Makes a secret; one that another process has made meanwhile stays. @param {string} file */
function create(file) {
  const draft = `${file}-${process.pid}-${randomBytes(6).toString('hex')}`
  fs.writeFileSync(draft, randomBytes(LENGTH), { flag: 'wx', mode: 0o600 })
  try {
    fs.linkSync(draft, file)
  } finally {
    fs.rmSync(draft, { force: true })
  }
}

/** @param {string} file */
function readOrCreate(file) {
  if (!fs.existsSync(file)) {
    try {
      create(file)
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error
    }
  }
  return read(file)
}

/** This user's secret; `undefined` where there is no safe place for one. */
function findSecret() {
  try {
    const { XDG_STATE_HOME: state } = process.env
    const base = state && path.isAbsolute(state) ? state : path.join(os.homedir(), '.local/state')
    const folder = path.join(base, 'hot-hook')
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
    const found = fs.lstatSync(folder)
    return found.isDirectory() && isUsers(found, 0o022) ? readOrCreate(path.join(folder, 'viewer-key')) : undefined
  } catch {
    return undefined
  }
}

/** The folder of the next package.json above, or the folder itself. @param {string} folder */
function projectOf(folder) {
  const real = fs.existsSync(folder) ? fs.realpathSync(folder) : path.resolve(folder)
  for (let at = real; ; at = path.dirname(at)) {
    if (fs.existsSync(path.join(at, 'package.json'))) return at
    if (at === path.dirname(at)) return real
  }
}

/**
 * @param {string | undefined} folder in the project; none: all is random
 * @returns {{ port: number, tokenFor: (port: number) => string }} `port`: 0 means any. A token is of use at its port alone: who
 *   has taken another one hears none of ours.
 */
export function stableFor(folder) {
  const secret = folder === undefined ? undefined : findSecret()
  if (folder === undefined || secret === undefined) return { port: 0, tokenFor: () => randomBytes(18).toString('base64url') }
  const project = projectOf(folder)
  const derive = (/** @type {string} */ what) => createHmac('sha256', secret).update(`${what}\0${project}`).digest()
  return {
    port: PORTS.first + (derive('port').readUInt32BE(0) % PORTS.count),
    tokenFor: (port) => derive(`token ${port}`).subarray(0, 18).toString('base64url'),
  }
}
