import type { Context } from 'hono'
import { Layout } from '../components/layout.tsx'

const cities = ['berlin', 'lima', 'tokyo']

export const home = (context: Context) =>
  context.html(
    <Layout title="Cities">
      <ul>{cities.map((city) => <li><a href={`/${city}`}>{city}</a></li>)}</ul>
    </Layout>,
  )
