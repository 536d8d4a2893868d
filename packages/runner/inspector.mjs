/**
 * Whether an app can be debugged: at a breakpoint it does not answer, and must be left alone.
 */
import http from 'node:http'
import { descriptors, listeners } from './proc.mjs'

/** How long Node's inspector may take to answer, in milliseconds. */
const LIMIT = 1000
/** Addresses of this machine, as the kernel writes them: 127.0.0.1 and ::1, and the ones that stand for all. */
const LOCAL = {
  '0100007F': '127.0.0.1',
  '7F000001': '127.0.0.1',
  '00000000': '127.0.0.1',
  '00000000000000000000000001000000': '::1',
  '00000000000000000000000000000001': '::1',
  '0000000000000000FFFF00000100007F': '127.0.0.1',
  '00000000000000000000000000000000': '::1',
}

/**
 * Whether Node's inspector is open in a process, however it was opened: it answers by a thread of its own.
 *
 * Only Linux tells on which ports a process listens. Elsewhere, and where the inspector listens on an address of the
 * network, it is known only by what the app has said itself while it still answered.
 * @param {number} pid @param {number[]} others ports on which the app listens itself
 */
export async function hasInspector(pid, others) {
  if (process.platform !== 'linux') return false
  const open = new Set(descriptors(pid))
  const ports = listeners(pid).filter(({ inode, port }) => open.has(`socket:[${inode}]`) && !others.includes(port))
  const answers = ports.map(({ address, port }) => isInspector(Reflect.get(LOCAL, address), port))
  return (await Promise.all(answers)).includes(true)
}

/** @param {string | undefined} host @param {number} port @returns {Promise<boolean>} */
function isInspector(host, port) {
  return new Promise((resolve) => {
    if (!host) return resolve(false)
    const signal = AbortSignal.timeout(LIMIT)
    const request = http.get({ host, port, path: '/json/version', agent: false, signal }, (response) => {
      let text = ''
      response.on('data', (part) => (text += part))
      response.on('end', () => resolve(text.includes('"Protocol-Version"')))
      response.on('error', () => resolve(false))
    })
    request.on('error', () => resolve(false))
  })
}
