/* Koa, as its recipe sets it up. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { nodeIs, start } from './support/app.mjs'
import { recipe } from './support/recipe.mjs'

test('Koa 3 in TypeScript that Node strips: middleware and what it imports', { skip: !nodeIs(22, 18) && 'this Node does not strip types' }, async (t) => {
  const app = await start(t, recipe('koa'))
  const url = await app.url()
  const read = async () => {
    const response = await fetch(`${url}/?name=you`)
    return [response.status, response.headers.get('x-took'), await response.text()]
  }

  assert.deepEqual(await read(), [200, 'a moment', 'Hello, you'])
  app.edit('greet.ts', 'Hello', 'Hi')
  assert.deepEqual(await read(), [200, 'a moment', 'Hi, you'])
  app.edit('middleware/timing.ts', 'a moment', 'no time')
  assert.deepEqual(await read(), [200, 'no time', 'Hi, you'])
  app.edit('middleware/hello.ts', '(context: Context)', '(context: Context')
  assert.equal((await read())[0], 500)
  app.edit('middleware/hello.ts', '(context: Context', '(context: Context)')
  assert.deepEqual(await read(), [200, 'no time', 'Hi, you'])
  assert.deepEqual(app.restarts(), [], app.known())
  app.edit('app.ts', 'new Koa()', 'new  Koa()')
  await app.until('a restart for the app', () => app.restarts().includes('app.ts'))
})
