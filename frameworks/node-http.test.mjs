/* node:http, as its recipe sets it up. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { nodeIs, start } from './support/app.mjs'
import { recipe } from './support/recipe.mjs'

test('node:http in TypeScript that Node strips: the handler and what it imports', { skip: !nodeIs(22, 18) && 'this Node does not strip types' }, async (t) => {
  const app = await start(t, recipe('node-http'))
  const url = await app.url()
  const read = async () => (await fetch(`${url}/you`)).text()

  assert.equal(await read(), 'Hello, you')
  app.edit('greet.ts', 'Hello', 'Hi')
  assert.equal(await read(), 'Hi, you')
  app.edit('handle.ts', 'response.end(', 'response.writeHead(201).end(')
  assert.equal((await fetch(`${url}/you`)).status, 201)
  app.edit('greet.ts', '(path: string)', '(path: string')
  assert.equal((await fetch(`${url}/you`)).status, 500)
  app.edit('greet.ts', '(path: string', '(path: string)')
  assert.equal(await read(), 'Hi, you')
  assert.deepEqual(app.restarts(), [], app.known())
  app.edit('server.ts', '3000', '3001')
  await app.until('a restart for the server', () => app.restarts().includes('server.ts'))
})
