/* Sockets that outlive a process. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask, SERVER, startLoad, startRunner, value } from './support/runner.mjs'

const pem = (name) => JSON.stringify(fs.readFileSync(new URL(`support/${name}.pem`, import.meta.url), 'utf8'))

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

const SERVERS = {
  http: `import http from 'node:http'
    http.createServer((_, response) => setTimeout(() => response.end(String(value)), 3)).listen(0)`,
  https: `import https from 'node:https'
    https.createServer({ key: ${pem('key')}, cert: ${pem('cert')} }, (_, response) => response.end(String(value))).listen(0)`,
  tcp: `import net from 'node:net'
    net.createServer((socket) => socket.on('error', () => {}).once('data', () => setTimeout(() => socket.end(String(value)), 3))).listen(0)`,
}

for (const [name, scheme, load] of [
  ['HTTP, connections that are kept', 'http', { connections: 50, keepAlive: true }],
  ['HTTP, a connection for each request', 'http', { connections: 20, keepAlive: false }],
  ['HTTP, connections that are idle at times', 'http', { connections: 20, keepAlive: true, pause: 100 }],
  ['HTTPS', 'https', { connections: 10, keepAlive: true }],
  ['HTTPS, connections that are idle at times', 'https', { connections: 10, keepAlive: true, pause: 100 }],
  ['TCP', 'tcp', { connections: 20, keepAlive: false }],
]) {
  test(`under load, restarts refuse nothing and reset nothing: ${name}`, async (t) => {
    const RELOADS = 3
    const runner = await startRunner(t, { files: { 'main.mjs': `import { value } from './value.mjs'\n${SERVERS[scheme]}`, 'value.mjs': value(0) } })
    const client = await startLoad(t, { scheme, port: runner.port(), ...load })
    for (let n = 1; n <= RELOADS; n++) {
      runner.save('value.mjs', value(n))
      await runner.event('ready', n + 1)
    }
    const { answers, refused, reset, wrong, last, errors } = await client.end()
    assert.deepEqual({ refused, reset, wrong, last }, { refused: 0, reset: 0, wrong: 0, last: RELOADS }, `${errors.join('\n')}\n${runner.known()}`)
    assert.ok(answers > RELOADS)
    assert.deepEqual(runner.events.filter(({ event }) => !['start', 'waiting', 'ready', 'outcome', 'restart'].includes(event)), [])
  })
}

test('an idle HTTPS connection that has sent a request which the busy app has not read yet is not closed', async (t) => {
  // It reads now and then; what was sent meanwhile waits in the kernel for longer than an idle connection is kept.
  const busy = `setInterval(() => { for (const end = Date.now() + 250; Date.now() < end;); }, 255)`
  const runner = await startRunner(t, { files: { 'main.mjs': `import { value } from './value.mjs'\n${SERVERS.https}.on('listening', () => { if (value === 0) ${busy} })`, 'value.mjs': value(0) }, options: ['--no-ahead'] })
  const get = (agent) =>
    new Promise((resolve, reject) => {
      https.get({ port: runner.port(), host: '127.0.0.1', agent, rejectUnauthorized: false }, (response) => response.resume().on('end', resolve)).on('error', reject)
    })
  const agents = Array.from({ length: 12 }, () => new https.Agent({ keepAlive: true, maxSockets: 1 }))
  t.after(() => agents.forEach((agent) => agent.destroy()))
  await Promise.all(agents.map(get))
  runner.save('value.mjs', value(1))
  await runner.event('restart')
  const answers = await Promise.allSettled(agents.map(async (agent, n) => (await sleep(n * 40), get(agent))))
  assert.deepEqual(answers.filter(({ status }) => status === 'rejected').map(({ reason }) => reason.message), [], runner.known())
})

test('several ports, port 0, IPv6, a host by name: each process listens on the same', async (t) => {
  const runner = await startRunner(t, {
    files: {
      ...SERVER,
      'main.mjs': `import http from 'node:http'
        import { value } from './value.mjs'
        const serve = (name, ...args) => http.createServer((_, response) => response.end(name + value)).listen(...args)
        serve('a', 0, '127.0.0.1')
        serve('b', 0, '127.0.0.1')
        serve('c', { port: 0, host: '::1' })
        serve('d', { port: 0, host: 'localhost' })
        serve('e', 0)`,
    },
  })
  // Those that listen later are told one by one.
  const urlsOf = async (process) => {
    await runner.event('ready', process)
    const at = runner.events.indexOf(runner.told('start')[process - 1])
    const all = () => runner.events.slice(at).flatMap(({ event, urls, url }) => (event === 'ready' ? urls : event === 'listening' ? [url] : []))
    await runner.until('five sockets', () => all().length === 5)
    return all()
  }
  const urls = await urlsOf(1)
  const answers = async () => (await Promise.all(urls.map((url) => fetch(url).then((response) => response.text())))).toSorted()
  assert.deepEqual(await answers(), ['a0', 'b0', 'c0', 'd0', 'e0'])
  runner.save('value.mjs', value(1))
  assert.deepEqual((await urlsOf(2)).toSorted(), urls.toSorted())
  assert.deepEqual(await answers(), ['a1', 'b1', 'c1', 'd1', 'e1'])
})

test('requests wait while the app is broken, and are answered when it is mended', async (t) => {
  const runner = await startRunner(t, { files: SERVER })
  runner.save('value.mjs', 'export const value =')
  await runner.event('crash')
  const answer = ask(runner.port())
  runner.save('value.mjs', value(2))
  assert.equal(await answer, '2')
})

test('a request that is under way is finished, and its connection closed; then the next process answers', async (t) => {
  const runner = await startRunner(t, {
    files: {
      ...SERVER,
      'main.mjs': `import http from 'node:http'
        import { value } from './value.mjs'
        http.createServer((request, response) => {
          if (request.url === '/') return response.end(String(value))
          console.log('asked')
          setTimeout(() => response.end('slow ' + value), 400)
        }).listen(0, '127.0.0.1')`,
    },
  })
  const agent = new http.Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const request = http.get({ port: runner.port(), host: '127.0.0.1', path: '/slow', agent })
  await runner.says('asked')
  runner.save('value.mjs', value(1))
  const [response] = await once(request, 'response')
  assert.equal(response.headers.connection, 'close')
  assert.equal(Buffer.concat(await response.toArray()).toString(), 'slow 0')
  assert.equal(await ask(runner.port()), '1')
})

test('an idle connection goes on in the next process', async (t) => {
  const runner = await startRunner(t, { files: SERVER })
  const socket = net.connect(runner.port(), '127.0.0.1')
  t.after(() => socket.destroy())
  const request = () => {
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    return once(socket, 'data').then(([data]) => String(data).split('\r\n\r\n')[1])
  }
  assert.match(await request(), /0/)
  const fresh = net.connect(runner.port(), '127.0.0.1')
  t.after(() => fresh.destroy())
  await once(fresh, 'connect')
  runner.save('value.mjs', value(1))
  await runner.event('start', 2)
  assert.match(await request(), /1/)
  fresh.write('GET / HTTP/1.0\r\n\r\n')
  assert.match(String(await once(fresh, 'data')), /1$/)
})

test('what has no end holds up no restart: event streams, upgraded connections', async (t) => {
  const runner = await startRunner(t, {
    files: {
      ...SERVER,
      'main.mjs': `import http from 'node:http'
        import { value } from './value.mjs'
        const server = http.createServer((request, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' })
          response.write('data: ' + value + '\\n\\n')
        })
        server.on('upgrade', (request, socket) => socket.on('error', () => {}).write('HTTP/1.1 101 Switching Protocols\\r\\n\\r\\n'))
        server.listen(0, '127.0.0.1')`,
    },
    options: ['--drain-timeout', '60s'],
  })
  for (const header of ['', 'Connection: Upgrade\r\nUpgrade: x\r\n']) {
    const socket = net.connect(runner.port(), '127.0.0.1').on('error', () => {})
    t.after(() => socket.destroy())
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\n${header}\r\n`)
    await once(socket, 'data')
  }
  runner.save('value.mjs', value(1))
  await runner.event('ready', 2)
})

test('what takes longer than the drain may take is cut', async (t) => {
  const runner = await startRunner(t, {
    files: { ...SERVER, 'main.mjs': `import './value.mjs'; import http from 'node:http'; http.createServer(() => console.log('asked')).listen(0, '127.0.0.1')` },
    options: ['--drain-timeout=50ms'],
  })
  const answer = ask(runner.port())
  await runner.says('asked')
  runner.save('value.mjs', value(1))
  await assert.rejects(answer, { code: 'ECONNRESET' })
  await runner.event('ready', 2)
})

test('HTTP/2: a stream that is under way ends, and the session with it', async (t) => {
  const runner = await startRunner(t, {
    files: {
      ...SERVER,
      'main.mjs': `import http2 from 'node:http2'
        import { value } from './value.mjs'
        http2.createServer((request, response) => {
          if (request.url !== '/') console.log('asked')
          setTimeout(() => response.end(String(value)), request.url === '/' ? 0 : 300)
        }).listen(0, '127.0.0.1')`,
    },
  })
  const url = `http://127.0.0.1:${runner.port()}`
  const request = (session, path) => session.request({ ':path': path }).setEncoding('utf8').toArray().then((parts) => parts.join(''))
  const session = http2.connect(url)
  t.after(() => session.destroy())
  assert.equal(await request(session, '/'), '0')
  const [answer, closed] = [request(session, '/slow'), once(session, 'close')]
  await runner.says('asked')
  runner.save('value.mjs', value(1))
  assert.equal(await answer, '0')
  await closed
  const next = http2.connect(url)
  t.after(() => next.destroy())
  assert.equal(await request(next, '/'), '1')
})

test('an app that handles SIGTERM by closing its server ends as usual', async (t) => {
  const runner = await startRunner(t, {
    files: {
      ...SERVER,
      'main.mjs': `${SERVER['main.mjs'].replace('http.createServer', 'const server = http.createServer')}
        process.on('SIGTERM', () => server.close((error) => { console.log('closed', error, server.listening); process.exit() }))`,
    },
  })
  runner.save('value.mjs', value(1))
  await runner.event('ready', 2)
  await runner.says('closed undefined false')
  assert.equal(await ask(runner.port()), '1')
})

test('a server that the app closes is closed, and its port free at once', async (t) => {
  const runner = await startRunner(t, {
    files: {
      'main.mjs': `import net from 'node:net'
        import { once } from 'node:events'
        const listen = (port) => once(net.createServer().listen(port), 'listening', { close: true })
        let server = net.createServer().listen(0)
        await once(server, 'listening')
        const { port } = server.address()
        for (let n = 0; n < 3; n++) {
          await new Promise((resolve) => server.close(resolve))
          server = net.createServer().listen(port)
          await once(server, 'listening')
        }
        await new Promise((resolve) => server.close(resolve))
        const until = async () => { for (;;) { const socket = net.connect(port); const [error] = await once(socket, 'connect').catch((error) => [error]); if (error) return error.code; socket.destroy(); await new Promise((resolve) => setTimeout(resolve, 5)) } }
        console.log('then', await until())
        setInterval(() => {}, 1000)`,
    },
  })
  await runner.says('then ECONNREFUSED')
})

test('the next process may listen otherwise: other addresses, other ports', async (t) => {
  const listen = (what) => `import http from 'node:http'; http.createServer((_, response) => response.end('x')).listen(${what})`
  const runner = await startRunner(t, { files: { 'main.mjs': listen(`0, '127.0.0.1'`) } })
  const port = runner.port()
  runner.save('main.mjs', listen(`{ port: ${port}, host: '0.0.0.0' }`))
  await runner.event('ready', 2)
  assert.equal(new URL(runner.told('ready')[1].urls[0]).port, String(port))
  assert.equal(await ask(port), 'x')
  runner.save('main.mjs', listen(`0, '127.0.0.1'`).replace("'x'", "'y'"))
  await runner.event('ready', 3)
  assert.equal(await ask(Number(new URL(runner.told('ready')[2].urls[0]).port)), 'y')
  // Nobody listens there any more: that is said, not waited for.
  await runner.until('the old port is free', () => ask(port, { timeout: 100 }).then(() => false, (error) => error.code === 'ECONNREFUSED'))
})

for (const [name, fault] of [
  ['refuses to listen', 'return -22'],
  ['throws', `throw new Error('no')`],
]) {
  test(`a kept socket that ${name} keeps no app from starting: it listens plainly`, async (t) => {
    const listen = (port) => `import http from 'node:http'
      import net from 'node:net'
      import { value } from './value.mjs'
      const probe = net.createServer().listen(0)
      const prototype = Object.getPrototypeOf(probe._handle)
      probe.close()
      const { listen } = prototype
      if (value > 0) prototype.listen = function () { prototype.listen = listen; ${fault} }
      http.createServer((_, response) => response.end(String(value))).listen(${port}, '127.0.0.1')`
    const port = await freePort()
    const runner = await startRunner(t, { files: { 'main.mjs': listen(port), 'value.mjs': value(0) } })
    assert.equal(await ask(port), '0')
    for (const n of [1, 2]) {
      runner.save('value.mjs', value(n))
      await runner.until('the next process answers', () => ask(port).then((answer) => answer === String(n), () => false))
    }
    assert.deepEqual([...runner.told('crash'), ...runner.told('problem')], [])
  })
}

test('forks, cluster and worker threads listen plainly, and are not in the way', async (t) => {
  const runner = await startRunner(t, {
    files: {
      ...SERVER,
      'main.mjs': `import { fork } from 'node:child_process'
        import cluster from 'node:cluster'
        import { once } from 'node:events'
        import { Worker } from 'node:worker_threads'
        import { value } from './value.mjs'
        const child = fork('./other.mjs')
        const worker = new Worker('./other.mjs')
        cluster.setupPrimary({ exec: './other.mjs' })
        const third = cluster.fork()
        process.on('SIGTERM', () => { child.kill(); third.process.kill(); process.exit() })
        const ports = await Promise.all([child, worker, third].map((one) => once(one, 'message')))
        for (const [port] of ports) {
          const response = await fetch('http://127.0.0.1:' + port)
          console.log(value, await response.text())
        }
        console.log('all', value)
        setInterval(() => {}, 1000)`,
      'other.mjs': `import http from 'node:http'
        import { parentPort } from 'node:worker_threads'
        const server = http.createServer((_, response) => response.end(String(process.env.HOT_RUNNER)))
        server.listen(0, '127.0.0.1', () => (parentPort ? parentPort.postMessage(server.address().port) : process.send(server.address().port)))`,
    },
  })
  await runner.says('all 0')
  runner.save('value.mjs', value(1))
  await runner.says('all 1')
  assert.equal(runner.output.stdout.match(/undefined/g)?.length, 6, runner.known())
  assert.deepEqual(runner.told('crash'), [])
})

test('--no-keep-sockets: the next process listens for itself', async (t) => {
  const runner = await startRunner(t, { files: SERVER, options: ['--no-keep-sockets'] })
  runner.save('value.mjs', 'export const value =')
  await runner.event('crash')
  await assert.rejects(ask(runner.port()), { code: 'ECONNREFUSED' })
  runner.save('value.mjs', value(1))
  await runner.event('ready', 2)
  assert.notEqual(runner.told('ready')[1].urls[0], runner.told('ready')[0].urls[0])
})
