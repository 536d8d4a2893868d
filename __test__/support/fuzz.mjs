/**
 * Hostile input that is the same in every run: random bytes from a seed, and requests that a web page or a curious user could send.
 */
import net from 'node:net'

/** Numbers from 0 to below 1 (mulberry32). @param {number} seed */
export function createRandom(seed) {
  return () => {
    seed = (seed + 0x6d_2b_79_f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** @param {() => number} random @param {number} length */
export const randomBytes = (random, length) => Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)))

/** Targets of requests that a parser of URLs may stumble over. */
export const TARGETS = [
  '/', '//', '///', '/\\', '\\', '//:99999/', '//[', 'http://[', 'http://', 'http://:99999/', 'http://a b/', '/%', '/%zz', '/%ff%fe', '/?%', '/?token=%', '/?token=%zz&once=%', '/?once=', '/?once=x',
  '/?token', '?', '/events', '/events?', '//evil.example/?token=x', '/..%2f..%2fetc/passwd', '/\u00ff', '*', 'javascript:alert(1)', 'http://%00/', `/${'a'.repeat(9000)}`, '/#', '/;', '/?token=x&token=y', '///events?token[]=x',
]

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH', 'CONNECT', 'PROPFIND']

/** Requests as text, well formed and not. @param {number} port @param {() => number} random @param {number} count of those that are made of random bytes */
export function createRequests(port, random, count) {
  const host = `Host: 127.0.0.1:${port}\r\n`
  const some = (/** @type {string[]} */ list) => list[Math.floor(random() * list.length)]
  const asked = TARGETS.flatMap((target) => ['GET', some(METHODS)].map((method) => `${method} ${target} HTTP/1.1\r\n${host}\r\n`))
  const odd = [
    'GET // HTTP/1.1\r\n\r\n', 'GET // HTTP/1.0\r\n\r\n', 'OPTIONS * HTTP/1.1\r\nHost: [\r\n\r\n', `GET / HTTP/1.1\r\n${host}${host}\r\n`, `GET / HTTP/1.1\r\n${host}Origin: http://[\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}Expect: 100-continue\r\n\r\n`, `GET / HTTP/1.1\r\n${host}Expect: x\r\n\r\n`, `GET / HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, `GET / HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\n`, `GET / HTTP/9.9\r\n${host}\r\n`, `GET / HTTP/1.1\r\n${host}X: ${'y'.repeat(20_000)}\r\n\r\n`,
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\u0016\u0003\u0001', '{"ask":"graph"}\n',
  ]
  const noise = Array.from({ length: count }, () => {
    const bytes = randomBytes(random, 1 + Math.floor(random() * 200))
    // Half of it gets as far as the request's target.
    return random() < 0.5 ? bytes : Buffer.concat([Buffer.from('GET /'), Buffer.from(bytes.filter((byte) => byte > 32 && byte !== 127)), Buffer.from(` HTTP/1.1\r\n${host}\r\n`)])
  })
  return [...asked, ...odd, ...noise].map((text) => Buffer.from(/** @type {any} */ (text), 'latin1'))
}

/**
 * What comes back for some bytes, until the other side ends it or `patience` milliseconds have gone without any.
 * @param {net.NetConnectOpts} where @param {Buffer} bytes @param {number} [patience]
 * @returns {Promise<string>}
 */
export function send(where, bytes, patience = 200) {
  return new Promise((resolve) => {
    let text = ''
    const socket = net.connect(where)
    socket.setTimeout(patience, () => socket.destroy())
    socket.on('error', () => {}).on('data', (part) => (text += part.toString('latin1'))).on('close', () => resolve(text))
    socket.end(bytes)
  })
}
