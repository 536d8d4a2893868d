#!/usr/bin/env node
/**
 * `hot-hook explain FILE`, `hot-hook graph` and `hot-hook view`: asks an app that runs in this project, by the socket that its addon keeps
 * open (src/socket.rs). Of hot-hook only what needs no addon is loaded here.
 */
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { findApps, forget } from './pointers.mjs'
import { visible, visibleJson, visibleLines } from '../lib/runtime/visible.mjs'

const HELP = `Usage: hot-hook explain FILE [--json]
       hot-hook graph [--json | --dot | --mermaid]
       hot-hook view [--port NUMBER] [--no-open]

Asks an app that runs under hot-hook in this project.

  explain FILE   what a change of the file would do now, and why
  graph          the modules and their imports
  view           shows the graph, live, in your browser, from a port of 127.0.0.1; needs @hot-hook/dump-viewer
  --no-open      only prints where it is; BROWSER says which browser, if not the usual one
  --pid NUMBER   which app, if several run
  -h, --help
`

/** How long an app may take to answer, in milliseconds. */
const PATIENCE = 5000

/** The longest response, in characters. */
const LONGEST = 2 ** 28
const UNKNOWN_RESPONSE = 'its answer is none that this version of hot-hook knows'

/** How modules are filled, by their state. @type {Record<string, string>} */
const FILLS = { hot: '#cde8cf', cold: '#d6e4f5', declined: '#f6d9b8', ignored: '#e8e8e8' }
/** How modules are imported. */
const KINDS = new Set(['static', 'dynamic', 'require'])
/** What happens in an app. */
const EVENTS = new Set(['update', 'restart'])

/** What the user is to be told, with the code to exit with. */
class Problem extends Error {
  /** @param {string} message @param {number} [code] */
  constructor(message, code = 1) {
    super(message)
    this.code = code
  }
}

/** @typedef {import('./pointers.mjs').App} App */

/**
 * What an app answers, or why it does not; `undefined` if it runs no more.
 * @param {App} app @param {Request} request @returns {Promise<any>}
 */
async function ask(app, request) {
  try {
    return check(await talk(app.socket, request), request)
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error)
    if (code !== 'ECONNREFUSED' && code !== 'ENOENT') return new Problem(`the app with the pid ${app.pid} does not answer: ${message}`)
    forget(app)
    return undefined
  }
}

/** @typedef {{ ask: 'explain', path: string } | { ask: 'graph' }} Request */

/** @param {string} address @param {Request} request @returns {Promise<any>} */
function talk(address, request) {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = net.connect(address, () => socket.write(`${JSON.stringify(request)}\n`))
    socket.setTimeout(PATIENCE, () => socket.destroy(new Error(`nothing came within ${PATIENCE / 1000} s`)))
    socket.setEncoding('utf8').on('data', (part) => {
      text += part
      if (text.length > LONGEST) socket.destroy(new Error('it says too much'))
    })
    socket.on('error', reject)
    socket.on('end', () => {
      try {
        resolve(JSON.parse(text))
      } catch {
        reject(new Error(text.endsWith('\n') ? UNKNOWN_RESPONSE : 'it ended in the middle of it'))
      }
    })
  })
}

/** What an app has answered, if it is of the shape that we know. @param {any} response @param {Request} request */
function check(response, { ask }) {
  const isText = (/** @type {unknown} */ value) => typeof value === 'string'
  const isList = (/** @type {unknown} */ value, /** @type {(one: any) => boolean} */ fits) => Array.isArray(value) && value.every(fits)
  const isKnown = {
    explain: () =>
      isText(response.path) && isText(response.verdict) && Number.isSafeInteger(response.version) && isList(response.boundaries, isText) && isList(response.invalidates, isText) &&
      isList(response.takenOnce ?? [], (one) => isText(one?.path) && isText(one.by)) &&
      [response.reason, response.hint].every((text) => (text ?? '') === '' || isText(text)),
    graph: () =>
      isList(response.modules, (one) => isText(one?.path) && Object.hasOwn(FILLS, one.state) && Number.isSafeInteger(one.version)) &&
      isList(response.edges, (one) => KINDS.has(one?.kind) && [one.from, one.to].every((at) => Number.isSafeInteger(at) && at >= 0 && at < response.modules.length)),
  }[ask]
  if (typeof response !== 'object' || response === null || !(isText(response.error) || isKnown())) throw new Error(UNKNOWN_RESPONSE)
  return response
}

