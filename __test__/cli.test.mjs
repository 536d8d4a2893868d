/* The command line: explain, graph, status, wait. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { isLinux, PACKAGE, startApp } from './support/app.mjs'
import { cli, files, pointers, runtime, skip, start, temporary, until } from './support/cli.mjs'
import { run } from './support/runs.mjs'
import { needsRoot, runAsNobody } from './support/users.mjs'

const needsNamespaces = { skip: !(isLinux && spawnSync('unshare', ['--pid', '--fork', 'true']).status === 0) && 'no PID namespace can be made here: only root can, and not everywhere' }

const told = (text) => ({ stdout: text, stderr: '', code: 0 })

test('explain: in words, and as JSON as hot.explain() gives it', { skip }, async (t) => {
  const { app, ask } = await start(t)
  assert.deepEqual(await ask('explain', 'part.mjs'), told('part.mjs: hot\nboundaries: page.mjs\nit would run again, and 1 more: page.mjs\n'))
  assert.deepEqual(await ask('explain', app.file('config.mjs')), told(`config.mjs: restart
config.mjs changed, which no boundary makes hot: main.mjs ─static→ config.mjs
hint: imported statically by main.mjs:1: to make it and all below it hot, write instead, with lazy from 'hot-hook':
  const limit = lazy(() => import('./config.mjs', import.meta.hot?.boundary), 'limit')
It then runs again at each save below it: what it is to keep belongs in hot.keep().
`))
  assert.deepEqual(await ask('explain', 'nobody.mjs'), told('nobody.mjs: unknown\nthere is no such file, and nothing waits for it\n'))
  assert.deepEqual(await ask('explain', 'package.json'), told('package.json: unknown\na change of it does nothing: nothing has imported it\n'))
  app.save('part.mjs', 'export const value = 2')
  const { path: file, version, verdict, invalidates } = JSON.parse((await ask('explain', 'part.mjs', '--json')).stdout)
  assert.deepEqual({ file, version, verdict, invalidates }, { file: app.file('part.mjs'), version: 1, verdict: 'hot', invalidates: [app.file('part.mjs'), app.file('page.mjs')] })
})

test('graph: as text, JSON, dot and mermaid; names of files are only text', { skip }, async (t) => {
  const hostile = `x"]\u001b[31m<b>.mjs`
  const { ask } = await start(t, { files: { ...files, 'config.mjs': `import ${JSON.stringify(`./${hostile.replaceAll('"', '%22').replace('\u001b', '%1b')}`)}; ${files['config.mjs']}`, [hostile]: '' } })
  const { stdout } = await ask('graph')
  assert.match(stdout, /^cold {5}main\.mjs\ncold {5}├─ config\.mjs\ncold {5}│ {2}└─ x[^\n]*\nhot {6}└─ page\.mjs {2}boundary\nhot {9}└─ part\.mjs\n$/)
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
  const { app, folder, ask } = await start(t)
  app.child.kill('SIGKILL')
  await until(() => app.child.signalCode !== null)
  assert.equal(pointers(folder).length, 1)
  assert.deepEqual(await ask('graph'), { stdout: '', stderr: `hot-hook: no app runs under hot-hook in ${fs.realpathSync(folder)}\n`, code: 2 })
  assert.deepEqual(pointers(folder), [])
})

/** A server that answers as it likes, at a socket in a runtime folder. */
async function fakeApp(t, folder, env, answer, name = '4200001') {
  const ours = path.join(env.XDG_RUNTIME_DIR, 'hot-hook')
  fs.mkdirSync(ours, { mode: 0o700, recursive: true })
  const socket = path.join(ours, `${name}.sock`)
  const server = net.createServer((client) => client.on('error', () => {}).once('data', () => client.end(answer))).listen(socket)
  t.after(() => server.close())
  await once(server, 'listening')
  const pointer = { pid: Number.parseInt(name), socket, root: folder, entry: path.join(folder, 'main.mjs') }
  fs.writeFileSync(path.join(ours, `${name}.json`), JSON.stringify(pointer), { mode: 0o600 })
  return { server, socket, pointer }
}

