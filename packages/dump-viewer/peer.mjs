/**
 * Which user is at the other end of a connection within this machine.
 */
import fs from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import os from 'node:os'

/** The kernel's lists of TCP sockets: a socket of IPv6 can connect to an address of IPv4, too. */
const LISTS = ['/proc/net/tcp', '/proc/net/tcp6']

/** An address of IPv4 and its port as the kernel writes them: a number in the machine's byte order. @param {string} address @param {number} port */
function written(address, port) {
  const bytes = Buffer.from(address.split('.').map(Number))
  const number = os.endianness() === 'LE' ? bytes.readUInt32LE() : bytes.readUInt32BE()
  const hex = (/** @type {number} */ value, /** @type {number} */ length) => value.toString(16).toUpperCase().padStart(length, '0')
  return `${hex(number, 8)}:${hex(port, 4)}`
}

/** The user whose socket is the one from `here` to `there`. @param {string} here @param {string} there */
async function findUser(here, there) {
  const lists = await Promise.all(LISTS.map((list) => fs.readFile(list, 'utf8').catch(() => '')))
  // sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid …
  const sockets = lists.join('').split('\n').map((line) => line.trim().split(/\s+/))
  const found = sockets.find(([, local, remote]) => local?.endsWith(here) && remote?.endsWith(there))
  return found && Number(found[7])
}

/**
 * Whether a connection by IPv4 may be that of another user than root. Only Linux says whose it is; what it does not
 * tell of is refused.
 * @param {Pick<import('node:net').Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>} socket
 */
export async function mayBeOfAnotherUser({ remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 }) {
  if (process.platform !== 'linux') return false
  // It has gone.
  if (!isIPv4(remoteAddress) || !isIPv4(localAddress)) return true
  const ends = /** @type {const} */ ([written(remoteAddress, remotePort), written(localAddress, localPort)])
  // A list is read piece by piece: while others change it, one that is there can be missed.
  const user = (await findUser(...ends)) ?? (await findUser(...ends))
  return user !== 0 && (user === undefined || user !== process.getuid?.())
}
