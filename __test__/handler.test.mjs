/* `handler`: what serves requests, handed over once, and today's at each request. The frameworks themselves are in frameworks/handler.test.mjs. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import path from 'node:path'
import test, { describe } from 'node:test'
import { handler } from '../lib/lazy.mjs'
import { isLocal, preferred } from '../lib/runtime/error-answer.mjs'
import { DEADLINE, PACKAGE, createFolder, startApp, write } from './support/app.mjs'
import { install } from './support/runs.mjs'

const LOAD = (/** @type {string} */ file, /** @type {string} */ more = '') => `handler(() => import('${file}', import.meta.hot?.boundary)${more})`
/** A server of an app, and what it could not deal with. */
const SERVER = (/** @type {string} */ listener, from = 'hot-hook') => `import { createServer } from 'node:http'
  import { handler } from '${from}'
  const unhandled = []
  process.on('unhandledRejection', (error) => unhandled.push(String(error)))
  const server = createServer(${listener})
  server.listen(0, '127.0.0.1', () => serve({ port: () => server.address().port, pid: () => process.pid, unhandled: () => unhandled }))`

/** @param {any} app */
async function reader(app) {
  const url = `http://127.0.0.1:${await app.ask('port')}`
  return async (/** @type {string} */ where = '/', /** @type {RequestInit} */ options = {}) => {
    const response = await fetch(url + where, options)
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
  }
}

/** @param {string} what @param {() => unknown} look */
async function until(what, look) {
  for (const end = Date.now() + DEADLINE; !look(); ) {
    if (Date.now() > end) throw new Error(`after ${DEADLINE} ms, not: ${what}`)
    await new Promise(setImmediate)
  }
}

