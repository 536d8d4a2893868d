import { pool } from '../database.mjs'

export async function visit(page) {
  return pool.use(({ query, name }) => {
    query('INSERT INTO visits (page) VALUES (?)', page)
    const [{ count }] = query('SELECT count(*) AS count FROM visits WHERE page = ?', page)
    return { page, count, by: name }
  })
}
