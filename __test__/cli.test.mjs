import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { startApp } from './support/app.mjs'
import { cli, files, pointers, runtime, skip, start, until } from './support/cli.mjs'
import { run } from './support/runs.mjs'

const told = (text) => ({ stdout: text, stderr: '', code: 0 })

test('explain: in words, and as JSON as hot.explain() gives it', { skip }, async (t) => {
  const { app, ask } = await start(t)
  assert.deepEqual(await ask('explain', 'part.mjs'), told('part.mjs: hot\nboundaries: page.mjs\nit would run again, and 1 more: page.mjs\n'))
  assert.deepEqual(await ask('explain', app.file('config.mjs')), told(`config.mjs: restart
config.mjs changed, which no boundary makes hot: main.mjs ─static→ config.mjs
hint: imported statically by main.mjs: import it dynamically, as a boundary, to make it hot
`))
  assert.deepEqual(await ask('explain', 'nobody.mjs'), told('nobody.mjs: unknown\nthere is no such file, and nobody waits for it\n'))
  assert.deepEqual(await ask('explain', 'package.json'), told('package.json: unknown\na change of it does nothing: nobody has imported it\n'))
  app.save('part.mjs', 'export const value = 2')
  const { path: file, version, verdict, invalidates } = JSON.parse((await ask('explain', 'part.mjs', '--json')).stdout)
  assert.deepEqual({ file, version, verdict, invalidates }, { file: app.file('part.mjs'), version: 1, verdict: 'hot', invalidates: [app.file('part.mjs'), app.file('page.mjs')] })
})

test('graph: as text, JSON, dot and mermaid; names of files are only text', { skip }, async (t) => {
  const hostile = `x"]\u001b[31m<b>.mjs`
  const { ask } = await start(t, { files: { ...files, 'config.mjs': `import ${JSON.stringify(`./${hostile.replaceAll('"', '%22').replace('\u001b', '%1b')}`)}`, [hostile]: '' } })
  const { stdout } = await ask('graph')
  assert.match(stdout, /^cold +main\.mjs$/m)
  assert.match(stdout, /^hot +page\.mjs$/m)
  assert.ok(stdout.includes(String.raw`x"]\u{1b}[31m<b>.mjs`), stdout)
  const { modules, edges } = JSON.parse((await ask('graph', '--json')).stdout)
  const named = edges.map(({ from, to, kind, hot }) => `${modules[from].path} ${hot ? 'hot' : kind} ${modules[to].path}`)
  assert.ok(named.includes('main.mjs hot page.mjs') && named.includes('page.mjs static part.mjs'), named.join('\n'))
  const dot = (await ask('graph', '--dot')).stdout
  assert.match(dot, /^digraph \{\n[^]*\n\}\n$/)
  assert.ok(dot.includes(String.raw`label="x\"]\\u{1b}[31m<b>.mjs"`), dot)
  const mermaid = (await ask('graph', '--mermaid')).stdout
  assert.match(mermaid, /^flowchart TD\n/)
  assert.ok(mermaid.includes('["x#34;#93;#92;u#123;1b#125;#91;31m#60;b#62;.mjs"]'), mermaid)
})

test('an app whose event loop is blocked answers', { skip }, async (t) => {
  const { app, ask } = await start(t)
  const blocked = app.ask('block', 1500)
  assert.match((await ask('explain', 'part.mjs')).stdout, /^part.mjs: hot/)
  await blocked
})

test('only the user may connect; at the end nothing is left', { skip }, async (t) => {
  const env = runtime(t)
  const app = await startApp(t, { files: { 'main.mjs': `serve({ end: () => void setTimeout(process.exit, 10) })` }, env })
  const folder = path.dirname(app.file('main.mjs'))
  await until(() => pointers(folder).length > 0)
  const ours = path.join(env.XDG_RUNTIME_DIR, 'hot-hook')
  const mode = (file) => (fs.statSync(file).mode & 0o777).toString(8)
  assert.equal(mode(ours), '700')
  const [socket, ...others] = fs.readdirSync(ours)
  assert.equal(mode(path.join(ours, socket)), '600')
  assert.deepEqual(others, [])
  await app.ask('end')
  await until(() => pointers(folder).length === 0 && fs.readdirSync(ours).length === 0)
})

test('a runtime folder that others may enter is not used', { skip }, async (t) => {
  const env = runtime(t)
  const ours = path.join(env.XDG_RUNTIME_DIR, 'hot-hook')
  fs.mkdirSync(ours)
  fs.chmodSync(ours, 0o755)
  // The next best: that of files that are temporary.
  const temporary = runtime(t).XDG_RUNTIME_DIR
  const app = await startApp(t, { files, env: { ...env, TMPDIR: temporary } })
  const folder = path.dirname(app.file('main.mjs'))
  await until(() => pointers(folder).length > 0)
  assert.deepEqual(fs.readdirSync(ours), [])
  assert.deepEqual(fs.readdirSync(path.join(temporary, `hot-hook-${process.getuid?.()}`)), [`${app.child.pid}.sock`])
  assert.match((await cli(folder, { ...env, TMPDIR: temporary }, 'graph')).stdout, /main.mjs/)
})