describe('under hot-hook', { concurrency: true }, () => {
  test('one line makes an app of Express hot; an import that fails is answered, and mended by the next save', async (t) => {
    const files = {
      'main.mjs': SERVER(LOAD('./app.mjs', ", 'app'")),
      'app.mjs': `import express from 'express'
        import { users } from './routes.mjs'
        export const app = express().use('/users', users)`,
      'routes.mjs': `import { Router } from 'express'
        import { list } from './service.mjs'
        export const users = Router().get('/', (request, response) => response.send(list()))`,
      'service.mjs': `export const list = () => 'one'\n`,
    }
    const folder = createFolder(t, { files })
    install(folder, 'express')
    const app = await startApp(t, { folder })
    const read = await reader(app)
    assert.equal((await read('/users')).text, 'one')
    app.save('service.mjs', `export const list = () => 'two'\n`)
    assert.equal((await read('/users')).text, 'two')
    app.save('routes.mjs', files['routes.mjs'].replace('list()', "list() + '!'"))
    assert.equal((await read('/users')).text, 'two!')

    app.save('service.mjs', `export const list = () => '<b>&"' +;\n`)
    const frame = `  > 1 | export const list = () => '<b>&"' +;\n      |                                    ^`
    assert.deepEqual(await read('/users'), { status: 500, type: 'text/plain; charset=utf-8', text: `SyntaxError: Unexpected token ';'\nservice.mjs:1:36\n${frame}\n` })
    const json = await read('/users', { headers: { accept: 'application/json' } })
    const error = { name: 'SyntaxError', message: "Unexpected token ';'", file: app.file('service.mjs'), line: 1, column: 36, frame }
    assert.deepEqual({ ...json, text: JSON.parse(json.text) }, { status: 500, type: 'application/json', text: { error } })
    const html = await read('/users', { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } })
    assert.equal(html.type, 'text/html; charset=utf-8')
    assert.match(html.text, /<h1>SyntaxError: Unexpected token &#39;;&#39;<\/h1><p>service\.mjs:1:36<\/p><pre>.*&#60;b&#62;&#38;&#34;/)
    const head = await read('/users', { method: 'HEAD' })
    assert.deepEqual([head.status, head.text], [500, ''])
    const refused = await read('/users', { headers: { 'x-forwarded-for': '127.0.0.1' } })
    assert.equal(refused.status, 500)
    assert.doesNotMatch(refused.text, /service|SyntaxError|const/)

    app.save('service.mjs', `export const list = () => 'three'\n`)
    assert.equal((await read('/users')).text, 'three!')
    assert.deepEqual(await app.ask('unhandled'), [])
    assert.deepEqual(app.told('full-reload'), [])
  })

  test('an app that has never loaded: all of the first requests are answered, people are told once, and a save mends it', async (t) => {
    const files = { 'main.mjs': SERVER(LOAD('./app.mjs')), 'app.mjs': `import { nothing } from './other.mjs'\nexport default (request, response) => response.end(nothing)`, 'other.mjs': 'export const something = 1' }
    const app = await startApp(t, { files })
    const read = await reader(app)
    for (const { status, text } of await Promise.all([read(), read(), read()])) {
      assert.equal(status, 500)
      assert.match(text, /^SyntaxError: .*does not provide an export named 'nothing'\napp\.mjs:1:10\n/)
    }
    await app.quiet()
    assert.equal(app.output.stderr.match(/does not provide an export/g)?.length, 1, app.known())
    app.save('app.mjs', `export default (request, response) => response.end('well')`)
    assert.equal((await read()).text, 'well')
    app.save('app.mjs', `throw new Error('at its start')`)
    assert.match((await read()).text, /^Error: at its start\napp\.mjs:1:7\n/)
    app.save('app.mjs', `export const app = 1`)
    assert.match((await read()).text, /^TypeError: handler\(load, "default"\): the module exports no app of that name; it exports app\n/)
    app.save('app.mjs', `export default (request, response) => response.end('well again')`)
    assert.equal((await read()).text, 'well again')
    assert.deepEqual(await app.ask('unhandled'), [])
  })

  test('whatever the app throws is answered, if nothing is yet; the process goes on', async (t) => {
    const app = await startApp(t, {
      files: {
        'main.mjs': SERVER(LOAD('./app.mjs')),
        'app.mjs': `const things = { text: 'a <text>', nothing: undefined, frozen: Object.freeze(new Error('frozen')), getter: { get message() { throw new Error('worse') } } }
          const without = new Error('no stack'); delete without.stack; without.stack = undefined
          export default async (request, response) => {
            const what = request.url.slice(1)
            if (what === 'status') { response.statusMessage = 'no → header'; response.writeHead(200) }
            if (what === 'sync') throw new Error('at once')
            if (what === 'begun') { response.setHeader('content-length', 100); response.write('begun'); await null; throw new Error('too late') }
            if (what === 'ended') { response.end('ended'); await null; throw new Error('after the end') }
            response.setHeader('etag', 'of another answer')
            await null
            throw what === 'stackless' ? without : things[what]
          }`,
      },
    })
    const read = await reader(app)
    assert.match((await read('/sync')).text, /^Error: at once\napp\.mjs:6:40\n/)
    assert.match((await read('/status')).text, /^TypeError: Invalid character in statusMessage/)
    assert.match((await read('/text')).text, /^Error: a <text>\n/)
    for (const what of ['nothing', 'frozen', 'getter', 'stackless']) assert.equal((await read(`/${what}`)).status, 500, what)
    await assert.rejects(read('/begun'), { name: 'TypeError' })
    assert.deepEqual((await read('/ended')).text, 'ended')
    assert.equal((await read('/sync')).status, 500)
    assert.deepEqual(await app.ask('unhandled'), [])
    await app.until('the terminal says what the requests cannot', () => /too late/.test(app.output.stderr) && /after the end/.test(app.output.stderr))
  })

  test('a function that takes a Request serves Node, too, with whatever it streams', async (t) => {
    const app = await startApp(t, {
      files: {
        'main.mjs': SERVER('app').replace('const server', `const app = ${LOAD('./app.mjs', ", 'fetch'")}; const server`)
          .replace('serve({', `serve({ own: async (url) => (await app.fetch(new Request(url), { key: 'of env' })).text(),`),
        'app.mjs': `import { name } from './name.mjs'
          export const fetch = async (request, env) => {
            const { pathname } = new URL(request.url)
            if (pathname === '/echo') return new Response(request.body, { status: 201, statusText: 'Told', headers: [['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['x-name', name]] })
            if (pathname === '/stream') return new Response(new ReadableStream({ async start(c) { for (const n of [1, 2, 3]) { c.enqueue(new TextEncoder().encode(n + ' ')); await new Promise(setImmediate) } c.close() } }))
            if (pathname === '/wrong') return 'no response'
            return Response.json({ name, method: request.method, url: pathname, env: Object.keys(env ?? {}), key: env?.key })
          }`,
        'name.mjs': `export const name = 'one'`,
      },
    })
    const read = await reader(app)
    assert.deepEqual(JSON.parse((await read('//x/y?q')).text), { name: 'one', method: 'GET', url: '//x/y', env: ['incoming', 'outgoing'] })
    app.save('name.mjs', `export const name = 'two'`)
    assert.deepEqual(JSON.parse(await app.ask('own', 'http://other.test/own')), { name: 'two', method: 'GET', url: '/own', env: ['key'], key: 'of env' })
    assert.deepEqual(await read('/stream'), { status: 200, type: null, text: '1 2 3 ' })
    const body = 'x'.repeat(300_000)
    const url = `http://127.0.0.1:${await app.ask('port')}`
    const response = await fetch(`${url}/echo`, { method: 'POST', body })
    assert.deepEqual([response.status, response.statusText, response.headers.getSetCookie(), response.headers.get('x-name')], [201, 'Told', ['a=1', 'b=2'], 'two'])
    assert.ok((await response.text()) === body)
    assert.equal((await read('/', { method: 'HEAD' })).text, '')
    assert.match((await read('/wrong')).text, /TypeError: handler: a function that takes a Request must return a Response, got string/)
    app.save('name.mjs', `export const name =`)
    assert.match((await read('/')).text, /^SyntaxError: .*\nname\.mjs:1:/)
    // Who asks is not known: nothing is shown.
    assert.doesNotMatch(await app.ask('own', 'http://localhost/'), /SyntaxError|name/)
    assert.deepEqual(await app.ask('unhandled'), [])
  })

  test('what it returns listens by itself, as an app of Express does', async (t) => {
    const files = {
      'main.mjs': `import { handler } from 'hot-hook'
        const app = ${LOAD('./app.mjs', ", 'app'")}
        const server = app.listen(0, '127.0.0.1', () => serve({ port: () => server.address().port }))`,
      'app.mjs': `export const app = (request, response) => response.end('one')`,
    }
    const app = await startApp(t, { files })
    const read = await reader(app)
    assert.equal((await read()).text, 'one')
    app.save('app.mjs', files['app.mjs'].replace('one', 'two'))
    assert.equal((await read()).text, 'two')
  })

  test('connections are upgraded by what the module exports for that; a failed import is an answer', async (t) => {
    const upgrade = (/** @type {string} */ text) => `export default (request, response) => response.end('plain')
      export const upgrade = (request, socket, head) => socket.end('HTTP/1.1 101 Switching Protocols\\r\\nconnection: upgrade\\r\\nupgrade: x\\r\\n\\r\\n${text} ' + head)`
    const files = { 'main.mjs': `${SERVER('handle').replace('const server', `const handle = ${LOAD('./app.mjs')}; const server`)}; server.on('upgrade', handle.upgrade)`, 'app.mjs': upgrade('one') }
    const app = await startApp(t, { files })
    const port = await app.ask('port')
    const ask = async () => {
      const socket = net.connect(port, '127.0.0.1')
      socket.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nhead')
      let text = ''
      for await (const chunk of socket) text += chunk
      return text
    }
    assert.match(await ask(), /101[^]*one head$/)
    app.save('app.mjs', upgrade('two'))
    assert.match(await ask(), /101[^]*two head$/)
    app.save('app.mjs', 'export const x = ;')
    assert.match(await ask(), /^HTTP\/1\.1 500 [^]*SyntaxError: Unexpected token ';'\napp\.mjs:1:18/)
    app.save('app.mjs', 'export default (request, response) => response.end()')
    assert.match(await ask(), /^HTTP\/1\.1 501 /)
    app.save('app.mjs', upgrade('three'))
    assert.match(await ask(), /101[^]*three head$/)
    assert.deepEqual(await app.ask('unhandled'), [])
  })
})