test('pointers that are stale, half written or come with a repository do no harm, and stay', { skip }, async (t) => {
  const { app, folder, env, ask } = await start(t)
  const cache = path.join(folder, 'node_modules/.cache/hot-hook')
  const at = (name) => path.join(cache, name)
  const write = (name, what) => fs.writeFileSync(at(name), typeof what === 'string' ? what : JSON.stringify(what))
  const entry = `${app.file('main.mjs')}\u001b]0;title\u0007\u009b31m\u202e`
  const pointer = { root: folder, entry }
  const asked = []
  const outside = net.createServer((client) => (asked.push(client), client.destroy())).listen(path.join(folder, 'live.sock'))
  t.after(() => outside.close())
  await once(outside, 'listening')
  write('4200000.json', { ...pointer, pid: 4_200_000, socket: path.join(folder, 'gone.sock') })
  write('4200001.json', { ...pointer, pid: 4_200_001, socket: path.join(folder, 'live.sock') })
  write('4200002.json', { ...pointer, pid: 4_200_002, socket: app.file('part.mjs') })
  write('4200003.json', { ...pointer, pid: 4_200_003, socket: path.join(env.XDG_RUNTIME_DIR, 'hot-hook/../../live.sock') })
  write('4200004.json', { ...pointer, pid: '\u001b[31m', socket: 'relative.sock' })
  write('4200005.json', '{"pid": 99')
  write('4200006.json', 'null')
  write('4200007.json', '{"pid":1}')
  write('4200008.json', '['.repeat(60_000))
  write('4200009.json', ' '.repeat(10_000_000))
  write('notes.json', '{}')
  // In a container, whose sockets are not seen from here.
  write('4200010.json', { ...pointer, pid: 4_200_010, socket: path.join(env.XDG_RUNTIME_DIR, 'hot-hook/1.sock'), namespace: 'elsewhere' })
  fs.symlinkSync('/dev/zero', at('4200011.json'))
  fs.symlinkSync('/dev/tty', at('4200012.json'))
  execFileSync('mkfifo', [at('4200013.json')])
  fs.mkdirSync(at('4200014.json'))
  const names = pointers(folder)
  const { stdout, stderr, code } = await ask('explain', 'part.mjs')
  assert.deepEqual({ stdout, stderr, code }, told('part.mjs: hot\nboundaries: page.mjs\nit would run again, and 1 more: page.mjs\n'))
  assert.deepEqual([pointers(folder), asked], [names, []])
  await app.kill()
  assert.match((await ask('graph')).stderr, /^hot-hook: no app runs under hot-hook in [^\n]*; one that runs in another container, if it still does, has to be asked there\n$/)
  assert.deepEqual(pointers(folder), names.filter((name) => name !== `${app.child.pid}.json`))
})

test('pointers where others could have written are not read', { skip }, async (t) => {
  const { folder, ask } = await start(t)
  for (const at of ['node_modules', 'node_modules/.cache', 'node_modules/.cache/hot-hook']) {
    fs.chmodSync(path.join(folder, at), 0o777)
    assert.match((await ask('graph')).stderr, /no app runs/)
    fs.chmodSync(path.join(folder, at), 0o755)
  }
  fs.renameSync(path.join(folder, 'node_modules/.cache'), path.join(folder, 'cache'))
  fs.symlinkSync('../cache', path.join(folder, 'node_modules/.cache'))
  assert.match((await ask('graph')).stderr, /no app runs/)
})

