/**
 * Real apps for tests: files from an object, a real process, expectations with a deadline. Nothing here sleeps and
 * hopes: what should come is awaited, and when it does not come all that is known is shown.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { inspect, isDeepStrictEqual } from 'node:util'

export const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))

const NATIVE = path.join(PACKAGE, 'lib/native')

/** The addon that was built. */
export const ADDON = path.join(NATIVE, fs.readdirSync(NATIVE).find((name) => name.endsWith('.node')) ?? '')

/** Another copy of the package, without its addon. @param {string} folder that does not exist */
export function copyPackage(folder) {
  const filter = (/** @type {string} */ from) => !from.endsWith('.node')
  for (const name of ['package.json', 'loader.mjs', 'lib', 'cli']) fs.cpSync(path.join(PACKAGE, name), path.join(folder, name), { recursive: true, filter })
}
const SERVE = fileURLToPath(new URL('serve.cjs', import.meta.url))
/** How long a test waits for what must come, in milliseconds: long, because machines are busy. */
export const DEADLINE = 15_000
/** The folder of the modules that {@link createApp}'s `quiet()` deletes. */
export const PROBES = '.probes'

const [major, minor] = process.versions.node.split('.').map(Number)
/** Whether the tests run on at least that Node. */
export const nodeIs = (/** @type {number} */ m, n = 0) => major > m || (major === m && minor >= n)

export const isLinux = process.platform === 'linux'

/**
 * A condition to wait for: `read` returns the same in 100 looks in a row, about a second.
 * @param {() => unknown} read
 */
export function isSteady(read) {
  let looks = 0
  /** @type {unknown} */
  let last
  return () => {
    const now = read()
    looks = now === last ? looks + 1 : 0
    last = now
    return looks >= 100
  }
}

/** The import options of a boundary, as source text. */
export const HOT = `{ with: { hot: 'true' } }`

/**
 * @typedef {object} Options
 * @property {Record<string, string>} [files] paths from the app's folder → text
 * @property {unknown} [hotHook] `package.json#hotHook`
 * @property {Record<string, unknown>} [packageJson] more of package.json
 * @property {string} [entry] default `main.mjs`
 * @property {boolean} [register] whether to start with `--import=hot-hook/register`; default true
 * @property {string[]} [before] Node's arguments before it
 * @property {string[]} [after] Node's arguments after it
 * @property {string[]} [args] the script's
 * @property {Record<string, string>} [env]
 * @property {string} [cwd]
 * @property {boolean} [ipc] default true
 * @property {boolean} [wait] whether to wait until the app serves; default true
 * @property {string} [folder] an existing app folder, to start it once more
 * @property {string[]} [within] a command that runs Node
 */

/**
 * How to end the apps of a test. They end before its folders are deleted: an app that runs writes into node_modules/.cache.
 * @type {WeakMap<import('node:test').TestContext, Array<() => Promise<void>>>}
 */
const ends = new WeakMap()

/**
 * A folder with an app's files, deleted after the test. @param {import('node:test').TestContext} t @param {Options} options
 */
export function createFolder(t, { files = {}, hotHook, packageJson = {} }) {
  const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'hot-hook-')))
  t.after(async () => {
    for (const end of ends.get(t) ?? []) await end()
    fs.rmSync(base, { recursive: true, force: true, maxRetries: 3 })
  })
  const folder = path.join(base, 'app')
  // Where a pointer may lie, whatever the umask.
  fs.mkdirSync(path.join(folder, 'node_modules'), { recursive: true, mode: 0o755 })
  fs.symlinkSync(PACKAGE, path.join(folder, 'node_modules/hot-hook'), 'dir')
  write(folder, 'package.json', JSON.stringify({ name: 'app', type: 'module', ...packageJson, hotHook }))
  for (const [name, text] of Object.entries(files)) write(folder, name, text)
  return folder
}

/** Writes a file, and the folders that it needs. @param {string} folder @param {string} name @param {string} text */
export function write(folder, name, text) {
  const file = path.join(folder, name)
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, text)
}

/**
 * Starts an app. It is killed after the test.
 * @param {import('node:test').TestContext} t @param {Options} options
 */
