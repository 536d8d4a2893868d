/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HOT, PACKAGE, startApp } from './support/app.mjs'

const BINDING = JSON.stringify(`${PACKAGE}/lib/native/binding.js`)
const main = `
import { failForTests } from ${BINDING}
serve({
  get: async () => (await import('./b.mjs', ${HOT})).value,
  other: async () => (await import('./other.mjs')).value,
  fail: (elsewhere = false) => { try { failForTests(elsewhere) } catch (error) { return [error.code, error.message] } },
})`
const value = (n) => `export const value = ${n}`
const SAID = /^hot-hook: the engine has failed \(.*a failure made for tests.*\); the app goes on without hot reload\n$/

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

test('a failure in a thread of ours, while nobody imports: the next change asks for a restart already', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': main, 'b.mjs': value(1) } })
  assert.equal(await app.ask('get'), 1)
  await app.ask('fail', true)
  for (const n of [1, 2, 3]) {
    app.save('b.mjs', value(n + 1))
    assert.equal((await app.message('full-reload', n)).path, app.file('b.mjs'))
  }
  assert.match(app.output.stderr, SAID)
  assert.equal(await app.ask('get'), 1, 'unversioned')
})

test('after a failure, what the parent says asks for a restart', async (t) => {
  const app = await startApp(t, { hotHook: { watch: false }, files: { 'main.mjs': main, 'b.mjs': value(1) } })
  assert.equal(await app.ask('get'), 1)
  await app.ask('fail', true)
  for (const n of [1, 2, 3]) {
    app.save('b.mjs', value(n + 1))
    app.tell({ type: 'hot-hook:file-changed', path: app.file('b.mjs'), action: n === 3 ? 'unlink' : 'change' })
    assert.equal((await app.message('full-reload', n)).path, app.file('b.mjs'))
  }
  assert.match(app.output.stderr, SAID)
})

test('a failure in a worker is said once; workers and the main thread go on', async (t) => {
  const worker = `import { parentPort } from 'node:worker_threads'
    import { failForTests } from ${BINDING}
    parentPort.on('message', async (what) => {
      if (what === 'fail') try { failForTests(false) } catch {}
      parentPort.postMessage((await import('./b.mjs', ${HOT})).value + (await import('./' + what + '.mjs')).value)
    })`
  const app = await startApp(t, {
    files: {
      'main.mjs': `${main}
        import { Worker } from 'node:worker_threads'
        import { once } from 'node:events'
        const worker = new Worker(new URL('worker.mjs', import.meta.url))
        const ask = async (what) => (worker.postMessage(what), (await once(worker, 'message'))[0])
        serve({ ask })`,
      'worker.mjs': worker,
      'b.mjs': value(1),
      'other.mjs': value(10),
      'fail.mjs': value(20),
      'next.mjs': value(30),
    },
  })
  assert.equal(await app.ask('get'), 1)
  assert.equal(await app.ask('ask', 'other'), 11)
  assert.equal(await app.ask('ask', 'fail'), 21)
  assert.equal(await app.ask('get'), 1)
  assert.equal(await app.ask('other'), 10)
  assert.equal(await app.ask('ask', 'next'), 31)
  app.save('b.mjs', value(2))
  await app.message('full-reload')
  assert.equal(app.told('full-reload').length, 1)
  assert.match(app.output.stderr, SAID)
})
