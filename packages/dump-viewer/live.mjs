/**
 * Sends graph snapshots, updates and restarts to all clients, as server-sent events.
 */

/**
 * How often it is looked whether the graph has changed while a page is open, in milliseconds: a module that is imported
 * for the first time is no event.
 */
const LOOK = 500
/** The pause between two looks is at least this many times as long as a look: a large graph must not keep its app busy. */
const REST = 20
/** But no longer than so many milliseconds. */
const LONGEST = 3000

/** So many bytes may wait for a client that does not read. Then its connection is closed; it may connect again. */
const BACKLOG = 64 * 1024 * 1024

/** @param {string} event @param {string} json */
const frame = (event, json) => `event: ${event}\ndata: ${json}\n\n`

/**
 * @param {import('./index.d.ts').Source} source
 * @returns {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => void}
 */
export function createStream(source) {
  /** @type {Set<import('node:http').ServerResponse>} */
  const clients = new Set()
  /** What all have been sent. */
  let last = ''
  let app = ''
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  /** Of the last look. */
  let took = 0
  let unsubscribe = () => {}

  /** @param {string} text */
  function send(text) {
    for (const client of clients) {
      if (client.writableLength > BACKLOG) client.destroy()
      else client.write(text)
    }
  }

  /** A source that has no answer now is asked again. */
  const ask = async () => source.picture()

  async function look() {
    const begin = performance.now()
    const text = await ask().catch(() => undefined)
    took = performance.now() - begin
    if (source.app() !== app) {
      app = source.app()
      send(frame('hello', JSON.stringify({ app })))
    }
    if (text === undefined || text === last) return
    last = text
    send(frame('picture', text))
  }

  /** A source that fails is looked at again. */
  const lookSafely = () => look().catch(() => {})

  function lookAgain() {
    clearTimeout(timer)
    timer = setTimeout(() => lookSafely().then(() => clients.size > 0 && lookAgain()), Math.min(LONGEST, Math.max(LOOK, REST * took)))
    timer.unref()
  }

  function begin() {
    app = source.app()
    unsubscribe = source.subscribe(({ event, data }) => {
      send(frame(event, JSON.stringify(data)))
      setImmediate(lookSafely)
    })
    lookAgain()
  }

  /** @param {import('node:http').ServerResponse} client */
  function leave(client) {
    clients.delete(client)
    if (clients.size > 0) return
    clearTimeout(timer)
    unsubscribe()
    last = ''
  }

  return (_, response) => {
    // A client that leaves before the end must not end the app.
    response.on('error', () => {})
    // It may have gone before it came here.
    if (response.destroyed || response.writableEnded) return
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    if (clients.size === 0) begin()
    clients.add(response)
    response.on('close', () => leave(response))
    response.write(`retry: 500\n\n${frame('hello', JSON.stringify({ app: source.app() }))}${last && frame('picture', last)}`)
    lookSafely()
  }
}
