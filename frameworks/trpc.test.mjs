/* tRPC, as its recipe sets it up. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { start } from './support/app.mjs'
import { recipe } from './support/recipe.mjs'

test('tRPC 11: what procedures do, and what they import', async (t) => {
  const app = await start(t, recipe('trpc'))
  const url = await app.url()
  const read = async () => (await (await fetch(`${url}/user?input=7`)).json()).result?.data

  assert.deepEqual(await read(), { id: 7, name: 'user 7' })
  app.edit('names.js', 'user', 'person')
  assert.deepEqual(await read(), { id: 7, name: 'person 7' })
  app.edit('procedures/users.js', 'id: input', 'number: input')
  assert.deepEqual(await read(), { number: 7, name: 'person 7' })
  app.edit('names.js', '(id)', '(id')
  assert.equal((await fetch(`${url}/user?input=7`)).status, 500)
  app.edit('names.js', '(id', '(id)')
  assert.deepEqual(await read(), { number: 7, name: 'person 7' })
  assert.deepEqual(app.restarts(), [], app.known())
  app.edit('server.js', 'z.number()', 'z.int()')
  await app.until('a restart for the input', () => app.restarts().includes('server.js'))
})
