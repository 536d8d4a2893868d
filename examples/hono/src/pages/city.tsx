import type { Context } from 'hono'
import { Layout } from '../components/layout.tsx'

export const city = (context: Context) => context.html(<Layout title={context.req.param('city') ?? ''}>A city.</Layout>)