test('an answer that is none is said to be none', { skip }, async (t) => {
  const env = runtime(t)
  const folder = fs.realpathSync(runtime(t).XDG_RUNTIME_DIR)
  const module = { path: 'a', state: 'hot', version: 0 }
  const found = { path: 'a', verdict: 'hot', version: 0, boundaries: [], invalidates: ['a'] }
  const hostile = '\u001b]0;title\u0007\u009b31m\u202e\n'
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const [none, all] = [/its answer is none that this version of hot-hook knows/, [['graph'], ['graph', '--json'], ['explain', 'a']]]
  for (const [commands, said, expected = none] of [
    [all, '', /it ended in the middle of it/],
    ...['garbage', 'null', '1', '"text"', '[]', '[[', '{"error":{}}', '{"modules":[]}'].map((text) => [all.slice(0, 1), `${text}\n`]),
    [all, '{}\n'],
    [all.slice(0, 1), '['.repeat(100_000), /in the middle/],
    [all.slice(0, 1), `${deep}\n`],
    [all.slice(1, 2), `{"modules":[],"edges":[],"more":${deep}}\n`, /^(hot-hook: Maximum call stack size exceeded\n)?$/],
    [all, { error: hostile }, /\\u\{1b\}\]0;title/],
    ...[
      { modules: 1, edges: [] },
      { modules: [null], edges: [] },
      { modules: [{ ...module, state: hostile }], edges: [] },
      { modules: [{ ...module, state: 'constructor' }], edges: [] },
      { modules: [{ ...module, path: 1 }], edges: [] },
      { modules: [{ ...module, version: hostile }], edges: [] },
      { modules: [module], edges: [{ from: 0, to: 1, kind: 'static' }] },
      { modules: [module], edges: [{ from: 0, to: 0, kind: hostile }] },
    ].map((answer) => [all.slice(0, 1), answer]),
    ...[{ ...found, boundaries: [1] }, { ...found, version: '1' }, { ...found, verdict: 1 }, { ...found, reason: {} }].map((answer) => [all.slice(2), answer]),
    [all.slice(2), { ...found, path: hostile, verdict: hostile, reason: hostile }, /^$/],
    [all.slice(2), { ...found, verdict: 'restart', reason: hostile, hint: hostile }, /^$/],
    [all.slice(0, 2), { modules: [{ ...module, path: hostile }], edges: [] }, /^$/],
  ]) {
    const { server } = await fakeApp(t, folder, env, typeof said === 'string' ? said : `${JSON.stringify(said)}\n`)
    for (const args of commands) {
      const { stdout, stderr, code } = await cli(folder, env, ...args)
      const known = `${args} ${JSON.stringify(said).slice(0, 200)}\n${stdout.slice(0, 200)}${stderr.slice(0, 1000)}`
      assert.match(stderr, expected, known)
      assert.match(stderr, code === 0 ? /^$/ : /^hot-hook: [^\n]*\n$/, known)
      assert.doesNotMatch(`${stdout}${stderr}`.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u, known)
    }
    server.close()
    await once(server, 'close')
  }
})

test('dead sockets are swept by the next app', { skip }, async (t) => {
  const env = runtime(t)
  const ours = path.join(env.XDG_RUNTIME_DIR, 'hot-hook')
  fs.mkdirSync(ours, { mode: 0o700 })
  const script = `for (let n = 0; n < 300; n++) require('net').createServer().listen(\`\${process.argv[1]}/\${4200000 + n}.sock\`, () => n === 299 && process.kill(process.pid, 'SIGKILL'))`
  assert.equal(spawnSync(process.execPath, ['--eval', script, ours]).signal, 'SIGKILL')
  fs.writeFileSync(path.join(ours, '4200000.json'), JSON.stringify({ pid: 4_200_000, socket: path.join(ours, '4200000.sock'), root: ours, entry: ours }))
  fs.writeFileSync(path.join(ours, 'notes'), '')
  assert.equal(fs.readdirSync(ours).length, 302)
  const app = await startApp(t, { files, env })
  await until(() => pointers(app.folder).length > 0)
  assert.deepEqual(fs.readdirSync(ours), [`${app.child.pid}.sock`, 'notes'])
})

test('a pid is one of ours, though an app of another PID namespace has its name', { skip: skip || (!isLinux && 'only Linux has such namespaces') }, async (t) => {
  const { app, folder, env } = await start(t)
  const cache = path.join(folder, 'node_modules/.cache/hot-hook')
  const [name] = pointers(folder)
  const { pid } = app.child
  assert.equal(name, `${pid}.json`)
  fs.renameSync(path.join(cache, name), path.join(cache, `${pid}-2.json`))
  const { socket, pointer } = await fakeApp(t, folder, env, '{"modules":[],"edges":[]}\n')
  fs.writeFileSync(path.join(cache, name), JSON.stringify({ ...pointer, pid, socket, namespace: 'elsewhere' }))
  assert.match((await cli(folder, env, 'graph', '--pid', String(pid))).stdout, /main\.mjs/)
  assert.deepEqual(await cli(folder, env, 'graph', '--pid', `${pid}-elsewhere`), { stdout: '', stderr: '', code: 0 })
  const { stderr } = await cli(folder, env, 'graph')
  for (const one of [`${pid}`, `${pid}-elsewhere`]) assert.ok(stderr.includes(`  --pid ${one}   `), stderr)
})

