/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
/* `hot-hook wait`, `status` and `log`: whether what was saved is live. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import test from 'node:test'
import { HOT, isLinux, nodeIs, PACKAGE, startApp } from './support/app.mjs'
import { cli, pointers, runCli, runtime, skip, start, until } from './support/cli.mjs'

const value = (n) => `export const value = ${n}`
const files = {
  'main.mjs': `import './cold.mjs'
    import fs from 'node:fs'
    import http from 'node:http'
    let server
    serve({
      page: async () => (await import('./page.mjs', ${HOT})).value,
      block: () => { fs.writeFileSync(new URL('./blocked', import.meta.url), ''); while (!fs.existsSync(new URL('./over', import.meta.url))); },
      listen: () => new Promise((resolve) => { server = http.createServer().listen(0, '127.0.0.1', () => resolve(server.address().port)) }),
    })`,
  'cold.mjs': value(0),
  'page.mjs': `export { value } from './part.mjs'`,
  'part.mjs': value(1),
}

/** What `--json` says, a line each. @param {{ stdout: string }} found */
const parsed = ({ stdout }) => stdout.trim().split('\n').map((line) => JSON.parse(line))

test('wait: each exit code, and what it says', { skip }, async (t) => {
  const { app, ask } = await start(t, { files })
  assert.deepEqual(await ask('wait'), { stdout: 'live\n', stderr: '', code: 0 })
  app.save('part.mjs', value(2))
  const applied = await ask('wait')
  assert.match(applied.stdout, /^✓ applied part\.mjs, and 1 more that imports it \(\d+ ms\)\nlive\n$/)
  assert.equal(applied.code, 0)
  assert.equal(await app.ask('page'), 2)
  app.save('part.mjs', 'export const value = [;')
  const broken = await ask('wait')
  assert.match(broken.stdout, /^✗ failed part\.mjs[^\n]*\n {2}part\.mjs:1:23 SyntaxError: Unexpected token ';'\n[^]*\^\nbroken: it is not mended\n$/)
  assert.equal(broken.code, 1)
  const again = await ask('wait')
  assert.match(again.stdout, /^✗ part\.mjs:1:23 SyntaxError: Unexpected token ';'\n[^]*broken: it is not mended\n$/)
  assert.equal(again.code, 1)
  assert.deepEqual((await ask('wait', 'cold.mjs')).code, 0)
  assert.deepEqual((await ask('wait', 'part.mjs')).code, 1)
  assert.deepEqual((await ask('wait', 'page.mjs')).code, 1)
  app.save('part.mjs', value(3))
  const mended = await ask('wait', 'part.mjs')
  assert.match(mended.stdout, /^✓ applied part\.mjs, [^]*part\.mjs is mended\nlive\n$/)
  assert.equal(mended.code, 0)
  app.save('part.mjs', value(3))
  assert.match((await ask('wait')).stdout, /^= unchanged part\.mjs \(\d+ ms\)\nlive\n$/)
  app.save('notes.txt', 'x')
  assert.deepEqual(await ask('wait', 'notes.txt'), { stdout: 'notes.txt: nobody has loaded it\nlive\n', stderr: '', code: 0 })
  app.save('cold.mjs', value(1))
  const cold = await ask('wait')
  assert.match(cold.stdout, /^! restart-needed cold\.mjs[^]*cold\.mjs changed, which no boundary makes hot[^]*a restart is needed, and nobody does it\n$/)
  assert.equal(cold.code, 3)
  assert.equal((await ask('wait', 'notes.txt')).code, 0)
})

test('what throws is broken until it is saved: only the next import tells what comes of that', { skip }, async (t) => {
  const { app, ask } = await start(t, { files })
  app.save('part.mjs', `throw new Error('not yet'); export const value = 0`)
  assert.equal((await ask('wait')).code, 0)
  await app.askError('page')
  await app.until('it is told', () => app.output.stderr.includes('not yet'))
  for (const file of ['part.mjs', 'page.mjs']) assert.equal((await ask('wait', file)).code, 1, file)
  const other = await ask('wait', 'cold.mjs')
  assert.deepEqual([other.code, other.stdout], [0, 'live\n'])
  // What imports it no longer has nothing to do with it.
  app.save('page.mjs', value(5))
  assert.equal((await ask('wait', 'page.mjs')).code, 0)
  assert.equal(await app.ask('page'), 5)
  app.save('page.mjs', files['page.mjs'])
  app.save('part.mjs', value(6))
  assert.equal((await ask('wait')).code, 0)
  assert.equal(await app.ask('page'), 6)
})

