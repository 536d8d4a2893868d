/* The live page: server-sent events, the server and its token. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import path from 'node:path'
import test from 'node:test'
import { liveEvents, serveViewer } from '@hot-hook/dump-viewer'
import { createFolder, DEADLINE, HOT, startApp } from '../../../__test__/support/app.mjs'
import { createRandom, createRequests, send } from '../../../__test__/support/fuzz.mjs'
import { needsRoot, runAsNobody } from '../../../__test__/support/users.mjs'
import { mayBeOfAnotherUser } from '../peer.mjs'
import { drawn, needsBrowser, openBrowser } from './support/browser.mjs'
import { small, sourceOf } from './support/pictures.mjs'

const VIEWER = JSON.stringify(path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../index.mjs'))

/** An app with routes of its own for the page and its events. */
const files = {
  'main.mjs': `
    import http from 'node:http'
    import { dumpViewer, liveEvents } from ${VIEWER}
    import { limit } from './config.mjs'
    const events = liveEvents()
    const server = http.createServer(async (request, response) => {
      if (request.url === '/graph/events') return events(request, response)
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.end(await dumpViewer({ events: '/graph/events' }))
    })
    server.listen(Number(process.env.PORT ?? 0), '127.0.0.1')
    serve({
      port: () => server.address()?.port,
      get: async () => (await import('./page.mjs', ${HOT})).value,
      fails: async () => (await import('./page.mjs', ${HOT}).catch(({ name }) => name)).value,
      more: async () => (await import('./more.mjs')).value,
    })`,
  'config.mjs': 'export const limit = () => 1',
  'page.mjs': `export { value } from './text.mjs'`,
  'text.mjs': 'export const value = 1',
  'more.mjs': 'export const value = 0',
}

/** @param {string | URL} url @param {import('node:http').RequestOptions} [options] @returns {Promise<{ status?: number, headers: http.IncomingHttpHeaders, text: string }>} */
const request = (url, options = {}) =>
  new Promise((resolve, reject) => {
    const asked = http.request(url, options, async (response) => {
      let text = ''
      for await (const part of response.setEncoding('utf8')) {
        text += part
        if (response.headers['content-type'] === 'text/event-stream' && text.includes('event: picture')) break
      }
      resolve({ status: response.statusCode, headers: response.headers, text })
    })
    asked.on('error', reject).end()
  })

test('events: a picture, what a save does, what is new', async (t) => {
  const app = await startApp(t, { files })
  await app.expect('port', (port) => port > 0)
  assert.equal(await app.ask('get'), 1)
  let text = ''
  const stream = http.get(`http://127.0.0.1:${await app.ask('port')}/graph/events`, (response) => {
    response.setEncoding('utf8').on('data', (part) => (text += part))
  })
  t.after(() => stream.destroy())
  const all = () => text.split('\n\n').map((frame) => /^event: (.*)\ndata: (.*)$/.exec(frame)).filter(Boolean).map(([, event, data]) => ({ event, data: JSON.parse(data) }))
  const of = (name) => all().filter(({ event }) => event === name).map(({ data }) => data)
  const has = (name, file, version) => of(name).at(-1)?.modules.some((module) => module.path === file && module.version === version)
  await app.until('a picture comes', () => has('picture', 'text.mjs', 0))
  assert.match(of('hello')[0].app, /^\d+ /)
  app.save('text.mjs', 'export const value = 2')
  await app.until('the next one comes', () => has('picture', 'text.mjs', 1))
  assert.deepEqual(of('update'), [{ files: ['text.mjs'], paths: ['text.mjs', 'page.mjs'] }])
  app.save('config.mjs', 'export const limit = () => 2')
  await app.until('a restart is asked for', () => of('restart').length > 0)
  const [{ path: changed, text: why, hint }] = of('restart')
  assert.equal(changed, 'config.mjs')
  assert.match(why, /^config\.mjs changed, which no boundary makes hot: main\.mjs ─static→ config\.mjs$/)
  assert.match(hint, /^imported statically by main\.mjs/)
  assert.equal(await app.ask('more'), 0)
  await app.until('what is new comes', () => has('picture', 'more.mjs', 0))
})

