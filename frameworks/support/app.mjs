/**
 * Apps of real frameworks: packages from the npm registry, a real process, edits while it serves.
 */
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { inspect, promisify } from 'node:util'
import { write } from '../../__test__/support/app.mjs'

export { nodeIs } from '../../__test__/support/app.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** What is kept from run to run. */
export const CACHE = path.join(ROOT, 'node_modules/.cache/frameworks')
/** How long a test waits for what must come, in milliseconds: compilers are slow, and machines busy. */
const DEADLINE = 40_000

/** How often an install is tried, and how long is waited in between, in milliseconds. */
const TRIES = 3
const PAUSE = 2000
/** The run's: where versions are recorded. And whether an install has failed in it: then the others need not be tried. */
const TESTED = process.env.HOT_HOOK_TESTED
const UNREACHABLE = TESTED && `${TESTED}.unreachable`

/**
 * Tells the run which versions were tested, for its page. @param {Record<string, string>} versions name → version
 */
export function record(versions) {
  if (TESTED) fs.appendFileSync(TESTED, `${JSON.stringify({ file: path.basename(process.argv[1]), versions })}\n`)
}

/**
 * Runs a package manager. What fails is said, and tried again. @param {string} command @param {string[]} args @param {{ cwd: string, env?: NodeJS.ProcessEnv }} options
 */
export async function tryInstall(command, args, options) {
  // Ours are the retries that are seen.
  const env = { ...process.env, ...options.env, npm_config_fetch_retries: '0', npm_config_fetch_timeout: '60000' }
  for (let left = TRIES - 1; ; left--) {
    if (UNREACHABLE && fs.existsSync(UNREACHABLE)) throw new Error('cannot install: the npm registry is not within reach (see above)')
    try {
      return await promisify(execFile)(command, args, { ...options, env, maxBuffer: 1 << 26 })
    } catch (error) {
      const { message, stdout, stderr } = /** @type {Error & { stdout: string, stderr: string }} */ (error)
      const text = `cannot install (is the npm registry within reach?): ${message}\n${stdout}\n${stderr}`
      if (left === 0) {
        if (UNREACHABLE && /ECONN|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|ERR_SOCKET|network/i.test(text)) fs.writeFileSync(UNREACHABLE, '')
        throw new Error(text, { cause: error })
      }
      console.error(`${text}\nIt is tried again, ${left} more times.`)
      await sleep(PAUSE)
    }
  }
}

/**
 * A folder whose node_modules has these packages, made once for each list of them.
 * @param {Record<string, string>} packages name → version
 */
export async function install(packages) {
  const key = createHash('sha256').update(JSON.stringify(Object.entries(packages).toSorted())).digest('hex').slice(0, 12)
  const folder = path.join(CACHE, key)
  const isDone = () => fs.existsSync(path.join(folder, 'done'))
  if (!isDone()) {
    const temporary = `${folder}.${process.pid}`
    try {
      await installInto(temporary, packages)
      fs.rmSync(folder, { recursive: true, force: true })
      fs.renameSync(temporary, folder)
    } catch (error) {
      fs.rmSync(temporary, { recursive: true, force: true })
      // Another test was faster.
      if (!isDone()) throw error
    }
  }
  const versionOf = (/** @type {string} */ name) => JSON.parse(fs.readFileSync(path.join(folder, 'node_modules', name, 'package.json'), 'utf8')).version
  record(Object.fromEntries(Object.keys(packages).map((name) => [name, versionOf(name)])))
  return folder
}

/** @param {string} folder @param {Record<string, string>} packages */
async function installInto(folder, packages) {
  fs.mkdirSync(folder, { recursive: true })
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: packages }, null, 2))
  await tryInstall('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--legacy-peer-deps'], { cwd: folder })
  const links = path.join(folder, 'node_modules')
  fs.mkdirSync(path.join(links, '@hot-hook'), { recursive: true })
  for (const [name, target] of [['hot-hook', ROOT], ['@hot-hook/runner', path.join(ROOT, 'packages/runner')]]) {
    fs.rmSync(path.join(links, name), { recursive: true, force: true })
    fs.symlinkSync(target, path.join(links, name), 'dir')
  }
  fs.writeFileSync(path.join(folder, 'done'), '')
}