describe('without hot-hook', { concurrency: true }, () => {
  for (const from of ['hot-hook', 'hot-hook/lazy']) {
    test(`${from}: it imports once, and no source leaves the process`, async (t) => {
      const files = { 'main.mjs': SERVER(LOAD('./app.mjs'), from), 'app.mjs': `globalThis.runs = (globalThis.runs ?? 0) + 1; export default (request, response) => response.end('run ' + runs)` }
      const app = await startApp(t, { register: false, files })
      const read = await reader(app)
      assert.deepEqual((await Promise.all([read(), read(), read()])).map(({ text }) => text), ['run 1', 'run 1', 'run 1'])
      app.save('app.mjs', 'export default 1 +')
      assert.equal((await read()).text, 'run 1')
    })
  }

  test('an import that fails rejects; the next call tries again, and several share one', async () => {
    let loads = 0
    const handle = handler(async () => {
      if (++loads === 1) throw new Error('not yet')
      return { default: (/** @type {any} */ _request, /** @type {any} */ response) => response.end('well') }
    })
    const answers = /** @type {string[]} */ ([])
    const call = (/** @type {any[]} */ ...next) => /** @type {any} */ (handle)({ headers: {} }, { writeHead() {}, end: (/** @type {string} */ text) => answers.push(text), once() {} }, ...next)
    await Promise.all([assert.rejects(call(), /not yet/), assert.rejects(call(), /not yet/)])
    await Promise.all([call(), call()])
    assert.equal(loads, 2)
    call()
    assert.deepEqual(answers, ['well', 'well', 'well'], 'the last one in the same turn')
    const passed = await new Promise((resolve) => /** @type {any} */ (handler(async () => { throw new Error('to next') }))({}, { writeHead() {}, end() {} }, resolve))
    assert.match(passed.message, /to next/)
  })

  test('what the app throws is thrown', async () => {
    const handle = /** @type {any} */ (handler(async () => ({ default: (/** @type {any} */ _request, /** @type {any} */ _response) => { throw new Error('of the app') } })))
    const response = { writeHead() {}, end() {}, once() {} }
    await assert.rejects(handle({}, response), /of the app/)
    assert.throws(() => handle({}, response), /of the app/)
  })
})

