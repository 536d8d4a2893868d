#!/usr/bin/env node
/**
 * `hot-hook explain FILE`, `hot-hook graph` and `hot-hook view`: asks an app that runs in this project, by the socket that its addon keeps
 * open (src/socket.rs). Of hot-hook only what needs no addon is loaded here.
 */
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { visible, visibleJson } from './visible.mjs'

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

/** What the user is to be told, with the code to exit with. */
class Problem extends Error {
  /** @param {string} message @param {number} [code] */
  constructor(message, code = 1) {
    super(message)
    this.code = code
  }
}

/** @typedef {{ pid: number, socket: string, root: string, entry: string, file: string }} App */

/** The apps whose pointers lie in a folder. @param {string} folder @returns {App[]} */
function listApps(folder) {
  try {
    return fs.readdirSync(folder).filter((name) => /^\d+\.json$/.test(name)).flatMap((name) => readApp(path.join(folder, name)))
  } catch {
    return []
  }
}

/** @param {string} file @returns {App[]} */
function readApp(file) {
  try {
    const { pid, socket, root, entry } = JSON.parse(fs.readFileSync(file, 'utf8'))
    const isWhole = Number.isInteger(pid) && [socket, root, entry].every((text) => typeof text === 'string' && path.isAbsolute(text))
    return isWhole ? [{ pid, socket, root, entry, file }] : []
  } catch {
    // It is just being written, or has just gone.
    return []
  }
}

/** Where an app without `node_modules` leaves its pointer; as src/socket/place.rs has it. */
function runtimeFolders() {
  const { XDG_RUNTIME_DIR: runtime } = process.env
  const temporary = [os.tmpdir(), '/tmp'].map((folder) => path.join(folder, `hot-hook-${process.getuid?.()}`))
  return [...new Set([...(runtime ? [path.join(runtime, 'hot-hook')] : []), ...temporary])].filter(isPrivate)
}

/** Whether nobody else can have put anything there. @param {string} folder */
function isPrivate(folder) {
  const found = fs.lstatSync(folder, { throwIfNoEntry: false })
  return found?.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o777) === 0o700
}

/** The folders above one, and itself. @param {string} folder @returns {string[]} */
const upwards = (folder) => (path.dirname(folder) === folder ? [folder] : [folder, ...upwards(path.dirname(folder))])

/** The apps that may run in this project: those of a folder above, or of one below. @param {string} cwd */
function findApps(cwd) {
  const pointers = upwards(cwd).flatMap((folder) => listApps(path.join(folder, 'node_modules', '.cache', 'hot-hook')))
  const isHere = (/** @type {App} */ { root }) => upwards(cwd).includes(root) || upwards(root).includes(cwd)
  return [...pointers, ...runtimeFolders().flatMap(listApps).filter(isHere)]
}

/**
 * What an app answers, or why it does not; `undefined` if it runs no more: then its pointer goes.
 * @param {App} app @param {object} question @returns {Promise<any>}
 */
async function ask({ socket, file, pid }, question) {
  try {
    return await talk(socket, question)
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error)
    if (code !== 'ECONNREFUSED' && code !== 'ENOENT') return new Problem(`the app with the pid ${pid} does not answer: ${/** @type {Error} */ (error).message}`)
    fs.rmSync(file, { force: true })
    if (fs.lstatSync(socket, { throwIfNoEntry: false })?.isSocket()) fs.rmSync(socket, { force: true })
    return undefined
  }
}

/** @param {string} address @param {object} question @returns {Promise<any>} */
function talk(address, question) {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = net.connect(address, () => socket.write(`${JSON.stringify(question)}\n`))
    socket.setTimeout(PATIENCE, () => socket.destroy(new Error(`nothing came within ${PATIENCE / 1000} s`)))
    socket.setEncoding('utf8').on('data', (part) => (text += part))
    socket.on('error', reject)
    socket.on('end', () => {
      try {
        resolve(JSON.parse(text))
      } catch {
        reject(new Error('it ended in the middle of it'))
      }
    })
  })
}

/**
 * Hears what happens in an app, until that or this process ends.
 * @param {{ socket: string }} app @param {(happening: any) => void} tell
 * @returns {Promise<{ over: Promise<void> }>} once it is heard
 */
