import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { lazy } from 'hot-hook/lazy'

const app = new Hono()
app.get('/', lazy(() => import('./pages/home.tsx'), 'home'))
app.get('/:city', lazy(() => import('./pages/city.tsx'), 'city'))

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3333) }, ({ port }) => console.log(`http://localhost:${port}`))