export async function startApp(t, options) {
  const { register = true, entry = 'main.mjs', before = [], after = [], args = [], ipc = true, wait = true } = options
  const folder = options.folder ?? createFolder(t, options)
  const argv = [
    ...(ipc ? ['--require', SERVE] : []),
    ...before,
    ...(register ? ['--import=hot-hook/register'] : []),
    ...after,
    path.resolve(folder, entry),
    ...args,
  ]
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, NO_COLOR: '1' }
  for (const name of ['NODE_OPTIONS', 'NODE_DEBUG', 'HOT_HOOK_WATCH', 'NODE_CHANNEL_FD', 'NODE_TEST_CONTEXT', 'FORCE_COLOR']) delete env[name]
  Object.assign(env, options.env)
  const [command, ...all] = [...(options.within ?? []), process.execPath, ...argv]
  const child = spawn(command, all, {
    cwd: options.cwd ?? folder,
    env,
    stdio: ipc ? ['ignore', 'pipe', 'pipe', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  })
  const app = createApp(folder, child)
  ends.set(t, [...(ends.get(t) ?? []), app.kill])
  t.after(app.kill)
  if (ipc && wait) await app.ready()
  return app
}

/** @param {string} folder @param {import('node:child_process').ChildProcess} child */
function createApp(folder, child) {
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  const asked = new Map()
  /** @type {any[]} */
  const messages = []
  let isReady = false
  /** @type {{ code: number | null, signal: string | null } | undefined} */
  let exit
  const output = { stdout: '', stderr: '' }
  child.stdout?.on('data', (data) => (output.stdout += data))
  child.stderr?.on('data', (data) => (output.stderr += data))
  const probes = path.join(folder, PROBES)
  /** The probes whose deletion the app has noticed. @type {Set<string>} */
  const noticed = new Set()
  let probeCount = 0
  /** Takes probes out of a message, and says whether there was nothing else in it. @param {any} message */
  const isOfProbes = (message) => {
    const found = message?.paths?.filter((/** @type {string} */ file) => path.dirname(file) === probes) ?? []
    for (const probe of found) noticed.add(probe)
    if (found.length > 0) message.paths = message.paths.filter((/** @type {string} */ file) => !found.includes(file))
    return found.length > 0 && message.paths.length === 0
  }
  child.on('message', (/** @type {any} */ message) => {
    if (message?.ready) isReady = true
    else if (message && 'answer' in Object(message)) {
      const { resolve, reject } = asked.get(message.answer) ?? {}
      asked.delete(message.answer)
      if (message.error) reject?.(Object.assign(new Error(message.error.message), message.error, { inApp: true }))
      else resolve?.(message.value)
    } else if (!isOfProbes(message)) messages.push(message)
  })
  // Not the event 'close': after `child.disconnect()` it never comes.
  const ends = [once(child, 'exit'), ...[child.stdout, child.stderr].map((stream) => once(/** @type {any} */ (stream), 'close'))]
  if (child.connected) ends.push(once(child, 'disconnect'))
  const exited = Promise.all(ends).then(([[code, signal]]) => {
    exit = { code, signal }
    for (const { reject } of asked.values()) reject(fail('the app has exited'))
  })

  /** All that is known. */
  const known = () =>
    inspect({ argv: child.spawnargs, exit, messages, ...output }, { depth: 6, maxArrayLength: 50, maxStringLength: 4000, breakLength: 120 })
  const fail = (/** @type {string} */ text) => new Error(`${text}\n${known()}`)

  /**
   * Waits until `look` returns something true.
   * @template T @param {string} what @param {() => T | Promise<T>} look @param {number} [deadline]
   */
  async function until(what, look, deadline = DEADLINE) {
    const end = Date.now() + deadline
    for (;;) {
      const found = await look()
      if (found) return found
      if (Date.now() > end) throw fail(`after ${deadline} ms, not: ${what}`)
      await sleep(10)
    }
  }

  const app = {
    child,
    folder,
    messages,
    output,
    until,
    /** @param {string} name */
    file: (name) => path.join(folder, name),
    /** Saves as an editor does that writes in place. @param {string} name @param {string} text */
    save: (name, text) => write(folder, name, text),
    /** Saves as an editor does that renames into place. @param {string} name @param {string} text */
    replace(name, text) {
      write(folder, `${name}.tmp`, text)
      fs.renameSync(path.join(folder, `${name}.tmp`), path.join(folder, name))
    },
    /** @param {string} name */
    remove: (name) => fs.rmSync(path.join(folder, name), { recursive: true }),
    ready: () =>
      until('the app serves', () => {
        if (exit) throw fail('the app has exited before it served')
        return isReady
      }),
    /** @param {string} name @param {any[]} args @returns {Promise<any>} */
    ask(name, ...args) {
      if (exit) throw fail('the app has exited')
      const ask = asked.size + Math.floor(Math.random() * 1e9)
      return new Promise((resolve, reject) => {
        asked.set(ask, { resolve, reject })
        child.send({ ask, name, args })
        sleep(DEADLINE, undefined, { ref: false }).then(() => asked.delete(ask) && reject(fail(`no answer to ${name}`)))
      })
    },
    /** The error that a question ends in. @param {string} name @param {any[]} args @returns {Promise<any>} */
    async askError(name, ...args) {
      try {
        const value = await app.ask(name, ...args)
        throw Object.assign(fail(`${name} answers ${inspect(value)}, and should fail`), { inApp: false })
      } catch (error) {
        if (/** @type {any} */ (error).inApp) return error
        throw error
      }
    },
    /** Asks until the answer is `expected`. @param {string} name @param {any} expected @param {any[]} args */
    async expect(name, expected, ...args) {
      /** @type {any} */
      let last
      const look = async () => {
        last = await app.ask(name, ...args).catch((error) => (error.inApp ? error : Promise.reject(error)))
        return typeof expected === 'function' ? expected(last) : isDeepStrictEqual(last, expected)
      }
      await until(`${name} answers ${inspect(expected)}`, look).catch((error) => {
        throw new Error(`${error.message}\nlast answer: ${inspect(last)}`)
      })
      return last
    },
    /** The messages of a type so far. @param {string} type */
    told: (type) => messages.filter((message) => message?.type === `hot-hook:${type}`),
    /** Waits for the `count`th message of a type. @param {string} type @param {number} [count] */
    async message(type, count = 1) {
      await until(`${count} message(s) hot-hook:${type}`, () => app.told(type).length >= count)
      return app.told(type)[count - 1]
    },
    /** @param {any} message */
    tell: (message) => child.send(message),
    /** Stops all threads of the process, until `resume()`. Linux only. */
    async stop() {
      child.kill('SIGSTOP')
      const tasks = `/proc/${child.pid}/task`
      const isStopped = (/** @type {string} */ task) => / [Tt] /.test(fs.readFileSync(`${tasks}/${task}/stat`, 'utf8').split(')').at(-1) ?? '')
      await until('it has stopped', () => fs.readdirSync(tasks).every(isStopped))
    },
    resume: () => child.kill('SIGCONT'),
    /**
     * Waits until the app has dealt with all that happened before, so that what has not come by then does not come. A module is
     * imported and deleted, and its deletion, which counts 50 ms later, is waited for; then it is done once more, for what
     * is compared after it has settled.
     * @param {(file: string) => void} [deleted] called after a deletion, to report it
     */
    async quiet(deleted = () => {}) {
      for (const _ of [1, 2]) {
        const file = path.join(probes, `${++probeCount}.mjs`)
        write(probes, path.basename(file), '')
        await app.ask('probe', file)
        fs.rmSync(file)
        deleted(file)
        await until('a deleted probe is noticed', () => noticed.has(file))
      }
      const mark = `probe ${probeCount} ends\n`
      await app.ask('print', mark)
      await until('the output is read', () => output.stderr.includes(mark))
      output.stderr = output.stderr.replace(mark, '')
    },
    /** Waits for the end of the process. @returns {Promise<{ code: number | null, signal: string | null }>} */
    async exit() {
      await until('the app exits', () => exit)
      return /** @type {any} */ (exit)
    },
    known,
    async kill() {
      if (!exit) child.kill('SIGKILL')
      await exited
    },
  }
  return app
}

/** What an app has said on standard error, but for what became of saves. @param {{ output: { stderr: string } }} app */
export const said = ({ output }) => output.stderr.replaceAll(/^(?:✗ [^]*?\n {2}(?:imports of it fail|the old one stays) until it is mended|✓ .* is mended.*)\n/gm, '')