/**
 * How to end the app of a test. It ends before its folder is deleted: an app that runs writes into node_modules/.cache.
 * @type {WeakMap<import('node:test').TestContext, () => Promise<void>>}
 */
export const ends = new WeakMap()

/**
 * A copy of what `install` made, with the app's files. Symlinks would not do, as the real path of a module is what counts; hard
 * links do, where the file system has them.
 * @param {import('node:test').TestContext} t @param {Record<string, string>} packages @param {Record<string, string>} files
 */
export async function createApp(t, packages, files) {
  const source = await install(packages)
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'hot-hook-framework-'))
  t.after(async () => {
    await ends.get(t)?.()
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  })
  const copy = (/** @type {string} */ how) => promisify(execFile)('cp', [how, path.join(source, 'node_modules'), folder])
  await copy('-al').catch(() => copy('-a'))
  for (const [name, text] of Object.entries(files)) write(folder, name, text)
  return folder
}

/**
 * @typedef {object} Start
 * @property {Record<string, string>} [packages]
 * @property {Record<string, string>} [files]
 * @property {string} [folder] one that is there already
 * @property {string[]} args Node's
 * @property {Record<string, string>} [env]
 */

/**
 * Starts an app that prints the URL at which it serves.
 * @param {import('node:test').TestContext} t @param {Start} options
 */
export async function start(t, { packages = {}, files = {}, folder: given, args, env }) {
  const folder = given ?? (await createApp(t, packages, files))
  const now = { ...files }
  /** @type {NodeJS.ProcessEnv} */
  const clean = { ...process.env, NO_COLOR: '1', NODE_ENV: 'development' }
  for (const name of ['NODE_OPTIONS', 'NODE_DEBUG', 'HOT_HOOK_WATCH', 'NODE_CHANNEL_FD', 'NODE_TEST_CONTEXT', 'FORCE_COLOR']) delete clean[name]
  const child = spawn(process.execPath, args, { cwd: folder, env: { ...clean, ...env }, stdio: ['pipe', 'pipe', 'pipe', 'ipc'], detached: true })
  /** @type {any[]} */
  const messages = []
  const output = { stdout: '', stderr: '' }
  /** @type {{ code: number | null, signal: string | null } | undefined} */
  let exit
  child.stdout?.on('data', (data) => (output.stdout += data))
  child.stderr?.on('data', (data) => (output.stderr += data))
  child.on('message', (message) => messages.push(message))
  child.on('exit', (code, signal) => (exit = { code, signal }))
  const end = async () => {
    if (exit) return
    const exited = once(child, 'exit')
    // With all that it has started.
    process.kill(-(/** @type {number} */ (child.pid)), 'SIGKILL')
    await exited
  }
  ends.set(t, end)
  if (given) t.after(end)
  t.after(end)
  const known = () => inspect({ args, exit, messages, ...output }, { depth: 6, maxStringLength: 4000, breakLength: 120 })

  /** @template T @param {string} what @param {() => T | Promise<T>} look @returns {Promise<NonNullable<T>>} */
  async function until(what, look) {
    const end = Date.now() + DEADLINE
    for (;;) {
      const found = await look()
      if (found) return found
      if (exit || Date.now() > end) throw new Error(`not: ${what}\n${known()}`)
      await sleep(20)
    }
  }

  return {
    child,
    folder,
    messages,
    output,
    known,
    until,
    /** The URL that the app printed. */
    url: () => until('the app serves', () => output.stdout.match(/https?:\/\/[\w.[\]]+:\d+/)?.[0]),
    /** Replaces text in a file, as an editor does that saves it. @param {string} name @param {string} from @param {string} to */
    edit(name, from, to) {
      if (!now[name].includes(from)) throw new Error(`${name} has no ${from}`)
      write(folder, name, (now[name] = now[name].replaceAll(from, to)))
    },
    /** What a file holds now. @param {string} name */
    text: (name) => now[name],
    /** @param {string} name @param {string} text */
    save: (name, text) => write(folder, name, (now[name] = text)),
    /** The full reloads that were asked for. */
    restarts: () => messages.filter(({ type }) => type === 'hot-hook:full-reload').map(({ path: file }) => path.relative(folder, file)),
  }
}

/** A port that is free now: for apps that cannot be told to take any. */
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {net.AddressInfo} */ (server.address())
  server.close()
  await once(server, 'close')
  return port
}

/** @typedef {Awaited<ReturnType<typeof start>>} App */