test('status: where, since when, and what became of the last save', { skip }, async (t) => {
  const { app, ask } = await start(t, { files })
  const port = await app.ask('listen')
  const [status] = parsed(await ask('status', '--json'))
  const { pid, entry, root, node, hooks, urls, state, code, since } = status
  assert.deepEqual({ pid, entry, root, node, state, code }, { pid: app.child.pid, entry: app.file('main.mjs'), root: app.folder, node: process.version, state: 'live', code: 0 })
  assert.ok(['sync', 'thread'].includes(hooks), hooks)
  assert.ok(since <= Date.now() && since > Date.now() - 120_000, String(since))
  if (isLinux) assert.deepEqual(urls, [`http://localhost:${port}`])
  const text = await ask('status')
  assert.match(text.stdout, new RegExp(`^main\\.mjs: pid ${app.child.pid}, ${process.version.replaceAll('.', '\\.')}, hooks in [^\\n]*\\nlive\\n$`))
  app.save('part.mjs', 'export const')
  await until(async () => parsed(await ask('status', '--json'))[0].code === 1)
  assert.match((await ask('status')).stdout, /✗ failed part\.mjs[^]*broken/)
})

test('log: the last, and those that come, over restarts', { skip }, async (t) => {
  const { app, ask, folder, env } = await start(t, { files })
  for (const n of [2, 3, 4]) {
    app.save('part.mjs', value(n))
    await ask('wait')
  }
  const all = parsed(await ask('log', '--json'))
  assert.deepEqual(all.map(({ outcome, files: [file] }) => [outcome, file]), [2, 3, 4].map(() => ['applied', app.file('part.mjs')]))
  assert.deepEqual(parsed(await ask('log', '--json', '-n', '1')), all.slice(-1))
  const output = runCli(t, folder, env, 'log', '-f', '-n', '1')
  await until(() => output.stdout !== '')
  app.save('part.mjs', value(5))
  await until(() => output.stdout.split('\n').length === 3)
  await app.kill()
  const next = await startApp(t, { folder, env })
  await next.ask('page')
  await until(() => pointers(folder).length > 0)
  next.save('part.mjs', value(6))
  await until(() => output.stdout.split('\n').length === 4)
  assert.match(output.stdout, /^(\d\d:\d\d:\d\d ✓ applied part\.mjs, and 1 more that imports it \(\d+ ms\)\n){3}$/)
  assert.equal(output.stderr, '')
})

test('nothing runs; what is wrong usage', { skip }, async (t) => {
  const env = runtime(t)
  const folder = fs.realpathSync(env.XDG_RUNTIME_DIR)
  const none = { stdout: '', stderr: `hot-hook: no app runs under hot-hook in ${folder}\n`, code: 2 }
  for (const command of ['wait', 'status', 'log']) {
    assert.deepEqual(await cli(folder, env, command), none)
    assert.deepEqual(parsed(await cli(folder, env, command, '--json')), [{ state: 'none', code: 2, error: none.stderr.trim().replace('hot-hook: ', '') }])
  }
  for (const args of [['wait', '--timeout', 'soon'], ['wait', '--all'], ['status', '--timeout', '1s'], ['log', 'x'], ['log', '-n', 'x'], ['wiat']]) {
    const { stdout, stderr, code } = await cli(folder, env, ...args)
    assert.deepEqual([stdout, code], ['', 64], args.join(' '))
    assert.match(stderr, /^hot-hook: /)
  }
  assert.match((await cli(folder, env, 'server.js')).stderr, /npx hot-hook run server\.js/)
  assert.equal((await cli(folder, env, '--version')).stdout, `${JSON.parse(fs.readFileSync(path.join(PACKAGE, 'package.json'), 'utf8')).version}\n`)
})

