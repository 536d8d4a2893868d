/**
 * `node bench/others.mjs [--saves 100]`: what README says of other tools that run code again in the same process. A server answers with
 * what a module holds; that is saved, and the server asked until the answer is fresh. Installs Vite and Bun.
 */
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { install } from '../frameworks/support/app.mjs'
import { median } from './rounds.mjs'

const { values: { saves } } = parseArgs({ options: { saves: { type: 'string', default: '100' } } })
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DEADLINE = 30_000
/** So long a tool is left alone between two saves, in milliseconds. */
const PAUSE = 200

const PAGE = `export { value } from './value.js'\n`
const value = (/** @type {number} */ n) => `export const value = ${n}\n`
const serve = (/** @type {string} */ load, before = '') => `import http from 'node:http'
${before}
const server = http.createServer(async (request, response) => response.end(String((await ${load}).value)))
server.listen(0, '127.0.0.1', () => console.log('port ' + server.address().port))
`

/** @typedef {{ main: string, command: string, args: string[], hotHook?: string }} Tool */
/** @type {Record<string, Tool>} */
const TOOLS = {
  'hot-hook': { main: serve(`import('./page.js', import.meta.hot?.boundary)`), command: process.execPath, args: ['--import=hot-hook/register', 'main.js'] },
  'hot-hook 1.0': { main: serve(`import('./page.js', import.meta.hot?.boundary)`), command: process.execPath, args: ['--import=hot-hook/register', 'main.js'], hotHook: path.join(ROOT, 'node_modules/hot-hook-v1') },
  "Vite's module runner": {
    main: serve(`runner.import('/page.js')`, `import { createServer, createServerModuleRunner } from 'vite'
const vite = await createServer({ root: import.meta.dirname, configFile: false, appType: 'custom', logLevel: 'error', server: { middlewareMode: true, ws: false } })
const runner = createServerModuleRunner(vite.environments.ssr)`),
    command: process.execPath, args: ['main.js'],
  },
  'Bun --hot': { main: serve(`import('./page.js')`), command: 'bun', args: ['--hot', 'main.js'] },
}

/** @param {number} port @returns {Promise<string>} */
const ask = (port) =>
  new Promise((resolve, reject) => {
    http.get({ port, host: '127.0.0.1' }, async (response) => resolve(Buffer.concat(await response.toArray()).toString())).on('error', reject)
  })

/** @param {Tool} tool @param {string} packages where Vite is */
async function measure({ main, command, args, hotHook = ROOT }, packages) {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'hot-hook-others-'))
  const write = (/** @type {string} */ file, /** @type {string} */ text) => fs.writeFileSync(path.join(folder, file), text)
  fs.mkdirSync(path.join(folder, 'node_modules'))
  fs.symlinkSync(hotHook, path.join(folder, 'node_modules/hot-hook'), 'dir')
  fs.symlinkSync(path.join(packages, 'node_modules/vite'), path.join(folder, 'node_modules/vite'), 'dir')
  write('package.json', '{ "type": "module", "hotHook": { "boundaries": ["./page.js"] } }')
  write('page.js', PAGE)
  write('value.js', value(0))
  write('main.js', main)
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOT_HOOK_SOCKET: '0' } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data))
  try {
    const wait = async (/** @type {() => unknown} */ look) => {
      for (const end = Date.now() + DEADLINE; !look(); await sleep(10)) if (Date.now() > end || child.exitCode !== null) throw new Error(output)
    }
    await wait(() => /port \d+/.test(output))
    const port = Number(/port (\d+)/.exec(output)?.[1])
    const times = []
    let stale = 0
    for (let n = 1; n <= Number(saves); n++) {
      await ask(port)
      await sleep(PAUSE)
      const begun = performance.now()
      write('value.js', value(n))
      while ((await ask(port)) !== String(n)) {
        stale++
        if (performance.now() - begun > DEADLINE) throw new Error(`never fresh\n${output}`)
      }
      times.push(performance.now() - begun)
    }
    return { ms: median(times), stale }
  } finally {
    child.kill('SIGKILL')
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

const packages = await install({ vite: '7', '@oven/bun-linux-x64': '1' })
const versionOf = (/** @type {string} */ name) => JSON.parse(fs.readFileSync(path.join(packages, 'node_modules', name, 'package.json'), 'utf8')).version
TOOLS['Bun --hot'].command = path.join(packages, 'node_modules/@oven/bun-linux-x64/bin/bun')
console.log(`Node ${process.version}, Vite ${versionOf('vite')}, Bun ${versionOf('@oven/bun-linux-x64')}, ${saves} saves\n
| | save → first fresh answer | stale answers before it |\n| --- | ---: | ---: |`)
for (const [name, tool] of Object.entries(TOOLS)) {
  const { ms, stale } = await measure(tool, packages)
  console.log(`| ${name} | ${ms.toFixed(1)} ms | ${stale} |`)
}
