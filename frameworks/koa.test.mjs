import assert from 'node:assert/strict'
import test from 'node:test'
import { nodeIs, start } from './support/app.mjs'

const files = {
  'package.json': JSON.stringify({ type: 'module', hotHook: { boundaries: ['./middleware/*.ts'] } }),
  'app.ts': `import Koa from 'koa'
import { lazy } from 'hot-hook'
import type { AddressInfo } from 'node:net'

const app = new Koa()
app.silent = true
app.use(lazy(() => import('./middleware/timing.ts')))
app.use(lazy(() => import('./middleware/hello.ts')))
const server = app.listen(0, () => console.log('http://localhost:' + (server.address() as AddressInfo).port))
`,
  'middleware/timing.ts': `import type { Context, Next } from 'koa'

export default async function timing(context: Context, next: Next): Promise<void> {
  await next()
  context.set('x-took', 'a moment')
}
`,
  'middleware/hello.ts': `import type { Context } from 'koa'
import { greet } from '../greet.ts'

export default (context: Context): void => { context.body = greet(context.query.name as string) }
`,
  'greet.ts': `export const greet = (name: string): string => 'Hello, ' + name
`,
}

test('Koa 3 in TypeScript that Node strips: middleware and what it imports', { skip: !nodeIs(22, 18) && 'this Node does not strip types' }, async (t) => {
  const app = await start(t, { packages: { koa: '3' }, files, args: ['--import=hot-hook/register', 'app.ts'] })
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
})