test('a thread that does not answer is listed, and is not waited for', { skip }, async (t) => {
  const { app, ask } = await start(t, { files })
  const blocked = app.ask('block')
  await until(() => fs.existsSync(app.file('blocked')))
  app.save('part.mjs', value(2))
  const [status] = parsed(await ask('wait', '--json'))
  // Where `require` passes no hook, it is not even decided on before the thread has told what it has required.
  const left = [...status.outcomes.flatMap(({ pending }) => pending), ...status.undecided].map((file) => path.basename(file))
  assert.deepEqual([status.code, status.threads, left], [0, [0], [status.hooks === 'sync' ? 'page.mjs' : 'part.mjs']])
  assert.match((await ask('wait')).stdout, /threads that do not answer: the main thread\nlive\n$/)
  fs.writeFileSync(app.file('over'), '')
  await blocked
  assert.equal(await app.ask('page'), 2)
})

test('a save that is half done is waited for, until the time is up', { skip: skip || (!isLinux && 'only Linux tells of files that are open') }, async (t) => {
  const { app, ask } = await start(t, { files })
  const fd = fs.openSync(app.file('part.mjs'), 'w')
  const timer = setInterval(() => fs.writeSync(fd, ' '), 5)
  const [late] = parsed(await ask('wait', '--json', '--timeout', '300ms'))
  clearInterval(timer)
  fs.writeSync(fd, value(7))
  fs.closeSync(fd)
  assert.deepEqual([late.state, late.code, late.undecided], ['busy', 4, [app.file('part.mjs')]])
  assert.equal((await ask('wait')).code, 0)
  assert.equal(await app.ask('page'), 7)
})

test('several apps: the worst code wins; with FILEs those that know them', { skip }, async (t) => {
  const { app, env, folder, ask } = await start(t, { files })
  app.save('other.mjs', `serve({ page: async () => (await import('./mine.mjs', ${HOT})).value })`)
  app.save('mine.mjs', value(1))
  const other = await startApp(t, { folder, entry: 'other.mjs', env })
  await other.ask('page')
  await until(() => pointers(folder).length === 2)
  app.save('part.mjs', 'export const')
  const all = parsed(await ask('wait', '--json'))
  assert.deepEqual(all.map(({ pid, code }) => [pid, code]).toSorted(), [[app.child.pid, 1], [other.child.pid, 0]].toSorted())
  assert.equal((await ask('wait')).code, 1)
  app.save('mine.mjs', value(2))
  const [mine, ...more] = parsed(await ask('wait', '--json', 'mine.mjs'))
  assert.deepEqual([mine.pid, mine.code, more], [other.child.pid, 0, []])
  assert.equal((await ask('wait', 'mine.mjs')).code, 0)
  assert.equal((await ask('wait', 'part.mjs')).code, 1)
  assert.equal((await ask('status', '--pid', String(other.child.pid))).code, 0)
})

/** A socket that answers as an app does. @param {import('node:test').TestContext} t @param {string} folder @param {Record<string, string>} env @param {number} pid @param {(request: any, client: net.Socket) => void} answer */
async function fakeApp(t, folder, env, pid, answer) {
  const ours = path.join(env.XDG_RUNTIME_DIR, 'hot-hook')
  fs.mkdirSync(ours, { mode: 0o700, recursive: true })
  const socket = path.join(ours, `${pid}.sock`)
  const server = net.createServer((client) => client.on('error', () => {}).once('data', (data) => answer(JSON.parse(String(data)), client))).listen(socket)
  t.after(() => server.close())
  await once(server, 'listening')
  const pointer = path.join(ours, `${pid}.json`)
  fs.writeFileSync(pointer, JSON.stringify({ pid, socket, root: folder, entry: path.join(folder, 'main.mjs') }), { mode: 0o600 })
  const end = () => {
    fs.rmSync(pointer)
    server.close()
  }
  return { end }
}

