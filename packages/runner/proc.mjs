/**
 * What Linux tells of processes and sockets, in /proc. Processes end while it is read, and another may be hidden from this
 * user: what cannot be read is not there.
 */
import fs from 'node:fs'

/** The numbers of all processes. @returns {number[]} */
export const pids = () => list('/proc').filter((name) => /^\d+$/.test(name)).map(Number)

/** @param {string} folder @returns {string[]} */
function list(folder) {
  try {
    return fs.readdirSync(folder)
  } catch {
    return []
  }
}

/** @param {string} file */
export function read(file) {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** @param {string} file */
export function readLink(file) {
  try {
    return fs.readlinkSync(file)
  } catch {
    return ''
  }
}

/** Where the descriptors of a process lead. @param {number} pid @returns {string[]} */
export const descriptors = (pid) => list(`/proc/${pid}/fd`).map((fd) => readLink(`/proc/${pid}/fd/${fd}`))

/** @param {string} table of the network @param {number | 'self'} [pid] whose network @returns {string[][]} */
export function rows(table, pid = 'self') {
  const lines = read(`/proc/${pid}/net/${table}`).trim().split('\n')
  return lines.slice(1).map((line) => line.trim().split(/\s+/))
}

/**
 * The TCP sockets that listen.
 * @param {number | 'self'} [pid] whose network
 * @returns {Array<{ address: string, port: number, inode: string }>} `address`: as the kernel writes it
 */
export function listeners(pid) {
  return ['tcp', 'tcp6'].flatMap((table) => rows(table, pid)).flatMap((fields) => {
    const [address, port] = fields[1]?.split(':') ?? []
    return fields[3] === '0A' && port ? [{ address, port: Number.parseInt(port, 16), inode: fields[9] }] : []
  })
}
