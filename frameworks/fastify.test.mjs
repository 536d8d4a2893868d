/* Fastify, as its recipe sets it up. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { start } from './support/app.mjs'
import { recipe } from './support/recipe.mjs'

/** With what the page says of Node 20. */
const page = () => {
  const { env, ...rest } = recipe('fastify')
  return { ...rest, env: { ...env, FASTIFY_AUTOLOAD_TYPESCRIPT: '1' } }
}

test('Fastify 5, @fastify/autoload and tsx: handlers and services; routes and schemas restart', async (t) => {
  const app = await start(t, page())
  const url = await app.url()
  const read = async () => (await fetch(`${url}/users/7`)).json()

  assert.deepEqual(await read(), { id: 7, name: 'user 7' })
  app.edit('src/services/users.ts', 'user $', 'person $')
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
  const { args, ...rest } = page()
  const runner = ['node_modules/@hot-hook/runner/cli.mjs', '--no-stdin']
  const app = await start(t, { ...rest, args: [...runner, ...args.filter((arg) => arg !== '--import=hot-hook/register')] })
  const url = await app.url()
  const read = async (path) => (await fetch(url + path)).json().catch(() => undefined)

  assert.deepEqual(await read('/users/7'), { id: 7, name: 'user 7' })
  app.edit('src/services/users.ts', 'user $', 'person $')
  assert.deepEqual(await read('/users/7'), { id: 7, name: 'person 7' })
  app.edit('src/routes/users.ts', '/users/:id', '/people/:id')
  let lost = 0
  await app.until('the new route answers', async () => {
    const last = app.output.stdout.match(/https?:\/\/[\w.]+:\d+/g)?.at(-1)
    const response = await fetch(`${last}/people/7`, { signal: AbortSignal.timeout(15_000) }).catch(({ name }) => void (lost += name === 'TimeoutError' ? 1 : 0))
    return (await response?.json())?.name === 'person 7'
  })
  assert.equal(lost, 0, `requests without an answer\n${app.known()}`)
})

test('Fastify 5: hooks that are lazy, with a promise or with done', async (t) => {
  const packages = { fastify: '5' }
  const files = {
    'package.json': JSON.stringify({ type: 'module', hotHook: { boundaries: ['./handlers.js'] } }),
    'app.js': `import Fastify from 'fastify'
import { lazy } from 'hot-hook'

const app = Fastify()
const load = () => import('./handlers.js')
app.addHook('onRequest', lazy(load, 'note'))
app.addHook('preHandler', lazy(load, 'guard'))
app.addHook('onSend', lazy(load, 'sign'))
app.setErrorHandler(lazy(load, 'failed'))
app.setNotFoundHandler(lazy(load, 'missing'))
app.get('/', lazy(load, 'later'))
console.log(await app.listen({ port: 0 }))
`,
    'handlers.js': `let ran = 0
export const note = async (request, reply) => { reply.header('x-note', 'noted') }
export const guard = (request, reply, done) => void setTimeout(() => done(request.query.key === 'key' ? undefined : new Error('no key')), 20)
export const sign = (request, reply, payload, done) => done(null, payload + ' (1)')
export const failed = (error, request, reply) => reply.code(403).send(error.message + ', ran ' + ran)
export const missing = (request, reply) => reply.code(404).send('nothing')
export const later = (request, reply) => { ran++; setTimeout(() => reply.send('secret'), 20) }
`,
  }
  const app = await start(t, { packages, files, args: ['--import=hot-hook/register', 'app.js'] })
  const url = await app.url()
  const read = async (path) => {
    const response = await fetch(url + path)
    return [response.status, response.headers.get('x-note'), await response.text()]
  }
  assert.deepEqual(await read('/'), [403, 'noted', 'no key, ran 0 (1)'])
  assert.deepEqual(await read('/?key=key'), [200, 'noted', 'secret (1)'])
  assert.deepEqual(await read('/none?key=key'), [404, 'noted', 'nothing (1)'])
  app.edit('handlers.js', `'key'`, `'word'`)
  app.edit('handlers.js', '(1)', '(2)')
  assert.deepEqual(await read('/?key=key'), [403, 'noted', 'no key, ran 0 (2)'])
  assert.deepEqual(await read('/?key=word'), [200, 'noted', 'secret (2)'])
  assert.deepEqual(app.restarts(), [], app.known())
})