test('an app that its parent starts again is waited for', { skip }, async (t) => {
  const env = runtime(t)
  const folder = fs.realpathSync(runtime(t).XDG_RUNTIME_DIR)
  const status = (/** @type {number} */ pid, /** @type {object} */ more) => `${JSON.stringify({ pid, unmended: [], outcomes: [], restarts: true, ...more })}\n`
  const outcome = { id: '1', time: 1, files: [path.join(folder, 'cold.mjs')], outcome: 'restart-needed' }
  const first = await fakeApp(t, folder, env, 4_200_001, async ({ ask }, client) => {
    if (ask === 'wait') return client.end(status(4_200_001, { state: 'restart-needed', code: 3, outcomes: [outcome] }))
    client.write('{"event":"hello"}\n')
    first.end()
    client.end()
    return fakeApp(t, folder, env, 4_200_002, (_, next) => next.end(status(4_200_002, { state: 'live', code: 0 })))
  })
  const { stdout, code } = await cli(folder, env, 'wait', '--json')
  const [{ pid, outcomes }] = parsed({ stdout })
  assert.deepEqual([code, pid, outcomes], [0, 4_200_002, [outcome]])
})

test('a process that was killed leaves a pointer: the next one is told of once', { skip }, async (t) => {
  const { app, ask, env, folder } = await start(t, { files })
  await ask('status')
  const before = pointers(folder)
  await app.kill()
  assert.deepEqual(pointers(folder), before)
  const next = await startApp(t, { folder, env })
  await until(() => pointers(folder).length > before.length)
  await next.ask('page')
  next.save('part.mjs', value(2))
  assert.match((await ask('wait')).stdout, /^✓ applied part\.mjs[^\n]*\nlive\n$/)
})

test('an app that ends while it is waited for: nothing runs', { skip }, async (t) => {
  const { app, ask } = await start(t, { files })
  const blocked = app.ask('block', 60_000)
  await until(() => fs.existsSync(app.file('blocked')))
  app.save('part.mjs', value(2))
  const waited = ask('wait')
  blocked.catch(() => {})
  await app.kill()
  assert.equal((await waited).code, 2)
})

test('what its importer took once stays stale, and is told as that; with FILEs, if it is about them', { skip }, async (t) => {
  const { app, ask } = await start(t, {
    files: {
      'main.mjs': `import { route } from './routes.mjs'
        const outcomes = async () => (await import('hot-hook')).hot.outcomes()
        serve({ route, page: async () => (await import('./page.mjs', ${HOT})).value, stale: async () => (await outcomes()).map(({ stale }) => stale ?? []) })`,
      'routes.mjs': `const { value } = await import('./service.mjs', ${HOT}); export const route = () => value`,
      'service.mjs': `export { value } from './base.mjs'`,
      'base.mjs': value(1),
      'page.mjs': value(1),
    },
  })
  assert.equal(await app.ask('route'), 1)
  assert.equal((await ask('wait')).code, 0)
  app.save('base.mjs', value(2))
  const line = 'service.mjs stays stale: routes.mjs took it when it ran, and will not import it again'
  const [stale] = parsed(await ask('wait', '--json'))
  const found = { path: app.file('service.mjs'), by: app.file('routes.mjs') }
  assert.deepEqual([stale.code, stale.state, stale.stale, stale.outcomes.map((one) => one.stale)], [3, 'stale', [found], [[found]]])
  assert.equal(await app.ask('route'), 1, 'so it is')
  assert.deepEqual(await app.ask('stale'), [[found]])
  // Of every save of it, and until the app restarts.
  app.save('base.mjs', value(3))
  const again = await ask('wait')
  assert.match(again.stdout, new RegExp(`^✓ applied base\\.mjs, [^\\n]*\\n {2}${line}\\nstale: only a restart brings it in\\n$`))
  assert.equal(again.code, 3)
  const later = await ask('wait')
  assert.deepEqual(later, { stdout: `! ${line}\nstale: only a restart brings it in\n`, stderr: '', code: 3 })
  assert.equal((await ask('status')).code, 3)
  for (const file of ['base.mjs', 'service.mjs']) assert.equal((await ask('wait', file)).code, 3, file)
  app.save('page.mjs', value(2))
  assert.equal(await app.ask('page'), 2)
  assert.equal((await ask('wait', 'page.mjs')).code, 0)
  assert.deepEqual((await app.ask('stale')).at(-1), [])
})

