/**
 * `hot-hook` from a shell, and apps that it can ask.
 */
import { execFile, spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { DEADLINE, HOT, PACKAGE, startApp } from './app.mjs'

/** Where it cannot be asked. */
export const skip = process.platform === 'win32' && 'there are no named pipes yet'

const CLI = path.join(PACKAGE, 'cli/main.mjs')

export const files = {
  'main.mjs': `import { limit } from './config.mjs'
    serve({ page: async () => (await import('./page.mjs', ${HOT})).value, block: (ms) => { const end = Date.now() + ms; while (Date.now() < end); } })`,
  'config.mjs': 'export const limit = () => 1',
  'page.mjs': `export { value } from './part.mjs'`,
  'part.mjs': 'export const value = 1',
}

/** A folder that goes with the test. @param {import('node:test').TestContext} t */
export function temporary(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hot-hook-run-'))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A runtime folder of its own. @param {import('node:test').TestContext} t */
export const runtime = (t) => ({ XDG_RUNTIME_DIR: temporary(t), XDG_STATE_HOME: temporary(t) })

/** @param {string} cwd @param {Record<string, string>} env @param {string[]} args */
export const cli = (cwd, env, ...args) => runScript(CLI, cwd, env, ...args)

/** @param {string} script @param {string} cwd @param {Record<string, string>} env @param {string[]} args */
export async function runScript(script, cwd, env, ...args) {
  const { stdout, stderr, code = 0 } = await promisify(execFile)(process.execPath, [script, ...args], { cwd, env: { ...process.env, ...env }, timeout: 2 * DEADLINE }).catch((error) => error)
  return { stdout, stderr, code }
}

/** One that goes on until the test ends. @param {import('node:test').TestContext} t @param {string} cwd @param {Record<string, string>} env @param {string[]} args */
export function runCli(t, cwd, env, ...args) {
  const child = spawn(process.execPath, [CLI, ...args], { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => void child.kill())
  /** @type {{ stdout: string, stderr: string, code: number | null }} */
  const output = { stdout: '', stderr: '', code: null }
  child.stdout.on('data', (data) => (output.stdout += data))
  child.stderr.on('data', (data) => (output.stderr += data))
  child.on('exit', (code) => (output.code = code))
  return output
}

/** The pointers to the apps of a project. @param {string} folder */
export const pointers = (folder) => {
  const at = path.join(folder, 'node_modules/.cache/hot-hook')
  return fs.existsSync(at) ? fs.readdirSync(at) : []
}

/** Waits for what is opened a moment after the start. @param {() => unknown} look */
export async function until(look) {
  const end = Date.now() + DEADLINE
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`not: ${look}`)
    await sleep(10)
  }
}

/** An app that can be asked. @param {import('node:test').TestContext} t @param {import('./app.mjs').Options} [options] */
export async function start(t, options = {}) {
  const env = runtime(t)
  const app = await startApp(t, { files, ...options, env: { ...env, ...options.env } })
  await app.ask('page')
  const folder = path.dirname(app.file('main.mjs'))
  await until(() => pointers(folder).length > 0)
  return { app, env, folder, ask: (/** @type {string[]} */ ...args) => cli(folder, env, ...args) }
}
