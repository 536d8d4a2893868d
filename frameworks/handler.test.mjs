/* `handler` with real frameworks: all of their routes and services are hot, by one line of the server. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import test from 'node:test'
import { promisify } from 'node:util'
import { start } from './support/app.mjs'

const manifest = JSON.stringify({ type: 'module' })
/** @param {string} name of the export */
const server = (name) => `import { createServer } from 'node:http'
import { handler } from 'hot-hook'

const app = handler(() => import('./app.js', import.meta.hot?.boundary), '${name}')
const server = createServer(app).on('upgrade', app.upgrade).listen(0, () => console.log(\`http://localhost:\${server.address().port}\`))
process.on('unhandledRejection', (error) => console.log('unhandled', error))
`

/** An edit of each file, fresh answers, a break and its mend: the same for all. */
const service = { 'services/users.js': `export const list = () => ['one']\n`, 'package.json': manifest }

/** @type {Record<string, { packages: Record<string, string>, name: string, app: string, routes: string }>} */
const frameworks = {
  'Express 5': {
    packages: { express: '5' },
    name: 'app',
    app: `import express from 'express'
import { users } from './routes/users.js'

export const app = express()
app.use('/users', users)
`,
    routes: `import { Router } from 'express'
import { list } from '../services/users.js'

export const users = Router().get('/', (request, response) => response.json(list()))
`,
  },
  'Koa 3, with a router': {
    packages: { koa: '3', '@koa/router': '14' },
    name: 'default',
    app: `import Koa from 'koa'
import { router } from './routes/users.js'

export default new Koa().use(router.routes())
`,
    routes: `import Router from '@koa/router'
import { list } from '../services/users.js'

export const router = new Router().get('/users', (context) => { context.body = list() })
`,
  },
  'Hono 4': {
    packages: { hono: '4' },
    name: 'app',
    app: `import { Hono } from 'hono'
import { users } from './routes/users.js'

export const app = new Hono().route('/users', users)
`,
    routes: `import { Hono } from 'hono'
import { list } from '../services/users.js'

export const users = new Hono().get('/', (context) => context.json(list()))
`,
  },
  'Fastify 5, an async factory': {
    packages: { fastify: '5' },
    name: 'build',
    app: `import Fastify from 'fastify'
import { users } from './routes/users.js'

export async function build(options = {}) {
  const app = Fastify(options)
  app.addHook('onClose', async () => console.log('closed'))
  await app.register(users, { prefix: '/users' })
  return app
}
`,
    routes: `import { list } from '../services/users.js'

export async function users(app) {
  app.get('/', async () => list())
}
`,
  },
  'Fastify 5, an instance': {
    packages: { fastify: '5' },
    name: 'app',
    app: `import Fastify from 'fastify'
import { users } from './routes/users.js'

export const app = Fastify()
app.register(users, { prefix: '/users' })
`,
    routes: `import { list } from '../services/users.js'

export async function users(app) {
  app.get('/', async () => list())
}
`,
  },
  'tRPC 11': {
    packages: { '@trpc/server': '11' },
    name: 'app',
    app: `import { createHTTPHandler } from '@trpc/server/adapters/standalone'
import { router } from './routes/users.js'

export const app = createHTTPHandler({ router, basePath: '/' })
`,
    routes: `import { initTRPC } from '@trpc/server'
import { list } from '../services/users.js'

const t = initTRPC.create()
export const router = t.router({ users: t.procedure.query(() => list()) })
`,
  },
  'GraphQL Yoga 5': {
    packages: { 'graphql-yoga': '5', graphql: '16' },
    name: 'app',
    app: `import { createYoga } from 'graphql-yoga'
import { schema } from './routes/users.js'

export const app = createYoga({ schema, graphqlEndpoint: '/users' })
`,
    routes: `import { createSchema } from 'graphql-yoga'
import { list } from '../services/users.js'

export const schema = createSchema({ typeDefs: 'type Query { users: [String] }', resolvers: { Query: { users: () => list() } } })
`,
  },
}

