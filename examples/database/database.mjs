import { createPool } from './pool.mjs'

const open = async () => {
  const pool = await createPool(process.env.DATABASE ?? 'visits.db', 2)
  await pool.use(({ query }) => query('CREATE TABLE IF NOT EXISTS visits (page TEXT)'))
  return pool
}

// One pool, however often this module is reloaded, and whoever else asks for it.
export const pool = await (import.meta.hot ? import.meta.hot.keep('pool', open) : open())
