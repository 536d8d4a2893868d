/**
 * Serves the page on a port of its own: only to this machine, and only to clients that have the URL.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import http from 'node:http'
import { createStream } from './live.mjs'
import { createPage, EMPTY } from './page.mjs'
import { mayBeOfAnotherUser } from './peer.mjs'
import { stableFor } from './stable.mjs'

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': `frame-ancestors 'none'`,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** How long a one-time URL can be used, in milliseconds: a browser may take its time to start. */
const ONCE = 5 * 60_000

/** So many connections at once: clients without the token must not take all descriptors of the app. */
const CONNECTIONS = 100

/** @param {string} a @param {string} b */
function isSame(a, b) {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/**
 * The path and the query of a request. Not by `new URL`, which throws for some of what HTTP lets through: `//`, `http://[`.
 * @param {http.IncomingMessage} request
 */
function split({ url = '', headers: { host } }) {
  // A client may write all of its URL.
  const target = url.startsWith(`http://${host}/`) ? url.slice(`http://${host}`.length) : url
  const [path, ...rest] = target.split('?')
  return { path, query: new URLSearchParams(rest.join('?')) }
}

/**
 * Why a request is refused: no other host name may lead here (DNS rebinding), and no other page may send requests.
 * @param {http.IncomingMessage} request @param {number} port
 * @returns {[code: number, reason: string] | undefined}
 */
function refusal({ method, headers }, port) {
  const hosts = ['127.0.0.1', 'localhost'].map((name) => `${name}:${port}`)
  if (!hosts.includes(headers.host ?? '')) return [403, 'the Host header does not name this machine']
  if (headers.origin !== undefined && !hosts.some((host) => headers.origin === `http://${host}`)) return [403, 'another origin']
  return method === 'GET' ? undefined : [405, 'only GET']
}

/** Secrets that each work once, for a while. */
function createCodes() {
  /** Each with the time until which it works. @type {Map<string, number>} */
  const codes = new Map()
  return {
    create() {
      const code = randomBytes(18).toString('base64url')
      codes.set(code, performance.now() + ONCE)
      return code
    },
    /** Whether it works; from now on it does not. @param {string} given */
    use(given) {
      const code = [...codes.keys()].find((known) => isSame(given, known))
      if (code === undefined) return false
      const until = codes.get(code) ?? 0
      codes.delete(code)
      return performance.now() < until
    },
  }
}

/**
 * `serveViewer` for processes that are not the app: nothing of hot-hook is loaded.
 * @param {{ source: import('./index.d.ts').Source, port?: number, project?: string }} options
 * @returns {Promise<import('./index.d.ts').ViewerServer>}
 */
export function serve({ source, port = 0, project }) {
  const stable = stableFor(project)
  let token = ''
  const codes = createCodes()
  const stream = createStream(source)
  const server = http.createServer((request, response) => {
    // A client that closes early must not end this process.
    response.on('error', () => {})
    answer(request, response).catch((error) => say(response, 500, String(error?.message ?? error)))
  })
  server.maxConnections = CONNECTIONS
  /** A server that is being closed has no address any more, and is still asked. */
  let listensOn = 0
  const urlWith = (/** @type {string} */ query) => `http://127.0.0.1:${listensOn}/?${query}`

  /** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  async function answer(request, response) {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    const refused = refusal(request, listensOn)
    if (refused) return say(response, ...refused)
    const { path, query } = split(request)
    const code = query.get('once')
    if (code !== null) return exchange(request, response, code)
    if (token === '' || !isSame(query.get('token') ?? '', token)) return say(response, 403, 'the URL lacks the token: use the one that was printed')
    if (path === '/events') return stream(request, response)
    if (path !== '/') return say(response, 404, 'there is only /')
    const page = createPage((await source.picture()) ?? EMPTY, `/events?token=${token}`, source.own?.())
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page)
    return undefined
  }

  /** @param {http.IncomingMessage} request @param {http.ServerResponse} response @param {string} code */
  async function exchange({ socket }, response, code) {
    if (await mayBeOfAnotherUser(socket)) return say(response, 403, 'this URL is for the user who was given it')
    if (!codes.use(code)) return say(response, 403, 'this URL works once, and for a few minutes: use the one that was printed')
    response.writeHead(303, { location: `/?token=${token}` }).end()
    return undefined
  }

  return new Promise((resolve, reject) => {
    let wanted = port === 0 ? stable.port : port
    server.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      // Another program has the project's port, or another viewer of it.
      const isFree = wanted !== 0 && wanted !== port && !server.listening && ['EADDRINUSE', 'EACCES'].includes(error.code ?? '')
      if (!isFree) return reject(error)
      wanted = 0
      return server.listen(0, '127.0.0.1')
    })
    server.once('listening', () => {
      // Neither the server nor its connections keep the process alive.
      server.unref()
      listensOn = /** @type {import('node:net').AddressInfo} */ (server.address()).port
      token = stable.tokenFor(listensOn)
      resolve({
        url: urlWith(`token=${token}`),
        createOneTimeUrl: () => urlWith(`once=${codes.create()}`),
        close: () => close(server),
      })
    })
    server.on('connection', (socket) => void socket.unref())
    server.listen(wanted, '127.0.0.1')
  })
}

/** @param {http.ServerResponse} response @param {number} code @param {string} text */
function say(response, code, text) {
  if (response.headersSent) return void response.destroy()
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
}

/** @param {http.Server} server @returns {Promise<void>} */
function close(server) {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
