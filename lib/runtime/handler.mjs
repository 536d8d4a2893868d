/**
 * What serves requests, handed over once and today's at each request: `handler` of `hot-hook/lazy`, also exported by `hot-hook`.
 * It needs nothing of the addon, so that production can do without it.
 */
import { answer, answerSocket, isGone, isLocal, responseFor } from './error-answer.mjs'
import { servedBy } from './served.mjs'

const KEY = Symbol.for('hot-hook')

/** @typedef {import('./served.mjs').Served} Served */
/** @typedef {{ namespace: Record<string, any>, served: Served }} Loaded */
/** @typedef {import('node:http').IncomingMessage} Incoming */
/** @typedef {import('node:http').ServerResponse} Outgoing */

/** What this thread runs, if modules are reloaded in it. */
const runtime = () => {
  const found = /** @type {any} */ (globalThis)[KEY]
  return found?.isHot === true ? found : undefined
}

/** Whether a call is that of a server of Node's: with a request and a response. @param {any[]} args @returns {boolean} */
const isOfNode = ([, response]) => typeof response?.writeHead === 'function' && typeof response.end === 'function'

/** @param {any} request */
const isWebRequest = (request) => typeof request?.url === 'string' && typeof request.headers?.get === 'function'

/**
 * See lazy.d.ts.
 * @param {() => Promise<Record<string, any>>} load @param {string} [name]
 */
export function handler(load, name = 'default') {
  if (typeof load !== 'function') throw new TypeError(`handler(load, name): load must be a function that imports, got ${typeof load}`)
  if (typeof name !== 'string') throw new TypeError(`handler(load, name): name must be a string, got ${typeof name}`)
  const app = createApp(load, name)
  const tell = createTeller()

  /** @this {unknown} @param {any[]} args */
  function handle(...args) {
    const loaded = runtime() ? undefined : app.loaded()
    if (!isOfNode(args)) return loaded ? loaded.served.fetch(this, args) : fetch(this, args)
    return loaded ? listen(loaded.served, this, args) : serve(this, args)
  }

  /** @param {Served} served @param {unknown} self @param {any[]} args @param {() => void} [failed] @returns {unknown} */
  const listen = (served, self, [request, response, ...rest], failed = () => {}) =>
    served.listen(self, request, response, rest, (error) => {
      failed()
      fail(request, response, error)
    })

  /** @param {unknown} self @param {any[]} args */
  async function serve(self, args) {
    const [request, response] = args
    const next = typeof args[2] === 'function' ? args[2] : undefined
    let loaded
    try {
      loaded = await app.enter()
    } catch (error) {
      if (runtime()) return fail(request, response, error)
      if (next) return next(error)
      throw error
    }
    try {
      app.leaveAfter(loaded, response)
      // There is nobody left to answer: what it would wait for has happened.
      if (runtime() && isGone(response)) return
      let isWell = true
      const result = await listen(loaded.served, self, args, () => (isWell = false))
      if (isWell) tell.isWell()
      return result
    } catch (error) {
      if (next) return next(error)
      if (!runtime()) throw error
      fail(request, response, error)
    }
  }

  /** @param {Incoming} request @param {Outgoing} response @param {unknown} error */
  function fail(request, response, error) {
    answer(request, response, tell.of(error, () => isLocal(request)))
  }

  /** @param {unknown} self @param {any[]} args */
  async function fetch(self, args) {
    const [request, env] = args
    let loaded
    try {
      loaded = await app.enter()
    } catch (error) {
      if (!runtime() || !isWebRequest(request)) throw error
      return responseFor(request, tell.of(error, () => isLocal(env?.incoming ?? env?.server?.incoming)))
    }
    try {
      const result = await loaded.served.fetch(self, args)
      tell.isWell()
      return result
    } finally {
      app.leave(loaded)
    }
  }

  /** @param {Incoming} request @param {import('node:stream').Duplex} socket @param {Buffer} head */
  async function upgrade(request, socket, head) {
    // Nobody else listens yet: the client may go meanwhile.
    const ignore = () => {}
    socket.on('error', ignore)
    const { bytesWritten } = /** @type {any} */ (socket)
    try {
      const loaded = await app.enter()
      app.leaveAfter(loaded, socket)
      const { namespace, served } = loaded
      const open = typeof namespace.upgrade === 'function' ? namespace.upgrade : served.upgrade
      if (!open) return answerSocket(socket, 501, 'Not Implemented', 'The app has no handler for upgrades: export a function `upgrade`.')
      socket.off('error', ignore)
      if (!socket.destroyed) await open(request, socket, head)
    } catch (error) {
      socket.on('error', ignore)
      if (!runtime()) throw error
      const failure = tell.of(error, () => isLocal(request))
      // It speaks another protocol by now.
      if (/** @type {any} */ (socket).bytesWritten !== bytesWritten) socket.destroy()
      else answerSocket(socket, 500, 'Internal Server Error', failure)
    }
  }

  return Object.assign(handle, {
    /** @param {any[]} args */
    fetch: (...args) => handle(...args),
    upgrade,
    /** @param {any[]} args */
    listen: (...args) => process.getBuiltinModule('node:http').createServer(/** @type {any} */ (handle)).listen(...args),
  })
}

