/**
 * A client in a process of its own: connections that each ask again as soon as they are answered, until it is told to end.
 * `node load.mjs '{ "port": 1, "scheme": "http", "connections": 50, "keepAlive": true }'`; a line on its standard input ends
 * it, and its result is one line of JSON. An answer is a number that never goes down; it is wrong if it is anything else.
 */
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'

const { port, host = '127.0.0.1', scheme = 'http', connections = 50, keepAlive = true, pause = 0 } = JSON.parse(process.argv[2])
const result = { answers: 0, refused: 0, reset: 0, wrong: 0, longest: 0, first: NaN, last: NaN, errors: /** @type {string[]} */ ([]) }
const over = new AbortController()
/** What was answered last, of all connections. */
let highest = -Infinity

const agentOptions = { keepAlive, maxSockets: 1 }

/** @param {http.Agent} agent @returns {Promise<string>} */
function askHttp(agent) {
  const { get } = scheme === 'https' ? https : http
  return new Promise((resolve, reject) => {
    const request = get({ port, host, agent, path: '/', rejectUnauthorized: false }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part) => (text += part))
      response.on('end', () => (response.complete ? resolve(text) : reject(Object.assign(new Error('cut'), { code: 'ECONNRESET' }))))
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}

/** One question, one answer, one connection. @returns {Promise<string>} */
function askTcp() {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, host, () => socket.write('ask\n'))
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (part) => (text += part))
    socket.on('end', () => (text ? resolve(text) : reject(Object.assign(new Error('no answer'), { code: 'ECONNRESET' }))))
    socket.on('error', reject)
  })
}

async function connect() {
  const agent = scheme === 'https' ? new https.Agent(agentOptions) : new http.Agent(agentOptions)
  while (!over.signal.aborted) {
    const [begin, atLeast] = [performance.now(), highest]
    try {
      take(await (scheme === 'tcp' ? askTcp() : askHttp(agent)), atLeast)
    } catch (error) {
      fail(/** @type {NodeJS.ErrnoException} */ (error))
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    result.longest = Math.max(result.longest, performance.now() - begin)
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause * Math.random()))
  }
  agent.destroy()
}

/** @param {string} text @param {number} atLeast */
function take(text, atLeast) {
  const value = text === '' ? NaN : Number(text)
  result.answers++
  if (!(value >= atLeast)) {
    result.wrong++
    result.errors.push(`answered ${JSON.stringify(text)} after ${atLeast}`)
  }
  if (result.answers === 1) result.first = value
  result.last = value
  highest = Math.max(highest, value)
}

/** @param {NodeJS.ErrnoException} error */
function fail({ code, message }) {
  if (code === 'ECONNREFUSED') result.refused++
  else result.reset++
  if (result.errors.length < 20) result.errors.push(`${code}: ${message}`)
}

process.stdin.once('data', () => over.abort())
process.stdin.resume()
const all = Promise.all(Array.from({ length: connections }, connect))
process.stdout.write('begun\n')
await all
result.longest = Math.round(result.longest)
process.stdout.write(`${JSON.stringify(result)}\n`)
process.exit()
