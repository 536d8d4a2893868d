/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
/**
 * What users of Vite and dynohot have learnt to write. Where it must be written otherwise here, docs/migrate.md says so.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { createFolder, startApp } from './support/app.mjs'
import { logs, SERVE } from './support/log.mjs'
import { install } from './support/runs.mjs'

const MODULE = `if (import.meta.hot) {`

test('Vite: a module that accepts itself shows its new export', async (t) => {
  const m = (n) => `export const count = ${n}
    ${MODULE} import.meta.hot.accept((newModule) => { if (newModule) log('updated: count is now ' + newModule.count) }) }`
  const app = await startApp(t, { files: { 'main.mjs': `import './m.mjs'; ${SERVE}`, 'm.mjs': m(1) } })
  app.save('m.mjs', m(2))
  await logs(app, ['updated: count is now 2'])
  // In Vite the callback is called with nothing. Here it is not.
  app.save('m.mjs', m('?'))
  await app.until('it is reported', () => app.output.stderr.includes('SyntaxError'))
  app.save('m.mjs', m(4))
  await logs(app, ['updated: count is now 4'])
})

test('Vite: a module accepts what it imports: one, and several', async (t) => {
  const dep = (name, n) => `export const name = () => log('${name} ${n}')`
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { name } from './foo.mjs'; import './bar.mjs'; name(); ${SERVE}
        ${MODULE}
          import.meta.hot.accept('./foo.mjs', (newFoo) => { newFoo?.name() })
          import.meta.hot.accept(['./foo.mjs', './bar.mjs'], ([newFooModule, newBarModule]) => {
            newFooModule?.name(); newBarModule?.name(); log([!!newFooModule, !!newBarModule])
          })
        }`,
      'foo.mjs': dep('foo', 1),
      'bar.mjs': dep('bar', 1),
    },
  })
  await logs(app, ['foo 1'])
  app.save('foo.mjs', dep('foo', 2))
  await logs(app, ['foo 2', 'foo 2', [true, false]])
  app.save('bar.mjs', dep('bar', 2))
  await logs(app, ['bar 2', [false, true]])
})

test('Vite: a side effect is undone by dispose; what is not imported any more, by prune', async (t) => {
  const effect = (n) => `function setupSideEffect() { log('set up ${n}') }
    setupSideEffect()
    ${MODULE} import.meta.hot.dispose((data) => { log('cleaned up ${n}') }); import.meta.hot.prune(() => log('gone')) }`
  const user = (text) => `${text}; ${MODULE} import.meta.hot.accept() }`
  const app = await startApp(t, {
    files: { 'main.mjs': `import './user.mjs'; ${SERVE}`, 'user.mjs': user(`import './effect.mjs'`), 'effect.mjs': effect(1) },
  })
  await logs(app, ['set up 1'])
  app.save('effect.mjs', effect(2))
  await logs(app, ['cleaned up 1', 'set up 2'])
  app.save('user.mjs', user(''))
  await logs(app, ['cleaned up 2', 'gone'])
})

test('Vite: data is changed, not replaced', async (t) => {
  const m = (n) => `${MODULE}
      log(import.meta.hot.data.someValue ?? 'nothing'); import.meta.hot.data.someValue = 'hello ${n}'; import.meta.hot.accept()
      try { import.meta.hot.data = { someValue: 'hello' } } catch (error) { log(error.name) }
    }`
  const app = await startApp(t, { files: { 'main.mjs': `import './m.mjs'; ${SERVE}`, 'm.mjs': m(1) } })
  await logs(app, ['nothing', 'TypeError'])
  app.save('m.mjs', m(2))
  await logs(app, ['hello 1', 'TypeError'])
})

test('Vite: a module that accepts itself, and finds that it cannot, passes the update on', async (t) => {
  const m = (text) => `${text}; ${MODULE}
      import.meta.hot.accept((module) => { if (!module.render) import.meta.hot.invalidate('no render') })
    }`
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './page.mjs'; ${SERVE}; ${MODULE} import.meta.hot.on('vite:invalidate', ({ message }) => log(message)) }`,
      'page.mjs': `import * as m from './m.mjs'; log(Object.keys(m)); ${MODULE} import.meta.hot.accept() }`,
      'm.mjs': m('export const render = 1'),
    },
  })
  await logs(app, [['render']])
  // Renamed into place: the first may be imported while the second is written, and an empty file has no `render` either.
  app.replace('m.mjs', m('export const render = 2'))
  app.replace('m.mjs', m('export const draw = 3'))
  await logs(app, ['no render', ['draw']])
})

test('dynohot: a timer shows what is imported now', async (t) => {
  const now = (n) => `export const now = ${n}`
  const app = await startApp(t, {
    files: {
      // There, the binding \`now\` itself changes. Here the new one comes with the callback.
      'main.mjs': `import { now as first } from './now.mjs'; let now = first; let last
        setInterval(() => { if (now !== last) log(last = now) }, 5); import.meta.hot.accept('./now.mjs', (fresh) => { now = fresh.now }); ${SERVE}`,
      'now.mjs': now(1),
    },
  })
  await logs(app, [1])
  app.save('now.mjs', now(2))
  await logs(app, [2])
})

test('dynohot: the main module accepts itself, and its server makes way for the next one', async (t) => {
  const rest = (n) => `export const answer = (request, response) => response.end('${n}')`
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { createServer } from 'node:http'; import { answer } from './rest.mjs'; ${SERVE}
        const server = createServer(answer)
        // There, this is done in the callback of \`accept\`, which runs first. Here that is what \`dispose\` is for.
        import.meta.hot.accept()
        import.meta.hot.dispose((data) => { data.port = server.address().port; return new Promise((resolve) => { server.close(resolve); server.closeAllConnections() }) })
        server.listen(import.meta.hot.data.port ?? 0, '127.0.0.1', () => { globalThis.port = server.address().port; log('listens') })
        serve({ port: () => globalThis.port })`,
      'rest.mjs': rest(1),
    },
  })
  await logs(app, ['listens'])
  const url = `http://127.0.0.1:${await app.ask('port')}`
  for (const n of [1, 2, 3]) {
    if (n > 1) {
      app.save('rest.mjs', rest(n))
      await logs(app, ['listens'])
    }
    assert.equal(await (await fetch(url)).text(), String(n))
  }
})

test('dynohot: swappable middleware', async (t) => {
  const middleware = (n) => `export default (request, response) => response.send('${n}')`
  const folder = createFolder(t, {
    files: {
      'main.mjs': `import express from 'express'; import yourMiddleware from './your-middleware.mjs'; ${SERVE}
        function makeSwappable(initial) {
          if (!import.meta.hot) return [() => { throw new Error('not swappable') }, initial]
          let current = initial
          return [(next) => { current = next }, (...args) => current(...args)]
        }
        const app = express()
        const [swap, middleware] = makeSwappable(yourMiddleware)
        app.use(middleware)
        import.meta.hot?.accept('./your-middleware.mjs', (fresh) => { swap(fresh.default); log('swapped') })
        const server = app.listen(0, '127.0.0.1', () => serve({ port: () => server.address().port }))`,
      'your-middleware.mjs': middleware(1),
    },
  })
  install(folder, 'express')
  const app = await startApp(t, { folder })
  const url = `http://127.0.0.1:${await app.ask('port')}`
  const get = async () => (await fetch(url)).text()
  assert.equal(await get(), '1')
  for (const n of [2, 3]) {
    app.save('your-middleware.mjs', middleware(n))
    await logs(app, ['swapped'])
    assert.equal(await get(), String(n))
  }
})

test('dynohot: a connection is passed forward', async (t) => {
  const client = (n) => `log('client ${n}')
    export const client = import.meta.hot?.data?.client ?? await async function () {
      await null
      return { connected: globalThis.connections = (globalThis.connections ?? 0) + 1 }
    }()
    import.meta.hot?.dispose((data) => { data.client = client })`
  const user = (n) => `import { client } from './client.mjs'; log(['user ${n}', client.connected]); import.meta.hot?.accept()`
  const app = await startApp(t, { files: { 'main.mjs': `import './user.mjs'; ${SERVE}`, 'user.mjs': user(1), 'client.mjs': client(1) } })
  await logs(app, ['client 1', ['user 1', 1]])
  app.save('client.mjs', client(2))
  await logs(app, ['client 2', ['user 1', 1]])
  app.save('client.mjs', client(3))
  await logs(app, ['client 3', ['user 1', 1]])
  app.save('user.mjs', user(2))
  await logs(app, [['user 2', 1]])
})

test('dynohot: invalidated by an event from outside', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { payload } from './payload.mjs'; log(payload); ${SERVE}
        import.meta.hot.accept('./payload.mjs', (fresh) => log(fresh.payload))`,
      'payload.mjs': `import fs from 'node:fs'; import fsPromises from 'node:fs/promises'
        const file = new URL('./payload.txt', import.meta.url)
        export const payload = await fsPromises.readFile(file, 'utf8')
        if (import.meta.hot) {
          const watcher = fs.watch(file, () => { if (fs.readFileSync(file, 'utf8') === payload) return; import.meta.hot.invalidate(); watcher.close() })
        }`,
      'payload.txt': 'one',
    },
  })
  await logs(app, ['one'])
  for (const text of ['two', 'three']) {
    app.replace('payload.txt', text)
    await app.until(`it is ${text}`, async () => (await app.ask('log')).at(-1) === text)
  }
})
