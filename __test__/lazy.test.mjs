/* `lazy`: functions that run the current code, with and without hot-hook. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { PACKAGE, createFolder, startApp } from './support/app.mjs'

const USERS = (/** @type {string} */ text) => `export const index = (request, response) => response.end('${text}')
  export const name = '${text}'
  export default function (a, b) { return [this?.me, a, b, '${text}'] }`

test('what was handed over once runs the code of today', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { lazy } from 'hot-hook'
        const load = () => import('./users.mjs', import.meta.hot?.boundary)
        const handler = lazy(load)
        const index = lazy(load, 'index')
        serve({
          call: () => handler.call({ me: 'this' }, 1, 2),
          index: () => new Promise((resolve) => index({}, { end: resolve })),
        })`,
      'users.mjs': USERS('one'),
    },
  })
  assert.deepEqual(await app.ask('call'), ['this', 1, 2, 'one'])
  app.save('users.mjs', USERS('two'))
  assert.deepEqual(await app.ask('call'), ['this', 1, 2, 'two'])
  assert.equal(await app.ask('index'), 'two')
})

for (const entry of ['hot-hook', 'hot-hook/lazy']) {
  test(`${entry}: where nothing is reloaded, it imports once`, async (t) => {
    const app = await startApp(t, {
      register: false,
      files: {
        'main.mjs': `import { lazy } from '${entry}'
          let loads = 0
          const handler = lazy(() => (loads++, import('./users.mjs', import.meta.hot?.boundary)))
          serve({ call: () => handler.call({ me: 'this' }, 'a', 'b'), loads: () => loads })`,
        'users.mjs': USERS('one'),
      },
    })
    assert.deepEqual(await app.ask('call'), ['this', 'a', 'b', 'one'])
    assert.deepEqual(await app.ask('call'), ['this', 'a', 'b', 'one'])
    assert.equal(await app.ask('loads'), 1)
  })
}

test('errors go to the callback if there is one; the next call tries again', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { lazy } from 'hot-hook'
        const handler = lazy(() => import('./handler.mjs', import.meta.hot?.boundary))
        const told = (run) => run().then((value) => ['value', value], (error) => ['rejected', error.message])
        serve({
          express: () => told(() => new Promise((resolve) => handler({}, {}, (error) => resolve(error?.message ?? 'next')))),
          koa: () => told(() => handler({}, () => 'next')),
        })`,
      'handler.mjs': `export default () => { throw new Error('thrown') }`,
    },
  })
  assert.deepEqual(await app.ask('express'), ['value', 'thrown'])
  assert.deepEqual(await app.ask('koa'), ['rejected', 'thrown'])
  app.save('handler.mjs', 'export default 1 +')
  assert.equal((await app.ask('koa'))[0], 'rejected')
  app.save('handler.mjs', 'export const other = 1')
  assert.match((await app.ask('express'))[1], /lazy\(load, "default"\): the module exports no function of that name; it exports other/)
  app.save('handler.mjs', `export default (...args) => args.at(-1)()`)
  assert.deepEqual(await app.ask('express'), ['value', 'next'])
  assert.deepEqual(await app.ask('koa'), ['value', 'next'])
})

test('a handler that answers by its callback is waited for by that alone', async () => {
  const { lazy } = await import('../lib/runtime/lazy.mjs')
  /** As Fastify runs a hook: what comes first, its callback or its promise, goes on; the other must not. */
  const run = (/** @type {any} */ hook) =>
    new Promise((resolve) => {
      /** @type {any[]} */
      const ends = []
      const done = (/** @type {any} */ error) => ends.push(error?.message ?? 'done')
      hook({}, {}, done)?.then(() => done(undefined), done)
      setTimeout(() => resolve(ends), 60)
    })
  /** @type {Record<string, Function>} */
  const hooks = {
    later: (/** @type {any} */ _request, /** @type {any} */ _reply, /** @type {any} */ done) => void setTimeout(() => done(new Error('refused')), 20),
    atOnce: (/** @type {any} */ _request, /** @type {any} */ _reply, /** @type {any} */ done) => done(),
    promises: async () => {},
    rejects: async () => { throw new Error('rejected') },
    throws: (/** @type {any} */ _request, /** @type {any} */ _reply, /** @type {any} */ _done) => { throw new Error('thrown') },
    neither: () => {},
  }
  const ends = await Promise.all(Object.keys(hooks).map((name) => run(lazy(async () => hooks, name))))
  assert.deepEqual(ends, [['refused'], ['done'], ['done'], ['rejected'], ['thrown'], ['done']])
})

test('a handler that returns nothing answers when its reply is sent, if that can be awaited', async () => {
  const { lazy } = await import('../lib/runtime/lazy.mjs')
  /** @type {(value?: unknown) => void} */
  let send = () => {}
  const sent = new Promise((resolve) => (send = resolve))
  /** Fastify's reply is such a one. */
  const reply = Object.assign(sent, { send: () => send() })
  const order = []
  const handled = lazy(async () => ({ default: (/** @type {any} */ _request, /** @type {any} */ answer) => void setTimeout(() => (order.push('sent'), answer.send()), 20) }))({}, reply)
  await handled.then(() => order.push('handled'))
  assert.deepEqual(order, ['sent', 'handled'])
  // Any other promise among the arguments is the handler's affair.
  assert.equal(await lazy(async () => ({ default: (/** @type {any} */ _job) => {} }))(Promise.resolve(1)), undefined)
})

test('wrong arguments are a TypeError that names them', async () => {
  const { lazy } = await import('../lib/runtime/lazy.mjs')
  assert.throws(() => lazy(/** @type {any} */ ('./users.js')), { name: 'TypeError', message: /load must be a function that imports, got string/ })
  assert.throws(() => lazy(async () => ({}), /** @type {any} */ (1)), { name: 'TypeError', message: /name must be a string, got number/ })
})

test('hot-hook/lazy loads no addon', async (t) => {
  const folder = createFolder(t, {})
  fs.copyFileSync(path.join(PACKAGE, 'lib/runtime/lazy.mjs'), path.join(folder, 'lazy.mjs'))
  const { lazy } = await import(path.join(folder, 'lazy.mjs'))
  assert.equal(await lazy(async () => ({ default: () => 1 }))(), 1)
})
