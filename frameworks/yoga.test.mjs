/* GraphQL Yoga, as its recipe sets it up. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { start } from './support/app.mjs'
import { recipe } from './support/recipe.mjs'

test('GraphQL Yoga 5: resolvers, subscriptions and what they import', async (t) => {
  const app = await start(t, recipe('graphql-yoga'))
  const url = await app.url()
  const read = async () => (await (await fetch(`${url}/graphql?query={user(id:7)}`)).json()).data?.user
  const count = async () => {
    const response = await fetch(`${url}/graphql?query=subscription{count(to:2)}`, { headers: { accept: 'text/event-stream' } })
    return [...(await response.text()).matchAll(/"count":(\d+)/g)].map(([, n]) => Number(n))
  }

  assert.equal(await read(), 'user 7')
  assert.deepEqual(await count(), [1, 2])
  app.edit('names.js', 'user', 'person')
  assert.equal(await read(), 'person 7')
  app.edit('resolvers.js', 'nameOf(id)', 'nameOf(id + 1)')
  assert.equal(await read(), 'person 8')
  app.edit('resolvers.js', 'count: n }', 'count: n * 10 }')
  assert.deepEqual(await count(), [10, 20])
  app.edit('names.js', '(id)', '(id')
  assert.equal(await read(), null)
  app.edit('names.js', '(id', '(id)')
  assert.equal(await read(), 'person 8')
  assert.deepEqual(app.restarts(), [], app.known())
  app.edit('server.js', 'Int!', 'Float!')
  await app.until('a restart for the type definitions', () => app.restarts().includes('server.js'))
})
