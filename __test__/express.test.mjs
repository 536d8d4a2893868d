/* An Express app whose controllers are boundaries. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { createFolder, said, startApp } from './support/app.mjs'
import { install } from './support/runs.mjs'

const B = 'import.meta.hot?.boundary'
/*
 *   app ──▶ express
 *    ├─▶ middleware/pid                        (cold)
 *    ├─ hot ─▶ controllers/users ──▶ services/users ──▶ services/names
 *    ├─ hot ─▶ routes/posts ── hot ─▶ controllers/posts ──▶ services/names
 *    └─ hot ─▶ controllers/legacy.cjs ──▶ services/legacy.cjs
 */
const files = {
  'app.mjs': `import express from 'express'
    import { pid } from './middleware/pid.mjs'
    const app = express()
    app.use(pid)
    app.get('/users/:id', async (request, response) => {
      const controller = await import('./controllers/users.mjs', ${B})
      await controller.show(request, response)
    })
    app.use('/posts', async (request, response, next) => (await import('./routes/posts.mjs', ${B})).default(request, response, next))
    app.get('/legacy', async (request, response) => (await import('./controllers/legacy.cjs', ${B})).default.index(request, response))
    app.use((error, request, response, next) => response.status(500).json({ error: error.message }))
    const server = app.listen(0, '127.0.0.1', () => serve({ port: () => server.address().port }))`,
  'middleware/pid.mjs': `export const pid = (request, response, next) => { response.set('x-pid', String(process.pid)); next() }`,
  'controllers/users.mjs': `import { find } from '../services/users.mjs'
    export const show = async (request, response) => response.json({ by: 'controller 1', ...(await find(request.params.id)) })`,
  'services/users.mjs': `import { nameOf } from './names.mjs'
    export const find = async (id) => ({ from: 'service 1', id, name: nameOf(id) })`,
  'services/names.mjs': `export const nameOf = (id) => 'name 1 of ' + id`,
  'routes/posts.mjs': `import { Router } from 'express'
    const router = Router()
    router.get('/:id', async (request, response) => response.json((await import('../controllers/posts.mjs', ${B})).show(request.params.id)))
    export default router`,
  'controllers/posts.mjs': `import { nameOf } from '../services/names.mjs'
    export const show = (id) => ({ post: 'post 1', name: nameOf(id) })`,
  'controllers/legacy.cjs': `const service = require('../services/legacy.cjs'); exports.index = (request, response) => response.json({ by: 'legacy 1', service })`,
  'services/legacy.cjs': `module.exports = 'service 1'`,
}

test('an Express 5 app serves edited controllers, services and routes, in the same process', async (t) => {
  const folder = createFolder(t, { files })
  install(folder, 'express')
  const app = await startApp(t, { folder, entry: 'app.mjs' })
  const port = await app.ask('port')
  const now = { ...files }
  const edit = (name, from, to) => app.save(name, (now[name] = now[name].replaceAll(from, to)))
  const read = async (path) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`)
    assert.equal(response.headers.get('x-pid'), String(app.child.pid))
    return { status: response.status, ...(await response.json()) }
  }

  const user = { status: 200, by: 'controller 1', from: 'service 1', id: '7', name: 'name 1 of 7' }
  const post = { status: 200, post: 'post 1', name: 'name 1 of 3' }
  const legacy = { status: 200, by: 'legacy 1', service: 'service 1' }
  const all = async () => [await read('/users/7'), await read('/posts/3'), await read('/legacy')]
  assert.deepEqual(await all(), [user, post, legacy])

  edit('controllers/users.mjs', 'controller 1', (user.by = 'controller 2'))
  assert.deepEqual(await all(), [user, post, legacy], 'a controller')
  edit('services/users.mjs', 'service 1', (user.from = 'service 2'))
  assert.deepEqual(await all(), [user, post, legacy], 'a service')
  edit('services/names.mjs', 'name 1', 'name 2')
  user.name = 'name 2 of 7'
  post.name = 'name 2 of 3'
  assert.deepEqual(await all(), [user, post, legacy], 'a service below two controllers')
  edit('controllers/posts.mjs', 'post 1', (post.post = 'post 2'))
  assert.deepEqual(await all(), [user, post, legacy], 'a controller below a router')
  edit('routes/posts.mjs', `'/:id'`, `'/:id/show'`)
  assert.deepEqual(await read('/posts/3/show'), post, 'the routes')
  edit('services/legacy.cjs', 'service 1', (legacy.service = 'service 2'))
  assert.deepEqual(await read('/legacy'), legacy, 'a CommonJS service')
  edit('controllers/legacy.cjs', 'legacy 1', (legacy.by = 'legacy 2'))
  assert.deepEqual(await read('/legacy'), legacy, 'a CommonJS controller')

  // An error in the code is an error of the request, and the next save heals it.
  edit('controllers/users.mjs', 'response.json(', 'response.json((')
  assert.equal((await read('/users/7')).status, 500)
  edit('controllers/users.mjs', 'response.json((', 'response.json(')
  assert.deepEqual(await read('/users/7'), user)

  assert.deepEqual(app.told('full-reload'), [])
  edit('middleware/pid.mjs', 'x-pid', 'x-process')
  assert.deepEqual(await app.message('full-reload'), {
    type: 'hot-hook:full-reload',
    path: app.file('middleware/pid.mjs'),
    shouldBeReloadable: false,
  })
  assert.deepEqual({ stdout: app.output.stdout, stderr: said(app) }, { stdout: '', stderr: '' })
})

test('requests under way while files are saved', async (t) => {
  const folder = createFolder(t, { files })
  install(folder, 'express')
  const app = await startApp(t, { folder, entry: 'app.mjs' })
  const url = `http://127.0.0.1:${await app.ask('port')}/users/1`
  const read = async () => (await (await fetch(url)).json()).from
  for (let n = 2; n < 12; n++) {
    const before = Array.from({ length: 10 }, read)
    app.save('services/users.mjs', `export const find = async () => ({ from: ${n} })`)
    const after = await Promise.all(Array.from({ length: 10 }, read))
    assert.deepEqual(after, Array(10).fill(n))
    for (const from of await Promise.all(before)) assert.ok(from === n || from === n - 1 || n === 2, `${from} at ${n}`)
  }
  assert.deepEqual(app.told('full-reload'), [])
})
