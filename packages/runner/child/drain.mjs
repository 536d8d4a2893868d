/**
 * The end of a process that serves: it stops accepting, and finishes what is under way. Nothing is reset.
 *
 * | connection | what becomes of it |
 * | --- | --- |
 * | HTTP, a request is under way | answered with `Connection: close` |
 * | HTTP, idle | the next process gets it |
 * | HTTPS, or over a Unix socket, idle | it may send one more request, for a moment |
 * | HTTP/2 | told to go away; its streams end |
 * | event streams, upgraded (WebSocket) | nothing: they have no end |
 * | TCP, TLS | waited for |
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { setup, tell } from './link.mjs'
import { listening, stopListening } from './sockets.mjs'

/** @typedef {import('./sockets.mjs').Listening} Listening */

/** How often it is looked whether all is done, in milliseconds. */
const INTERVAL = 4
/**
 * How often an idle HTTPS connection is found idle while it may send one more request: about 150 ms. Not by the clock: where
 * this process waits for the processor, the client does, too, and would send it to a connection that was just closed.
 */
const GRACE = 32

/** @param {number} limit in milliseconds */
export async function drain(limit) {
  const records = [...listening.values()]
  for (const record of records) {
    stopListening(record)
    if (isHttp1(record)) closeAfterAnswer(record)
    for (const session of record.sessions) session.close()
  }
  const begin = performance.now()
  for (;;) {
    const spent = performance.now() - begin
    const pending = await Promise.all(records.map((record) => settle(record, spent < limit / 2)))
    if (!pending.includes(true) || spent > limit) return
    await sleep(INTERVAL)
  }
}

/** @param {Listening} record */
const isHttp1 = ({ server }) => typeof (/** @type {any} */ (server).closeIdleConnections) === 'function'

/** @param {Listening} record */
const isSecure = ({ server }) => typeof (/** @type {any} */ (server).setSecureContext) === 'function'

/** @param {Listening} record */
function closeAfterAnswer({ server, sockets }) {
  const close = (/** @type {any} */ response) => {
    if (response && !response.headersSent) response.shouldKeepAlive = false
  }
  for (const socket of sockets) close(/** @type {any} */ (socket)._httpMessage)
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    if (event === 'request' || server.listenerCount(event) > 0) server.prependListener(event, (_, response) => close(response))
  }
}

/**
 * Does what can be done now.
 * @param {Listening} record @param {boolean} isGrace whether there is time left for idle connections that cannot be handed over
 * @returns {Promise<boolean>} whether something is still under way
 */
async function settle(record, isGrace) {
  const { server, sockets } = record
  const open = await new Promise((resolve) => server.getConnections((_, n) => resolve(n ?? 0)))
  if (open === 0) return false
  if (!isHttp1(record)) return true
  let pending = 0
  const unused = []
  for (const socket of sockets) {
    if (socket.destroyed || isEndless(socket)) continue
    if (!isIdle(record, socket)) pending++
    else if (!isSecure(record) && !record.isPipe && setup?.keep) handOver(record, socket)
    else if (isGrace && lookAt(socket) < GRACE) pending++
    else unused.push(socket)
  }
  pending += await close(record, unused)
  // A secure connection counts as soon as its handshake begins.
  return pending > 0 || (isSecure(record) && open > sockets.size)
}

/**
 * Closes connections that are still idle when what has arrived is read: timers come before that, and the process may have
 * waited long for the processor. Only here: who looks at that moment whether all is done ends the process while the last
 * bytes of others are on their way.
 * @param {Listening} record @param {any[]} unused @returns {Promise<number>} how many are not idle
 */
async function close(record, unused) {
  if (unused.length === 0) return 0
  await new Promise(setImmediate)
  const idle = unused.filter((socket) => isIdle(record, socket))
  for (const socket of idle) socket.end()
  return unused.length - idle.length
}

/** How often each connection was found idle: one may have come when the drain had begun. @type {WeakMap<object, number>} */
const looks = new WeakMap()

/** @param {object} socket @returns {number} how often it was found idle before */
function lookAt(socket) {
  const before = looks.get(socket) ?? 0
  looks.set(socket, before + 1)
  return before
}

/** Whether nothing is under way on a connection. @param {Listening} record @param {any} socket */
function isIdle(record, socket) {
  if (socket._httpMessage || socket.writableEnded || socket.writableLength > 0) return false
  return isSecure(record) || socket.bytesRead === (record.read.get(socket) ?? 0)
}

/** Whether it is no request any more, or one whose answer does not end. @param {any} socket */
function isEndless(socket) {
  if (!socket.parser) return true
  const response = socket._httpMessage
  return Boolean(response?._header && /^content-type: *text\/event-stream/im.test(response._header))
}

/**
 * The runner gets the connection, and gives it to the next process. Nothing is lost: what the client sends meanwhile waits
 * in the kernel.
 * @param {Listening} record @param {any} socket
 */
function handOver({ id, sockets }, socket) {
  sockets.delete(socket)
  socket._handle.readStop()
  // A stream that was just set up may only be about to begin.
  socket._handle.readStart = () => 0
  tell({ type: 'hot-runner:connection', id }, socket._handle, () => socket.destroy())
}
