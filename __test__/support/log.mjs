/**
 * What modules of a test app have logged: `log('x')` in any of them, {@link SERVE} in its main module.
 */
import assert from 'node:assert/strict'
import { inspect } from 'node:util'

/** Serves what was logged since it was last asked for, and nothing that imports. */
export const SERVE = `serve({ log: () => log.lines.splice(0), emit: (name, value) => void process.emit(name, value) })`

/**
 * Waits until the log holds `expected`, all of it and nothing else.
 * @param {Awaited<ReturnType<typeof import('./app.mjs').startApp>>} app @param {unknown[]} expected
 */
export async function logs(app, expected) {
  /** @type {unknown[]} */
  const lines = []
  const look = async () => {
    lines.push(...(await app.ask('log')))
    return lines.length >= expected.length
  }
  await app.until(`the log has ${expected.length} lines`, look).catch((error) => {
    throw new Error(`${error.message}\nlogged: ${inspect(lines)}`)
  })
  assert.deepEqual(lines, expected)
}
