/* The control socket: where it lies, who may connect, what it answers. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { HOT, isLinux, isSteady, startApp } from './support/app.mjs'
import { createRandom, randomBytes, send } from './support/fuzz.mjs'

const skip = process.platform === 'win32' && 'there are no named pipes yet'

const files = {
  'main.mjs': `import { limit } from './config.mjs'
    serve({ page: async () => (await import('./page.mjs', ${HOT})).value, one: async () => 1 })`,
  'config.mjs': 'export const limit = () => 1',
  'page.mjs': `export { value } from './part.mjs'`,
  'part.mjs': 'export const value = 1',
}

/** An app whose socket is open, in a runtime folder of its own. */
async function start(t, { env, ...options } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hot-hook-run-'))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  const app = await startApp(t, { files, ...options, env: { XDG_RUNTIME_DIR: folder, TMPDIR: folder, ...env } })
  const cache = app.file('node_modules/.cache/hot-hook')
  const pointer = await app.until('its socket is open', () => {
    const [name] = fs.existsSync(cache) ? fs.readdirSync(cache) : []
    // Its text comes a moment after its name.
    return name && fs.readFileSync(path.join(cache, name), 'utf8')
  })
  const { socket } = JSON.parse(pointer)
  return { app, socket }
}

/** @param {net.Socket} socket */
const closed = (socket) => new Promise((resolve) => (socket.closed ? resolve(undefined) : socket.on('close', resolve)))

/** What comes for `question` until the other side ends it. @param {string} address @param {string | Buffer} question */
async function talk(address, question) {
  const socket = net.connect(address)
  let text = ''
  socket.on('error', () => {}).on('data', (part) => (text += part))
  socket.write(question)
  await closed(socket)
  return text
}

/** What happens in an app. */
async function follow(t, app, address) {
  const lines = []
  let rest = ''
  const socket = net.connect(address).on('data', (part) => {
    const parts = `${rest}${part}`.split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts.map((line) => JSON.parse(line)))
  })
  t.after(() => socket.destroy())
  socket.write('{"ask":"follow"}\n')
  await app.until('it is heard', () => lines.length > 0)
  return lines
}

test('who follows hears of updates and restarts, in the words of explain', { skip }, async (t) => {
  const { app, socket } = await start(t)
  await app.ask('page')
  const lines = await follow(t, app, socket)
  const others = await follow(t, app, socket)
  app.save('part.mjs', 'export const value = 2')
  assert.equal(await app.ask('page'), 2)
  const { reason, hint } = JSON.parse(await talk(socket, `${JSON.stringify({ ask: 'explain', path: app.file('config.mjs') })}\n`))
  app.save('config.mjs', '// 2')
  await app.until('both are told', () => lines.length === 3 && others.length === 3)
  assert.deepEqual(lines, [
    { event: 'hello' },
    { event: 'update', data: { files: ['part.mjs'], paths: ['part.mjs', 'page.mjs'] } },
    { event: 'restart', data: { path: 'config.mjs', text: reason, hint } },
  ])
  assert.deepEqual(others, lines)
})

