/**
 * Listening sockets that outlive the process: the runner keeps them, and `listen` takes the one that is there.
 *
 * ```text
 *   process 1                runner                  process 2
 *   listen(3000) ──handle──▶ keeps it
 *   drains, ends             (requests wait) ──────▶ listen(3000) adopts it
 * ```
 */
import net from 'node:net'
import path from 'node:path'
import { inodeOf } from './inode.mjs'
import { hear, hold, setup, tell } from './link.mjs'

/**
 * @typedef {object} Kept a socket of the last process
 * @property {string} id
 * @property {number} port that it has
 * @property {any} handle
 */

/**
 * @typedef {object} Listening a server of this process
 * @property {string} id
 * @property {net.Server} server
 * @property {boolean} isPipe a Unix socket, or a pipe of Windows
 * @property {any} handle
 * @property {Set<net.Socket>} sockets as accepted, or for TLS: those that are secure
 * @property {Set<{ close(): void }>} sessions of HTTP/2
 * @property {WeakMap<net.Socket, number>} read see {@link noteRead}
 */

/** What the last process listened on, by what it asked for. @type {Map<string, Kept>} */
const kept = new Map()
/** @type {Map<string, Listening>} */
export const listening = new Map()
/** Ports that the runner is about to release. @type {Map<string, { port: number, done: Promise<void>, resolve: () => void }>} */
const releasing = new Map()
/** How often port 0 was asked for with the same address: such sockets are told apart by their order. @type {Map<string, number>} */
const anyPort = new Map()
let count = 0

/** `net.Server`'s own way to get a listening handle, which Node keeps replaceable. */
const prototype = /** @type {any} */ (net.Server.prototype)
const plainListen = prototype._listen2

/** @this {any} @param {unknown[]} args */
function listen(...args) {
  const [address, port, addressType, backlog, fd, flags] = /** @type {any[]} */ (args)
  const isTaken = this._handle || typeof port !== 'number' || port < 0 || (typeof fd === 'number' && fd >= 0)
  const isPipe = port === -1 && typeof address === 'string' && !this._handle && !(fd >= 0)
  if (isPipe && !isOfCluster(this)) return listenOnPipe(this, args)
  if (isTaken || isOfCluster(this)) return Reflect.apply(plainListen, this, args)
  const asked = JSON.stringify([address, port, addressType, flags])
  const key = port === 0 ? `${asked}#${countUp(asked)}` : asked
  const own = kept.get(key)
  kept.delete(key)
  if (own && canListen(own, backlog)) this._handle = own.handle
  else if (own) release(own)
  for (const [other, socket] of kept) {
    // The same port on another address.
    if (!this._handle && port !== 0 && socket.port === port) {
      kept.delete(other)
      release(socket)
    }
  }
  const waits = [...releasing.values()].filter((released) => released.port === port && port !== 0)
  const proceed = () => {
    noteFailure(this, address ?? '', port)
    Reflect.apply(plainListen, this, args)
    if (this._handle) remember(this, own && this._handle === own.handle ? own.id : `${process.pid}.${++count}`, key)
  }
  if (this._handle || waits.length === 0) return proceed()
  const letGo = hold()
  Promise.all(waits.map(({ done }) => done)).then(proceed).finally(letGo)
}

/**
 * A Unix socket, or a pipe of Windows: each process listens for itself. It is told of, because it must be closed before the
 * process ends: else its file stays, and the next process cannot listen.
 * @param {any} server @param {unknown[]} args
 */
function listenOnPipe(server, args) {
  noteFailure(server, path.resolve(String(args[0])), 0)
  Reflect.apply(plainListen, server, args)
  if (server._handle) remember(server, `${process.pid}.${++count}`, '')
}

/**
 * Tells the runner that another process listens there: Node does not say which. A listener for 'error' would be
 * counted.
 * @param {any} server @param {string} address @param {number} port
 */
function noteFailure(server, address, port) {
  if (server._handle) return
  const { emit } = server
  const isOwn = Object.hasOwn(server, 'emit')
  server.emit = function (/** @type {string} */ event, /** @type {unknown[]} */ ...args) {
    if (event === 'error' || event === 'listening') {
      if (isOwn) server.emit = emit
      else delete server.emit
      if (/** @type {any} */ (args[0])?.code === 'EADDRINUSE') tell({ type: 'hot-runner:in-use', address, port })
    }
    return Reflect.apply(emit, server, [event, ...args])
  }
}

/** What Node says of a socket that cannot listen any more would be an error of the app's. @param {Kept} socket @param {number} backlog */
function canListen({ handle }, backlog) {
  try {
    return handle.listen(backlog || 511) === 0
  } catch {
    return false
  }
}

/** @param {string} asked */
function countUp(asked) {
  const n = anyPort.get(asked) ?? 0
  anyPort.set(asked, n + 1)
  return n
}

/** Whether a cluster's primary listens on behalf of its workers. @param {net.Server} server */
function isOfCluster(server) {
  return server.listeners('connection').some(({ name }) => name === 'fail')
}

