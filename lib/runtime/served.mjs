/**
 * What apps of all kinds have in common: they answer a request of Node's, or one of the Fetch API.
 */
import { answerByFetch } from './fetch-adapter.mjs'

/** @typedef {import('node:http').IncomingMessage} Incoming */
/** @typedef {import('node:http').ServerResponse} Outgoing */

/**
 * @typedef {object} Face how an app is called
 * @property {(self: unknown, request: Incoming, response: Outgoing, rest: any[], failed: (error: unknown) => void) => unknown} listen
 *   `failed`: for what goes wrong and has no other way out
 * @property {(self: unknown, args: any[]) => unknown} fetch
 * @property {(request: Incoming, socket: any, head: Buffer) => unknown} [upgrade]
 * @property {() => unknown} [close]
 */

/**
 * @typedef {object} Served an app that modules export, and who uses it
 * @property {Promise<void>} ready until then it cannot be called
 * @property {Face['listen']} listen @property {Face['fetch']} fetch @property {Face['upgrade']} upgrade
 * @property {() => void} close once
 * @property {number} active how many requests are under way
 * @property {boolean} isRetired whether no others will come
 */

/** Each value that modules export is one app, whoever asks for it, and however often. @type {WeakMap<object, Served>} */
const apps = new WeakMap()

/** @param {Record<string, any>} namespace what a module exports @param {string} name @returns {Served} */
export function servedBy(namespace, name) {
  const value = namespace[name]
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
  const known = isObject ? apps.get(value) : undefined
  if (known) return known
  if (!isObject) {
    const names = Object.keys(namespace).join(', ') || 'nothing'
    throw new TypeError(`handler(load, ${JSON.stringify(name)}): the module exports no app of that name; it exports ${names}`)
  }
  const served = createServed(value, name)
  apps.set(value, served)
  return served
}

/** @param {any} value @param {string} name @returns {Served} */
function createServed(value, name) {
  /** @type {Face | undefined} */
  let face
  const made = faceOf(value, name).then((found) => void (face = found))
  // The next request tries again.
  made.catch(() => apps.delete(value))
  const ready = () => /** @type {Face} */ (face)
  return {
    ready: made,
    listen: (...args) => ready().listen(...args),
    fetch: (...args) => ready().fetch(...args),
    get upgrade() {
      return face?.upgrade
    },
    async close() {
      apps.delete(value)
      const close = face?.close
      if (face) face.close = undefined
      try {
        await close?.()
      } catch (error) {
        console.error(error)
      }
    },
    active: 0,
    isRetired: false,
  }
}

/** @param {any} value @param {string} name @returns {Promise<Face>} */
async function faceOf(value, name) {
  // First, because a router may be a proxy that has functions of all names.
  if (typeof value === 'object' && typeof value.fetch === 'function') return ofFetch((_, args) => value.fetch(...args))
  if (isFastify(value)) return ofFastify(value)
  if (typeof value === 'object' && typeof value.callback === 'function') return ofListener(value.callback(), name)
  if (isServer(value)) return ofServer(value, name)
  if (typeof value === 'function') return ofFunction(value, name)
  if (typeof value.then === 'function') return made(await value, name)
  throw new TypeError(`${called(name)} is nothing that serves requests: neither a function nor an app of Hono, Koa or Fastify`)
}

/** @param {string} name */
const called = (name) => `handler(load, ${JSON.stringify(name)}): what the module exports by that name`

/** An app that was made by a promise or a function. @param {any} value @param {string} name */
function made(value, name) {
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') return faceOf(value, name)
  throw new TypeError(`${called(name)} made ${value === null ? 'null' : typeof value}, and nothing that serves requests`)
}

const isFastify = (/** @type {any} */ value) => typeof value.routing === 'function' && typeof value.ready === 'function' && typeof value.inject === 'function'

const isServer = (/** @type {any} */ value) => typeof value.emit === 'function' && typeof value.listen === 'function' && typeof value.listenerCount === 'function' && value.listenerCount('request') > 0

