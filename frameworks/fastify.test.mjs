import assert from 'node:assert/strict'
import test from 'node:test'
import { start } from './support/app.mjs'

const files = {
  'package.json': JSON.stringify({ type: 'module', hotHook: { boundaries: ['./src/handlers/*.ts'] } }),
  'src/server.ts': `import autoload from '@fastify/autoload'
import Fastify from 'fastify'
import { fileURLToPath } from 'node:url'

const app = Fastify()
await app.register(autoload, { dir: fileURLToPath(new URL('./routes', import.meta.url)), forceESM: true })
console.log(await app.listen({ port: 0, host: '127.0.0.1' }))
`,
  'src/routes/users.ts': `import type { FastifyInstance } from 'fastify'
import { lazy } from 'hot-hook'
import { show } from '../schemas/user.ts'

export default async function users(app: FastifyInstance): Promise<void> {
  app.get('/users/:id', { schema: show }, lazy(() => import('../handlers/users.ts'), 'show'))
}
`,
  'src/schemas/user.ts': `export const show = { params: { type: 'object', properties: { id: { type: 'integer' } } } } as const
`,
  'src/handlers/users.ts': `import type { FastifyRequest } from 'fastify'
import { find } from '../services/users.ts'

export const show = async (request: FastifyRequest<{ Params: { id: number } }>) => find(request.params.id)
`,
  'src/services/users.ts': `interface User { id: number; name: string }

export const find = async (id: number): Promise<User> => ({ id, name: 'user ' + id })
`,
}
const packages = { fastify: '5', '@fastify/autoload': '6', tsx: '4' }

test('Fastify 5, @fastify/autoload and tsx: handlers and services; routes and schemas restart', async (t) => {
  const app = await start(t, { packages, files, args: ['--import=tsx', '--import=hot-hook/register', 'src/server.ts'] })
  const url = await app.url()
  const read = async () => (await fetch(`${url}/users/7`)).json()

  assert.deepEqual(await read(), { id: 7, name: 'user 7' })
  app.edit('src/services/users.ts', `'user '`, `'person '`)
  assert.deepEqual(await read(), { id: 7, name: 'person 7' })
  app.edit('src/handlers/users.ts', 'find(request.params.id)', 'find(request.params.id + 1)')
  assert.deepEqual(await read(), { id: 8, name: 'person 8' })
  assert.deepEqual(app.restarts(), [], app.known())
  app.edit('src/schemas/user.ts', 'integer', 'number')
  await app.until('a restart for the schema', () => app.restarts().includes('src/schemas/user.ts'))
  app.edit('src/routes/users.ts', '/users/:id', '/people/:id')
  await app.until('a restart for the route', () => app.restarts().includes('src/routes/users.ts'))
})

test('Fastify 5 under hot-runner: a route, too', async (t) => {
  const runner = 'node_modules/@hot-hook/runner/cli.mjs'
  const app = await start(t, { packages, files, args: [runner, '--no-stdin', '--import=tsx', 'src/server.ts'] })
  const url = await app.url()
  const read = async (path) => (await fetch(url + path)).json().catch(() => undefined)

  assert.deepEqual(await read('/users/7'), { id: 7, name: 'user 7' })
  app.edit('src/services/users.ts', `'user '`, `'person '`)
  assert.deepEqual(await read('/users/7'), { id: 7, name: 'person 7' })
  app.edit('src/routes/users.ts', '/users/:id', '/people/:id')
  await app.until('the new route answers', async () => {
    const last = app.output.stdout.match(/https?:\/\/[\w.]+:\d+/g)?.at(-1)
    return (await fetch(`${last}/people/7`).then((response) => response.json()).catch(() => ({}))).name === 'person 7'
  })
})
