/* Express, as its recipe sets it up. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { start } from './support/app.mjs'
import { recipe } from './support/recipe.mjs'

test('Express 5: routers, controllers, view models and templates', async (t) => {
  const app = await start(t, recipe('express'))
  const url = await app.url()
  const read = async (path) => (await fetch(url + path)).text()

  assert.match(await read('/users/7'), /<b>user 7<\/b>/)
  assert.equal(await read('/posts/3'), 'post 3')
  app.edit('views/user.js', 'user', 'person')
  assert.match(await read('/users/7'), /<b>person 7<\/b>/)
  app.edit('routes/posts.js', 'post $', 'article $')
  assert.equal(await read('/posts/3'), 'article 3')
  app.edit('routes/posts.js', '/:id', '/by-id/:id')
  assert.equal(await read('/posts/by-id/3'), 'article 3')
  assert.equal((await fetch(`${url}/posts/3`)).status, 404)
  app.edit('views/user.html', 'b>', 'i>')
  assert.match(await read('/users/7'), /<i>person 7<\/i>/)
  app.edit('controllers/users.js', '=> response', '=> response.status(201)')
  assert.equal((await fetch(`${url}/users/7`)).status, 201)

  app.edit('views/user.js', '=> `', '=> id.nothing.at || `')
  assert.equal((await fetch(`${url}/users/7`)).status, 500)
  app.edit('views/user.js', '(id)', '(id')
  assert.equal((await fetch(`${url}/users/7`)).status, 500)
  app.save('views/user.js', recipe('express').files['views/user.js'])
  assert.match(await read('/users/7'), /<i>user 7<\/i>/)
  assert.deepEqual(app.restarts(), [], app.known())
  app.edit('app.js', '/users', '/people')
  await app.until('the entry point asks for a restart', () => app.restarts().length === 1 && app.restarts()[0] === 'app.js')
})
