import assert from 'node:assert/strict'
import test from 'node:test'
import { start } from './support/app.mjs'

const files = {
  'package.json': JSON.stringify({ type: 'module', hotHook: { boundaries: ['./src/pages/*.tsx'] } }),
  'tsconfig.json': JSON.stringify({ compilerOptions: { jsx: 'react-jsx', jsxImportSource: 'hono/jsx', module: 'nodenext', target: 'es2022' } }),
  'src/server.tsx': `import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { lazy } from 'hot-hook'

const app = new Hono()
app.get('/:name', lazy(() => import('./pages/home.tsx'), 'home'))
serve({ fetch: app.fetch, port: 0 }, ({ port }) => console.log('http://localhost:' + port))
`,
  'src/pages/home.tsx': `import type { Context } from 'hono'
import { Layout } from '../components/layout.tsx'

export const home = (context: Context) => context.html(<Layout title="Home">Hello, {context.req.param('name')}</Layout>)
`,
  'src/components/layout.tsx': `import type { PropsWithChildren } from 'hono/jsx'

export const Layout = ({ title, children }: PropsWithChildren<{ title: string }>) => <main><h1>{title}</h1>{children}</main>
`,
}

test('Hono 4 with JSX through tsx: pages and components', async (t) => {
  const packages = { hono: '4', '@hono/node-server': '2', tsx: '4' }
  const app = await start(t, { packages, files, args: ['--import=tsx', '--import=hot-hook/register', 'src/server.tsx'] })
  const url = await app.url()
  const read = async () => (await fetch(`${url}/you`)).text()

  assert.equal(await read(), '<main><h1>Home</h1>Hello, you</main>')
  app.edit('src/components/layout.tsx', 'h1>', 'h2>')
  assert.equal(await read(), '<main><h2>Home</h2>Hello, you</main>')
  app.edit('src/pages/home.tsx', 'Hello', 'Hi')
  assert.equal(await read(), '<main><h2>Home</h2>Hi, you</main>')
  assert.deepEqual(app.restarts(), [], app.known())
})
