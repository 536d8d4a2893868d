/**
 * Supervisors side by side, each with its own copy of one app: what a restart costs those who ask, and how long it takes
 * from a save to the first answer of the new code.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createFolder } from '../folder.mjs'
import { interleave, median } from '../rounds.mjs'

const PACKAGE = fileURLToPath(new URL('../..', import.meta.url))
const LOAD = path.join(PACKAGE, '__test__/support/load.mjs')
const inModules = (/** @type {string} */ file) => path.join(PACKAGE, 'node_modules', file)

const OURS = 'hot-runner'
/** @type {Record<string, (node: string) => string[]>} */
const SUPERVISORS = {
  [OURS]: (node) => [node, path.join(PACKAGE, 'packages/runner/cli.mjs'), '--json'],
  'node --watch': (node) => [node, '--watch'],
  nodemon: (node) => [node, inModules('nodemon/bin/nodemon.js'), '--quiet'],
  'tsx watch': (node) => [node, inModules('tsx/dist/cli.mjs'), 'watch'],
}

const FOLDERS = 25
const DEADLINE = 60_000
/** So long a supervisor is left alone between two saves, in milliseconds: nodemon and `node --watch` gather changes. */
const PAUSE = 1000

/** @param {number} n */
const value = (n) => `export const value = ${n}\n`

/** A server that answers with the value, below `size` modules of 20 lines. @param {number} size @param {number} port */
function createFiles(size, port) {
  const name = (/** @type {number} */ i) => `lib/folder${i % FOLDERS}/module${i}.mjs`
  /** @type {Record<string, string>} */
  const files = {
    'main.mjs': `import http from 'node:http'
${size > 0 ? `import './${name(0)}'` : ''}
import { value } from './value.mjs'
http.createServer((request, response) => setTimeout(() => response.end(String(value)), 2)).listen(${port}, '127.0.0.1')
`,
    'value.mjs': value(0),
  }
  for (let i = 0; i < size; i++) {
    const children = [2 * i + 1, 2 * i + 2].filter((child) => child < size)
    const steps = Array.from({ length: 5 }, (_, at) => `export function step${at}(input) {\n  return input.filter((item) => item.id !== ${i}).map((item) => item.weight + ${at})\n}`)
    files[name(i)] = [...children.map((child) => `import '../../${name(child)}'`), ...steps, ''].join('\n')
  }
  return files
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {net.AddressInfo} */ (server.address())
  server.close()
  return port
}

/** @param {number} port @returns {Promise<string>} */
function ask(port) {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, host: '127.0.0.1', agent: false }, async (response) => {
      resolve(Buffer.concat(await response.toArray().catch(() => [])).toString())
    })
    request.on('error', reject)
  })
}

/** @param {string} node @param {string} name @param {number} size */
async function start(node, name, size) {
  const port = await freePort()
  const folder = createFolder({ name, folder: PACKAGE }, createFiles(size, port))
  const [command, ...argv] = SUPERVISORS[name](node)
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}` }
  for (const variable of ['NODE_OPTIONS', 'NODE_DEBUG', 'NODE_COMPILE_CACHE']) delete env[variable]
  const child = spawn(command, [...argv, 'main.mjs'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (data) => (stderr += data))
  /** Asks until the answer is that; returns when it came. @param {number} n */
  async function until(n) {
    const end = performance.now() + DEADLINE
    for (;;) {
      if ((await ask(port).catch(() => '')) === String(n)) return performance.now()
      if (performance.now() > end) throw new Error(`${name} never answers ${n}\n${stderr}`)
      await sleep(2)
    }
  }
  await until(0)
  await sleep(PAUSE)
  let n = 0
  /** What the runner says of its restarts. */
  const begun = () => stderr.split('\n').filter((line) => line.includes('"event":"restart"')).map((line) => JSON.parse(line).time)
  /** @type {number[]} */
  const saved = []
  return {
    name,
    port,
    /** Saves the next value. Returns how long it took until it was answered, in milliseconds. */
    async save() {
      saved.push(Date.now())
      const begin = performance.now()
      fs.writeFileSync(path.join(folder, 'value.mjs'), value(++n))
      return (await until(n)) - begin
    },
    /** How long it took until each restart began, in milliseconds. */
    delays: () => begun().map((at, save) => at - saved[save]),
    async stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 3000)
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      clearTimeout(timer)
    },
  }
}

/** @param {string} node @param {string} name @param {number} reloads */
async function underLoad(node, name, reloads) {
  const app = await start(node, name, 0)
  const client = spawn(node, [LOAD, JSON.stringify({ port: app.port, connections: 50, keepAlive: true })], { stdio: ['pipe', 'pipe', 'inherit'] })
  let text = ''
  client.stdout.on('data', (data) => (text += data))
  while (!text.includes('begun')) await once(client.stdout, 'data')
  for (let n = 0; n < reloads; n++) {
    await app.save()
    await sleep(PAUSE / 4)
  }
  const closed = once(client, 'close')
  client.stdin.write('\n')
  await closed
  await app.stop()
  return JSON.parse(text.split('\n')[1])
}

/**
 * @param {import('../run.mjs').Context} context
 * @returns {Promise<{ names: string[], rows: import('../table.mjs').Row[] }>}
 */
export async function run({ node, rounds, quick }) {
  const names = Object.keys(SUPERVISORS)
  const reloads = Number(process.env.RELOADS ?? (quick ? 3 : 20))
  /** @type {Record<string, any>} */
  const loads = {}
  for (const name of names) loads[name] = await underLoad(node, name, reloads)
  const of = (/** @type {string} */ field) => Object.fromEntries(names.map((name) => [name, [loads[name][field]]]))

  const size = quick ? 50 : 1000
  const apps = []
  for (const name of names) apps.push(await start(node, name, size))
  const samples = await interleave(apps, rounds(12), async (app) => {
    const took = await app.save()
    await sleep(PAUSE)
    return took
  })
  const delays = apps[0].delays()
  for (const app of apps) await app.stop()
  const ratios = names.filter((name) => name !== OURS).map((name) => `${(median(samples[OURS]) / median(samples[name])).toFixed(2)} × ${name}`)
  const load = `${reloads} restarts under 50 connections in a closed loop`
  return {
    names,
    rows: [
      { title: `${load}: requests refused`, unit: '', target: '0', samples: of('refused') },
      { title: `${load}: reset`, unit: '', target: '0', samples: of('reset') },
      { title: `${load}: wrong answers`, unit: '', target: '0', samples: of('wrong') },
      { title: `${load}: the longest wait`, unit: 'ms', samples: of('longest') },
      { title: `save → the restart begins, ${size} modules`, unit: 'ms', target: '20 ms', samples: { [OURS]: delays }, remarks: { [OURS]: `at most ${Math.max(...delays)} ms` } },
      { title: `save → first fresh answer, ${size} modules`, unit: 'ms', target: '0.8 × node --watch, nodemon', samples, remarks: { [OURS]: ratios.join(', ') } },
    ],
  }
}
