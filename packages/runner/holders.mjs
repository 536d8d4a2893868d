/**
 * Which process holds a port, or the file of a Unix socket, on which the app wanted to listen.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { hasMark } from './child.mjs'
import { inodeOf } from './child/inode.mjs'
import { descriptors, listeners, pids, read, readLink, rows } from './proc.mjs'

/** So much of a command is told. */
const LONGEST = 80
/** Processes that share a socket are many at times: so many are told. */
const MOST = 3

/** @param {{ address: string, port: number }} wanted @returns {string} a sentence */
export function describeHolder({ address, port }) {
  const what = port === 0 ? address : `port ${port}`
  const holders = findHolders(address, port)
  if (holders === undefined) return `${what} is in use`
  if (holders === 'nobody') return `${what} is a file that somebody has left behind: no process listens there; delete it`
  const some = holders.slice(0, MOST).map(describeProcess)
  return `${what} is held by ${some.join(', ') || 'a process that this user may not see'}`
}

/** @param {number} pid */
function describeProcess(pid) {
  if (pid === process.pid) return `hot-runner itself (pid ${pid}), which keeps it for the app`
  const command = commandOf(pid)
  const whose = hasMark(pid) ? ', started by this app' : ''
  return `${command ? `${command.slice(0, LONGEST)} ` : ''}(pid ${pid}${whose})`
}

/** The command with its arguments, without the folder of its program: that is long at times, and tells nothing. @param {number} pid */
function commandOf(pid) {
  try {
    if (process.platform === 'win32') return ''
    if (process.platform !== 'linux') return run('ps', ['-o', 'args=', '-p', String(pid)]).trim().replace(/^\S*\//, '')
    const [program, ...args] = read(`/proc/${pid}/cmdline`).split('\0')
    return [path.basename(program), ...args].join(' ').trim()
  } catch {
    return ''
  }
}

/** The processes that this user may see; `undefined` if the system does not tell. @param {string} address @param {number} port @returns {number[] | 'nobody' | undefined} */
function findHolders(address, port) {
  try {
    if (process.platform === 'linux') return port === 0 ? holdersOfFile(address) : holdersOf(inodesOfPort(port))
    if (process.platform === 'win32') return port === 0 ? undefined : netstat(port)
    return numbers(run('lsof', port === 0 ? ['-t', '--', address] : ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-t']))
  } catch {
    return undefined
  }
}

/** @param {string} command @param {string[]} args */
const run = (command, args) => execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 3000 })

/** @param {string} text */
const numbers = (text) => text.trim().split(/\s+/).filter(Boolean).map(Number)

/** @param {number} port */
function netstat(port) {
  const lines = run('netstat', ['-ano', '-p', 'TCP']).split('\n').map((line) => line.trim().split(/\s+/))
  return [...new Set(lines.filter(([, local, , state]) => state === 'LISTENING' && local?.endsWith(`:${port}`)).map((fields) => Number(fields[4])))]
}

/** Those of listening TCP sockets. @param {number} port */
const inodesOfPort = (port) => new Set(listeners().filter((one) => one.port === port).map(({ inode }) => inode))

/** @param {string} address */
function holdersOfFile(address) {
  // The flag says that it listens. The path is the last field, as it was given, and may hold spaces.
  const all = rows('unix').filter((fields) => fields[3] === '00010000').map((fields) => ({ inode: fields[6], name: fields.slice(7).join(' ') }))
  const mine = all.filter(({ name }) => name === address)
  const relative = all.filter(({ name }) => name !== '' && !/^[/@]/.test(name) && address.endsWith(`/${path.normalize(name)}`))
  if (mine.length + relative.length === 0) return inodeOf(address) ? 'nobody' : undefined
  const fromThere = (/** @type {{ inode: string, name: string }} */ { inode, name }) => holdersOf(new Set([inode])).filter((pid) => path.resolve(readLink(`/proc/${pid}/cwd`), name) === address)
  return [...holdersOf(new Set(mine.map(({ inode }) => inode))), ...relative.flatMap(fromThere)]
}

/** The processes that have one of these sockets open. @param {Set<string>} inodes */
function holdersOf(inodes) {
  const targets = new Set([...inodes].map((inode) => `socket:[${inode}]`))
  return pids().filter((pid) => descriptors(pid).some((target) => targets.has(target)))
}

/** A process that ends without closing its Unix socket leaves the file, and the next could not listen. @param {string} file @param {string} [inode] */
export function removeLeftOver(file, inode) {
  try {
    if (inode !== undefined && inodeOf(file) === inode) fs.rmSync(file, { force: true })
  } catch {}
}