/**
 * Hears what happens in an app, until that or this process ends.
 * @param {{ socket: string }} app @param {(event: any) => void} tell
 * @returns {Promise<{ over: Promise<void> }>} once it is heard
 */
function follow({ socket: address }, tell) {
  return new Promise((resolve, reject) => {
    let rest = ''
    const socket = net.connect(address, () => socket.write('{"ask":"follow"}\n'))
    const over = /** @type {Promise<void>} */ (new Promise((end) => socket.on('close', () => end())))
    const hear = (/** @type {any} */ { event, data, error }) => {
      if (event === 'hello') resolve({ over })
      else if (error !== undefined) reject(new Problem(String(error)))
      else if (!EVENTS.has(event) || typeof data !== 'object') throw new Error(UNKNOWN_RESPONSE)
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
    void over.then(() => reject(new Problem('the app has just ended')))
  })
}

/** The current folder, which may have been deleted. */
function currentFolder() {
  try {
    return process.cwd()
  } catch {
    throw new Problem('the current folder is no more')
  }
}

/** Asks the one app that is meant. @param {Request} request @param {string | undefined} name */
async function askApp(request, name) {
  if (process.platform === 'win32') throw new Problem('on Windows an app cannot be asked yet; in its code, hot.explain(path) and dumpViewer() can')
  const folder = currentFolder()
  const { apps: all, elsewhere } = findApps(folder)
  const apps = all.filter((app) => name === undefined || app.name === name)
  const asked = await Promise.all(apps.map(async (app) => ({ app, response: await ask(app, request) })))
  const responses = asked.filter(({ response }) => response !== undefined)
  if (responses.length === 0) {
    const which = name === undefined ? '' : ` with the pid ${visible(name)}`
    const hint = elsewhere ? '; one that runs in another container, if it still does, has to be asked there' : ''
    throw new Problem(`no app${which} runs under hot-hook in ${visible(folder)}${hint}`)
  }
  if (responses.length > 1) {
    const list = responses.map(({ app }) => `  --pid ${app.name}   ${visible(app.entry)}`)
    throw new Problem(`${responses.length} apps run here; say which is meant:\n${list.join('\n')}`)
  }
  const [{ app, response }] = responses
  if (response instanceof Problem) throw response
  if (response.error !== undefined) throw new Problem(visible(response.error))
  return { app, response }
}

/** @param {any} found @param {(file: string) => string} show */
function describe({ path: file, version, verdict, boundaries, reason, hint, invalidates, takenOnce = [] }, show) {
  const by = (/** @type {boolean} */ certain) => takenOnce.filter((/** @type {any} */ one) => one.certain === certain).map((/** @type {any} */ one) => show(one.by))
  const taken = [['taken once by', by(true)], ['probably taken once by', by(false)]].map(([words, list]) => (list.length > 0 ? `, ${words} ${list.join(', ')}` : '')).join('')
  const head = `${show(file)}: ${visible(verdict)}${taken}${version > 0 ? `, version ${version}` : ''}`
  switch (verdict) {
    case 'hot': {
      const others = invalidates.slice(1).map(show)
      const again = others.length === 0 ? 'it alone would run again' : `it would run again, and ${others.length} more: ${others.join(', ')}`
      return [head, `boundaries: ${boundaries.map(show).join(', ') || 'none'}`, again]
    }
    case 'restart':
    case 'declined': {
      return [head, ...(reason ? [visible(reason)] : []), ...(hint ? [`hint: ${visible(hint)}`] : [])]
    }
    case 'ignored':
      return [head, 'a change of it does nothing: the option `ignore` matches it']
    default:
      return [head, fs.existsSync(file) ? 'a change of it does nothing: nothing has imported it' : 'there is no such file, and nothing waits for it']
  }
}

/** @param {any} graph */
const toText = ({ modules }) => modules.map((/** @type {any} */ { state, path: file, version }) => `${state.padEnd(8)} ${visible(file)}${version > 0 ? ` v${version}` : ''}`)

/** @param {any} graph */
function toDot({ modules, edges }) {
  const quote = (/** @type {string} */ text) => `"${visible(text).replace(/["\\]/g, '\\$&')}"`
  return [
    'digraph {',
    '  node [shape=box, style=filled]',
    ...modules.map((/** @type {any} */ { path: file, state, boundary }, /** @type {number} */ at) =>
      `  n${at} [label=${quote(file)}, fillcolor="${FILLS[state]}"${boundary ? ', penwidth=2' : ''}]`),
    ...edges.map((/** @type {any} */ { from, to, kind, hot }) => `  n${from} -> n${to}${kind === 'static' ? '' : ` [style=${hot ? 'bold' : 'dashed'}, label="${hot ? 'hot' : kind}"]`}`),
    '}',
  ]
}

/** @param {any} graph */
function toMermaid({ modules, edges }) {
  const label = (/** @type {string} */ text) => visible(text).replace(/[#"<>&`[\](){}|\\]/g, (character) => `#${character.charCodeAt(0)};`)
  return [
    'flowchart TD',
    ...modules.map((/** @type {any} */ { path: file, state }, /** @type {number} */ at) => `  n${at}["${label(file)}"]:::${state}`),
    ...edges.map((/** @type {any} */ { from, to, kind, hot }) => `  n${from} ${kind === 'static' ? '-->' : `-. ${hot ? 'hot' : kind} .->`} n${to}`),
    ...Object.entries(FILLS).map(([state, fill]) => `  classDef ${state} fill:${fill}`),
  ]
}

/** @returns {Promise<string[]>} the lines to write */
async function run() {
  const { values, positionals } = read()
  const [command, file, ...more] = positionals
  if (values.help) return [HELP.trimEnd()]
  if (command === 'explain') {
    if (file === undefined || more.length > 0 || values.dot || values.mermaid) throw new Problem('usage: hot-hook explain FILE [--json]', 2)
    const { response } = await askApp({ ask: 'explain', path: path.resolve(file) }, values.pid)
    return values.json ? [visibleJson(response)] : describe(response, (one) => visible(path.relative(currentFolder(), one) || one))
  }
  if (command === 'graph') {
    const forms = [values.json, values.dot, values.mermaid].filter(Boolean)
    if (file !== undefined || forms.length > 1) throw new Problem('usage: hot-hook graph [--json | --dot | --mermaid]', 2)
    const { response } = await askApp({ ask: 'graph' }, values.pid)
    if (values.json) return [visibleJson(response)]
    return values.dot ? toDot(response) : values.mermaid ? toMermaid(response) : toText(response)
  }
  if (command === 'view') {
    const { port = '0' } = values
    if (file !== undefined || !/^\d+$/.test(port) || Number(port) > 65_535) throw new Problem('usage: hot-hook view [--port NUMBER] [--no-open]', 2)
    await show(values.pid, Number(port), !values['no-open'])
    return []
  }
  throw new Problem(command === undefined ? HELP.trimEnd() : `there is no command ${JSON.stringify(command)}: hot-hook has explain, graph and view`, 2)
}

/** @param {string | undefined} pid @param {number} port @param {boolean} opens */
async function show(pid, port, opens) {
  const [{ view }, { openBrowser }] = await Promise.all([import('./view.mjs'), import('./open-browser.mjs')])
  const { url, createOneTimeUrl } = await view({ ask: () => askApp({ ask: 'graph' }, pid), follow }, port).catch((error) => {
    if (error instanceof Problem) throw error
    if (error.code === 'EADDRINUSE') throw new Problem(`port ${port} is taken: give another one with --port`)
    const isMissing = error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND'
    throw new Problem(isMissing ? 'view needs @hot-hook/dump-viewer: npm i -D @hot-hook/dump-viewer' : error.message)
  })
  console.log(url)
  const problem = opens ? await openBrowser(createOneTimeUrl()) : undefined
  if (problem !== undefined) console.error(`hot-hook: no browser was opened (${visible(problem)}): open the URL yourself`)
}

function read() {
  const flag = /** @type {const} */ ({ type: 'boolean', default: false })
  try {
    return parseArgs({ allowPositionals: true, options: { json: flag, dot: flag, mermaid: flag, help: { ...flag, short: 'h' }, 'no-open': flag, pid: { type: 'string' }, port: { type: 'string' } } })
  } catch (error) {
    throw new Problem(/** @type {Error} */ (error).message, 2)
  }
}

// The reader may have closed the pipe (`| head -1`).
process.stdout.on('error', () => process.exit())
process.stderr.on('error', () => {})

try {
  for (const line of await run()) console.log(line)
} catch (error) {
  const { message } = /** @type {Error} */ (error)
  // Nothing else is expected to fail, and a stack would say no more.
  console.error(message.startsWith('Usage') ? message : `hot-hook: ${visibleLines(message)}`)
  process.exitCode = error instanceof Problem ? error.code : 1
}