test('live: a save lights up, versions count, what is new does not move what is there, restarts have reasons', needsBrowser, async (t) => {
  const app = await startApp(t, { files })
  await app.expect('port', (port) => port > 0)
  const port = await app.ask('port')
  assert.equal(await app.ask('get'), 1)
  const { page, seen } = await openBrowser(t)
  await page.goto(`http://127.0.0.1:${port}/`)
  await page.getByText('live', { exact: true }).waitFor()
  const first = await drawn(page)

  app.save('text.mjs', 'export const value = 2')
  await page.locator('#log', { hasText: 'saved text.mjs: 2 modules run again' }).waitFor()
  await page.locator('#log').getByRole('button', { name: 'text.mjs' }).click()
  await page.locator('#panel h2', { hasText: 'text.mjs' }).waitFor()
  await page.locator('#graph').press('Escape')
  await app.until('versions count', async () => (await drawn(page)).nodes['module text.mjs'].label === 'text.mjs ✎1')
  const lit = Object.entries((await drawn(page)).nodes).filter(([, { classes }]) => classes.includes('lit'))
  assert.deepEqual(lit.map(([id]) => id).toSorted(), ['module page.mjs', 'module text.mjs'])

  assert.equal(await app.ask('more'), 0)
  await app.until('the new module comes', async () => 'module more.mjs' in (await drawn(page)).nodes)
  const second = await drawn(page)
  assert.deepEqual(second.view, first.view)
  const placesOf = ({ nodes }) => Object.keys(first.nodes).map((id) => [id, nodes[id].x, nodes[id].y])
  assert.deepEqual(placesOf(second), placesOf(first))

  // Red until it is mended; wherever links are not made ahead, the next import tells.
  app.save('text.mjs', 'export const value = ')
  await app.ask('fails')
  await page.locator('#log .failed', { hasText: 'SyntaxError' }).waitFor()
  assert.match(await page.locator('#log .failed').innerText(), /text\.mjs:1:\d+\s+> 1 \| export const value =/)
  const isFailed = async () => (await drawn(page)).nodes['module text.mjs'].classes.split(' ').includes('failed')
  await app.until('it is red', isFailed)
  app.save('text.mjs', 'export const value = 3')
  assert.equal(await app.ask('get'), 3)
  await app.until('it is red no more', async () => !(await isFailed()))
  await page.locator('#log .mended', { hasText: 'mended: text.mjs' }).waitFor()

  app.save('config.mjs', 'export const limit = () => 2')
  await page.locator('#log .restart', { hasText: 'config.mjs changed, which no boundary makes hot' }).waitFor()
  assert.deepEqual(seen.problems, [])

  await app.kill()
  await page.getByText('not connected').waitFor()
  await startApp(t, { folder: app.folder, env: { PORT: String(port) } })
  await page.locator('#log .started', { hasText: 'started again' }).waitFor()
})

test('the server: for this machine, this origin, and whoever has the URL', async (t) => {
  const server = await serveViewer({ source: sourceOf(small) })
  t.after(server.close)
  const { port, host, hostname, href } = new URL(server.url)
  assert.equal(hostname, '127.0.0.1')
  const page = await request(href)
  assert.equal(page.status, 200)
  assert.match(page.text, /^<!doctype html>/)
  assert.equal(page.headers['content-security-policy'], `frame-ancestors 'none'`)
  const events = new URL(/"events":"([^"]*)"/.exec(page.text)[1], href)
  assert.match(await send({ host: '127.0.0.1', port: Number(port) }, Buffer.from(`GET ${href} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`), DEADLINE), /^HTTP\/1\.1 200 /)
  assert.match((await request(events)).text, /event: picture\ndata: \{"modules"/)
  assert.equal((await request(href, { headers: { host: `localhost:${port}`, origin: `http://localhost:${port}` } })).status, 200)
  for (const [what, url, options, expected] of [
    ['a name that leads here', href, { headers: { host: `evil.example:${port}` } }, 403],
    ['another port', href, { headers: { host: '127.0.0.1:1' } }, 403],
    ['another origin', events, { headers: { origin: 'http://evil.example' } }, 403],
    ['no origin', events, { headers: { origin: 'null' } }, 403],
    ['no token', `http://${host}/`, {}, 403],
    ['no token for the events', `http://${host}/events`, {}, 403],
    ['a wrong token', `http://${host}/?token=${'x'.repeat(24)}`, {}, 403],
    ['something else', `http://${host}/package.json${new URL(href).search}`, {}, 404],
    ['another method', href, { method: 'POST' }, 405],
  ]) {
    const { status, text } = await request(url, options)
    assert.equal(status, expected, what)
    assert.ok(!text.includes('main.mjs'), what)
  }
})

