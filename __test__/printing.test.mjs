/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import test from 'node:test'
import { HOT, isLinux, startApp } from './support/app.mjs'
import { SERVE } from './support/log.mjs'

/** A module that makes hot-hook print when it is superseded. */
const noisy = (n) => `import.meta.hot.dispose(() => { throw new Error('oops${n}') }); export const value = ${n}`
const get = `async () => (await import('./b.mjs', ${HOT})).value`

/** Nobody reads what the app prints any more. */
async function leave(app) {
  app.child.stderr.destroy()
  await once(app.child.stderr, 'close')
}

/** Saves often enough that anything that goes wrong has gone wrong. */
async function saveOften(app, ask = 'get') {
  for (let n = 2; n < 12; n++) {
    app.replace('b.mjs', noisy(n))
    await app.expect(ask, n)
  }
}

/** What else an app may do with its standard error. */
const USES = {
  'it does nothing': '',
  'it has printed something': `console.error('before')`,
  'it has replaced `write`': `const { write } = process.stderr; process.stderr.write = (...args) => write.apply(process.stderr, args)`,
  'its `write` throws': `process.stderr.write = () => { throw new Error('not now') }`,
  'it is taken away': `Object.defineProperty(process, 'stderr', { get() { throw new Error('not now') } })`,
}

for (const [name, use] of Object.entries(USES)) {
  test(`without a reader of stderr the app lives, and hears of no error: ${name}`, { skip: !isLinux && 'pipes' }, async (t) => {
    const listen = use.includes('throw') ? '' : `process.stderr.on('error', (error) => log(error.code))`
    const app = await startApp(t, { files: { 'main.mjs': `${use}; serve({ get: ${get}, listen: () => { ${listen} } }); ${SERVE}`, 'b.mjs': noisy(1) } })
    await app.expect('get', 1)
    await leave(app)
    await saveOften(app)
    await app.ask('listen')
    app.replace('b.mjs', noisy(12))
    await app.expect('get', 12)
    assert.deepEqual(await app.ask('log'), [])
  })
}

test('nor does what a worker prints end the app, nor what NODE_DEBUG prints', { skip: !isLinux && 'pipes' }, async (t) => {
  const app = await startApp(t, {
    env: { NODE_DEBUG: 'hot-hook' },
    files: {
      'main.mjs': `import { Worker } from 'node:worker_threads'
        const worker = new Worker(new URL('worker.mjs', import.meta.url))
        const ask = () => new Promise((resolve) => { worker.once('message', resolve); worker.postMessage('get') })
        serve({ get: ask })`,
      'worker.mjs': `import { parentPort } from 'node:worker_threads'
        parentPort.on('message', async () => parentPort.postMessage((await import('./b.mjs', ${HOT})).value))`,
      'b.mjs': noisy(1),
    },
  })
  await app.expect('get', 1)
  await leave(app)
  await saveOften(app)
})

/** An app with a worker that prints when its module is saved. @param {string} options of the worker @param {string} [main] @param {string} [worker] */
const withWorker = (options, main = '', worker = '') => ({
  'main.mjs': `import { Worker } from 'node:worker_threads'
    const worker = new Worker(new URL('worker.mjs', import.meta.url), ${options})
    const ask = (what) => new Promise((resolve) => { worker.once('message', resolve); worker.postMessage(what) })
    let captured = ''
    worker.stderr.on?.('data', (data) => (captured += data))
    worker.on('error', (error) => log('error ' + error.message))
    serve({ get: () => ask('get'), end: () => new Promise((resolve) => { worker.once('exit', resolve); worker.postMessage('end') }), captured: () => captured, ${main} })
    ${SERVE}`,
  'worker.mjs': `import { parentPort } from 'node:worker_threads'
    ${worker}
    parentPort.on('message', async (what) => what === 'end' ? parentPort.close() : parentPort.postMessage((await import('./b.mjs', ${HOT})).value))`,
  'b.mjs': noisy(1),
})

