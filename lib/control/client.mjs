/**
 * Asks apps that run, by their control sockets (docs/protocol.md). Of hot-hook only what needs no addon is loaded here.
 */
import net from 'node:net'
import { forget } from './pointers.mjs'

/** How long an app may take to answer, in milliseconds. */
const PATIENCE = 5000
/** The longest response, in characters. */
const LONGEST = 2 ** 28

export const UNKNOWN_RESPONSE = 'its answer is none that this version of hot-hook knows'

/** How modules are imported. */
const KINDS = new Set(['static', 'dynamic', 'require'])
/** What a change of a module would do. */
export const STATES = new Set(['hot', 'cold', 'declined', 'ignored'])
/** What happens in an app. */
const EVENTS = new Set(['update', 'restart', 'outcome'])

/** @typedef {import('../internal.d.ts').App} App */
/**
 * @typedef {{ ask: 'explain', path: string } | { ask: 'graph' } | { ask: 'status', files?: string[] }
 *   | { ask: 'wait', files?: string[], timeout?: number }} Request
 */

const isText = (/** @type {unknown} */ value) => typeof value === 'string'
const isObject = (/** @type {any} */ value) => typeof value === 'object' && value !== null
const isList = (/** @type {unknown} */ value, /** @type {(one: any) => boolean} */ fits) => Array.isArray(value) && value.every(fits)
/** @param {unknown} value @param {(value: any) => boolean} fits */
const isAbsentOr = (value, fits) => value === undefined || value === null || fits(value)

const isFailure = (/** @type {any} */ one) => isObject(one) && isText(one.name) && isText(one.message) && [one.file, one.frame].every((text) => isAbsentOr(text, isText)) && [one.line, one.column].every((at) => isAbsentOr(at, Number.isSafeInteger))

const isStale = (/** @type {any} */ one) => isText(one?.path) && isText(one.by)

/** Whether something is an `Outcome` of index.d.ts. @param {any} one */
export const isOutcome = (one) =>
  isObject(one) && [one.id, one.outcome].every(isText) && Number.isFinite(one.time) && isList(one.files, isText) &&
  [one.modules, one.pending, one.mended].every((all) => isAbsentOr(all, (list) => isList(list, isText))) &&
  [one.reason, one.hint].every((text) => isAbsentOr(text, isText)) && isAbsentOr(one.ms, Number.isFinite) && isAbsentOr(one.errors, (all) => isList(all, isFailure)) &&
  isAbsentOr(one.stale, (all) => isList(all, isStale))

/** @param {any} one */
const isStatus = (one) =>
  isText(one.state) && [0, 1, 2, 3, 4].includes(one.code) && Number.isSafeInteger(one.pid) && isList(one.outcomes, isOutcome) && isList(one.unmended, isFailure) &&
  isAbsentOr(one.urls, (all) => isList(all, isText)) && isAbsentOr(one.threads, (all) => isList(all, Number.isSafeInteger)) && isAbsentOr(one.undecided, (all) => isList(all, isText)) &&
  isAbsentOr(one.stale, (all) => isList(all, isStale)) && isAbsentOr(one.restart, isOutcome) && isAbsentOr(one.crash, isObject) && isAbsentOr(one.files, (all) => isList(all, (file) => isText(file?.path) && typeof file.loaded === 'boolean'))

/** What is to be in a response. @type {Record<Request['ask'], (response: any) => boolean>} */
const SHAPES = {
  explain: (found) =>
    isText(found.path) && isText(found.verdict) && Number.isSafeInteger(found.version) && isList(found.boundaries, isText) && isList(found.invalidates, isText) &&
    isList(found.takenOnce ?? [], isStale) &&
    [found.reason, found.hint].every((text) => (text ?? '') === '' || isText(text)),
  graph: ({ modules, edges }) =>
    isList(modules, (one) => isText(one?.path) && STATES.has(one.state) && Number.isSafeInteger(one.version)) &&
    isList(edges, (one) => KINDS.has(one?.kind) && [one.from, one.to].every((at) => Number.isSafeInteger(at) && at >= 0 && at < modules.length)),
  status: isStatus,
  wait: isStatus,
}

/** What an app has answered, if it is of the shape that we know. @param {any} response @param {Request} request */
function check(response, { ask }) {
  if (!isObject(response) || !(isText(response.error) || SHAPES[ask](response))) throw new Error(UNKNOWN_RESPONSE)
  return response
}

/** How long the answer to a request may take. @param {Request} request */
const patienceFor = (request) => PATIENCE + (request.ask === 'wait' ? (request.timeout ?? 30_000) : 0)

/**
 * What an app answers. Throws if it does not, with the code `ECONNREFUSED` or `ENOENT` if it runs no more, and `ECONNRESET` if it
 * has gone meanwhile.
 * @param {App} app @param {any} request a {@link Request} @returns {Promise<any>}
 */
export async function ask(app, request) {
  try {
    return check(await talk(app.socket, request), request)
  } catch (error) {
    if (isGone(error)) forget(app)
    throw error
  }
}

/** Whether an error says that nobody is there. @param {any} error */
export const isGone = ({ code }) => code === 'ECONNREFUSED' || code === 'ENOENT'

/** @param {string} address @param {Request} request @returns {Promise<any>} */
function talk(address, request) {
  return new Promise((resolve, reject) => {
    let text = ''
    const limit = patienceFor(request)
    const socket = net.connect(address, () => socket.write(`${JSON.stringify(request)}\n`))
    socket.setTimeout(limit, () => socket.destroy(new Error(`nothing came within ${limit / 1000} s`)))
    socket.setEncoding('utf8').on('data', (part) => {
      text += part
      if (text.length > LONGEST) socket.destroy(new Error('it says too much'))
    })
    socket.on('error', reject)
    socket.on('end', () => {
      try {
        resolve(JSON.parse(text))
      } catch {
        const isWhole = text.endsWith('\n')
        reject(Object.assign(new Error(isWhole ? UNKNOWN_RESPONSE : 'it ended in the middle of it'), !isWhole && { code: 'ECONNRESET' }))
      }
    })
  })
}

/**
 * Hears what happens in an app, until that or this process ends.
 * @param {App} app @param {object} request @param {(event: any) => void} tell
 * @returns {Promise<{ over: Promise<void>, close: () => void }>} once it is heard
 */
export function follow({ socket: address }, request, tell) {
  return new Promise((resolve, reject) => {
    let rest = ''
    const socket = net.connect(address, () => socket.write(`${JSON.stringify(request)}\n`))
    const over = /** @type {Promise<void>} */ (new Promise((end) => socket.on('close', () => end())))
    const close = () => void socket.destroy()
    const hear = (/** @type {any} */ { event, data, error }) => {
      if (event === 'hello' || event === 'end') resolve({ over, close })
      else if (error !== undefined) reject(new Error(String(error)))
      else if (!EVENTS.has(event) || typeof data !== 'object' || (event === 'outcome' && !isOutcome(data))) throw new Error(UNKNOWN_RESPONSE)
      else tell({ event, data })
    }
    socket.setEncoding('utf8').on('error', reject).on('data', (part) => {
      const lines = `${rest}${part}`.split('\n')
      rest = lines.pop() ?? ''
      try {
        for (const line of lines) hear(JSON.parse(line))
        if (rest.length > LONGEST) throw new Error(UNKNOWN_RESPONSE)
      } catch (error) {
        // A client that still shows the app asks it again.
        socket.destroy(/** @type {Error} */ (error))
      }
    })
    void over.then(() => reject(new Error('the app has just ended')))
  })
}