test('hostile and slow ones hold nothing up: files are watched, imports answered, questions heard', { skip }, async (t) => {
  const { app, socket } = await start(t)
  await app.ask('page')
  const silent = Array.from({ length: 20 }, () => net.connect(socket).on('error', () => {}))
  t.after(() => silent.forEach((one) => one.destroy()))
  silent.forEach((one, at) => at % 2 === 0 && one.write('{"ask":"gra'))
  assert.match(await talk(socket, '\0\u00ff garbage\n'), /^\{"error":"the request is not JSON: /)
  assert.match(await talk(socket, '{"ask":"format the disk"}\n'), /^\{"error":"hot-hook does not know this request: it may be of another version"\}\n$/)
  assert.match(await talk(socket, '[]\n'), /^\{"error":"hot-hook does not know/)
  assert.match(await talk(socket, Buffer.alloc(10_000_000, 'x')), /^(\{"error":"the request is longer than 65536 bytes"\}\n)?$/)
  const gone = net.connect(socket)
  gone.end('{"ask":"gra')
  await closed(gone)
  app.save('part.mjs', 'export const value = 2')
  const { paths } = await app.message('invalidated')
  assert.deepEqual(paths, [app.file('part.mjs'), app.file('page.mjs')])
  assert.equal(await app.ask('page'), 2)
  const { verdict, version } = JSON.parse(await talk(socket, `${JSON.stringify({ ask: 'explain', path: app.file('part.mjs') })}\n`))
  assert.deepEqual({ verdict, version }, { verdict: 'hot', version: 1 })
  // Who says nothing more is let go by and by.
  await Promise.all(silent.map(closed))
})

test('however many follow, questions are answered', { skip }, async (t) => {
  const { app, socket } = await start(t)
  await app.ask('page')
  const first = Array.from({ length: 40 }, () => {
    const follower = { text: '', socket: net.connect(socket) }
    follower.socket.on('error', () => {}).on('data', (part) => (follower.text += part)).write('{"ask":"follow"}\n')
    return follower
  })
  t.after(() => first.forEach((one) => one.socket.destroy()))
  await app.until('each is told', () => first.every(({ text }) => text.includes('\n')))
  const refused = first.filter(({ text }) => text === '{"error":"16 follow this app already, which is all that can"}\n')
  assert.equal(refused.length, 24)
  for (let n = 0; n < 20; n++) assert.match(await talk(socket, '{"ask":"graph"}\n'), /^\{"modules":\[/)
  app.save('part.mjs', 'export const value = 2')
  const others = first.filter((one) => !refused.includes(one))
  await app.until('those who follow hear of a save', () => others.every(({ text }) => text.includes('"update"')))
})

test('random bytes: it answers, or hangs up, and goes on', { skip }, async (t) => {
  const { app, socket } = await start(t)
  const random = createRandom(14)
  for (let n = 0; n < 300; n++) {
    const bytes = randomBytes(random, 1 + Math.floor(random() * 300))
    // Most of it as a line, and some of that as JSON.
    const question = n % 3 === 0 ? bytes : n % 3 === 1 ? Buffer.concat([bytes, Buffer.from('\n')]) : `${JSON.stringify({ ask: bytes.toString('latin1'), path: n % 2 ? n : bytes.toString('latin1') }).replace(/./g, (char) => (random() < 0.01 ? '"' : char))}\n`
    assert.match(await send({ path: socket }, Buffer.from(question)), /^(\{"error":"[^\n]*\n)?$/)
  }
  for (const path of ['', '/', '\0', '../..', 'x'.repeat(60_000), '\ud800', [], {}, null]) {
    assert.match(await talk(socket, `${JSON.stringify({ ask: 'explain', path })}\n`), /^\{"(error|path)":/)
  }
  assert.match(await talk(socket, '{"ask":"graph"}\n'), /^\{"modules":\[/)
  assert.deepEqual(app.output.stderr, '')
})

test('a path that is too long for a socket is not used', { skip }, async (t) => {
  const folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'hot-hook-run-')), 'x'.repeat(120))
  fs.mkdirSync(folder)
  t.after(() => fs.rmSync(path.dirname(folder), { recursive: true, force: true }))
  const { app, socket } = await start(t, { env: { XDG_RUNTIME_DIR: folder } })
  assert.ok(!socket.startsWith(folder), socket)
  assert.equal((fs.statSync(path.dirname(socket)).mode & 0o777).toString(8), '700')
  assert.match(await talk(socket, '{"ask":"graph"}\n'), /^\{"modules":\[/)
  assert.deepEqual(app.output.stderr, '')
})

test('one thread, which wakes for nothing: while the socket is open, and while no app has begun', { skip: !isLinux && 'it reads /proc' }, async (t) => {
  const { app } = await start(t)
  const waits = await startApp(t, { files: {}, ipc: false, before: ['--eval', 'setInterval(() => {}, 2 ** 30)'], entry: '.', env: { XDG_RUNTIME_DIR: '/nowhere' } })
  for (const { child, until } of [app, waits]) {
    const ours = () => fs.readdirSync(`/proc/${child.pid}/task`).filter((task) => fs.readFileSync(`/proc/${child.pid}/task/${task}/comm`, 'utf8').startsWith('hot-hook'))
    await until('its thread runs', () => ours().length > 0)
    assert.equal(ours().length, 1)
    const switches = () => /^voluntary_ctxt_switches:\s*(\d+)/m.exec(fs.readFileSync(`/proc/${child.pid}/task/${ours()[0]}/status`, 'utf8'))?.[1]
    await until('it is at rest', isSteady(switches))
  }
})