test('a worker\'s lines of ours go where its standard error goes', async (t) => {
  const captured = await startApp(t, { files: withWorker('{ stderr: true }') })
  await captured.expect('get', 1)
  captured.save('b.mjs', noisy(2))
  await captured.expect('get', 2)
  await captured.expect('captured', (/** @type {string} */ text) => /^hot-hook: a dispose handler of \S+b\.mjs failed: Error: oops1/.test(text))
  assert.equal(captured.output.stderr, '')
  assert.equal(await captured.ask('end'), 0, 'a line of ours keeps no worker')

  const plain = await startApp(t, { files: withWorker('{}') })
  await plain.expect('get', 1)
  plain.save('b.mjs', noisy(2))
  await plain.expect('get', 2)
  await plain.until('the line', () => /^hot-hook: a dispose handler of \S+b\.mjs failed: Error: oops1/.test(plain.output.stderr))
})

test('a worker whose stream has ended or throws, and one whose starter is busy, goes on', async (t) => {
  const uses = ['process.stderr.end()', 'process.stderr.destroy()', `process.stderr.write = () => { throw new Error('not now') }`]
  for (const use of uses) {
    const app = await startApp(t, { files: withWorker('{}', '', use) })
    await app.expect('get', 1)
    app.save('b.mjs', noisy(2))
    await app.expect('get', 2)
    await app.until('the line', () => /^hot-hook: a dispose handler of \S+b\.mjs failed: Error: oops1/m.test(app.output.stderr))
    assert.deepEqual(await app.ask('log'), [], use)
  }
  // While the main thread is blocked the worker saves, prints and imports anew.
  const blocked = await startApp(t, {
    files: withWorker('{ workerData: new Int32Array(new SharedArrayBuffer(4)), stderr: true }'.replace('new Int32Array', 'globalThis.done = new Int32Array'), `
      wait: () => { worker.postMessage('save'); return Atomics.wait(globalThis.done, 0, 0, 10_000) }`, `
      import { writeFileSync } from 'node:fs'
      import { workerData } from 'node:worker_threads'
      parentPort.on('message', async (what) => {
        if (what !== 'save') return
        writeFileSync(new URL('b.mjs', import.meta.url), ${JSON.stringify(noisy(2))})
        Atomics.store(workerData, 0, (await import('./b.mjs', ${HOT})).value)
        Atomics.notify(workerData, 0)
      })`),
  })
  await blocked.expect('get', 1)
  assert.match(await blocked.ask('wait'), /^(ok|not-equal)$/)
  await blocked.expect('captured', (/** @type {string} */ text) => text.includes('oops1'))
})

test('what an app does with `process.stderr.write` it does with our lines, too', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': `process.stderr.write = (text) => (log(text), true); serve({ get: ${get} }); ${SERVE}`, 'b.mjs': noisy(1) },
  })
  await app.expect('get', 1)
  app.save('b.mjs', noisy(2))
  await app.expect('get', 2)
  const [line] = await app.ask('log')
  assert.match(line, /^hot-hook: a dispose handler of \S+b\.mjs failed: Error: oops1/)
})

test('an error that throws when it is looked at is reported all the same', async (t) => {
  const b = (n) => `import.meta.hot.dispose(() => { throw { [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('not me') } } }); export const value = ${n}`
  const app = await startApp(t, { files: { 'main.mjs': `serve({ get: ${get} })`, 'b.mjs': b(1) } })
  await app.expect('get', 1)
  app.save('b.mjs', b(2))
  await app.expect('get', 2)
  await app.until('it is reported', () => /a dispose handler of \S+b\.mjs failed: something that cannot be shown\n/.test(app.output.stderr))
})

test('a reader that is behind gets every line in the end', { skip: !isLinux && 'pipes' }, async (t) => {
  const long = 'x'.repeat(5000)
  const b = (n) => `import.meta.hot.dispose(() => { throw '${long} ${n}' }); export const value = ${n}`
  const app = await startApp(t, { files: { 'main.mjs': `console.error('before'); serve({ get: ${get} })`, 'b.mjs': b(1) } })
  await app.expect('get', 1)
  app.child.stderr.pause()
  for (let n = 2; n < 80; n++) {
    app.replace('b.mjs', b(n))
    await app.expect('get', n)
  }
  app.child.stderr.resume()
  await app.until('the last line', () => app.output.stderr.includes(' 78'))
  const lines = app.output.stderr.split('\n').slice(1, -1)
  assert.deepEqual(lines.map((line) => line.replace(/^.*x (\d+)'$/, '$1')), Array.from({ length: 78 }, (_, at) => String(at + 1)))
})