for (const [title, { packages, name, app: text, routes }] of Object.entries(frameworks)) {
  test(`handler: ${title}`, async (t) => {
    const files = { ...service, 'server.js': server(name), 'app.js': text, 'routes/users.js': routes }
    const app = await start(t, { packages, files, args: ['--import=hot-hook/register', 'server.js'] })
    const url = `${await app.url()}/users${title.startsWith('GraphQL') ? '?query=%7Busers%7D' : ''}`
    const read = async () => {
      const found = await (await fetch(url)).json()
      return found.result?.data ?? found.data?.users ?? found
    }

    assert.deepEqual(await read(), ['one'], app.known())
    app.edit('services/users.js', `'one'`, `'two'`)
    assert.deepEqual(await read(), ['two'])
    app.edit('routes/users.js', 'list()', `[...list(), 'more']`)
    assert.deepEqual(await read(), ['two', 'more'])
    app.edit('services/users.js', `['two']`, `[;`)
    const failed = await fetch(url, { headers: { accept: 'application/json' } })
    const { error } = /** @type {any} */ (await failed.json())
    assert.deepEqual([failed.status, error.message, error.line, error.column], [500, `Unexpected token ';'`, 1, 28], app.known())
    app.edit('services/users.js', `[;`, `['three']`)
    assert.deepEqual(await read(), ['three', 'more'])
    assert.deepEqual(app.restarts(), [], app.known())
    assert.doesNotMatch(app.output.stdout, /unhandled/)
    if (title.includes('factory')) await app.until('all but the last are closed', () => app.output.stdout.match(/closed/g)?.length === 3)
  })
}

test('handler: Hono 4 served by @hono/node-server', async (t) => {
  const app = await start(t, {
    packages: { hono: '4', '@hono/node-server': '2' },
    files: {
      ...service,
      'server.js': `import { serve } from '@hono/node-server'
import { handler } from 'hot-hook'

const { fetch } = handler(() => import('./app.js', import.meta.hot?.boundary), 'app')
serve({ fetch, port: 0 }, ({ port }) => console.log(\`http://localhost:\${port}\`))
`,
      'app.js': `import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono } from 'hono'
import { list } from './services/users.js'

export const app = new Hono().get('/', (context) => context.json([...list(), typeof getConnInfo(context).remote.port]))
`,
    },
    args: ['--import=hot-hook/register', 'server.js'],
  })
  const url = await app.url()
  const read = async () => (await fetch(url)).json()
  assert.deepEqual(await read(), ['one', 'number'])
  app.edit('services/users.js', `'one'`, `'two'`)
  assert.deepEqual(await read(), ['two', 'number'])
  app.edit('services/users.js', `['two']`, `[;`)
  const text = await (await fetch(url, { headers: { accept: 'text/html' } })).text()
  assert.match(text, /<p>services\/users\.js:1:28<\/p><pre>/)
  app.edit('services/users.js', `[;`, `['three']`)
  assert.deepEqual(await read(), ['three', 'number'])
})

test('handler: WebSockets of Fastify', async (t) => {
  const app = await start(t, {
    packages: { fastify: '5', '@fastify/websocket': '11', ws: '8' },
    files: {
      ...service,
      'server.js': server('app'),
      'app.js': `import websocket from '@fastify/websocket'
import Fastify from 'fastify'
import { list } from './services/users.js'

export const app = Fastify()
await app.register(websocket)
app.get('/', { websocket: true }, (socket) => socket.send(list().join()))
`,
      'client.js': `import WebSocket from 'ws'
const socket = new WebSocket(process.argv[2])
socket.on('message', (data) => { console.log(String(data)); socket.close() })
socket.on('error', (error) => console.log(error.message))
`,
    },
    args: ['--import=hot-hook/register', 'server.js'],
  })
  const url = (await app.url()).replace('http', 'ws')
  const read = async () => (await promisify(execFile)(process.execPath, ['client.js', url], { cwd: app.folder })).stdout
  assert.equal(await read(), 'one\n', app.known())
  app.edit('services/users.js', `'one'`, `'two'`)
  assert.equal(await read(), 'two\n', app.known())
  app.edit('services/users.js', `['two']`, `[;`)
  assert.equal(await read(), 'Unexpected server response: 500\n', app.known())
})
