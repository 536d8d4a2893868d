import assert from 'node:assert/strict'
import test from 'node:test'
import { HOT, PACKAGE, startApp } from './support/app.mjs'

const main = `
import { failForTests } from ${JSON.stringify(`${PACKAGE}/binding.js`)}
serve({
  get: async () => (await import('./b.mjs', ${HOT})).value,
  other: async () => (await import('./other.mjs')).value,
  fail: () => { try { failForTests() } catch (error) { return [error.code, error.message] } },
})`

test('a failure inside the engine is said once; the app goes on, and every change asks for a restart', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': main, 'b.mjs': 'export const value = 1', 'other.mjs': 'export const value = import.meta.hot && 1' },
  })
  assert.equal(await app.ask('get'), 1)
  const [code, message] = await app.ask('fail')
  assert.equal(code, 'HOT_HOOK_INTERNAL')
  assert.match(message, /^the engine has failed \(.*a failure made for tests.*\)$/)
  assert.equal(await app.ask('get'), 1)
  assert.equal(await app.ask('other'), 1, 'a new module still loads, with its import.meta.hot')
  assert.match(app.output.stderr, /^hot-hook: the engine has failed .*; the app goes on without hot reload\n$/)
  for (const n of [1, 2]) {
    app.save('b.mjs', `export const value = ${n + 1}`)
    const message = await app.message('full-reload', n)
    assert.equal(message.path, app.file('b.mjs'))
  }
  assert.equal(await app.ask('get'), 1, 'unversioned')
})
