/*
 * The hints, done to the letter: apps as the frameworks' own guides write them. What a hint says is written into the app, until nothing
 * asks for a restart any more; then edits of all files are fresh.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { createRandom } from '../__test__/support/fuzz.mjs'
import { runScript } from '../__test__/support/cli.mjs'
import { createApp, freePort, start } from './support/app.mjs'

const CLI = fileURLToPath(new URL('../cli/main.mjs', import.meta.url))

/** How many edits are tried when all is hot. */
const EDITS = 20

const manifest = (more = {}) => JSON.stringify({ type: 'module', ...more })
const url = 'console.log(`http://localhost:${server.address().port}`)'

/**
 * @typedef {object} App
 * @property {Record<string, string>} packages @property {string[]} args @property {Record<string, string>} files
 * @property {Record<string, string>} edits file → where it shows. Each says its name and a number: `users 1`
 * @property {{ file: string, listens: RegExp, app: [RegExp, string] }} [split] how the app moves to a file of its own: what listens is left out, and
 *   the app is exported
 * @property {number} [changes] how many hints are followed; default: 1
 */

/** @type {Record<string, App>} */
const apps = {
  'Express 5: routers in the file that listens': {
    packages: { express: '5' },
    args: ['app.js'],
    files: {
      'package.json': manifest(),
      'app.js': `import express from 'express'
import birds from './birds.js'
import users from './users.js'

const app = express()
app.use('/birds', birds)
app.use('/users', users)
const server = app.listen(0, () => ${url})
`,
      'birds.js': `import express from 'express'
import { list } from './services/birds.js'

const router = express.Router()
router.get('/', (request, response) => { response.send('route 1 ' + list()) })

export default router
`,
      'users.js': `import express from 'express'

const router = express.Router()
router.get('/', (request, response) => { response.send('users 1') })
export default router
`,
      'services/birds.js': `export const list = () => 'birds 1'\n`,
    },
    edits: { 'birds.js': '/birds', 'services/birds.js': '/birds', 'users.js': '/users' },
    changes: 2,
  },
  'Express 5 in TypeScript, by tsx: an app and its server': {
    packages: { express: '5', tsx: '4' },
    args: ['--import=tsx', 'src/server.ts'],
    files: {
      'package.json': manifest(),
      'src/server.ts': `import type { AddressInfo } from 'node:net'
import { port } from './config.js'
import { app } from './app.js'

const server = app.listen(port, () => console.log(\`http://localhost:\${(server.address() as AddressInfo).port}\`))
`,
      'src/config.ts': 'export const port: number = Number(process.env.PORT ?? 0)\n',
      'src/app.ts': `import express from 'express'
import { users } from './routes/users.js'

export const app = express()
app.use('/users', users)
`,
      'src/routes/users.ts': `import { Router, type Request, type Response } from 'express'
import { list } from '../services/users.js'

export const users = Router()
users.get('/', (request: Request, response: Response) => { response.send('route 1 ' + list()) })
`,
      'src/services/users.ts': `export const list = (): string => 'users 1'\n`,
    },
    edits: { 'src/routes/users.ts': '/users', 'src/services/users.ts': '/users' },
  },
  'Express 5 in CommonJS': {
    packages: { express: '5' },
    args: ['server.js'],
    files: {
      'package.json': '{}',
      'server.js': `const app = require('./app')

const server = app.listen(0, () => ${url})
`,
      'app.js': `const express = require('express')
const users = require('./routes/users')

const app = express()
app.use('/users', users)

module.exports = app
`,
      'routes/users.js': `const express = require('express')
const { list } = require('../services/users')

const router = express.Router()
router.get('/', (request, response) => { response.send('route 1 ' + list()) })

module.exports = router
`,
      'services/users.js': `exports.list = () => 'users 1'\n`,
    },
    edits: { 'routes/users.js': '/users', 'services/users.js': '/users' },
  },
  'Fastify 5: a plugin in the file that listens': {
    packages: { fastify: '5' },
    args: ['server.js'],
    files: {
      'package.json': manifest(),
      'server.js': `import Fastify from 'fastify'
import routes from './our-first-route.js'

const fastify = Fastify()
fastify.register(routes)

fastify.listen({ port: 0 }, (error, address) => {
  if (error) throw error
  console.log(address)
})
`,
      'our-first-route.js': `import { list } from './services/users.js'

export default async function routes(fastify, options) {
  fastify.get('/users', async (request, reply) => 'route 1 ' + list())
}
`,
      'services/users.js': `export const list = () => 'users 1'\n`,
    },
    edits: { 'our-first-route.js': '/users', 'services/users.js': '/users' },
    split: { file: 'app.js', listens: /fastify\.listen[^]*$/, app: [/const fastify/, 'export const fastify'] },
  },
  'Fastify 5: what makes the app, and its server': {
    packages: { fastify: '5' },
    args: ['server.js'],
    files: {
      'package.json': manifest(),
      'server.js': `import app from './app.js'

await app.listen({ port: Number(process.env.PORT) })
console.log(\`http://localhost:\${process.env.PORT}\`)
`,
      'app.js': `import Fastify from 'fastify'
import routes from './routes/users.js'

const app = Fastify()
app.register(routes)

export default app
`,
      'routes/users.js': `import { list } from '../services/users.js'

export default async (fastify) => {
  fastify.get('/users', async () => 'route 1 ' + list())
}
`,
      'services/users.js': `export const list = () => 'users 1'\n`,
    },
    edits: { 'routes/users.js': '/users', 'services/users.js': '/users' },
  },
  'Hono 4, with JSX': {
    packages: { hono: '4', '@hono/node-server': '1', tsx: '4' },
    args: ['--import=tsx', 'src/index.tsx'],
    files: {
      'package.json': manifest(),
      'tsconfig.json': JSON.stringify({ compilerOptions: { jsx: 'react-jsx', jsxImportSource: 'hono/jsx', module: 'nodenext' } }),
      'src/index.tsx': `import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { users } from './users.js'

const app = new Hono()
app.route('/users', users)

serve({ fetch: app.fetch, port: 0 }, ({ port }) => console.log(\`http://localhost:\${port}\`))
`,
      'src/users.tsx': `import { Hono } from 'hono'
import { List } from './views/list.js'

export const users = new Hono()
users.get('/', (context) => context.html(<p>route 1 <List /></p>))
`,
      'src/views/list.tsx': `export const List = () => <b>users 1</b>\n`,
    },
    edits: { 'src/users.tsx': '/users', 'src/views/list.tsx': '/users' },
    split: { file: 'src/app.tsx', listens: /serve\(\{[^]*$/, app: [/const app/, 'export const app'] },
  },
  'Koa 3': {
    packages: { koa: '3', '@koa/router': '14' },
    args: ['app.js'],
    files: {
      'package.json': manifest(),
      'app.js': `import Koa from 'koa'
import router from './routes.js'

const app = new Koa()
app.use(router.routes()).use(router.allowedMethods())
const server = app.listen(0, () => ${url})
`,
      'routes.js': `import Router from '@koa/router'
import { list } from './services/users.js'

const router = new Router()
router.get('/users', (context) => { context.body = 'route 1 ' + list() })

export default router
`,
      'services/users.js': `export const list = () => 'users 1'\n`,
    },
    edits: { 'routes.js': '/users', 'services/users.js': '/users' },
    split: { file: 'app.js', listens: /const server[^]*$/, app: [/const app/, 'export const app'] },
  },
  'node:http': {
    packages: {},
    args: ['server.js'],
    files: {
      'package.json': manifest(),
      'server.js': `import { createServer } from 'node:http'
import { route } from './routes.js'

const server = createServer(route).listen(0, () => ${url})
`,
      'routes.js': `import { list } from './services/users.js'

export function route(request, response) {
  response.end('route 1 ' + list())
}
`,
      'services/users.js': `export const list = () => 'users 1'\n`,
    },
    edits: { 'routes.js': '/', 'services/users.js': '/' },
  },
  'tRPC 11': {
    packages: { '@trpc/server': '11', tsx: '4' },
    args: ['--import=tsx', 'src/server.ts'],
    files: {
      'package.json': manifest(),
      'src/server.ts': `import type { AddressInfo } from 'node:net'
import { createHTTPServer } from '@trpc/server/adapters/standalone'
import { appRouter } from './router.js'

const server = createHTTPServer({ router: appRouter })
server.listen(0, () => console.log(\`http://localhost:\${(server.address() as AddressInfo).port}\`))
`,
      'src/trpc.ts': `import { initTRPC } from '@trpc/server'

const t = initTRPC.create()
export const { router, procedure } = { router: t.router, procedure: t.procedure }
`,
      'src/router.ts': `import { list } from './services/users.js'
import { procedure, router } from './trpc.js'

export const appRouter = router({ users: procedure.query(() => 'route 1 ' + list()) })
export type AppRouter = typeof appRouter
`,
      'src/services/users.ts': `export const list = (): string => 'users 1'\n`,
    },
    edits: { 'src/router.ts': '/users', 'src/services/users.ts': '/users' },
    split: { file: 'src/app.ts', listens: /server\.listen[^]*$/, app: [/const server/, 'export const server'] },
  },
}

for (const [name, app] of Object.entries(apps)) {
  test(`${name}: what the hint says makes all of it hot`, async (t) => {
    const folder = await createApp(t, app.packages, app.files)
    let changes = 0
    let running = await run(t, folder, app)
    for (let hint; (hint = await firstHint(running, app)); changes++) {
      assert.ok(changes < 5, `there is always one more hint\n${hint}`)
      follow(folder, app, hint)
      await running.stop()
      running = await run(t, folder, app)
    }
    assert.equal(changes, app.changes ?? 1)
    await edit(running, app)
    assert.deepEqual(running.restarts(), [], running.known())
  })
}

test('Fastify 5 with autoload: for what it loads a restart is right, below that a hint helps', async (t) => {
  const app = {
    packages: { fastify: '5', '@fastify/autoload': '6' },
    args: ['server.js'],
    files: {
      'package.json': manifest(),
      'server.js': `import { fileURLToPath } from 'node:url'
import autoload from '@fastify/autoload'
import Fastify from 'fastify'

const app = Fastify()
app.register(autoload, { dir: fileURLToPath(new URL('./routes', import.meta.url)) })
console.log(await app.listen({ port: 0 }))
`,
      'routes/users.js': `import { list } from '../services/users.js'

export default async (fastify) => {
  fastify.get('/users', async () => 'route 1 ' + (await list()))
}
`,
      'services/users.js': `export const list = () => 'users 1'\n`,
    },
    edits: { 'services/users.js': '/users' },
  }
  const folder = await createApp(t, app.packages, app.files)
  let running = await run(t, folder, app)
  const { verdict, hint } = await running.explain('routes/users.js')
  assert.equal(verdict, 'restart')
  assert.match(hint, /^node_modules\/@fastify\/autoload\/\S+ has loaded it, and may keep it: a restart is right here$/)
  const below = await running.explain('services/users.js')
  follow(folder, app, below.hint)
  await running.stop()
  running = await run(t, folder, app)
  await edit(running, app)
  assert.deepEqual(running.restarts(), [], running.known())
})

/** @param {import('node:test').TestContext} t @param {string} folder @param {App} app */
async function run(t, folder, { args }) {
  const app = await start(t, { folder, args: [...args.slice(0, -1), '--import=hot-hook/register', /** @type {string} */ (args.at(-1))], env: { PORT: String(await freePort()) } })
  const address = await app.url()
  const read = async (/** @type {string} */ at) => (await fetch(address + at)).text()
  return {
    ...app,
    read,
    /** @param {string} file @returns {Promise<any>} */
    async explain(file) {
      const ask = () => runScript(CLI, folder, {}, 'explain', '--json', '--pid', String(app.child.pid), file)
      // It can be asked when it has run for a moment.
      return app.until(`it explains ${file}`, async () => {
        const { stdout, code } = await ask()
        return code === 0 && JSON.parse(stdout)
      })
    },
    async stop() {
      const exited = new Promise((resolve) => app.child.once('exit', resolve))
      app.child.kill('SIGKILL')
      await exited
    },
  }
}

/** The hint for the first file that is not hot; nothing if all are. @param {Awaited<ReturnType<typeof run>>} running @param {App} app */
async function firstHint(running, { edits }) {
  // What is imported by requests, and not before.
  for (const at of new Set(Object.values(edits))) assert.match(await running.read(at), / 1/, running.known())
  const cold = []
  for (const file of Object.keys(edits)) {
    const found = await running.explain(file)
    if (found.hint) return /** @type {string} */ (found.hint)
    if (found.verdict !== 'hot') cold.push(found)
  }
  assert.deepEqual(cold, [], running.known())
}

/** Does what a hint says. @param {string} folder @param {App} app @param {string} hint */
function follow(folder, app, hint) {
  const [first, code] = hint.split('\n')
  const [, file, line] = /(?:statically|required) by (\S+?):(\d+)/.exec(first) ?? assert.fail(hint)
  const [, names] = /with (handler|lazy|handler and lazy) from 'hot-hook'/.exec(first) ?? assert.fail(hint)
  const at = path.join(folder, file)
  const lines = fs.readFileSync(at, 'utf8').split('\n')
  const isCommonJs = lines.some((one) => one.includes('require('))
  const list = `{ ${names.replace(' and ', ', ')} }`
  const imports = isCommonJs ? `const ${list} = require('hot-hook')` : `import ${list} from 'hot-hook'`
  if (!code.includes('createServer(')) {
    lines.splice(Number(line) - 1, 1, code.trim())
    fs.writeFileSync(at, [...(lines.includes(imports) ? [] : [imports]), ...lines].join('\n'))
    return
  }
  const { split } = app
  assert.ok(split, hint)
  const text = lines.join('\n')
  const [, exported] = /export const (\w+)/.exec(split.app[1]) ?? assert.fail(split.app[1])
  const target = path.join(path.dirname(at), path.basename(split.file))
  // Where the file that listens has the name that the hint gives the new one, it is that one which is renamed.
  const specifier = /import\('([^']+)'/.exec(code)?.[1] ?? assert.fail(hint)
  const isTaken = target === at
  const server = code.trim().replace("'app'", `'${exported}'`).replace('…', `0, function () { console.log(\`http://localhost:\${this.address().port}\`) }`)
  fs.writeFileSync(target, text.replace(split.listens, '').replace(...split.app))
  const entry = isTaken ? path.join(path.dirname(at), 'server.js') : at
  fs.writeFileSync(entry, `${imports}\nimport { createServer } from 'node:http'\n\n${server}\n`)
  assert.equal(path.basename(specifier).replace(/\.\w+$/, ''), 'app')
  if (isTaken) app.args = [...app.args.slice(0, -1), path.relative(folder, entry)]
}

/** Edits its files at random: all answers are fresh. @param {Awaited<ReturnType<typeof run>>} running @param {App} app */
async function edit(running, { edits }) {
  const random = createRandom(1)
  const files = Object.keys(edits)
  for (let n = 2; n < EDITS + 2; n++) {
    const file = files[Math.floor(random() * files.length)]
    const at = path.join(running.folder, file)
    const text = fs.readFileSync(at, 'utf8')
    const [marker, word] = /(\w+) \d+/.exec(text) ?? assert.fail(text)
    fs.writeFileSync(at, text.replace(marker, `${word} ${n}`))
    const answer = await running.read(edits[file])
    assert.ok(answer.includes(`${word} ${n}`), `${file}: ${answer}\n${running.known()}`)
  }
}
