/**
 * Requests of Node's, answered by what takes a `Request` and returns a `Response`.
 */

import { isGone } from './error-answer.mjs'

/** @typedef {import('node:http').IncomingMessage} Incoming */
/** @typedef {import('node:http').ServerResponse} Outgoing */

/**
 * @param {Incoming} request @param {Outgoing} response
 * @param {(request: Request, env: { incoming: Incoming, outgoing: Outgoing }) => unknown} fetch
 * @param {(error: unknown) => void} failed
 */
export async function answerByFetch(request, response, fetch, failed) {
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableEnded) gone.abort()
  })
  const { web, refusal, answered } = webRequest(request, gone.signal)
  if (!web) return response.writeHead(refusal, { 'content-type': 'text/plain' }).end()
  try {
    // Hono's own adapter gives the same: what its helpers look for.
    const answer = /** @type {any} */ (await fetch(web, { incoming: request, outgoing: response }))
    if (typeof answer?.status !== 'number' || typeof answer.headers?.get !== 'function') {
      throw new TypeError(`handler: a function that takes a Request must return a Response, got ${answer === null ? 'null' : typeof answer}`)
    }
    await send(answer, request, response)
  } catch (error) {
    failed(error)
  }
  // What was read in part: the connection is to be used again.
  answered()
}

/**
 * @param {Incoming} request @param {AbortSignal} signal
 * @returns {{ web: Request, answered: () => void, refusal?: undefined } | { web?: undefined, answered?: undefined, refusal: number }}
 */
function webRequest(request, signal) {
  const url = urlOf(request)
  if (!url) return { refusal: 400 }
  const method = request.method ?? 'GET'
  const { body, answered } = method === 'GET' || method === 'HEAD' ? { answered: () => {} } : bodyOf(request)
  try {
    return { answered, web: new Request(url, /** @type {any} */ ({ method, headers: headersOf(request), body, duplex: 'half', signal })) }
  } catch {
    // TRACE and CONNECT.
    return { refusal: 501 }
  }
}

/** @param {Incoming} request @returns {URL | undefined} */
function urlOf({ url = '/', headers, socket }) {
  const host = headers.host ?? headers[':authority'] ?? 'localhost'
  const origin = `${/** @type {any} */ (socket)?.encrypted ? 'https' : 'http'}://${host}`
  try {
    // A request to a proxy has the whole URL; a path may begin with two slashes.
    if (!url.startsWith('/') && url !== '*') return new URL(url)
    if (/[\s/?#@\\]/.test(String(host))) return undefined
    return new URL(origin + (url === '*' ? '/' : url))
  } catch {
    return undefined
  }
}

/** @param {Incoming} request */
function headersOf({ rawHeaders }) {
  const headers = new Headers()
  for (let at = 0; at < rawHeaders.length; at += 2) {
    // HTTP/2 has some that are none.
    if (!rawHeaders[at].startsWith(':')) headers.append(rawHeaders[at], rawHeaders[at + 1])
  }
  return headers
}

/** So long the app may leave a body alone that it has read in part when it has answered, in milliseconds. */
const IDLE = 5000

/**
 * The body, read as it is asked for: what nobody asks for Node drops by itself. From `answered` on what is read in part and
 * then left alone is dropped, too, by an error: the connection waits for it. The app may read on as long as it does.
 * @param {Incoming} request
 */
function bodyOf(request) {
  let isRead = false
  let isWanted = false
  let isAnswered = false
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  /** @type {ReadableStreamDefaultController | undefined} */
  let stream
  /** @type {(chunk: Buffer) => void} */
  let take = () => {}
  const ignore = () => void request.off('data', take).resume()
  const body = new ReadableStream(
    {
      pull(controller) {
        isWanted = true
        clearTimeout(timer)
        if (isRead) return void request.resume()
        isRead = true
        stream = controller
        take = (chunk) => {
          isWanted = false
          controller.enqueue(new Uint8Array(chunk))
          // Somebody may wait for the next one already.
          if (isWanted) return
          request.pause()
          if (isAnswered) wait()
        }
        request.on('data', take)
        request.on('end', () => closeQuietly(controller))
        request.on('error', (error) => controller.error(error))
        request.on('close', () => {
          if (!request.complete) controller.error(new Error('aborted'))
        })
      },
      cancel: ignore,
    },
    { highWaterMark: 0 },
  )
  const drop = () => {
    if (request.readableEnded) return
    ignore()
    stream?.error(new Error('the request was answered before its body was read'))
  }
  const wait = () => {
    clearTimeout(timer)
    timer = setTimeout(drop, IDLE).unref()
  }
  const answered = () => {
    isAnswered = true
    if (isRead && !isWanted && !request.readableEnded) wait()
  }
  return { body, answered }
}

/** @param {ReadableStreamDefaultController} controller */
function closeQuietly(controller) {
  try {
    controller.close()
  } catch {
    // It was cancelled.
  }
}

/** @param {Response} answer @param {Incoming} request @param {Outgoing} response */
async function send(answer, request, response) {
  // The app has answered by `env.outgoing`.
  if (response.headersSent || answer.headers.has('x-hono-already-sent')) return answer.body?.cancel()
  response.statusCode = answer.status
  if (answer.statusText && request.httpVersionMajor < 2) response.statusMessage = answer.statusText
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') response.setHeader(name, value)
  const cookies = answer.headers.getSetCookie()
  if (cookies.length > 0) response.setHeader('set-cookie', cookies)
  if (!answer.body || request.method === 'HEAD') {
    await answer.body?.cancel()
    response.end()
  } else {
    await sendBody(answer.body, response)
  }
}

/** @param {ReadableStream<Uint8Array>} body @param {Outgoing} response */
async function sendBody(body, response) {
  if (isGone(response)) return body.cancel()
  const reader = body.getReader()
  response.once('close', () => reader.cancel().catch(() => {}))
  response.flushHeaders()
  for (;;) {
    const { done, value } = await reader.read()
    if (done || isGone(response)) break
    if (!response.write(value) && !isGone(response)) await drained(response)
  }
  response.end()
}

/** @param {Outgoing} response @returns {Promise<void>} */
const drained = (response) =>
  new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