test('what stays stale is told of the files that it is about, in each thread, and of what changes before its importer has run', { skip }, async (t) => {
  const { app, ask } = await start(t, {
    files: {
      'main.mjs': `import { Worker } from 'node:worker_threads'
        const workers = [0, 1].map(() => new Worker(new URL('worker.mjs', import.meta.url)))
        await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))))
        let go
        const wait = new Promise((resolve) => (go = resolve))
        const late = import('./late.mjs').then(() => 'over')
        globalThis.wait = wait
        serve({ end: () => workers.shift().terminate(), page: async () => (await import('./lib/page.mjs', ${HOT})).value, go: () => (go(), late) })`,
      'worker.mjs': `import { parentPort } from 'node:worker_threads'
        const { value } = await import('./lib/service.mjs', ${HOT})
        parentPort.postMessage(value)
        parentPort.on('message', () => {})`,
      'late.mjs': `const { value } = await import('./slow.mjs', ${HOT}); await globalThis.wait; export const kept = value`,
      'slow.mjs': value(1),
      'lib/service.mjs': value(1),
      'lib/page.mjs': value(1),
    },
  })
  assert.equal(await app.ask('page'), 1)
  // Both at one moment.
  for (const name of ['service.mjs', 'page.mjs']) app.save(`new/${name}`, value(2))
  assert.equal((await ask('wait')).code, 0)
  fs.renameSync(app.file('lib'), app.file('old'))
  fs.renameSync(app.file('new'), app.file('lib'))
  assert.equal((await ask('wait', 'lib/service.mjs')).code, 3)
  assert.equal(await app.ask('page'), 2)
  assert.equal((await ask('wait', 'lib/page.mjs')).code, 0)
  // The other worker still has it.
  await app.ask('end')
  assert.equal((await ask('wait', 'lib/service.mjs')).code, 3)
  app.save('slow.mjs', value(2))
  assert.equal((await ask('wait', 'slow.mjs')).code, 0, 'it may import it again')
  assert.equal(await app.ask('go'), 'over')
  assert.equal((await ask('wait', 'slow.mjs')).code, 3)
  await app.until('it is said', () => /slow\.mjs stays stale: late\.mjs took it/.test(app.output.stderr))
})

test('broken CommonJS that becomes an ES module is not broken any more', { skip: skip || (!nodeIs(22, 12) && 'this Node does not look whether it is one') }, async (t) => {
  const { app, ask } = await start(t, {
    files: {
      'main.mjs': `serve({ page: async () => (await import('./b.mjs', ${HOT})).value })`,
      'b.mjs': `import * as c from './c/c.js'; export const value = (c.default ?? c).value`,
      'c/package.json': '{}',
      'c/c.js': 'exports.value = 1',
    },
  })
  assert.equal(await app.ask('page'), 1)
  app.save('c/c.js', 'exports.value = [;')
  assert.equal((await ask('wait')).code, 1)
  app.save('c/c.js', 'export const value = 2')
  assert.equal((await ask('wait')).code, 0)
  assert.equal(await app.ask('page'), 2)
  assert.equal((await ask('wait')).code, 0)
  app.save('c/c.js', 'export const value = [;')
  await app.askError('page')
  await app.until('it is told', () => app.output.stderr.includes('✗ c/c.js:1:23'))
  assert.equal((await ask('wait')).code, 1)
})

test('without a check, what is broken stays so when something else is saved', { skip }, async (t) => {
  const { app, ask } = await start(t, {
    hotHook: { check: false },
    files: {
      'main.mjs': `serve({ page: async () => (await import('./a.mjs', ${HOT})).value })`,
      'a.mjs': `import { value as c } from './c.mjs'; import { value as d } from './d.mjs'; export const value = [c, d]`,
      'c.mjs': value(1),
      'd.mjs': value(1),
    },
  })
  app.save('c.mjs', 'export const value = [;')
  await app.askError('page')
  await app.until('it is told', () => app.output.stderr.includes('✗ c.mjs:1:23'))
  const [before] = parsed(await ask('wait', '--json'))
  assert.deepEqual(before.unmended.map(({ phase }) => phase), ['link'])
  app.save('d.mjs', value(2))
  for (const file of ['a.mjs', 'c.mjs']) assert.equal((await ask('wait', file)).code, 1, file)
  assert.equal((await ask('wait')).code, 1)
  app.save('c.mjs', value(2))
  assert.equal((await ask('wait')).code, 0, 'only its import tells')
  assert.deepEqual(await app.ask('page'), [2, 2])
})