test('the server: whatever is sent is refused or answered, and ends nothing', async (t) => {
  const server = await serveViewer({ source: sourceOf(small) })
  t.after(server.close)
  const { port } = new URL(server.url)
  for (const bytes of createRequests(Number(port), createRandom(14), 300)) {
    const answer = await send({ host: '127.0.0.1', port: Number(port) }, bytes)
    assert.match(answer, /^(HTTP\/1\.1 (4\d\d|100) [^]*)?$/, `${bytes.toString('latin1').slice(0, 200)}\n\n${answer.slice(0, 200)}`)
    assert.ok(!answer.includes('main.mjs'), bytes.toString('latin1'))
  }
  assert.equal((await request(server.url)).status, 200)
})

test('the server: a request that fails says so, to whoever still hears it', async (t) => {
  const broken = { app: () => '1', subscribe: () => () => {}, picture: () => assert.fail('no picture today') }
  const server = await serveViewer({ source: broken })
  t.after(server.close)
  assert.deepEqual([(await request(server.url)).status, (await request(server.url)).text], [500, 'no picture today\n'])
  const events = new URL(server.url.replace('/?', '/events?'))
  const heard = await new Promise((resolve) => http.get(events, (response) => response.once('data', (data) => (response.destroy(), resolve(String(data))))))
  assert.match(heard, /^retry: 500\n\nevent: hello\n/)
})

test('live events: who has gone before the answer is not waited for', async (t) => {
  let listeners = 0
  const source = { ...sourceOf(small), subscribe: () => (listeners++, () => void listeners--) }
  const events = liveEvents(source)
  const server = http.createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const ask = async () => {
    const asked = http.get({ host: '127.0.0.1', port }).on('error', () => {})
    return [asked, ...(await once(server, 'request'))]
  }
  const [gone, ...late] = await ask()
  gone.destroy()
  await once(late[1], 'close')
  events(...late)
  assert.equal(listeners, 0)
  const [stays, ...present] = await ask()
  events(...present)
  assert.equal(listeners, 1)
  stays.destroy()
  await once(present[1], 'close')
  assert.equal(listeners, 0)
})

test('the server: the URL of a project is the same each time, with its token, and of use for that port alone', { skip: process.platform === 'win32' && 'modes of files' }, async (t) => {
  const folder = createFolder(t, {})
  const before = process.env.XDG_STATE_HOME
  process.env.XDG_STATE_HOME = path.join(folder, 'state')
  t.after(() => (before === undefined ? delete process.env.XDG_STATE_HOME : (process.env.XDG_STATE_HOME = before)))
  const start = async (/** @type {object} */ options = {}) => {
    const server = await serveViewer({ source: sourceOf(small), project: path.join(folder, 'node_modules'), ...options })
    t.after(server.close)
    return server
  }
  const first = await start()
  const second = await start()
  const tokenOf = ({ url }) => new URL(url).searchParams.get('token')
  assert.notEqual(new URL(second.url).port, new URL(first.url).port)
  assert.notEqual(tokenOf(second), tokenOf(first))
  await first.close()
  const again = await start()
  assert.equal(again.url, first.url)
  assert.equal((await request(first.url)).status, 200)
  const { origin } = new URL(again.url)
  for (const query of ['', '?token=', `?token=${tokenOf(second)}`, `?token=${tokenOf(first)}x`]) assert.equal((await request(`${origin}/${query}`)).status, 403, query)
  const file = path.join(folder, 'state/hot-hook/viewer-key')
  assert.equal(fs.statSync(file).mode & 0o777, 0o600)
  // Without a safe place for the secret the URL is another one each time.
  await again.close()
  fs.chmodSync(file, 0o644)
  const [unsafe, other] = [await start(), await start()]
  assert.ok(![first.url, again.url].includes(unsafe.url) && tokenOf(unsafe) !== tokenOf(other))
})

