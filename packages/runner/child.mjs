/**
 * The app's process: how it is started, what it says, how it ends.
 */
import { execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { isFoundSafely } from 'hot-hook/internal'
import { COMMAND } from './child/link.mjs'
import { fits, FROM_APP, FROM_HOT_HOOK } from './child/messages.mjs'
import { pids, read } from './proc.mjs'

/** What the app starts has it in its environment, too, also when its own parent has gone. */
const MARK = 'HOT_RUNNER_PID'

/** How long what an app said last may take, in milliseconds. */
const LAST_WORDS = 1000

const PRELOAD = new URL('./child/preload.mjs', import.meta.url).href
const AHEAD = new URL('./child/ahead.mjs', import.meta.url).href

/**
 * @typedef {object} Handlers
 * @property {(message: any, handle: any) => void} message ours and those of hot-hook, which are whole
 * @property {(message: unknown, handle: any) => void} other the app's own
 * @property {() => void} deaf it has disconnected, and can neither be told anything nor tell us
 * @property {(exit: import('./machine.mjs').Exit) => void} exit
 */

/** @typedef {ReturnType<typeof launch>} Child */

/**
 * @param {import('./options.mjs').Options} options
 * @param {{ handles: number, cache?: string, pipesInput: boolean, ahead?: import('./child/link.mjs').Ahead }} setting
 * @param {Handlers} handlers
 */
export function launch(options, { handles, cache, pipesInput, ahead }, handlers) {
  const { cwd, nodeArgs, script, scriptArgs, register, keepSockets, signal, drainTimeout, killTimeout } = options
  const setup = { pid: process.pid, keep: keepSockets, handles, signal, drainTimeout, killTimeout, ahead }
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, HOT_RUNNER: JSON.stringify(setup), [MARK]: String(process.pid), HOT_HOOK_REASON: '1', ...options.env }
  if (cache) env.NODE_COMPILE_CACHE = cache
  const registers = register ? [`--import=${registerOf(cwd, script)}`] : []
  if (ahead === 'link') registers.push(`--import=${AHEAD}`)
  const child = spawn(process.execPath, [`--import=${PRELOAD}`, ...nodeArgs, ...registers, script, ...scriptArgs], {
    cwd,
    env,
    stdio: [pipesInput ? 'pipe' : 'inherit', 'inherit', 'inherit', 'ipc'],
  })
  let hasEnded = false
  const end = (/** @type {import('./machine.mjs').Exit} */ exit) => {
    if (hasEnded) return
    hasEnded = true
    handlers.exit(exit)
  }
  child.on('message', (message, handle) => (fits(FROM_HOT_HOOK, message) ? handlers.message : handlers.other)(message, handle))
  child.prependListener(/** @type {any} */ ('internalMessage'), (/** @type {any} */ message, /** @type {any} */ handle) => {
    if (message?.cmd !== COMMAND) return calm(child, message, handle)
    return fits(FROM_APP, message) ? handlers.message(message, handle) : handle?.close?.()
  })
  child.on('disconnect', handlers.deaf)
  child.on('exit', (code, signal) => {
    const over = () => end({ code, signal })
    if (!child.connected) return over()
    // What it said last may still be on its way; but what it has started may hold the channel.
    child.once('disconnect', over)
    // Before this one looks at the channel once more it may have had no processor.
    return setTimeout(setImmediate, LAST_WORDS, over)
  })
  child.on('error', () => child.pid === undefined && end({ code: 1, signal: null }))
  return {
    pid: child.pid,
    stdin: child.stdin,
    /** Whether it can be told anything: it may have disconnected. */
    hears: () => child.connected,
    /** @param {{ type: string, [field: string]: unknown }} message @param {any} [handle] @param {() => void} [sent] */
    tell(message, handle, sent = () => {}) {
      if (child.connected) child.send({ ...message, cmd: COMMAND }, handle, {}, sent)
      else sent()
    },
    /** @param {string} signal */
    signal: (signal) => child.kill(/** @type {NodeJS.Signals} */ (signal)),
    /** Ends it at once, with all that it has started. */
    killAll() {
      const pids = child.pid === undefined ? [] : new Set([...descendants(child.pid), ...marked()])
      child.kill('SIGKILL')
      for (const pid of pids) kill(pid)
    },
  }
}

/**
 * Node's own messages about handles throw in it when they come at the wrong time; the app may send what looks like them.
 * @param {any} child @param {any} message @param {unknown} handle
 */
function calm(child, message, handle) {
  const { cmd } = Object(message)
  const isUnexpected = cmd === 'NODE_HANDLE' ? !handle : (cmd === 'NODE_HANDLE_ACK' || cmd === 'NODE_HANDLE_NACK') && !child._handleQueue
  if (isUnexpected) message.cmd = 'NODE_NOTHING'
}

/** Where hot-hook is: as the app sees it, unless another user can have put it there; else our own. @param {string} cwd @param {string} script */
function registerOf(cwd, script) {
  const file = path.resolve(cwd, script)
  for (const from of [cwd, path.dirname(file)]) {
    try {
      const found = createRequire(path.join(from, '_')).resolve('hot-hook/register')
      // Whose code is run anyway.
      const owner = fs.statSync(file, { throwIfNoEntry: false })?.uid
      if (isFoundSafely(found, 'hot-hook', from, owner)) return pathToFileURL(found).href
    } catch {}
  }
  return import.meta.resolve('hot-hook/register')
}

/** @param {number} pid */
function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {}
}

/**
 * What a process has started, and they, and so on. They are in no process group of their own: they would lose the
 * terminal, and that of the terminal has the runner and its parent.
 * @param {number} pid @returns {number[]}
 */
function descendants(pid) {
  /** @type {Map<number, number[]>} */
  const children = new Map()
  for (const [child, parent] of processes()) children.set(parent, [...(children.get(parent) ?? []), child])
  const found = [pid]
  for (const one of found) found.push(...(children.get(one) ?? []))
  return found.slice(1)
}

/** Each process with its parent. @returns {Array<[number, number]>} */
function processes() {
  try {
    if (process.platform === 'linux') return pids().flatMap(readProcess)
    const command = process.platform === 'win32' ? WINDOWS : ['ps', '-A', '-o', 'pid=,ppid=']
    const text = execFileSync(command[0], command.slice(1), { encoding: 'utf8' })
    return text.trim().split(/\n/).map((line) => /** @type {[number, number]} */ (line.trim().split(/\s+/).map(Number)))
  } catch {
    return []
  }
}

/** The processes that carry our mark: also what was started by one that has ended. Only Linux says. @returns {number[]} */
const marked = () => (process.platform === 'linux' ? pids().filter(hasMark) : [])

/** Whether what the app has started, or they, has started a process. Only Linux tells. @param {number} pid */
export const hasMark = (pid) => read(`/proc/${pid}/environ`).split('\0').includes(`${MARK}=${process.pid}`)

const WINDOWS = [
  'powershell',
  '-NoProfile',
  '-Command',
  'Get-CimInstance Win32_Process | ForEach-Object { "$($_.ProcessId) $($_.ParentProcessId)" }',
]

/** @param {number} pid @returns {Array<[number, number]>} */
function readProcess(pid) {
  // The name, in parentheses, may hold anything.
  const parent = Number(read(`/proc/${pid}/stat`).replace(/^.*\) /s, '').split(' ')[1])
  return parent >= 0 ? [[pid, parent]] : []
}
