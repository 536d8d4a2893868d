/**
 * Does what the README of an example says, block by block:
 *
 * - `sh`: the command that starts it; it comes first
 * - `diff`: an edit: `--- FILE`, then the lines that go, then those that come
 * - `console`: after `$` a command, and below what it must print. `curl URL` is one; `node FILE …` runs such a file
 * - `text`: lines that must come on the terminal after the last edit
 *
 * `…` stands for anything. What is expected is waited for, with a deadline.
 */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** For installing, and for compilers that start on a busy machine. In milliseconds. */
const START = 240_000
const DEADLINE = 40_000

/** @param {string} name */
export const manifestOf = (name) => JSON.parse(fs.readFileSync(path.join(ROOT, 'examples', name, 'package.json'), 'utf8'))
export const names = fs.readdirSync(path.join(ROOT, 'examples')).filter((name) => fs.existsSync(path.join(ROOT, 'examples', name, 'package.json')))
/** Whether all that an example needs comes with this project. @param {string} name */
export const isComplete = (name) => {
  const { dependencies = {}, devDependencies = {} } = manifestOf(name)
  return Object.keys({ ...dependencies, ...devDependencies }).every((dependency) => fs.existsSync(path.join(ROOT, 'node_modules', dependency)))
}

/** @param {string} text @param {string} anything what `…` stands for */
const pattern = (text, anything) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', anything)

async function freePort() {
  const server = net.createServer().listen(0)
  await once(server, 'listening')
  const { port } = /** @type {net.AddressInfo} */ (server.address())
  server.close()
  await once(server, 'close')
  return port
}

/** A copy of an example, in a folder from where it finds what this project has installed. @param {string} name */
function copy(name) {
  const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'hot-hook-example-')))
  fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(base, 'node_modules'), 'dir')
  fs.cpSync(path.join(ROOT, 'examples', name), path.join(base, name), { recursive: true, verbatimSymlinks: true })
  return path.join(base, name)
}

/** The processes that carry a mark in their environment (Linux). @param {string} mark @returns {string[]} */
function processesWith(mark) {
  if (process.platform !== 'linux') return []
  return fs.readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && fs.readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark)
    } catch {
      return false // it has ended, or is another user's
    }
  })
}

/** @param {import('node:test').TestContext} t @param {string} name */
export async function follow(t, name) {
  const folder = copy(name)
  const readme = fs.readFileSync(path.join(folder, 'README.md'), 'utf8')
  const [[, , command], ...steps] = [...readme.matchAll(/^```(sh|console|diff|text)\n([^]*?)^```$/gm)]
  assert.equal(command, `npm run example ${name}\n`, 'the first block is the one command')
  assert.ok(steps.some(([, kind]) => kind === 'diff'), 'something is edited')

  const port = String(await freePort())
  const mark = `HOT_HOOK_EXAMPLE=${path.basename(path.dirname(folder))}`
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, NO_COLOR: '1', PORT: port, INTERVAL: '100', WORK: '50', HOT_HOOK_EXAMPLE: mark.split('=')[1] }
  for (const key of ['NODE_OPTIONS', 'NODE_DEBUG', 'HOT_HOOK_WATCH', 'NODE_CHANNEL_FD', 'NODE_TEST_CONTEXT', 'FORCE_COLOR']) delete env[key]
  env.PATH = `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH}`
  // A group of its own, as a shell makes one: Ctrl-C goes to all of it.
  const child = spawn('npm', ['run', 'example', folder], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const exited = once(child, 'exit')
  let output = ''
  /** How much of it there was before the last edit. */
  let seen = 0
  let deadline = START
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data))
  t.after(async () => {
    for (const pid of processesWith(mark)) process.kill(Number(pid), 'SIGKILL')
    await exited
    fs.rmSync(path.dirname(folder), { recursive: true, force: true, maxRetries: 3 })
  })

  /** @param {string} what @param {() => unknown} look */
  async function until(what, look) {
    const end = Date.now() + deadline
    while (!(await look())) {
      if (child.exitCode !== null || Date.now() > end) assert.fail(`not: ${what}\n${output}`)
      await sleep(20)
    }
  }

  /** @type {Record<string, (text: string) => Promise<void>>} */
  const kinds = {
    async diff(text) {
      const [head, ...lines] = text.trimEnd().split('\n')
      const file = path.join(folder, head.replace('--- ', ''))
      const [from, to] = ['-', '+'].map((sign) => lines.filter((line) => line.startsWith(sign)).map((line) => line.slice(1)).join('\n'))
      const before = fs.readFileSync(file, 'utf8')
      assert.equal(before.split(from).length, 2, `${head}: once ${from}`)
      seen = output.length
      fs.writeFileSync(file, before.replace(from, () => to))
    },
    async text(text) {
      for (const line of text.trimEnd().split('\n')) await until(line, () => new RegExp(`^${pattern(line, '.*')}$`, 'm').test(output.slice(seen)))
    },
    async console(text) {
      for (const [, words, expected] of text.matchAll(/^\$ (.+)\n([^$]*)/gm)) {
        let last = ''
        const run = async () => new RegExp(`^${pattern(expected.trim(), '[^]*')}$`).test((last = (await answer(words)).trim()))
        await until(words, run).catch((error) => assert.fail(`${words}\nexpected:\n${expected}\nlast:\n${last}\n${error.message}`))
      }
    },
  }
  /** @param {string} words @returns {Promise<string>} */
  async function answer(words) {
    const [program, ...args] = words.split(' ')
    if (program === 'curl') {
      const [url] = args
      const options = { signal: AbortSignal.timeout(10_000), headers: { connection: 'close' } }
      return fetch(`http://${url.replace('localhost:3333', `localhost:${port}`)}`, options).then((response) => response.text(), String)
    }
    assert.equal(program, 'node', words)
    const own = args.map((arg) => arg.replace(`examples/${name}/`, `${folder}/`))
    return new Promise((resolve) => execFile(process.execPath, own, { env }, (_error, stdout, stderr) => resolve(stdout + stderr)))
  }

  for (const [, kind, text] of steps) {
    await kinds[kind](text)
    deadline = DEADLINE
  }

  process.kill(-(/** @type {number} */ (child.pid)), 'SIGINT')
  await Promise.race([exited, sleep(DEADLINE, undefined, { ref: false }).then(() => assert.fail(`Ctrl-C does not end it\n${output}`))])
  const end = Date.now() + DEADLINE
  while (processesWith(mark).length > 0 && Date.now() < end) await sleep(20)
  assert.deepEqual(processesWith(mark).map((pid) => fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')), [], 'no process is left')
}
