/**
 * The answer to a request that cannot be served: HTML, JSON or text, whichever is asked for. It says why only to requests that
 * come from this machine, directly, under one of its own names: anybody else would read the source.
 */
import { BlockList, isIP } from 'node:net'
import { hostname } from 'node:os'
import { visibleLines } from './visible.mjs'

/** @typedef {import('node:http').IncomingMessage} Incoming */
/** @typedef {import('node:http').ServerResponse} Outgoing */
/** @typedef {import('./error-place.mjs').ErrorPlace & { path?: string }} Shown `path`: the file, as people want to read it */
/** @typedef {{ shown?: Shown }} Failure `shown`: what whoever asks may see */

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** @param {string | undefined} address also an IPv4 one that is written as IPv6 */
function isLoopback(address) {
  const version = isIP(address ?? '')
  return version !== 0 && loopback.check(/** @type {string} */ (address), version === 6 ? 'ipv6' : 'ipv4')
}

/** What proxies add. */
const FORWARDED = /^(?:forwarded|via|x-forwarded-.+|x-real-ip|x-client-ip|true-client-ip|cf-connecting-ip)$/

/**
 * Whether a request comes from this machine: from a loopback address, past no proxy, whose client might be anywhere, and under no
 * other name, which a page of another origin might have pointed here. A Unix socket does not tell.
 * @param {Incoming | undefined} request
 */
export function isLocal(request) {
  if (!request?.headers || !isLoopback(request.socket?.remoteAddress)) return false
  if (Object.keys(request.headers).some((name) => FORWARDED.test(name))) return false
  const host = request.headers.host ?? request.headers[':authority']
  // Only browsers can be deceived so, and they send it.
  return host === undefined || isOwnName(String(host))
}

/** What servers print that listen on all addresses: for a client it is its own machine. */
const ANY = new Set(['0.0.0.0', '::'])

/** Whether no page of another origin can have that name. @param {string} host with a port, or without */
function isOwnName(host) {
  const name = host.replace(/:\d*$/, '').toLowerCase()
  const address = name.replace(/^\[(.*)\]$/, '$1')
  return /^(?:.+\.)?localhost\.?$/.test(name) || isLoopback(address) || ANY.has(address) || name === hostname().toLowerCase()
}

const TYPES = /** @type {const} */ (['text/plain', 'text/html', 'application/json'])
/** @typedef {typeof TYPES[number]} Type */

/**
 * Which type is wanted most: by quality, then by the order in which they are named. Text, if none is.
 * @param {string | undefined | null} accept
 * @returns {Type}
 */
export function preferred(accept) {
  const ranges = (accept ?? '').toLowerCase().split(',').map(range)
  /** @type {{ type: Type, quality: number, at: number }[]} */
  const wanted = TYPES.map((type) => {
    const fits = ranges.map(({ name, quality }, at) => ({ exactness: exactness(name, type), quality, at })).filter((fit) => fit.exactness > 0)
    const best = fits.toSorted((a, b) => b.exactness - a.exactness || a.at - b.at)[0]
    return { type, quality: best?.quality ?? 0, at: best?.at ?? 0 }
  })
  const [first] = wanted.filter(({ quality }) => quality > 0).toSorted((a, b) => b.quality - a.quality || a.at - b.at)
  return first?.type ?? 'text/plain'
}

/** @param {string} text */
function range(text) {
  const [name, ...parameters] = text.split(';').map((part) => part.trim())
  const quality = Number(parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, '') ?? 1)
  return { name, quality: quality >= 0 && quality <= 1 ? quality : 0 }
}

/** How exactly a range means a type; 0 if it does not. @param {string} name @param {Type} type */
function exactness(name, type) {
  if (name === type) return 4
  if (type === 'application/json' && /^application\/[^;]+\+json$/.test(name)) return 3
  if (type === 'text/html' && name === 'application/xhtml+xml') return 3
  if (name === `${type.split('/')[0]}/*`) return 2
  return name === '*/*' ? 1 : 0
}

