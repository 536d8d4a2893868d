/** A connection to a SQLite database: Node's own, or on Node 20 the one of the package `node-sqlite3-wasm`. */
export async function connect(file) {
  const { DatabaseSync } = await import('node:sqlite').catch(() => ({}))
  if (DatabaseSync) {
    const database = new DatabaseSync(file)
    return { query: (sql, ...values) => database.prepare(sql).all(...values) }
  }
  const { default: sqlite } = await import('node-sqlite3-wasm')
  const database = new sqlite.Database(file)
  return { query: (sql, ...values) => database.all(sql, values) }
}
