import assert from 'node:assert/strict'
import test from 'node:test'
import { start } from './support/app.mjs'

const files = {
  'package.json': JSON.stringify({ type: 'module', hotHook: { boundaries: ['./resolvers/*.js'] } }),
  'server.js': `import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { lazy } from 'hot-hook'

const schema = createSchema({
  typeDefs: 'type Query { user(id: Int!): String }',
  resolvers: { Query: { user: lazy(() => import('./resolvers/user.js'), 'user') } },
})
const server = createServer(createYoga({ schema, logging: false }))
server.listen(0, () => console.log('http://localhost:' + server.address().port))
`,
  'resolvers/user.js': `import { nameOf } from '../names.js'

export const user = (_, { id }) => nameOf(id)
`,
  'names.js': `export const nameOf = (id) => 'user ' + id
`,
}

test('GraphQL Yoga 5: resolvers and what they import', async (t) => {
  const app = await start(t, { packages: { 'graphql-yoga': '5', graphql: '16' }, files, args: ['--import=hot-hook/register', 'server.js'] })
  const url = await app.url()
  const read = async () => (await (await fetch(`${url}/graphql?query={user(id:7)}`)).json()).data?.user

  assert.equal(await read(), 'user 7')
  app.edit('names.js', 'user', 'person')
  assert.equal(await read(), 'person 7')
  app.edit('resolvers/user.js', 'nameOf(id)', 'nameOf(id + 1)')
  assert.equal(await read(), 'person 8')
  app.edit('names.js', '(id)', '(id')
  assert.equal(await read(), null)
  app.edit('names.js', '(id', '(id)')
  assert.equal(await read(), 'person 8')
  assert.deepEqual(app.restarts(), [], app.known())
})
