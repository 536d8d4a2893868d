/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import test from 'node:test'
import { HOT, startApp } from './support/app.mjs'

const value = (n) => `export const value = ${n}`

/** `work(file)` starts a worker; what it is asked is answered by its `commands`. */
const withWorkers = `
  import { Worker } from 'node:worker_threads'
  import { once } from 'node:events'
  const workers = []
  const work = async (file) => {
    const worker = new Worker(new URL(file, import.meta.url))
    worker.setMaxListeners(0)
    await once(worker, 'message')
    return workers.push(worker) - 1
  }
  const ask = async (n, name) => {
    workers[n].postMessage(name)
    const [{ value, error }] = await once(workers[n], 'message')
    if (error) throw new Error(error)
    return value
  }
  const stop = (n) => workers[n].terminate()`
const answers = (commands) => `
  import { parentPort } from 'node:worker_threads'
  const commands = { ${commands} }
  parentPort.on('message', async (name) => {
    try {
      parentPort.postMessage({ value: await commands[name]() })
    } catch (error) {
      parentPort.postMessage({ error: String(error) })
    }
  })
  parentPort.postMessage('ready')`
const load = `get: async () => (await import('./b.mjs', ${HOT})).value, log: () => log.lines.splice(0)`

test('each thread has its own instances, and runs its own handlers', async (t) => {
  const b = (n) => `import { threadId } from 'node:worker_threads'
    log(threadId + ' runs ${n}')
    import.meta.hot.dispose(() => log(threadId + ' disposes of ${n}'))
    export const value = [threadId > 0, ${n}]`
  const app = await startApp(t, {
    files: {
      'main.mjs': `${withWorkers}\nserve({ work, ask, stop, ${load} })`,
      'w.mjs': `globalThis.log = Object.assign((line) => log.lines.push(line.replace(/^\\d+/, 'worker')), { lines: [] })\n${answers(load)}`,
      'b.mjs': b(1),
    },
  })
  assert.equal(await app.ask('work', './w.mjs'), 0)
  assert.deepEqual(await app.ask('get'), [false, 1])
  assert.deepEqual(await app.ask('ask', 0, 'get'), [true, 1])
  app.save('b.mjs', b(2))
  assert.deepEqual(await app.ask('get'), [false, 2])
  assert.deepEqual(await app.ask('log'), ['0 runs 1', '0 disposes of 1', '0 runs 2'])
  assert.deepEqual(await app.ask('ask', 0, 'get'), [true, 2])
  assert.deepEqual(await app.ask('ask', 0, 'log'), ['worker runs 1', 'worker disposes of 1', 'worker runs 2'])
  app.save('b.mjs', b(3))
  await app.message('invalidated', 2)
  let log = []
  await app.until('the idle worker disposes, too', async () => (log = [...log, ...(await app.ask('ask', 0, 'log'))]).length > 0)
  assert.deepEqual(log, ['worker disposes of 2'])
  assert.deepEqual(await app.ask('get'), [false, 3])
  await app.ask('stop', 0)
  app.save('b.mjs', b(4))
  assert.deepEqual(await app.ask('get'), [false, 4])
  await app.message('invalidated', 3)
  assert.equal(app.messages.length, 3, 'one message for all threads')
})

