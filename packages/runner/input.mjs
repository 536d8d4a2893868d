/**
 * Standard input, which the runner and the app share: `rs` and Enter restarts, as long as the app does not read itself.
 *
 * - A terminal is the app's own; the runner reads from it while the app does not.
 * - What comes through a pipe passes through the runner, so that nothing is lost to the process that reads first.
 * - A file is the app's alone.
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { isatty } from 'node:tty'

/** @param {{ stdin: boolean }} options @param {() => void} restart */
export function createInput({ stdin }, restart) {
  const isTerminal = stdin && isatty(0) && isInForeground()
  const isPiped = stdin && !isTerminal && isPipe()
  let isAppReading = false
  let hasAppRead = false
  let hasEnded = false
  /** How the terminal was when we came. */
  let mode = ''
  /** The beginning of a line. */
  let line = ''
  /** @type {import('node:stream').Writable | null} */
  let app = null

  const read = () => {
    if (isTerminal && !isAppReading && isInForeground()) process.stdin.resume()
    else if (isTerminal) process.stdin.pause()
  }

  /** @param {Buffer} data */
  function take(data) {
    if (!isTerminal || !isAppReading) split(data)
  }

  /** @param {Buffer} data */
  function split(data) {
    // Bytes as they are: what is not for us may be anything.
    const lines = (line + data.toString('latin1')).split(/(?<=\n)/)
    line = ''
    let rest = ''
    for (const one of lines) {
      if (/^rs\r?\n$/.test(one) && !isAppReading) restart()
      else if (!isAppReading && !one.endsWith('\n') && 'rs\r\n'.startsWith(one)) line = one
      else rest += one
    }
    if (rest) pass(rest)
  }

  /** @param {string} text */
  function pass(text) {
    if (!app || app.write(text, 'latin1')) return
    process.stdin.pause()
    app.once('drain', () => process.stdin.resume())
  }

  return {
    isPiped,
    begin() {
      if (!isTerminal && !isPiped) return
      if (isTerminal) mode = stty('-g')
      process.stdin.on('data', take)
      process.stdin.on('error', () => {})
      process.stdin.on('end', () => {
        hasEnded = true
        if (line) pass(line)
        app?.end()
      })
      // It may have been in the background.
      if (isTerminal) process.on('SIGCONT', read)
      read()
    },
    /** @param {import('node:stream').Writable | null} stream */
    attach(stream) {
      isAppReading = false
      app = stream
      stream?.on('error', () => {})
      if (hasEnded) stream?.end()
      else if (isPiped) process.stdin.resume()
      read()
    },
    detach() {
      app = null
      // One that was killed may have left the terminal without echo, and without Ctrl-C.
      if (hasAppRead && mode) stty(mode)
      isAppReading = false
      hasAppRead = false
      read()
    },
    /** @param {boolean} reads */
    appReads(reads) {
      isAppReading = reads
      hasAppRead ||= reads
      if (reads && line) pass(line)
      if (reads) line = ''
      read()
    },
    end() {
      if (!isTerminal && !isPiped) return
      process.off('SIGCONT', read)
      process.stdin.off('data', take)
      process.stdin.pause()
      process.stdin.unref?.()
    },
  }
}

/** @param {string} mode */
const stty = (mode) => String(spawnSync('stty', [mode], { stdio: ['inherit', 'pipe', 'ignore'] }).stdout ?? '').trim()

function isPipe() {
  try {
    const stat = fs.fstatSync(0)
    return stat.isFIFO() || stat.isSocket()
  } catch {
    return false
  }
}

/** Reading from a terminal in the background would stop us, and the app. */
function isInForeground() {
  if (process.platform !== 'linux') return true
  try {
    const fields = fs.readFileSync('/proc/self/stat', 'utf8').replace(/^.*\) /s, '').split(' ')
    // The process group, and that of the terminal.
    return fields[2] === fields[5]
  } catch {
    return true
  }
}
