/**
 * What the examples promise, and a reader cannot see at a glance: that nothing is lost, done twice or disconnected.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { WebSocket } from 'ws'
import { createFolder, nodeIs, PACKAGE, startApp } from '../../__test__/support/app.mjs'
import { install } from '../../__test__/support/runs.mjs'

/**
 * Starts a copy of an example, as its `npm start` does.
 * @param {import('node:test').TestContext} t @param {string} name @param {Record<string, string>} env @param {string[]} packages
 */
async function start(t, name, env, ...packages) {
  const folder = createFolder(t, {})
  fs.cpSync(path.join(PACKAGE, 'examples', name), folder, { recursive: true })
  install(folder, ...packages)
  const { scripts } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'))
  const [, entry] = /^node --import=hot-hook\/register (\S+)$/.exec(scripts.start) ?? assert.fail(scripts.start)
  const app = await startApp(t, { folder, entry, env, ipc: false, wait: false })
  const read = (file) => fs.readFileSync(app.file(file), 'utf8')
  return {
    ...app,
    lines: () => app.output.stdout.split('\n').slice(0, -1),
    /** Waits for what `regexp` finds in the output. @param {RegExp} regexp */
    says: (regexp) => app.until(String(regexp), () => regexp.exec(app.output.stdout)),
    /** @param {string} file @param {string} from @param {string} to */
    edit(file, from, to) {
      assert.ok(read(file).includes(from), `${file} has ${from}`)
      // Renamed into place: what is imported while another file is saved must not find that one empty.
      app.replace(file, read(file).replaceAll(from, to))
    },
  }
}

test('timer: the new code reports at once, the old timer is over, and the count goes on', async (t) => {
  const app = await start(t, 'timer', { INTERVAL: '20' })
  await app.says(/report 3\n/)
  app.edit('report.mjs', 'report $', 'second $')
  await app.says(/second \d+\n[^]*second \d+\n/)
  app.edit('report.mjs', '=>', '=> =>')
  await app.until('it is reported', () => app.output.stderr.includes('report.mjs'))
  const before = app.lines().length
  await app.until('the old one goes on', () => app.lines().length > before + 2)
  app.edit('report.mjs', '=> =>', '=>')
  app.edit('worker.mjs', 'report(++', 'report(1000 + ++')
  await app.says(/second 1\d\d\d\n[^]*second 1\d\d\d\n/)
  const lines = app.lines().map((line) => /^(\d+): (\w+) (\d+)$/.exec(line) ?? assert.fail(line))
  assert.deepEqual(new Set(lines.map(([, pid]) => Number(pid))), new Set([app.child.pid]))
  assert.deepEqual(lines.map(([, , , n]) => Number(n) % 1000), lines.map((_, index) => index + 1), 'one timer, one count')
  const texts = lines.map(([, , text]) => text)
  assert.deepEqual(texts, texts.toSorted(), 'first the old code, then the new')
})

test('websocket: connections stay while the handler is swapped', async (t) => {
  const app = await start(t, 'websocket', { PORT: '0' }, 'ws')
  const [url] = await app.says(/ws:\S+/)
  const heard = new Map()
  const connect = async () => {
    const socket = new WebSocket(url)
    heard.set(socket, [])
    socket.on('message', (data) => heard.get(socket).push(String(data)))
    socket.on('close', () => heard.get(socket).push('closed'))
    t.after(() => socket.terminate())
    await once(socket, 'open')
    await app.until('it is welcome', () => heard.get(socket).length > 0)
    return socket
  }
  /** Says something until the answer has come that is expected. */
  const expect = (socket, answer) =>
    app.until(`${answer}, not ${heard.get(socket)}`, () => {
      if (heard.get(socket).at(-1) === answer) return true
      socket.send('hello')
    })
  const sockets = [await connect(), await connect(), await connect()]
  for (const socket of sockets) await expect(socket, 'echo: hello')
  app.edit('shape.mjs', 'echo: ', 'again: ')
  for (const socket of sockets) await expect(socket, 'again: hello')
  app.edit('handler.mjs', 'shape(String(data))', 'shape(String(data).toUpperCase())')
  for (const socket of sockets) await expect(socket, 'again: HELLO')
  app.edit('handler.mjs', 'welcome', 'welcome back')
  app.edit('shape.mjs', 'again: ', 'third: ')
  for (const socket of sockets) await expect(socket, 'third: HELLO')
  const late = await connect()
  assert.equal(heard.get(late)[0], 'welcome back')
  for (const socket of sockets) {
    assert.equal(heard.get(socket).filter((text) => text === 'welcome').length, 1)
    assert.ok(!heard.get(socket).includes('closed'))
  }
  assert.deepEqual(app.output, { stdout: `${url}\n`, stderr: '' })
})

test('jobs: each is done once, one after the other, whatever is saved meanwhile', async (t) => {
  const app = await start(t, 'jobs', { INTERVAL: '30', WORK: '15' })
  await app.says(/end 2\n/)
  const last = () => Number(/ (\d+)$/.exec(app.lines().at(-1))?.[1])
  for (let n = 2; n <= 8; n++) {
    app.edit(n % 2 ? 'consumer.mjs' : 'handle.mjs', n % 2 ? 'queue.take(' : 'end $', n % 2 ? 'queue .take(' : `end${n} $`)
    if (n % 2) app.edit('consumer.mjs', 'queue .take(', 'queue.take(')
    else {
      await app.says(new RegExp(`end${n} \\d+\\n`))
      app.edit('handle.mjs', `end${n} $`, 'end $')
    }
    const now = last()
    await app.until('the next job', () => last() > now + 1)
  }
  const end = last() + 2
  await app.until('some more', () => last() > end)
  const lines = app.lines()
  lines.length -= lines.length % 2
  assert.deepEqual(
    lines.map((line) => line.replace(/^end\d/, 'end')),
    lines.map((_, index) => `${index % 2 ? 'end' : 'begin'} ${Math.floor(index / 2) + 1}`),
  )
  assert.equal(app.output.stderr, '')
  // The last one is finished, too.
  app.child.kill('SIGTERM')
  assert.equal((await app.exit()).signal, 'SIGTERM')
  assert.match(app.lines().at(-1), /^end \d+$/)
})

test('database: the connections stay while all that uses them is edited', async (t) => {
  const app = await start(t, 'database', { PORT: '0', DATABASE: 'test.db' }, ...(nodeIs(22, 13) ? [] : ['node-sqlite3-wasm']))
  const [url] = await app.says(/http:\S+/)
  const get = async () => {
    const response = await fetch(`${url}/page`)
    return response.ok ? await response.json() : await response.text()
  }
  assert.deepEqual([await get(), (await get()).count], [{ page: '/page', count: 1, by: 'connection 2' }, 2])
  app.edit('controllers/visits.mjs', '{ page, count,', '{ page, visits: count,')
  assert.equal((await get()).visits, 3)
  app.edit('database.mjs', '// One pool', '// Still one pool')
  assert.equal((await get()).visits, 4)
  app.edit('pool.mjs', '`connection ', '`other connection ')
  app.edit('sqlite.mjs', 'export async', 'export  async')
  const all = await Promise.all(Array.from({ length: 20 }, get))
  assert.deepEqual(all.map(({ visits }) => visits).toSorted((a, b) => a - b), Array.from({ length: 20 }, (_, n) => n + 5))
  for (const { by } of all) assert.match(by, /^connection [12]$/)
  assert.deepEqual(app.lines().filter((line) => line.startsWith('opened')), ['opened 2 connections'])
  fs.rmSync(app.file('test.db'), { force: true })
})