/** @param {string} text */
const escape = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

const TITLE = 'Internal Server Error'
/** Where nothing is shown of an error, but somebody is told of it. */
const ELSEWHERE = "It is printed where the app runs. Here it is shown only to this machine's own requests."

/** @param {Shown} shown */
const placeOf = ({ path, line, column }) => (path === undefined ? '' : [path, line, column].filter((part) => part !== undefined).join(':'))

/** @type {Record<Type, (failure: Failure | undefined) => string>} */
const WRITERS = {
  'text/plain': (failure) => {
    if (!failure?.shown) return `${TITLE}\n${failure ? `${ELSEWHERE}\n` : ''}`
    const { name, message, frame } = failure.shown
    return `${visibleLines([`${name}: ${message}`, placeOf(failure.shown), frame ?? ''].filter(Boolean).join('\n'))}\n`
  },
  'application/json': (failure) => {
    if (!failure?.shown) return `${JSON.stringify({ error: { message: TITLE } })}\n`
    const { name, message, file, line, column, frame } = failure.shown
    return `${JSON.stringify({ error: { name, message, file, line, column, frame } })}\n`
  },
  'text/html': (failure) => {
    if (!failure?.shown) return page(`<h1>${TITLE}</h1>${failure ? `<p>${escape(ELSEWHERE)}</p>` : ''}`)
    const { name, message, frame } = failure.shown
    const place = placeOf(failure.shown)
    return page(`<h1>${escape(`${name}: ${message}`)}</h1>${place && `<p>${escape(place)}</p>`}${frame ? `<pre>${escape(frame)}</pre>` : ''}`)
  },
}

/** @param {string} body */
const page = (body) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${TITLE}</title>
<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:2rem}h1{font-size:1.25rem;white-space:pre-wrap}pre{overflow:auto}</style>
<body>${body}</body></html>
`

/** @param {string | undefined | null} accept @param {Failure | undefined} failure */
function write(accept, failure) {
  const type = preferred(accept)
  const body = Buffer.from(WRITERS[type](failure))
  const headers = {
    'content-type': type === 'application/json' ? type : `${type}; charset=utf-8`,
    'content-length': String(body.length),
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  }
  return { body, headers }
}

/**
 * Answers by 500, if there is no answer yet; one that has begun is broken off. @param {Incoming} request @param {Outgoing} response
 * @param {Failure | undefined} failure undefined where nobody is told of it
 */
export function answer(request, response, failure) {
  if (response.headersSent || isGone(response)) {
    if (!response.writableEnded) response.destroy()
    return
  }
  // What was meant for another answer.
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  const { body, headers } = write(request.headers?.accept, failure)
  // What the app has set may not be what can be sent.
  if (request.httpVersionMajor < 2) response.statusMessage = TITLE
  response.writeHead(500, headers)
  response.end(body)
}

/** Whether nobody waits for a response any more; those of HTTP/2 do not say so themselves. @param {any} response */
export const isGone = (response) => Boolean(response.destroyed ?? response.stream?.destroyed)

/** The same, as a `Response`. @param {Request} request @param {Failure | undefined} failure */
export function responseFor(request, failure) {
  const { body, headers } = write(request.headers.get('accept'), failure)
  return new Response(request.method === 'HEAD' ? null : body, { status: 500, headers })
}

/**
 * The same, to a request to upgrade. @param {import('node:stream').Duplex} socket @param {number} status @param {string} title
 * @param {Failure | string | undefined} failure
 */
export function answerSocket(socket, status, title, failure) {
  if (socket.destroyed || !socket.writable) return
  const body = typeof failure === 'string' ? `${failure}\n` : WRITERS['text/plain'](failure)
  const head = [`HTTP/1.1 ${status} ${title}`, 'connection: close', 'content-type: text/plain; charset=utf-8', `content-length: ${Buffer.byteLength(body)}`]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