test('apps of two PID namespaces with one number each: both are found, and nothing of theirs is taken away', needsNamespaces, async (t) => {
  const env = runtime(t)
  const within = ['unshare', '--pid', '--fork', '--kill-child']
  const first = await startApp(t, { files, env, within })
  const folder = first.folder
  await until(() => pointers(folder).length === 1)
  await startApp(t, { folder, env, within })
  await until(() => pointers(folder).length === 2)
  const names = pointers(folder)
  const ids = names.map((name) => path.basename(name, '.json')).toSorted((a, b) => a.length - b.length)
  assert.equal(ids[1], `${ids[0]}-2`)
  const { stderr } = await cli(folder, env, 'graph')
  for (const id of ids) {
    assert.ok(stderr.includes(`  --pid ${id}   `), stderr)
    assert.match((await cli(folder, env, 'graph', '--pid', id)).stdout, /main\.mjs/)
  }
  await first.kill()
  assert.match((await cli(folder, env, 'graph')).stdout, /main\.mjs/)
  assert.deepEqual(pointers(folder), names)
})

test("another user's node_modules above the project gets no pointer, not even through a link", needsRoot, async (t) => {
  const base = temporary(t)
  fs.chmodSync(base, 0o1777)
  const victim = path.join(base, 'victim')
  fs.writeFileSync(victim, 'mine', { mode: 0o600 })
  const theirs = path.join(base, 'node_modules/.cache/hot-hook')
  const attack = `const fs = require('fs'); fs.mkdirSync('${theirs}', { recursive: true })
    for (let n = 1; n < 5000; n++) fs.symlinkSync('${victim}', '${theirs}/' + (${process.pid} + n) + '.json')`
  assert.deepEqual(await runAsNobody(attack), { stdout: '', stderr: '', code: 0 })
  const folder = path.join(base, 'app')
  fs.mkdirSync(folder)
  fs.writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}')
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text)
  const env = runtime(t)
  const app = await startApp(t, { folder, env, register: false, before: [`--import=${pathToFileURL(path.join(PACKAGE, 'lib/runtime/register.mjs'))}`] })
  const ours = path.join(env.XDG_RUNTIME_DIR, 'hot-hook')
  await until(() => fs.existsSync(ours) && fs.readdirSync(ours).length === 2)
  assert.deepEqual(fs.readdirSync(ours).toSorted(), [`${app.child.pid}.json`, `${app.child.pid}.sock`])
  assert.equal(fs.readFileSync(victim, 'utf8'), 'mine')
  assert.match((await cli(folder, env, 'graph')).stdout, /main\.mjs/)
})

test('whoever reads may have enough; a folder that is gone is said to be', { skip }, async (t) => {
  const { env, folder } = await start(t)
  const shell = (/** @type {string} */ command, /** @type {string} */ cwd) => spawnSync('sh', ['-c', command], { cwd, env: { ...process.env, ...env, CLI: path.join(PACKAGE, 'cli/main.mjs'), NODE: process.execPath }, encoding: 'utf8' })
  const { stdout, stderr } = shell('{ "$NODE" "$CLI" graph; } | true', folder)
  assert.deepEqual({ stdout, stderr }, { stdout: '', stderr: '' })
  const gone = path.join(temporary(t), 'gone')
  fs.mkdirSync(gone)
  const { stderr: text, status } = shell('rmdir "$PWD"; "$NODE" "$CLI" graph', gone)
  assert.match(text, /^hot-hook: [^\n]*\n$/)
  assert.equal(status, 1)
})

test('an app that goes before it has answered is named', { skip }, async (t) => {
  const env = runtime(t)
  const folder = fs.realpathSync(runtime(t).XDG_RUNTIME_DIR)
  for (const said of ['', '{"path":']) {
    const { server, pointer } = await fakeApp(t, folder, env, said)
    const found = await cli(folder, env, 'explain', 'page.mjs')
    assert.deepEqual(found, { code: 1, stdout: '', stderr: `hot-hook: the app with the pid ${pointer.pid} does not answer: it ended in the middle of it\n` })
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

test('a wrong command is an error with exit code 64', { skip }, async (t) => {
  const env = runtime(t)
  for (const [args, text] of [
    [['wat'], /no command "wat": hot-hook has wait, status, log, explain, graph, view, doctor and run/],
    [[], /^Usage: hot-hook wait/],
    [['explain'], /usage: hot-hook explain FILE/],
    [['graph', '--dot', '--json'], /usage: hot-hook graph/],
    [['graph', '--wat'], /--wat/],
  ]) {
    const { stderr, code } = await cli(os.tmpdir(), env, ...args)
    assert.match(stderr, text)
    assert.equal(code, 64)
  }
  assert.match((await cli(os.tmpdir(), env, '--help')).stdout, /^Usage/)
})
