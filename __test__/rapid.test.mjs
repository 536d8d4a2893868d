/* Saves in quick succession, with imports in between. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { startApp } from './support/app.mjs'

// Between two saves most imports are repeated ones, which are answered without asking Node again.
const MAIN = `import fs from 'node:fs'
  const file = new URL('./b.mjs', import.meta.url)
  const read = async () => (await import('./b.mjs', import.meta.hot?.boundary)).value
  let last = 0
  async function hurry(count) {
    const stale = []
    for (let i = 0; i < count; i++) {
      if (i % 100 === 99) fs.writeFileSync(file, 'export const value = ' + ++last)
      const value = await read()
      if (value !== last) stale.push([i, last, value])
    }
    return stale
  }
  serve({ hurry, read })`

test('imports that follow each other in microseconds run each save', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': MAIN, 'b.mjs': 'export const value = 0' } })
  assert.deepEqual(await app.ask('hurry', 5000), [], 'saved by the app itself')
  for (let value = 1000; value < 1050; value++) {
    app.save('b.mjs', `export const value = ${value}\n`)
    for (let i = 0; i < 3; i++) assert.equal(await app.ask('read'), value, 'saved by another process')
  }
})