test('the server: whatever somebody who has the token sends, and whatever the source throws, nothing ends', async (t) => {
  const rejections = []
  const note = (/** @type {unknown} */ error) => void rejections.push(error)
  process.on('unhandledRejection', note)
  t.after(() => process.off('unhandledRejection', note))
  const random = createRandom(23)
  for (const thrown of [undefined, null, 'text', new Error('no')]) {
    const source = { app: () => 'x', subscribe: () => () => {}, picture: () => { throw thrown } }
    const server = await serveViewer({ source })
    const { port, searchParams } = new URL(server.url)
    const token = searchParams.get('token')
    for (const bytes of createRequests(Number(port), random, 30)) await send({ host: '127.0.0.1', port: Number(port) }, Buffer.from(bytes.toString('latin1').replaceAll(/token=[^ &]*/g, `token=${token}`), 'latin1'), 30)
    assert.equal((await request(server.url)).status, 500)
    await server.close()
  }
  assert.deepEqual(rejections, [])
})

test('the server: a one-time URL leads to the page once', async (t) => {
  const server = await serveViewer({ source: sourceOf(small) })
  t.after(server.close)
  const url = server.createOneTimeUrl()
  assert.notEqual(url, server.createOneTimeUrl())
  assert.ok(!url.includes(new URL(server.url).searchParams.get('token')), url)
  for (const [what, options, expected] of [
    ['another origin', { headers: { origin: 'http://evil.example' } }, 403],
    ['a name that leads here', { headers: { host: `evil.example:${new URL(url).port}` } }, 403],
    ['another method', { method: 'HEAD' }, 405],
  ]) assert.equal((await request(url, options)).status, expected, what)
  const { status, headers, text } = await request(url)
  assert.deepEqual([status, new URL(headers.location, url).href, text], [303, server.url, ''])
  const again = await request(url)
  assert.deepEqual([again.status, again.headers.location], [403, undefined])
  assert.match(again.text, /works once/)
})

test('the server: a one-time URL is of no use to another user, even if that one is first', needsRoot, async (t) => {
  const server = await serveViewer({ source: sourceOf(small) })
  t.after(server.close)
  const url = new URL(server.createOneTimeUrl())
  for (const host of ['127.0.0.1', '::ffff:127.0.0.1']) {
    const script = `const socket = require('net').connect({ host: '${host}', port: ${url.port}, family: ${host.includes(':') ? 6 : 4} }).on('error', (error) => console.log(error.code))
      socket.on('data', (data) => process.stdout.write(data)).write('GET ${url.pathname}${url.search} HTTP/1.1\\r\\nHost: ${url.host}\\r\\nConnection: close\\r\\n\\r\\n')`
    assert.match((await runAsNobody(script)).stdout, /^HTTP\/1\.1 403 [^]*for the user who was given it/, host)
  }
  assert.equal((await request(url)).status, 303)
})

test('a connection of which the system does not tell whose it is is no friend', { skip: process.platform !== 'linux' && 'elsewhere the system tells of none' }, async (t) => {
  const server = net.createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const client = net.connect(server.address().port, '127.0.0.1')
  const [socket] = await once(server, 'connection')
  const { remoteAddress, remotePort, localAddress, localPort } = socket
  const ends = { remoteAddress, remotePort, localAddress, localPort }
  assert.equal(await mayBeOfAnotherUser(ends), false)
  for (const [what, other] of Object.entries({ 'another address': { remoteAddress: '127.0.0.9' }, 'another port': { remotePort: localPort }, 'it has gone': { remoteAddress: undefined }, IPv6: { remoteAddress: '::1' } })) {
    assert.equal(await mayBeOfAnotherUser({ ...ends, ...other }), true, what)
  }
  for (const end of [client, socket]) end.destroy()
})

test('the server: no other address, and a port that is taken is an error', async (t) => {
  const server = await serveViewer({ source: sourceOf(small) })
  t.after(server.close)
  const port = Number(new URL(server.url).port)
  await assert.rejects(request(`http://127.0.0.2:${port}/`), { code: 'ECONNREFUSED' })
  await assert.rejects(serveViewer({ source: sourceOf(small), port }), { code: 'EADDRINUSE' })
})

test('the server keeps no app alive', async (t) => {
  const app = await startApp(t, { ipc: false, files: { 'main.mjs': `import { liveEvents, serveViewer } from ${VIEWER}; const { url } = await serveViewer(); console.log(url.replace(/\\d+\\/.*/, ''))` } })
  assert.deepEqual(await app.exit(), { code: 0, signal: null })
  assert.equal(app.output.stdout, 'http://127.0.0.1:\n')
})
