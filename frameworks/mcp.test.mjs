/* A server of the Model Context Protocol, as its recipe sets it up. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { start } from './support/app.mjs'
import { recipe } from './support/recipe.mjs'

test('an MCP server over stdio: tool handlers, while a client stays connected', async (t) => {
  const app = await start(t, recipe('mcp'))
  let last = 0
  const ask = async (method, params) => {
    const id = ++last
    app.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
    const lines = () => app.output.stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line))
    return (await app.until(`an answer to ${method}`, () => lines().find((line) => line.id === id))).result
  }
  const greet = async () => (await ask('tools/call', { name: 'greet', arguments: { name: 'you' } })).content[0].text

  await ask('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } })
  app.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`)
  assert.equal(await greet(), 'Hello, you')
  app.edit('greeting.js', 'Hello', 'Hi')
  assert.equal(await greet(), 'Hi, you')
  app.edit('tools/greet.js', 'greeting(name)', 'greeting(name).toUpperCase()')
  assert.equal(await greet(), 'HI, YOU')
  app.edit('greeting.js', '(name)', '(name')
  assert.match(await greet(), /Malformed|missing|Unexpected|SyntaxError/i)
  app.edit('greeting.js', '(name', '(name)')
  assert.equal(await greet(), 'HI, YOU')
  assert.deepEqual(app.restarts(), [], app.known())
  app.edit('server.js', 'z.string()', 'z.number()')
  await app.until('a restart for the schema', () => app.restarts().includes('server.js'))
})