/** hot-hook in this thread, as far as `handler` asks it. @param {import('node:test').TestContext} t */
function enable(t) {
  const KEY = Symbol.for('hot-hook')
  /** @type {unknown[]} */
  const told = []
  Object.defineProperty(globalThis, KEY, {
    configurable: true,
    value: { isHot: true, describe: (/** @type {Error} */ { name, message }) => ({ name, message }), shown: (/** @type {string[]} */ paths) => paths, tellFailure: (/** @type {Error} */ error) => told.push(error.message) },
  })
  t.after(() => Reflect.deleteProperty(globalThis, KEY))
  return told
}

/** An app that is called as Fastify's are. @param {string} name @param {string[]} log */
function fastify(name, log, ready = async () => {}) {
  /** @type {http.ServerResponse[]} */
  const open = []
  return {
    name,
    open,
    ready,
    inject() {},
    server: new net.Server(),
    routing: (/** @type {http.IncomingMessage} */ { url }, /** @type {http.ServerResponse} */ response) => (url === '/wait' ? open.push(response) : response.end(name)),
    close: async () => void log.push(`${name} closed`),
  }
}

/** @param {import('node:test').TestContext} t @param {http.RequestListener} listener */
async function listen(t, listener) {
  const server = http.createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${/** @type {net.AddressInfo} */ (server.address()).port}`
  return { server, url, read: async (/** @type {string} */ where = '/', /** @type {RequestInit} */ options = {}) => (await fetch(url + where, options)).text() }
}

describe('apps that are made ready', () => {
  test('one is made for each instance of the module, and closed when the last of its requests is over', async (t) => {
    enable(t)
    /** @type {string[]} */
    const log = []
    /** @type {any} */
    let made
    const version = (/** @type {string} */ name) => ({ app: async () => (log.push(`${name} made`), (made = fastify(name, log))) })
    let namespace = version('one')
    const { read } = await listen(t, handler(async () => namespace, 'app'))
    assert.deepEqual(await Promise.all([read(), read()]), ['one', 'one'])
    const slow = read('/wait')
    await until('a request is under way', () => made.open.length > 0)
    const [response] = made.open
    namespace = version('two')
    assert.equal(await read(), 'two')
    assert.equal(await read(), 'two')
    assert.deepEqual(log, ['one made', 'two made'])
    response.end('one, late')
    assert.equal(await slow, 'one, late')
    await until('the first is closed', () => log.length === 3)
    // The same app again, as another module may export it: it stays.
    namespace = { ...namespace }
    assert.equal(await read(), 'two')
    namespace = version('three')
    assert.equal(await read(), 'three')
    await until('the second is closed', () => log.length === 5)
    assert.deepEqual(log, ['one made', 'two made', 'one closed', 'three made', 'two closed'])
  })

  test('an import that ends late does not take the place of a later one', async (t) => {
    enable(t)
    /** @type {string[]} */
    const log = []
    const apps = [fastify('one', log), fastify('two', log)]
    let loads = 0
    /** @type {(value: unknown) => void} */
    let go = () => {}
    const late = new Promise((resolve) => (go = resolve))
    const { read } = await listen(t, handler(async () => {
      const turn = loads++
      if (turn === 0) await late
      return { default: apps[turn === 0 ? 0 : 1] }
    }))
    const first = read()
    await until('it is imported', () => loads === 1)
    assert.equal(await read(), 'two')
    go(undefined)
    assert.equal(await first, 'one')
    await until('it is closed', () => log.length > 0)
    assert.equal(await read(), 'two')
    assert.deepEqual(log, ['one closed'])
  })

  test('one that cannot be made is an answer, and is tried again', async (t) => {
    const told = enable(t)
    let tries = 0
    const namespace = { default: async () => { if (++tries < 3) throw new Error('no database'); return fastify('well', []) } }
    const { read } = await listen(t, handler(async () => namespace))
    assert.equal(await read(), 'Error: no database\n')
    assert.equal(await read(), 'Error: no database\n')
    assert.equal(await read(), 'well')
    assert.deepEqual(told, ['no database'], 'once')
    const nothing = await listen(t, handler(async () => ({ default: () => 1 })))
    assert.match(await nothing.read(), /^TypeError: handler\(load, "default"\): what the module exports by that name made number, and nothing that serves requests/)
    const object = await listen(t, handler(/** @type {any} */ (async () => ({ default: { port: 1 } }))))
    assert.match(await object.read(), /^TypeError: .* is nothing that serves requests: neither a function nor an app of Hono, Koa or Fastify/)
  })

  test('what a fetch app throws is told once, until it answers', async (t) => {
    const told = enable(t)
    let isWell = false
    const fetchApp = { async fetch() { if (isWell) return new Response('well'); throw new Error('no') } }
    const { read } = await listen(t, handler(async () => ({ default: fetchApp })))
    for (let n = 0; n < 3; n++) assert.equal(await read(), 'Error: no\n')
    assert.deepEqual(told, ['no'])
    isWell = true
    assert.equal(await read(), 'well')
    isWell = false
    assert.equal(await read(), 'Error: no\n')
    assert.deepEqual(told, ['no', 'no'])
  })

  test('a Koa app is asked for its callback once; functions are told apart', async (t) => {
    enable(t)
    let callbacks = 0
    const koa = { callback: () => (callbacks++, (/** @type {any} */ _request, /** @type {http.ServerResponse} */ response) => response.end('koa')) }
    /** @type {Record<string, any>} */
    const apps = {
      koa,
      promise: Promise.resolve(koa),
      maker: (options = {}) => (assert.deepEqual(options, {}), koa),
      node: (/** @type {any} */ _request, /** @type {any} */ response) => response.end('node'),
      rest: (/** @type {any[]} */ ...args) => args[1].end('rest'),
      old: function () { arguments[1].end('old') },
      // oxlint-disable-next-line no-extra-bind -- that is what is tested
      bound: ((/** @type {any} */ _request, /** @type {any} */ response) => response.end('bound')).bind(null),
      fetch: (/** @type {Request} */ request, /** @type {unknown} */ _env) => new Response(`fetch ${new URL(request.url).pathname}`),
      one: (/** @type {Request} */ request) => new Response(`one ${request.method}`),
      none: () => new Response('none'),
      object: { fetch: (/** @type {Request} */ request) => new Response(`object ${request.method}`) },
      proxy: new Proxy({ fetch: () => new Response('proxy') }, { get: (target, key) => (key === 'fetch' ? target.fetch : () => {}) }),
      middleware: (/** @type {any} */ _request, /** @type {any} */ _response, /** @type {any} */ next) => next(),
      failing: (/** @type {any} */ _request, /** @type {any} */ _response, /** @type {any} */ next) => next(new Error('passed on')),
      nested: handler(async () => ({ default: koa })),
    }
    const expected = { node: 'node', rest: 'rest', old: 'old', bound: 'bound', fetch: 'fetch /', one: 'one GET', none: 'none', object: 'object GET', proxy: 'proxy', middleware: 'Cannot GET /\n', failing: 'Error: passed on\n' }
    /** @type {Record<string, string[]>} */
    const answers = {}
    for (const name of Object.keys(apps)) {
      const { read } = await listen(t, handler(async () => apps, name))
      answers[name] = [await read(), await read()]
    }
    assert.deepEqual(answers, Object.fromEntries(Object.keys(apps).map((name) => [name, Array(2).fill(/** @type {any} */ (expected)[name] ?? 'koa')])))
    assert.equal(callbacks, 3, 'for the app, the promise of it and what makes it')
    await assert.rejects(async () => handler(async () => ({ default: koa }))(new Request('http://localhost')), { name: 'TypeError', message: /takes a request and a response/ })
  })
})

/** Takes its time for each part of a body. @param {Request} request @param {string[]} log */
async function slowly(request, log) {
  let count = 0
  for await (const chunk of /** @type {any} */ (request.body)) {
    count += chunk.length
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  log.push(`${count} read slowly`)
}

describe('requests', () => {
  test('what is not read of a body leaves the connection in order; an answer in parts is broken off with its client', async (t) => {
    enable(t)
    /** @type {string[]} */
    const log = []
    const app = {
      async fetch(/** @type {Request} */ request) {
        const { pathname } = new URL(request.url)
        if (pathname === '/later') request.text().then((text) => log.push(`${text.length} read`))
        if (pathname === '/slow') void slowly(request, log)
        if (pathname === '/part') await request.body?.getReader().read()
        if (pathname === '/endless') {
          request.signal.addEventListener('abort', () => log.push('aborted'))
          return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1000)), cancel: () => void log.push('cancelled') }))
        }
        return new Response(pathname)
      },
    }
    const { url, read } = await listen(t, handler(async () => ({ default: app })))
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    t.after(() => agent.destroy())
    const post = (/** @type {string} */ where) =>
      new Promise((resolve, reject) => {
        const request = http.request(url + where, { agent, method: 'POST' }, async (response) => {
          let text = ''
          for await (const chunk of response) text += chunk
          resolve([text, request.reusedSocket])
        })
        request.on('error', reject)
        request.end(Buffer.alloc(2_000_000))
      })
    assert.deepEqual(await post('/unread'), ['/unread', false])
    assert.deepEqual(await post('/part'), ['/part', true])
    assert.deepEqual(await post('/later'), ['/later', true])
    await until('what is read after the answer is read to its end', () => log.pop() === '2000000 read')
    assert.deepEqual(await post('/slow'), ['/slow', true])
    await until('however long each part takes', () => log.pop() === '2000000 read slowly')
    const gone = new AbortController()
    const response = await fetch(`${url}/endless`, { signal: gone.signal })
    await response.body?.getReader().read()
    gone.abort()
    await until('both are told', () => log.length === 2)
    assert.deepEqual(log.toSorted(), ['aborted', 'cancelled'])
    assert.equal(await read('/well'), '/well')
  })

  test('a client that has gone before the import ends is not served, and keeps nothing open', async (t) => {
    enable(t)
    /** @type {string[]} */
    const log = []
    /** @type {any} */
    let go
    const app = { ...fastify('one', log), routing: () => log.push('called') }
    let load = () => new Promise((resolve) => (go = () => resolve({ default: app })))
    const { server, url, read } = await listen(t, handler(() => load()))
    const gone = new AbortController()
    const came = once(server, 'request')
    const asked = fetch(url, { signal: gone.signal })
    const [, response] = await came
    gone.abort()
    await assert.rejects(asked)
    await until('the server hears of it', () => response.destroyed)
    go()
    load = async () => ({ default: fastify('two', log) })
    assert.equal(await read(), 'two')
    await until('it is closed', () => log.length > 0)
    assert.deepEqual(log, ['one closed'])
  })

  for (const [text, expected] of /** @type {const} */ ([
    [undefined, 'text/plain'],
    ['', 'text/plain'],
    ['*/*', 'text/plain'],
    ['text/html', 'text/html'],
    ['TEXT/HTML', 'text/html'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
    ['application/json', 'application/json'],
    ['application/json, text/plain, */*', 'application/json'],
    ['application/vnd.api+json', 'application/json'],
    ['text/html;q=0.5, application/json', 'application/json'],
    ['application/json;q=0.5, text/html;level=1;q=0.4', 'application/json'],
    ['application/json;q=0, */*', 'text/plain'],
    ['text/html;q=0, text/plain;q=0, */*;q=0.1', 'application/json'],
    ['application/*', 'application/json'],
    ['image/png', 'text/plain'],
    ['text/html;q=2, application/json;q=nonsense', 'text/plain'],
    [',,;;,', 'text/plain'],
  ])) test(`Accept: ${text} → ${expected}`, () => assert.equal(preferred(text), expected))

  for (const [address, headers, expected] of /** @type {const} */ ([
    ['127.0.0.1', { host: 'localhost:3000' }, true],
    ['127.9.8.7', { host: '127.0.0.1' }, true],
    ['::1', { host: '[::1]:3000' }, true],
    ['::ffff:127.0.0.1', { host: 'app.localhost:3000' }, true],
    ['127.0.0.1', {}, true],
    ['127.0.0.1', { host: '0.0.0.0:3000' }, true],
    ['127.0.0.1', { ':authority': 'localhost:3000' }, true],
    ['127.0.0.1', { host: 'localhost', accept: '*/*', 'x-requested-with': 'x' }, true],
    ['127.0.0.1', { host: 'rebound.test:3000' }, false],
    ['127.0.0.1', { host: 'localhost.evil.test' }, false],
    ['127.0.0.1', { host: 'notlocalhost' }, false],
    ['127.0.0.1', { ':authority': 'rebound.test' }, false],
    ['127.0.0.1', { host: 'localhost', 'x-forwarded-for': '127.0.0.1' }, false],
    ['127.0.0.1', { host: 'localhost', 'x-forwarded-host': 'x' }, false],
    ['127.0.0.1', { host: 'localhost', forwarded: 'for=127.0.0.1' }, false],
    ['127.0.0.1', { host: 'localhost', via: '1.1 proxy' }, false],
    ['127.0.0.1', { host: 'localhost', 'x-real-ip': '::1' }, false],
    ['192.168.1.5', { host: 'localhost' }, false],
    ['::ffff:192.168.1.5', { host: 'localhost' }, false],
    ['fe80::1', { host: 'localhost' }, false],
    [undefined, { host: 'localhost' }, false],
    ['127.0.0.1.evil.test', { host: 'localhost' }, false],
  ])) test(`${address} ${JSON.stringify(headers)} is ${expected ? '' : 'not '}of this machine`, () => assert.equal(isLocal(/** @type {any} */ ({ headers, socket: { remoteAddress: address } })), expected))
})

test('wrong arguments are a TypeError that names them', () => {
  assert.throws(() => handler(/** @type {any} */ ('./app.js')), { name: 'TypeError', message: /load must be a function that imports, got string/ })
  assert.throws(() => handler(async () => ({}), /** @type {any} */ (1)), { name: 'TypeError', message: /name must be a string, got number/ })
})

test('nothing that it loads needs the addon', async (t) => {
  const lib = createFolder(t, {})
  /** @type {string[]} */
  const files = ['lazy.mjs']
  for (const file of files) {
    const text = fs.readFileSync(path.join(PACKAGE, 'lib', file), 'utf8')
    write(lib, file, text)
    for (const [, name] of text.matchAll(/^(?:import|export) .* from '(\..+)'$/gm)) files.push(path.posix.join(path.posix.dirname(file), name))
  }
  assert.ok(files.includes('runtime/served.mjs') && new Set(files).size <= 7, String(files))
  const found = await import(path.join(lib, 'lazy.mjs'))
  const response = await found.handler(async () => ({ default: (/** @type {Request} */ request) => new Response(request.url) }))(new Request('http://localhost/'))
  assert.equal(await response.text(), 'http://localhost/')
  assert.equal(await found.lazy(async () => ({ default: () => 1 }))(), 1)
})
