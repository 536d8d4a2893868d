/* Which process holds a port that is in use. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { once } from 'node:events'
import test from 'node:test'
import { createFolder, isLinux } from '../../../__test__/support/app.mjs'
import { inodeOf } from '../child/inode.mjs'
import { removeLeftOver } from '../holders.mjs'
import { ask, SERVER, startRunner, value } from './support/runner.mjs'

const noFiles = process.platform === 'win32' && 'pipes have no files there'
const onlyLinux = !isLinux && 'each system tells otherwise'

/** A server on a Unix socket, without any care for its end. */
const ON_PIPE = {
  'main.mjs': `import http from 'node:http'
    import { value } from './value.mjs'
    http.createServer((request, response) => request.url === '/crash' ? process.nextTick(() => { throw new Error('x') }) : response.end(String(value))).listen('app.sock')`,
  'value.mjs': value(0),
}

test('a Unix socket: each restart, and each start after a crash, listens again', { skip: noFiles }, async (t) => {
  const runner = await startRunner(t, { files: ON_PIPE })
  const socketPath = runner.file('app.sock')
  assert.deepEqual(runner.told('ready')[0].urls, [`unix:${socketPath}`])
  assert.equal(await ask(0, { socketPath }), '0')
  for (const n of [1, 2]) {
    runner.save('value.mjs', value(n))
    await runner.event('ready', n + 1)
    assert.equal(await ask(0, { socketPath }), String(n))
  }
  await ask(0, { socketPath, path: '/crash' }).catch(() => {})
  await runner.event('crash')
  runner.save('value.mjs', value(3))
  await runner.event('ready', 4)
  assert.equal(await ask(0, { socketPath }), '3')
  // Killed: nothing in it could have closed anything.
  process.kill(runner.told('ready').at(-1).pid, 'SIGKILL')
  await runner.event('crash', 2)
  runner.save('value.mjs', value(4))
  await runner.event('ready', 5)
  assert.equal(await ask(0, { socketPath }), '4')
  assert.deepEqual(runner.told('problem'), [])
})

for (const [what, options] of [['with --no-keep-sockets', ['--no-keep-sockets']], ['with another signal', ['--signal=SIGKILL']]]) {
  test(`a Unix socket ${what}`, { skip: noFiles }, async (t) => {
    const runner = await startRunner(t, { files: ON_PIPE, options })
    runner.save('value.mjs', value(1))
    await runner.event('ready', 2)
    assert.equal(await ask(0, { socketPath: runner.file('app.sock') }), '1')
  })
}

test("a Unix socket that is somebody else's is left alone", { skip: noFiles }, async (t) => {
  const folder = createFolder(t, { files: ON_PIPE })
  // By its name alone, as the app's is.
  const holder = spawn(process.execPath, ['-e', `require('net').createServer().listen('app.sock', () => console.log('listens'))`], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => holder.kill())
  await once(holder.stdout, 'data')
  const runner = await startRunner(t, { folder, wait: false })
  await runner.event('crash')
  if (isLinux) assert.match((await runner.event('problem')).text, new RegExp(`^${folder}/app.sock is held by .*\\(pid ${holder.pid}\\)$`))
  assert.ok(fs.existsSync(`${folder}/app.sock`))
})

test('a socket file that somebody else has replaced meanwhile stays; so does what is no socket', { skip: noFiles }, async (t) => {
  const file = path.join(createFolder(t, {}), 'app.sock')
  const open = async () => {
    const server = net.createServer()
    await once(server.listen(file), 'listening')
    t.after(() => server.close())
    return /** @type {string} */ (inodeOf(file))
  }
  const before = await open()
  // Kept beside, so that its number is not given again.
  fs.renameSync(file, `${file}.old`)
  const now = await open()
  assert.notEqual(now, before)
  for (const other of [before, undefined]) {
    removeLeftOver(file, other)
    assert.equal(inodeOf(file), now)
  }
  removeLeftOver(file, now)
  assert.equal(inodeOf(file), undefined)
  fs.writeFileSync(file, '')
  removeLeftOver(file, now)
  assert.ok(fs.existsSync(file))
})

test('a Unix socket that was left behind before is told of', { skip: onlyLinux }, async (t) => {
  const folder = createFolder(t, { files: ON_PIPE })
  const child = spawn(process.execPath, ['-e', `require('net').createServer().listen('app.sock', () => process.kill(process.pid, 'SIGKILL'))`], { cwd: folder })
  await once(child, 'exit')
  const runner = await startRunner(t, { folder, wait: false })
  assert.equal((await runner.event('problem')).text, `${folder}/app.sock is a file that somebody has left behind: no process listens there; delete it`)
})

/** Each has a way of its own to fail. */
const LISTENS = {
  'by an exception': (port) => `http.createServer().listen(${port}, '127.0.0.1')`,
  'by a code of its own': (port) => `http.createServer().on('error', () => process.exit(1)).listen(${port})`,
  'with code 0': (port) => `http.createServer().on('error', () => process.exit(0)).listen(${port})`,
  'by a rejection': (port) => `await new Promise((_, reject) => http.createServer().on('error', reject).listen(${port}, 'localhost'))`,
}

test('a port that is taken: it is said who holds it', { skip: onlyLinux }, async (t) => {
  const folder = createFolder(t, { files: { 'holder.cjs': `require('net').createServer().listen(0, function () { console.log(this.address().port) })` } })
  // Node may lie in a folder whose name is longer than what is told of a command.
  const bin = path.join(folder, 'a'.repeat(100))
  fs.mkdirSync(bin)
  fs.symlinkSync(process.execPath, `${bin}/node`)
  const holder = spawn(`${bin}/node`, ['holder.cjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => holder.kill())
  const port = Number(String((await once(holder.stdout, 'data'))[0]))
  for (const [how, listen] of Object.entries(LISTENS)) {
    const runner = await startRunner(t, { files: { 'main.mjs': `import http from 'node:http'; ${listen(port)}` }, wait: false, options: ['--no-ahead', '--stay'] })
    const { text } = await runner.event('problem')
    assert.match(text, new RegExp(`^port ${port} is held by node holder.cjs \\(pid ${holder.pid}\\)$`), how)
  }
})

test('whoever finds another port, or listens in the end, is not told of those that were taken', async (t) => {
  const other = net.createServer().listen(0)
  t.after(() => other.close())
  await once(other, 'listening')
  const { port } = /** @type {net.AddressInfo} */ (other.address())
  const runner = await startRunner(t, {
    files: { ...SERVER, 'main.mjs': `import http from 'node:http'; const server = http.createServer((_, response) => response.end('x')).on('error', () => server.listen(0)).listen(${port})` },
  })
  assert.equal(await ask(runner.port()), 'x')
  assert.deepEqual(runner.told('problem'), [])
})