/** @param {any} app @returns {Promise<Face>} */
async function ofFastify(app) {
  await app.ready()
  return {
    ...ofListener((/** @type {Incoming} */ request, /** @type {Outgoing} */ response) => app.routing(request, response), 'fastify'),
    upgrade: upgradeOf(app.server),
    close: () => app.close(),
  }
}

/** A server that does not listen. @param {any} server @param {string} name @returns {Face} */
const ofServer = (server, name) => ({
  ...ofListener((/** @type {any[]} */ ...args) => server.emit('request', ...args), name),
  upgrade: upgradeOf(server),
})

/** What listens there now, or not. @param {any} server @returns {Face['upgrade']} */
const upgradeOf = (server) => (server.listenerCount('upgrade') > 0 ? (...args) => server.emit('upgrade', ...args) : undefined)

/** @param {Function} listener @param {string} name @returns {Face} */
const ofListener = (listener, name) => ({
  listen: (self, request, response, rest) => listener.call(self, request, response, ...rest),
  fetch: () => {
    throw new TypeError(`${called(name)} takes a request and a response, as Node's servers give them, and no Request`)
  },
})

/** @param {Face['fetch']} fetch @returns {Face} */
const ofFetch = (fetch) => ({
  listen: (self, request, response, _rest, failed) => answerByFetch(request, response, (...args) => fetch(self, args), failed),
  fetch,
})

/** @param {any} value @param {string} name @returns {Promise<Face> | Face} */
function ofFunction(value, name) {
  const call = (/** @type {unknown} */ self, /** @type {any[]} */ args) => value.apply(self, args)
  // It takes either: GraphQL Yoga, what `handler` returns.
  if (typeof value.fetch === 'function') return { ...ofListener(value, name), fetch: (_, args) => value.fetch(...args), upgrade: value.upgrade }
  if (typeof value.handle === 'function') return ofExpress(value, name)
  if (isMaker(value)) return ofMaker(value, name)
  if (value.length === 1 || name === 'fetch' || /^(?:bound )?fetch$/.test(value.name)) return ofFetch(call)
  return { ...ofListener(value, name), ...(value.length > 2 && { listen: withEnd(value) }), fetch: call, upgrade: value.upgrade }
}

/** An app, or a router, which expects to be in one. @param {any} value @param {string} name @returns {Face} */
const ofExpress = (value, name) => ({ ...ofListener(value, name), ...(typeof value.listen !== 'function' && { listen: withEnd(value) }) })

/** Middleware, as the only one: what it passes on ends here. @param {Function} value @returns {Face['listen']} */
const withEnd = (value) => (self, request, response, rest, failed) => {
  const end = (/** @type {unknown} */ error) => {
    if (error) return failed(error)
    if (response.headersSent) return
    response.statusCode = 404
    response.setHeader('content-type', 'text/plain; charset=utf-8')
    response.end(`Cannot ${request.method} ${request.url}\n`)
  }
  return value.call(self, request, response, ...(typeof rest[0] === 'function' ? rest : [end]))
}

/** Whether a function takes nothing of a request: it makes the app, or always answers the same. @param {Function} value */
function isMaker(value) {
  if (value.length > 0) return false
  const text = Function.prototype.toString.call(value)
  const withoutComments = text.replace(/\/\*[^]*?\*\/|\/\/.*/g, '')
  return !/^[^()]*\(\s*\.\.\./.test(withoutComments) && !/\barguments\b|\[native code\]/.test(text)
}

/** @param {Function} value @param {string} name @returns {Promise<Face>} */
async function ofMaker(value, name) {
  const first = await value()
  if (!isResponse(first)) return made(first, name)
  const answers = [first]
  return ofFetch(() => answers.pop() ?? value())
}

/** @param {any} value */
const isResponse = (value) => typeof value?.status === 'number' && typeof value.headers?.get === 'function'
