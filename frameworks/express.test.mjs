import assert from 'node:assert/strict'
import test from 'node:test'
import { start } from './support/app.mjs'

const files = {
  'package.json': JSON.stringify({ type: 'module', hotHook: { boundaries: ['./routes/*.js', './controllers/*.js'] } }),
  'app.js': `import express from 'express'
import { lazy } from 'hot-hook'

const app = express()
app.use('/posts', lazy(() => import('./routes/posts.js')))
app.get('/users/:id', lazy(() => import('./controllers/users.js'), 'show'))
const server = app.listen(0, () => console.log('http://localhost:' + server.address().port))
`,
  'routes/posts.js': `import { Router } from 'express'
import { lazy } from 'hot-hook'

const router = Router()
router.get('/:id', lazy(() => import('../controllers/posts.js'), 'show'))
export default router
`,
  'controllers/posts.js': `export const show = (request, response) => response.send('post ' + request.params.id)
`,
  'controllers/users.js': `import fs from 'node:fs'
import { present } from '../views/user.js'

const file = new URL('../views/user.html', import.meta.url)
const template = fs.readFileSync(file, 'utf8')
import.meta.hot?.watch(file)

export function show(request, response) {
  if (request.params.id === '0') throw new Error('no such user')
  response.send(template.replace('$name', present(request.params.id)))
}
`,
  'views/user.js': `export const present = (id) => 'user ' + id
`,
  'views/user.html': '<b>$name</b>',
}

test('Express 5: routers, controllers, view models and templates', async (t) => {
  const app = await start(t, { packages: { express: '5' }, files, args: ['--import=hot-hook/register', 'app.js'] })
  const url = await app.url()
  const read = async (path) => (await fetch(url + path)).text()

  assert.equal(await read('/users/7'), '<b>user 7</b>')
  assert.equal(await read('/posts/3'), 'post 3')
  app.edit('views/user.js', 'user', 'person')
  assert.equal(await read('/users/7'), '<b>person 7</b>')
  app.edit('controllers/posts.js', 'post ', 'article ')
  assert.equal(await read('/posts/3'), 'article 3')
  app.edit('routes/posts.js', '/:id', '/by-id/:id')
  assert.equal(await read('/posts/by-id/3'), 'article 3')
  app.edit('views/user.html', 'b>', 'i>')
  assert.equal(await read('/users/7'), '<i>person 7</i>')

  const broken = await fetch(`${url}/users/0`)
  assert.equal(broken.status, 500)
  app.edit('views/user.js', '(id)', '(id')
  assert.equal((await fetch(`${url}/users/7`)).status, 500)
  app.save('views/user.js', files['views/user.js'])
  assert.equal(await read('/users/7'), '<i>user 7</i>')
  assert.deepEqual(app.restarts(), [], app.known())
})

test('Express 5: the entry point asks for a restart', async (t) => {
  const app = await start(t, { packages: { express: '5' }, files, args: ['--import=hot-hook/register', 'app.js'] })
  await app.url()
  app.edit('app.js', '/users', '/people')
  await app.until('it asks', () => app.restarts().length === 1 && app.restarts()[0] === 'app.js')
})