test('freshness in a worker, whoever saves', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import fs from 'node:fs'\n${withWorkers}
        serve({ work, ask, async both(n) {
          fs.writeFileSync(new URL('c.mjs', import.meta.url), 'export const value = ' + n)
          return ask(0, 'get')
        } })`,
      'w.mjs': answers(load),
      'b.mjs': `export { value } from './c.mjs'`,
      'c.mjs': value(0),
    },
  })
  await app.ask('work', './w.mjs')
  assert.equal(await app.ask('ask', 0, 'get'), 0)
  for (let n = 1; n <= 20; n++) {
    if (n % 2) assert.equal(await app.ask('both', n), n)
    else {
      app.replace('c.mjs', value(n))
      assert.equal(await app.ask('ask', 0, 'get'), n)
    }
  }
})

const watches = ({ child }) =>
  fs.readdirSync(`/proc/${child.pid}/fdinfo`).flatMap((fd) => {
    try {
      return fs.readFileSync(`/proc/${child.pid}/fdinfo/${fd}`, 'utf8').split('\n').filter((line) => line.startsWith('inotify '))
    } catch {
      // It was closed meanwhile.
      return []
    }
  }).length

test('100 short-lived workers leave nothing', { skip: process.platform !== 'linux' && 'it reads /proc' }, async (t) => {
  const app = await startApp(t, {
    before: ['--expose-gc'],
    files: {
      'main.mjs': `import { hot } from 'hot-hook'\n${withWorkers}
        async function heap() {
          for (let i = 0; i < 8; i++) { gc(); await new Promise(setImmediate) }
          return process.memoryUsage().heapUsed
        }
        serve({
          ${load}, heap,
          dump: async () => (await hot.dump()).map(({ path, dependents }) => path + ' < ' + dependents).sort(),
          async run(count, how) {
            for (let left = count; left > 0; left -= 5) {
              await Promise.all(Array.from({ length: Math.min(left, 5) }, async () => {
                const worker = new Worker(new URL('./worker/w.mjs', import.meta.url))
                const exit = once(worker, 'exit')
                await once(worker, 'message')
                if (how === 'terminated') worker.terminate()
                else worker.postMessage('stop')
                await exit
              }))
            }
          },
        })`,
      'b.mjs': value(1),
      'worker/w.mjs': `import { parentPort } from 'node:worker_threads'
        import './static.mjs'
        await import('../b.mjs', ${HOT})
        await import('./deep/hot.mjs', ${HOT})
        parentPort.once('message', () => parentPort.close())
        parentPort.postMessage('ready')`,
      'worker/static.mjs': `import './c.cjs'`,
      'worker/c.cjs': '',
      'worker/deep/hot.mjs': `import.meta.hot.dispose(() => {})`,
    },
  })
  assert.equal(await app.ask('get'), 1)
  const before = { dump: await app.ask('dump'), watches: watches(app) }
  await app.ask('run', 5)
  const heap = await app.ask('heap')
  for (let n = 0; n < 19; n++) await app.ask('run', 5, n % 2 ? 'terminated' : '')
  await app.until('the threads are gone', async () => (await app.ask('dump')).length === before.dump.length)
  assert.deepEqual(await app.ask('dump'), before.dump)
  await app.until('their watches are gone', () => watches(app) === before.watches)
  const grown = ((await app.ask('heap')) - heap) / 1024 / 95
  assert.ok(grown < 10, `${grown} KB a worker`)
  // What only they had loaded is nothing to the app, what it has loaded itself is hot.
  app.save('worker/static.mjs', '// 2')
  app.save('b.mjs', value(2))
  assert.equal(await app.ask('get'), 2)
  await app.message('invalidated')
  assert.deepEqual(app.messages.map(({ type, paths }) => [type, paths]), [['hot-hook:invalidated', [app.file('b.mjs')]]])
})

test('a cluster: each process reloads for itself, and tells its own parent', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import cluster from 'node:cluster'
        import { once } from 'node:events'
        if (cluster.isPrimary) {
          const told = []
          const ready = []
          for (let n = 0; n < 2; n++) {
            const worker = cluster.fork()
            ready.push(once(worker, 'message'))
            worker.on('message', (message) => message.type && told.push(message.type + ' ' + n))
          }
          const ask = (worker) => new Promise((resolve) => {
            const listen = (message) => 'got' in message && (worker.off('message', listen), resolve(message.got))
            worker.on('message', listen).send('get')
          })
          await Promise.all(ready)
          const all = () => Promise.all(Object.values(cluster.workers).map(ask))
          serve({ all, own: async () => (await import('./b.mjs', ${HOT})).value, told: () => told.splice(0).sort() })
        } else {
          process.on('message', async (message) => {
            if (message === 'get') process.send({ got: (await import('./b.mjs', ${HOT})).value })
          })
          process.send('ready')
        }`,
      'b.mjs': value(1),
    },
  })
  assert.deepEqual(await app.ask('all'), [1, 1])
  app.save('b.mjs', value(2))
  assert.deepEqual(await app.ask('all'), [2, 2])
  assert.equal(await app.ask('own'), 2)
  await app.expect('told', ['hot-hook:invalidated 0', 'hot-hook:invalidated 1'])
  assert.deepEqual(app.messages, [], 'the primary had loaded nothing')
  app.save('b.mjs', value(3))
  assert.deepEqual(await app.ask('all'), [3, 3])
  await app.message('invalidated')
})

test('a forked child has a graph of its own', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { fork } from 'node:child_process'
        import { once } from 'node:events'
        import './cold-here.mjs'
        const child = fork(new URL('child.mjs', import.meta.url))
        const told = []
        child.on('message', (message) => message.type && told.push([message.type, message.path ?? message.paths]))
        await once(child, 'message')
        serve({ get: async () => (await import('./b.mjs', ${HOT})).value, told: () => told.splice(0) })`,
      'child.mjs': `import './b.mjs'; process.on('message', () => {}); process.send('ready')`,
      'b.mjs': value(1),
      'cold-here.mjs': '',
    },
  })
  assert.equal(await app.ask('get'), 1)
  app.save('b.mjs', value(2))
  assert.equal(await app.ask('get'), 2, 'hot here, whatever it is there')
  await app.expect('told', [['hot-hook:full-reload', app.file('b.mjs')]])
  app.save('cold-here.mjs', '// 2')
  await app.message('full-reload')
  assert.deepEqual(app.messages.map(({ type }) => type), ['hot-hook:invalidated', 'hot-hook:full-reload'])
  assert.deepEqual(await app.ask('told'), [])
})

test('a worker that waits and never answers silences nobody; what it may have required asks for a restart', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './cold.mjs'
        import { Worker } from 'node:worker_threads'
        import { once } from 'node:events'
        await once(new Worker(new URL('./w.cjs', import.meta.url)), 'message')
        serve({ get: async () => (await import('./b.mjs', ${HOT})).value })`,
      'w.cjs': `require('./lib.cjs'); require('node:worker_threads').parentPort.postMessage('ready')
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)`,
      'lib.cjs': 'exports.value = 1',
      'cold.mjs': '',
      'b.mjs': value(1),
    },
  })
  assert.equal(await app.ask('get'), 1)
  app.save('b.mjs', value(2))
  assert.equal(await app.ask('get'), 2)
  app.save('cold.mjs', '// 2')
  assert.equal((await app.message('full-reload')).path, app.file('cold.mjs'))
  app.save('lib.cjs', 'exports.value = 2')
  assert.equal((await app.message('full-reload', 2)).path, app.file('lib.cjs'))
  app.save('cold.mjs', '// 3')
  assert.equal((await app.message('full-reload', 3)).path, app.file('cold.mjs'))
  assert.equal(await app.ask('get'), 2)
})