/**
 * What is imported, and who still uses it.
 * @param {() => Promise<Record<string, any>>} load @param {string} name
 */
function createApp(load, name) {
  /** What was imported, for good: where nothing is reloaded. @type {Loaded | undefined} */
  let forGood
  /** The import that is under way there. @type {Promise<Loaded> | undefined} */
  let pending
  let turns = 0
  /** What the last import brought, and which import that was. @type {{ turn: number, served?: Served }} */
  let last = { turn: 0 }

  /** @returns {Promise<Loaded>} */
  async function importNow() {
    const turn = ++turns
    const namespace = await load()
    const served = servedBy(namespace, name)
    served.active++
    try {
      await served.ready
    } catch (error) {
      leave({ served })
      throw error
    }
    if (turn > last.turn) {
      if (last.served && last.served !== served) retire(last.served)
      last = { turn, served }
    } else if (last.served !== served) {
      retire(served)
    }
    return { namespace, served }
  }

  /** @param {{ served: Served }} loaded */
  function leave({ served }) {
    served.active--
    if (served.isRetired) retire(served)
  }

  return {
    loaded: () => forGood,
    /** To be followed by `leave`. @returns {Promise<Loaded>} */
    enter() {
      if (runtime()) return importNow()
      pending ??= importNow().then((loaded) => (forGood = loaded)).finally(() => (pending = undefined))
      return pending
    },
    leave,
    /** @param {Loaded} loaded @param {any} stream until that is closed, it is in use */
    leaveAfter(loaded, stream) {
      if (isGone(stream) || typeof stream.once !== 'function') leave(loaded)
      else stream.once('close', () => leave(loaded))
    },
  }
}

/** No request comes to it any more: it is closed when the last one is over. @param {Served} served */
function retire(served) {
  served.isRetired = true
  if (served.active === 0) served.close()
}

/** Tells people of what fails, once. */
function createTeller() {
  /** @type {string | undefined} */
  let last
  return {
    /** The next failure is another one. */
    isWell: () => (last = undefined),
    /**
     * @param {unknown} error @param {() => boolean} isShown whether whoever asks may see it
     * @returns {import('./error-answer.mjs').Failure | undefined} undefined where nothing is reloaded
     */
    of(error, isShown) {
      const found = runtime()
      if (!found) {
        console.error(error)
        return undefined
      }
      const failure = found.describe(error)
      const { name, message, file, line, column } = failure
      const text = [name, message, file, line, column].join('\n')
      if (text !== last) found.tellFailure(error, failure)
      last = text
      return isShown() ? { shown: { ...failure, path: file && found.shown([file])[0] } } : {}
    },
  }
}
