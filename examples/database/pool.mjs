import { connect } from './sqlite.mjs'

/** So many connections to a database; each is used by one at a time. */
export async function createPool(file, size) {
  const free = []
  const waiting = []
  for (let n = 1; n <= size; n++) free.push({ name: `connection ${n}`, ...(await connect(file)) })
  console.log(`opened ${size} connections`)

  const release = (connection) => {
    const next = waiting.shift()
    if (next) next(connection)
    else free.push(connection)
  }

  return {
    async use(callback) {
      const connection = free.shift() ?? (await new Promise((resolve) => waiting.push(resolve)))
      try {
        return await callback(connection)
      } finally {
        release(connection)
      }
    },
  }
}