function follow({ socket: address }, tell) {
  return new Promise((resolve, reject) => {
    let rest = ''
    const socket = net.connect(address, () => socket.write('{"ask":"follow"}\n'))
    const over = /** @type {Promise<void>} */ (new Promise((end) => socket.on('close', () => end())))
    socket.setEncoding('utf8').on('error', reject).on('data', (part) => {
      const lines = `${rest}${part}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const happening = JSON.parse(line)
        if (happening.event === 'hello') resolve({ over })
        else if (happening.error) reject(new Problem(happening.error))
        else tell(happening)
      }
    })
    void over.then(() => reject(new Problem('the app has just ended')))
  })
}

/** Asks the one app that is meant. @param {object} question @param {string | undefined} pid */
async function askApp(question, pid) {
  if (process.platform === 'win32') throw new Problem('on Windows an app cannot be asked yet; in its code, hot.explain(path) and dumpViewer() can')
  const apps = findApps(process.cwd()).filter((app) => pid === undefined || String(app.pid) === pid)
  const asked = await Promise.all(apps.map(async (app) => ({ app, answer: await ask(app, question) })))
  const answers = asked.filter(({ answer }) => answer !== undefined)
  if (answers.length === 0) {
    throw new Problem(pid === undefined ? `no app runs under hot-hook in ${process.cwd()}` : `no app with the pid ${pid} runs under hot-hook in ${process.cwd()}`)
  }
  if (answers.length > 1) {
    const list = answers.map(({ app }) => `  --pid ${app.pid}   ${app.entry}`)
    throw new Problem(`${answers.length} apps run here; say which is meant:\n${list.join('\n')}`)
  }
  const [{ app, answer }] = answers
  if (answer instanceof Problem) throw answer
  if (answer.error) throw new Problem(answer.error)
  return { app, answer }
}

/** @param {any} found @param {(file: string) => string} show */
function describe({ path: file, version, verdict, boundaries, reason, hint, invalidates }, show) {
  const head = `${show(file)}: ${verdict}${version > 0 ? `, version ${version}` : ''}`
  switch (verdict) {
    case 'hot': {
      const others = invalidates.slice(1).map(show)
      const again = others.length === 0 ? 'it alone would run again' : `it would run again, and ${others.length} more: ${others.join(', ')}`
      return [head, `boundaries: ${boundaries.map(show).join(', ') || 'none'}`, again]
    }
    case 'restart':
    case 'declined': {
      return [head, visible(reason), ...(hint ? [`hint: ${visible(hint)}`] : [])]
    }
    case 'ignored':
      return [head, 'a change of it does nothing: the option `ignore` matches it']
    default:
      return [head, fs.existsSync(file) ? 'a change of it does nothing: nobody has imported it' : 'there is no such file, and nobody waits for it']
  }
}

/** @param {any} graph */
const toText = ({ modules }) => modules.map((/** @type {any} */ { state, path: file, version }) => `${state.padEnd(8)} ${visible(file)}${version > 0 ? ` v${version}` : ''}`)

/** @param {any} graph */
function toDot({ modules, edges }) {
  const quote = (/** @type {string} */ text) => `"${visible(text).replace(/["\\]/g, '\\$&')}"`
  const fills = /** @type {Record<string, string>} */ ({ hot: '#cde8cf', cold: '#d6e4f5', declined: '#f6d9b8', ignored: '#e8e8e8' })
  return [
    'digraph {',
    '  node [shape=box, style=filled]',
    ...modules.map((/** @type {any} */ { path: file, state, boundary }, /** @type {number} */ at) =>
      `  n${at} [label=${quote(file)}, fillcolor="${fills[state] ?? '#ffffff'}"${boundary ? ', penwidth=2' : ''}]`),
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
    '  classDef hot fill:#cde8cf', '  classDef cold fill:#d6e4f5', '  classDef declined fill:#f6d9b8', '  classDef ignored fill:#e8e8e8',
  ]
}

/** @returns {Promise<string[]>} the lines to write */
async function run() {
  const { values, positionals } = read()
  const [command, file, ...more] = positionals
  if (values.help) return [HELP.trimEnd()]
  if (command === 'explain') {
    if (file === undefined || more.length > 0 || values.dot || values.mermaid) throw new Problem('usage: hot-hook explain FILE [--json]', 2)
    const { answer } = await askApp({ ask: 'explain', path: path.resolve(file) }, values.pid)
    return values.json ? [visibleJson(answer)] : describe(answer, (one) => visible(path.relative(process.cwd(), one) || one))
  }
  if (command === 'graph') {
    const forms = [values.json, values.dot, values.mermaid].filter(Boolean)
    if (file !== undefined || forms.length > 1) throw new Problem('usage: hot-hook graph [--json | --dot | --mermaid]', 2)
    const { answer } = await askApp({ ask: 'graph' }, values.pid)
    if (values.json) return [visibleJson(answer)]
    return values.dot ? toDot(answer) : values.mermaid ? toMermaid(answer) : toText(answer)
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
  const [{ view }, { openBrowser }] = await Promise.all([import('./view.mjs'), import('./browser.mjs')])
  const { url, createOneTimeUrl } = await view({ ask: () => askApp({ ask: 'graph' }, pid), follow }, port).catch((error) => {
    if (error instanceof Problem) throw error
    if (error.code === 'EADDRINUSE') throw new Problem(`port ${port} is taken: give another one with --port`)
    const isMissing = error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND'
    throw new Problem(isMissing ? 'view needs @hot-hook/dump-viewer: npm i -D @hot-hook/dump-viewer' : error.message)
  })
  console.log(url)
  const problem = opens ? await openBrowser(createOneTimeUrl()) : undefined
  if (problem !== undefined) console.error(`hot-hook: no browser was opened (${problem}): open the URL yourself`)
}

function read() {
  const flag = /** @type {const} */ ({ type: 'boolean', default: false })
  try {
    return parseArgs({ allowPositionals: true, options: { json: flag, dot: flag, mermaid: flag, help: { ...flag, short: 'h' }, 'no-open': flag, pid: { type: 'string' }, port: { type: 'string' } } })
  } catch (error) {
    throw new Problem(/** @type {Error} */ (error).message, 2)
  }
}

try {
  for (const line of await run()) console.log(line)
} catch (error) {
  if (!(error instanceof Problem)) throw error
  console.error(error.message.startsWith('Usage') ? error.message : `hot-hook: ${error.message}`)
  process.exitCode = error.code
}