test('what a killed app has left is taken away, and that no app runs is a clear sentence', { skip }, async (t) => {
  const { app, env, folder, ask } = await start(t)
  app.child.kill('SIGKILL')
  await until(() => app.child.signalCode !== null)
  assert.equal(pointers(folder).length, 1)
  assert.deepEqual(await ask('graph'), { stdout: '', stderr: `hot-hook: no app runs under hot-hook in ${fs.realpathSync(folder)}\n`, code: 1 })
  assert.deepEqual([pointers(folder), fs.readdirSync(path.join(env.XDG_RUNTIME_DIR, 'hot-hook'))], [[], []])
})

test('pointers that are stale, half written or of somebody else do no harm', { skip }, async (t) => {
  const { app, folder, ask } = await start(t)
  const cache = path.join(folder, 'node_modules/.cache/hot-hook')
  const write = (name, text) => fs.writeFileSync(path.join(cache, name), text)
  const gone = { root: folder, entry: app.file('main.mjs') }
  write('999990.json', JSON.stringify({ ...gone, pid: 999_990, socket: path.join(folder, 'gone.sock') }))
  write('999991.json', '{"pid": 99')
  write('999992.json', 'null')
  write('999993.json', '{"pid":1}')
  write('999994.json', JSON.stringify({ ...gone, pid: 999_994, socket: 'relative.sock' }))
  write('notes.json', '{}')
  // No socket, and not to be deleted.
  write('999995.json', JSON.stringify({ ...gone, pid: 999_995, socket: app.file('part.mjs') }))
  assert.match((await ask('explain', 'part.mjs')).stdout, /^part.mjs: hot/)
  assert.ok(!fs.existsSync(path.join(cache, '999990.json')) && !fs.existsSync(path.join(cache, '999995.json')))
  assert.ok(fs.existsSync(app.file('part.mjs')))
})

test('an app that goes before it has answered is named', { skip }, async (t) => {
  const { app, folder, env, ask } = await start(t)
  const at = path.join(env.XDG_RUNTIME_DIR, 'other.sock')
  for (const said of ['', '{"path":']) {
    const server = net.createServer((socket) => socket.once('data', () => socket.end(said))).listen(at)
    t.after(() => server.close())
    await once(server, 'listening')
    const [pointer] = pointers(folder)
    const file = path.join(folder, 'node_modules/.cache/hot-hook', pointer)
    fs.writeFileSync(file, JSON.stringify({ ...JSON.parse(fs.readFileSync(file, 'utf8')), socket: at }))
    const { code, stdout, stderr } = await ask('explain', 'page.mjs')
    assert.deepEqual({ code, stdout, stderr }, { code: 1, stdout: '', stderr: `hot-hook: the app with the pid ${app.child.pid} does not answer: it ended in the middle of it\n` })
    server.close()
    await once(server, 'close')
  }
})

test('several apps of one project are told apart', { skip }, async (t) => {
  const { app, env, folder, ask } = await start(t)
  app.save('other.mjs', 'serve({})')
  await startApp(t, { folder, entry: 'other.mjs', env })
  await until(() => pointers(folder).length === 2)
  const { stderr, code } = await ask('graph')
  assert.equal(code, 1)
  assert.match(stderr, /2 apps run here; say which is meant:\n/)
  assert.match((await ask('graph', '--pid', String(app.child.pid))).stdout, /main.mjs/)
})

test('HOT_HOOK_SOCKET=0 turns it off; an app that ends at once leaves nothing, and none is kept alive', { skip }, async (t) => {
  const env = runtime(t)
  for (const [text, more] of [['setTimeout(() => {}, 600)', { HOT_HOOK_SOCKET: '0' }], ['', {}], ['setTimeout(() => {}, 600)', {}]]) {
    const { code, stderr } = await run(t, { files: { 'main.mjs': text }, env: { ...env, ...more } })
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    const ours = path.join(env.XDG_RUNTIME_DIR, 'hot-hook')
    assert.deepEqual(fs.existsSync(ours) ? fs.readdirSync(ours) : [], [])
  }
})

test('a wrong command is an error with exit code 2', { skip }, async (t) => {
  const env = runtime(t)
  for (const [args, text] of [
    [['wat'], /no command "wat": hot-hook has explain, graph and view/],
    [[], /^Usage: hot-hook explain FILE/],
    [['explain'], /usage: hot-hook explain FILE/],
    [['graph', '--dot', '--json'], /usage: hot-hook graph/],
    [['graph', '--wat'], /--wat/],
  ]) {
    const { stderr, code } = await cli(os.tmpdir(), env, ...args)
    assert.match(stderr, text)
    assert.equal(code, 2)
  }
  assert.match((await cli(os.tmpdir(), env, '--help')).stdout, /^Usage/)
})
