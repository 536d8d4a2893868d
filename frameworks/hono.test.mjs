/* Hono, as its recipe sets it up. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { start } from './support/app.mjs'
import { recipe } from './support/recipe.mjs'

test('Hono 4 with JSX through tsx: pages and components', async (t) => {
  const app = await start(t, recipe('hono'))
  const url = await app.url()
  const read = async () => (await fetch(`${url}/you`)).text()

  assert.equal(await read(), '<main><h1>Home</h1>Hello, you</main>')
  app.edit('src/components/layout.tsx', 'h1>', 'h2>')
  assert.equal(await read(), '<main><h2>Home</h2>Hello, you</main>')
  app.edit('src/pages/home.tsx', 'Hello', 'Hi')
  assert.equal(await read(), '<main><h2>Home</h2>Hi, you</main>')
  app.edit('src/components/layout.tsx', '</main>', '</main')
  assert.equal((await fetch(`${url}/you`)).status, 500)
  app.edit('src/components/layout.tsx', '</main', '</main>')
  assert.equal(await read(), '<main><h2>Home</h2>Hi, you</main>')
  assert.deepEqual(app.restarts(), [], app.known())
  app.edit('src/server.tsx', '/:name', '/to/:name')
  await app.until('a restart for the routes', () => app.restarts().includes('src/server.tsx'))
})
