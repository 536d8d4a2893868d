/**
 * The runner's side of the sockets that outlive a process: it keeps them, but never listens itself.
 */

/**
 * @typedef {object} Socket
 * @property {string} id
 * @property {string} key what was asked for
 * @property {number} port
 * @property {any} handle
 * @property {boolean} isClaimed by the process that runs
 * @property {any[]} connections without a request, until the next process has claimed the socket
 */

/** How long after a process first listens a socket that it does not ask for is kept, in milliseconds. */
const UNCLAIMED = 3000

export function createSockets() {
  /** @type {Map<string, Socket>} */
  const sockets = new Map()
  /** @type {NodeJS.Timeout | undefined} */
  let timer

  /** @param {Socket} socket */
  function close(socket) {
    sockets.delete(socket.id)
    for (const connection of socket.connections) connection.close()
    socket.handle.close()
  }

  return {
    get size() {
      return sockets.size
    },
    /** A process has come: it gets all. @param {import('./child.mjs').Child} child */
    give(child) {
      for (const socket of sockets.values()) {
        socket.isClaimed = false
        const { id, key, port, handle } = socket
        child.tell({ type: 'hot-runner:handle', id, key, port }, handle)
      }
      child.tell({ type: 'hot-runner:handles' })
    },
    /** @param {import('./child.mjs').Child} child @param {any} message @param {any} handle */
    listening(child, { id, key, port }, handle) {
      const known = sockets.get(id)
      if (known) known.isClaimed = true
      else if (typeof handle?.listen === 'function' && typeof handle.close === 'function') sockets.set(id, { id, key, port, handle, isClaimed: true, connections: [] })
      for (const connection of known?.connections.splice(0) ?? []) {
        child.tell({ type: 'hot-runner:connection', id }, connection, () => connection.close())
      }
      clearTimeout(timer)
      timer = setTimeout(() => {
        const ids = [...sockets.values()].filter(({ isClaimed }) => !isClaimed).map((socket) => (close(socket), socket.id))
        if (ids.length > 0) child.tell({ type: 'hot-runner:forget', ids })
      }, UNCLAIMED)
      timer.unref()
    },
    /** The app has closed it. @param {import('./child.mjs').Child} child @param {string} id */
    closed(child, id) {
      const socket = sockets.get(id)
      if (socket) close(socket)
      child.tell({ type: 'hot-runner:released', id })
    },
    /** A connection that the next process gets. @param {string} id @param {any} connection */
    connection(id, connection) {
      const socket = sockets.get(id)
      if (socket && typeof connection?.close === 'function') socket.connections.push(connection)
      else connection?.close?.()
    },
    /** The process has ended: what it listened on waits for the next. */
    rest() {
      clearTimeout(timer)
    },
    closeAll() {
      clearTimeout(timer)
      for (const socket of sockets.values()) close(socket)
    },
  }
}
