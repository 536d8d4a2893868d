/**
 * The page on a port of its own: for this machine alone, and for whoever was given the URL.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import http from 'node:http'
import { createStream } from './live.mjs'
import { createPage, EMPTY } from './page.mjs'

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': `frame-ancestors 'none'`,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** @param {string} a @param {string} b */
function isSame(a, b) {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/**
 * Why a request is refused: nobody else's name may lead here (DNS rebinding), and no other page may ask.
 * @param {http.IncomingMessage} request @param {number} port @param {string} token
 * @returns {[code: number, reason: string] | undefined}
 */
function refusal({ method, headers, url }, port, token) {
  const hosts = ['127.0.0.1', 'localhost'].map((name) => `${name}:${port}`)
  if (!hosts.includes(headers.host ?? '')) return [403, 'the Host header does not name this machine']
  if (headers.origin !== undefined && !hosts.some((host) => headers.origin === `http://${host}`)) return [403, 'another origin']
  if (method !== 'GET') return [405, 'only GET']
  const given = new URL(url ?? '', 'http://localhost').searchParams.get('token') ?? ''
  return isSame(given, token) ? undefined : [403, 'the URL lacks the token: use the one that was printed']
}

/**
 * `serveViewer` for those who are not the app: nothing of hot-hook is loaded.
 * @param {{ source: import('./index.d.ts').Source, port?: number }} options
 * @returns {Promise<import('./index.d.ts').ViewerServer>}
 */
export function serve({ source, port = 0 }) {
  const token = randomBytes(18).toString('base64url')
  const stream = createStream(source)
  const server = http.createServer((request, response) => void answer(request, response))

  const listensOn = () => /** @type {import('node:net').AddressInfo} */ (server.address()).port

  /** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  async function answer(request, response) {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    const refused = refusal(request, listensOn(), token)
    const { pathname } = new URL(request.url ?? '', 'http://localhost')
    if (refused) return say(response, ...refused)
    if (pathname === '/events') return stream(request, response)
    if (pathname !== '/') return say(response, 404, 'there is only /')
    try {
      const page = createPage((await source.picture()) ?? EMPTY, `/events?token=${token}`)
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page)
    } catch (error) {
      say(response, 500, /** @type {Error} */ (error).message)
    }
    return undefined
  }

  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      // It keeps nothing alive, nor do those who look.
      server.unref()
      resolve({ url: `http://127.0.0.1:${listensOn()}/?token=${token}`, close: () => close(server) })
    })
    server.on('connection', (socket) => void socket.unref())
  })
}

/** @param {http.ServerResponse} response @param {number} code @param {string} text */
function say(response, code, text) {
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
}

/** @param {http.Server} server @returns {Promise<void>} */
function close(server) {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