/** @param {net.Server} server @param {string} id @param {string} key */
function remember(server, id, key) {
  const { _handle: handle } = /** @type {any} */ (server)
  const isAdopted = !id.startsWith(`${process.pid}.`)
  const { close } = handle
  const asked = /** @type {net.AddressInfo | string} */ (server.address())
  const isPipe = typeof asked === 'string'
  /** @type {Listening} */
  const record = { id, server, handle, isPipe, ...track(server) }
  const { address, port } = isPipe ? { address: path.resolve(asked), port: 0 } : asked
  listening.set(id, record)
  // Not the event 'close': that comes when the last connection has ended.
  handle.close = function (/** @type {unknown[]} */ ...args) {
    if (listening.delete(id)) release({ id, port, handle: undefined })
    return Reflect.apply(close, this, args)
  }
  const scheme = isPipe ? 'unix' : schemeOf(server)
  const inode = isPipe ? inodeOf(address) : undefined
  // An app that only looks for a free port closes it at once, and serves no request before that.
  setImmediate(() => {
    if (listening.has(id)) tell({ type: 'hot-runner:listening', id, key, address, port, scheme, inode }, isPipe || isAdopted || !setup?.keep ? undefined : handle)
  })
}

/** @param {any} server */
function schemeOf(server) {
  const isHttp = typeof server.closeIdleConnections === 'function' || typeof server.updateSettings === 'function'
  const isSecure = typeof server.setSecureContext === 'function'
  return isHttp ? (isSecure ? 'https' : 'http') : isSecure ? 'tls' : 'tcp'
}

/** The connections that a server has. @param {any} server */
function track(server) {
  const note = (/** @type {string} */ event) => {
    const all = new Set()
    server.prependListener(event, (/** @type {import('node:events').EventEmitter} */ one) => {
      all.add(one)
      one.once('close', () => all.delete(one))
    })
    return all
  }
  const isSecure = typeof server.setSecureContext === 'function'
  const isHttp2 = typeof server.updateSettings === 'function'
  const sockets = note(isSecure ? 'secureConnection' : 'connection')
  return { sockets, sessions: isHttp2 ? note('session') : new Set(), read: noteRead(server) }
}

/**
 * How much each connection had sent when its last answer was finished: if it has sent no more, it is idle. (Node's own
 * list of idle connections, which `closeIdleConnections` uses, misses some, before Node 26.)
 * @param {any} server
 */
function noteRead(server) {
  /** @type {WeakMap<net.Socket, number>} */
  const read = new WeakMap()
  if (typeof server.closeIdleConnections === 'function') {
    server.prependListener('request', (/** @type {any} */ { socket }, /** @type {net.Socket} */ response) => {
      response.once('close', () => read.set(socket, socket.bytesRead))
    })
  }
  return read
}

/** The runner lets go of a socket. @param {Kept} socket */
function release({ id, port, handle }) {
  handle?.close()
  if (!process.connected) return
  if (!setup?.keep) return tell({ type: 'hot-runner:closed', id })
  let resolve = () => {}
  const done = /** @type {Promise<void>} */ (new Promise((settle) => (resolve = settle)))
  releasing.set(id, { port, done, resolve })
  tell({ type: 'hot-runner:closed', id })
}

/** Listening ends here, and goes on in the next process. The server need not know. @param {Listening} record */
export function stopListening({ id, server, handle }) {
  listening.delete(id)
  const any = /** @type {any} */ (server)
  if (any._handle === handle) any._handle = standIn(handle, any._pipeName)
  handle.close()
}

/** What a server that listens no more has as its handle, so that the app may close it as usual. @param {any} handle @param {unknown} pipe */
function standIn(handle, pipe) {
  const name = {}
  if (!pipe) handle.getsockname(name)
  return {
    close: (/** @type {(() => void) | undefined} */ done) => done && setImmediate(done),
    getsockname: (/** @type {object} */ out) => (Object.assign(out, name), 0),
    ref() {},
    unref() {},
    hasRef: () => false,
    getAsyncId: () => -1,
  }
}

/** From now on sockets are kept, and those of the last process adopted. */
export function keepSockets() {
  prototype._listen2 = listen
  hear('hot-runner:handle', ({ id, key, port }, handle) => kept.set(key, { id, port, handle }))
  hear('hot-runner:released', ({ id }) => {
    releasing.get(id)?.resolve()
    releasing.delete(id)
  })
  // The app has not asked for it.
  hear('hot-runner:forget', ({ ids }) => {
    for (const [key, socket] of kept) {
      if (!ids.includes(socket.id)) continue
      kept.delete(key)
      socket.handle.close()
    }
  })
  // A connection on which nothing was under way when the last process ended.
  hear('hot-runner:connection', ({ id }, handle) => {
    const record = listening.get(id)
    if (record && handle) record.handle.onconnection(0, handle)
    else handle?.close()
  })
}
