/* Start, restart, crash and end of the app. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'node:test'
import { createFolder, DEADLINE } from '../../../__test__/support/app.mjs'
import { ask, CLI, environment, isAlive, SERVER, startRunner, value } from './support/runner.mjs'

const IDLE = 'setInterval(() => {}, 1000)'

test('a file that only forks and cluster workers import: they say that they need a restart', async (t) => {
  const runner = await startRunner(t, {
    files: {
      'main.mjs': `import { fork } from 'node:child_process'
        import cluster from 'node:cluster'
        import http from 'node:http'
        fork('./fork.mjs')
        cluster.setupPrimary({ exec: './worker.mjs' })
        cluster.fork()
        http.createServer((_, response) => response.end('app')).listen(0, '127.0.0.1')`,
      'fork.mjs': `import { fork } from 'node:child_process'; import './forked.mjs'; fork('./grandchild.mjs'); process.on('disconnect', () => process.exit()); setInterval(() => {}, 1 << 30)`,
      'grandchild.mjs': `import './below.mjs'; console.log('grandchild is up'); process.on('disconnect', () => process.exit()); setInterval(() => {}, 1 << 30)`,
      'worker.mjs': `import './clustered.mjs'; console.log('worker is up'); process.on('disconnect', () => process.exit()); setInterval(() => {}, 1 << 30)`,
      'forked.mjs': '',
      'below.mjs': '',
      'clustered.mjs': '',
    },
  })
  for (const what of ['grandchild', 'worker']) await runner.says(`${what} is up`)
  for (const name of ['forked.mjs', 'below.mjs', 'clustered.mjs']) {
    runner.save(name, '// 2')
    await runner.until(`it says ${name}`, () => new RegExp(`^hot-hook: restart needed in process \\d+, which the app has started: ${name} changed`, 'm').test(runner.output.stderr))
  }
  assert.equal(runner.output.stderr.match(/restart needed/g)?.length, 3, runner.known())
})

test('a full reload tells why, and the hint that would have avoided it', async (t) => {
  const files = {
    'main.mjs': `import http from 'node:http'
      import { answer } from './app.mjs'
      http.createServer(answer).listen(0, '127.0.0.1')`,
    'app.mjs': `import { value } from './value.mjs'; export const answer = (request, response) => response.end(String(value))`,
    'value.mjs': value(0),
  }
  const runner = await startRunner(t, { files })
  const saved = Date.now()
  runner.save('value.mjs', value(1))
  const restart = await runner.event('restart')
  assert.deepEqual([restart.cause, restart.path], ['change', runner.file('value.mjs')])
  assert.equal(restart.reason.hint, `app.mjs is imported statically by main.mjs:2: to make it and all below it hot, write instead, with handler from 'hot-hook':
  const answer = handler(() => import('./app.mjs', import.meta.hot?.boundary), 'answer')
It then runs again at each save below it: what it is to keep belongs in hot.keep().`)
  assert.deepEqual(restart.reason.chain.map(({ kind, specifier }) => [kind, specifier]), [['root', ''], ['static', './app.mjs'], ['static', './value.mjs']])
  const { ms, isRestart } = await runner.event('ready', 2)
  assert.ok(isRestart && ms > 0 && restart.time - saved >= 0)
  assert.equal(await ask(runner.port()), '1')
})

test('lines for people: what was invalidated, why there is a restart, how long it took', async (t) => {
  const files = {
    'main.mjs': `import http from 'node:http'
      import './value.mjs'
      http.createServer(async (_, response) => response.end(String((await import('./hot.mjs')).deep))).listen(0, '127.0.0.1', function () { console.log('port', this.address().port) })`,
    'value.mjs': '',
    'hot.mjs': `export { deep } from './deep.mjs'`,
    'deep.mjs': 'export const deep = 1',
  }
  const runner = await startRunner(t, { files, hotHook: { boundaries: ['./hot.mjs'] }, json: false, options: ['--verbose'] })
  await runner.says('port ')
  const port = Number(/port (\d+)/.exec(runner.output.stdout)?.[1])
  assert.equal(await ask(port), '1')
  await runner.says('started in ')
  runner.save('deep.mjs', 'export const deep = 2')
  await runner.says('reloads deep.mjs (and 1 module that imports it)')
  assert.equal(await ask(port), '2')
  runner.save('value.mjs', '// 2')
  await runner.says('restarted in ')
  const lines = runner.output.stderr.replace(/\d+ ms/g, 'N ms').replace(/:\d+/g, ':N').replace(/pid \d+/g, 'pid N')
  assert.equal(lines, `hot-runner starting main.mjs (pid N)
hot-runner started in N ms: http://localhost:N
hot-runner reloads deep.mjs (and 1 module that imports it)
hot-runner restart: value.mjs changed, which no boundary makes hot: main.mjs ─static→ value.mjs
hot-runner started main.mjs (pid N)
hot-runner restarted in N ms: http://localhost:N
`)
})

test('--quiet says only what goes wrong; FORCE_COLOR colours it', async (t) => {
  const runner = await startRunner(t, { files: SERVER, json: false, options: ['--quiet'], env: { NO_COLOR: '', FORCE_COLOR: '1' } })
  runner.save('value.mjs', 'export const value =')
  await runner.says('crashed')
  const own = runner.output.stderr.split('\n').filter((line) => line.includes('hot-runner') && !line.includes('file:'))
  assert.equal(own.length, 1, runner.known())
  assert.ok(own[0].startsWith('\x1B[36mhot-runner\x1B[39;22m \x1B[31mmain.mjs crashed'), own[0])
})

test('whoever reads what the runner says may go: it stays, and restarts the app', async (t) => {
  const runner = await startRunner(t, { files: SERVER, json: false })
  await runner.says('started in ')
  const port = Number(/localhost:(\d+)/.exec(runner.output.stderr)?.[1])
  runner.child.stderr.destroy()
  for (const n of [2, 3]) {
    runner.save('value.mjs', value(n))
    await runner.until(`the app says ${n}`, async () => (await ask(port).catch(() => '')) === String(n))
  }
})

test('a dispose handler that never settles is reported once, and not waited for twice', async (t) => {
  const files = { ...SERVER, 'value.mjs': `${SERVER['value.mjs']}; import.meta.hot?.dispose(() => new Promise(() => {}))` }
  const runner = await startRunner(t, { files })
  runner.save('value.mjs', value(1))
  await runner.event('ready', 2)
  assert.equal(runner.output.stderr.match(/a dispose handler of \S+value\.mjs takes longer/g)?.length, 1, runner.known())
})

test('dispose handlers run before the restart, and then the signal comes', async (t) => {
  const runner = await startRunner(t, {
    files: {
      ...SERVER,
      'main.mjs': `${SERVER['main.mjs']}
        import.meta.hot.dispose(async () => {
          await new Promise((resolve) => setTimeout(resolve, 50))
          console.log('disposed')
        })
        process.on('SIGTERM', () => { console.log('SIGTERM'); process.exit() })`,
    },
  })
  runner.save('value.mjs', value(1))
  await runner.event('ready', 2)
  await runner.says('SIGTERM')
  assert.equal(runner.output.stdout, 'disposed\nSIGTERM\n')
})

test('--signal and --kill-timeout: an app that does not end is killed', async (t) => {
  const runner = await startRunner(t, {
    files: { ...SERVER, 'main.mjs': `${SERVER['main.mjs']}; process.on('SIGUSR2', () => console.log('not me')); ${IDLE}` },
    options: ['--signal', 'SIGUSR2', '--kill-timeout=100'],
  })
  runner.save('value.mjs', value(1))
  await runner.event('ready', 2)
  assert.equal(runner.output.stdout, 'not me\n')
  assert.equal((await runner.event('killed')).ms, 100)
})

test('an app that hangs in a loop is ended, too', async (t) => {
  const runner = await startRunner(t, {
    files: { ...SERVER, 'main.mjs': `import fs from 'node:fs'; ${SERVER['main.mjs']}; if (value === 0) { process.on('SIGTERM', () => {}); setTimeout(() => { fs.writeSync(1, 'hangs'); for (;;); }, 300) }` },
    options: ['--drain-timeout=100ms', '--kill-timeout=100ms'],
    stdin: 'pipe',
  })
  await runner.says('hangs')
  runner.save('value.mjs', value(1))
  runner.child.stdin?.write('rs\n')
  await runner.event('unresponsive')
  await runner.event('killed')
  await runner.event('ready', 2)
})

test('several changes at one moment are one restart', async (t) => {
  const names = Array.from({ length: 20 }, (_, n) => `m${n}.mjs`)
  const runner = await startRunner(t, {
    files: { ...SERVER, 'main.mjs': names.map((name) => `import './${name}';`).join('') + SERVER['main.mjs'], ...Object.fromEntries(names.map((name) => [name, ''])) },
  })
  for (const name of names) runner.save(name, '// 2')
  await runner.event('ready', 2)
  runner.save('value.mjs', value(1))
  await runner.event('ready', 3)
  assert.equal(runner.told('restart').length, 2)
})

test('crashes: it says what happened, and the first save of a file starts the app again', async (t) => {
  const runner = await startRunner(t, { files: { ...SERVER, 'lib/deep/other.txt': '' }, hotHook: { ignore: ['**/node_modules/**', './ignored/**'] } })
  let ready = 1
  let crashes = 0
  for (const [what, crash, expected] of [
    ['a syntax error', 'export const value = ', { code: 1, signal: null }],
    ['a throw', `export const value = 1; throw new Error('x')`, { code: 1, signal: null }],
    ['an exit code', 'export const value = 1; process.exit(3)', { code: 3, signal: null }],
    ['a throw later', `export const value = 1; setTimeout(() => { throw new Error('x') }, 10)`, { code: 1, signal: null }],
    ['killed', `export const value = 1; process.kill(process.pid, 'SIGKILL')`, { code: null, signal: 'SIGKILL' }],
  ]) {
    runner.save('value.mjs', crash)
    const { code, signal, ms } = await runner.event('crash', ++crashes)
    assert.deepEqual({ code, signal }, expected, what)
    assert.ok(ms > 0)
    if (what === 'a throw') {
      // Neither of these is a save of the project's.
      fs.mkdirSync(runner.file('ignored'))
      runner.save('ignored/x', '')
      runner.save('node_modules/x', '')
    }
    // A file that no module imports, the second time.
    const fix = what === 'an exit code' ? 'lib/deep/other.txt' : 'value.mjs'
    fs.writeFileSync(runner.file('value.mjs.new'), value(crashes))
    fs.renameSync(runner.file('value.mjs.new'), runner.file('value.mjs'))
    runner.save(fix, fix === 'value.mjs' ? value(crashes) : 'saved')
    ready = runner.told('ready').length
    await runner.until('it runs again', async () => (await ask(runner.port()).catch(() => '')) === String(crashes))
  }
  assert.ok(ready > 0)
})

test('a crash that is written to a file of the project is no save', { skip: process.platform !== 'linux' && 'only Linux tells where output goes' }, async (t) => {
  const folder = createFolder(t, { files: { 'main.mjs': `throw new Error('no')`, 'value.mjs': '' } })
  const log = fs.openSync(`${folder}/log.txt`, 'w')
  const child = spawn(process.execPath, [CLI, '--json', 'main.mjs'], { cwd: folder, env: environment(), stdio: ['ignore', log, log] })
  t.after(() => child.kill('SIGKILL'))
  const crashes = async (count) => {
    const end = Date.now() + DEADLINE
    const text = () => fs.readFileSync(`${folder}/log.txt`, 'utf8')
    while ((text().match(/"event":"crash"/g)?.length ?? 0) < count) {
      assert.ok(Date.now() < end, text())
      await sleep(20)
    }
    return text()
  }
  await crashes(1)
  fs.writeFileSync(`${folder}/value.mjs`, '// saved')
  const text = await crashes(2)
  assert.match(text, /"cause":"save","path":"[^"]*value.mjs"/)
  assert.doesNotMatch(text, /log\.txt/)
})

test('`process.exit` in a handler is a crash if its code says so', async (t) => {
  const runner = await startRunner(t, {
    files: { ...SERVER, 'main.mjs': SERVER['main.mjs'].replace('(request, response) =>', '(request, response) => request.url === "/exit" ? process.exit(9) :') },
  })
  await ask(runner.port(), { path: '/exit' }).catch(() => {})
  assert.equal((await runner.event('crash')).code, 9)
  runner.save('value.mjs', value(2))
  await runner.event('ready', 2)
  assert.equal(await ask(runner.port()), '2')
})

test('a fix that is saved while the app crashes is not lost', async (t) => {
  const runner = await startRunner(t, {
    files: { ...SERVER, 'main.mjs': `import fs from 'node:fs'; if (fs.existsSync('broken')) { fs.rmSync('broken'); fs.writeFileSync('fixed', ''); throw new Error('x') }; await import('./server.mjs')`, 'server.mjs': SERVER['main.mjs'], broken: '' },
  })
  assert.equal(runner.told('crash').length, 1)
  assert.equal(runner.told('restart')[0].cause, 'save')
})

test('an app that saves a file as it crashes is not hammered', async (t) => {
  const runner = await startRunner(t, {
    files: { 'main.mjs': `import fs from 'node:fs'; fs.writeFileSync('log', String(Date.now())); throw new Error('x')` },
    wait: false,
  })
  await runner.event('crash', 2)
  const restarts = (/** @type {string} */ name) => runner.told('restart').filter(({ path }) => path?.endsWith(name)).length
  // A person saves other files, each until that has started the app once more.
  for (const name of ['one.mjs', 'two.mjs', 'three.mjs']) {
    const { length } = runner.told('crash')
    let text = ''
    await runner.until(`a restart because of ${name}`, () => restarts(name) > 0 || runner.save(name, (text += ' ')))
    await runner.until('it crashes', () => runner.told('crash').length > length)
  }
  // What it writes just before its end may be seen in the second run, too; in the third it is known to be its own.
  assert.ok(restarts('log') <= 2, runner.known())
})

test('an app that ends by itself does so with a word, and with the place of `process.exit`', async (t) => {
  const files = { 'main.mjs': `import './lib/deep.mjs'; ${IDLE}`, 'lib/deep.mjs': '', 'lib/old.cjs': '' }
  for (const [name, text, line] of [
    ['lib/deep.mjs', '\nprocess.exit(0)', 'main.mjs has ended with code 0 (process.exit in lib/deep.mjs:2)'],
    ['lib/deep.mjs', `setTimeout(() => {\n\nprocess.exit() }, 10)`, 'main.mjs has ended with code 0 (process.exit in lib/deep.mjs:3)'],
    ['main.mjs', `import './lib/old.cjs'`, 'main.mjs has ended with code 0 (process.exit in lib/old.cjs:1)'],
    ['main.mjs', '', 'main.mjs has ended with code 0'],
    ['main.mjs', `process.exitCode = 0`, 'main.mjs has ended with code 0'],
    ['main.mjs', `process.kill(process.pid, 'SIGTERM'); ${IDLE}`, 'main.mjs has ended by SIGTERM'],
  ]) {
    const runner = await startRunner(t, { files: { ...files, 'lib/old.cjs': 'process.exit()', [name]: text }, json: false, options: ['--no-ahead'] })
    await runner.exit()
    assert.equal(runner.output.stderr, `hot-runner ${line}\n`)
  }
  const runner = await startRunner(t, { files: { ...files, 'lib/deep.mjs': 'process.exit(3)' }, wait: false })
  assert.equal((await runner.event('crash')).at, `${runner.file('lib/deep.mjs')}:1`)
})

test('what is asked for ends without that word', async (t) => {
  const runner = await startRunner(t, { files: { 'main.mjs': `process.on('SIGTERM', () => process.exit(0)); console.log('up'); ${IDLE}` }, json: false })
  await runner.says('up')
  runner.child.kill('SIGTERM')
  await runner.exit()
  assert.ok(!runner.output.stderr.includes('ended'), runner.known())
})

const LATE = 1200
for (const [what, entry, text] of [
  ['awaits at its top level', 'main.mjs', `import http from 'node:http'; import './value.mjs'; await new Promise((resolve) => setTimeout(resolve, ${LATE})); http.createServer().listen(0)`],
  ['is CommonJS', 'main.cjs', `const http = require('node:http'); require('./value.cjs'); setTimeout(() => http.createServer().listen(0), ${LATE})`],
  ['looks for a free port first', 'main.mjs', `import http from 'node:http'; import './value.mjs'; const probe = http.createServer().listen(0, () => probe.close()); setTimeout(() => http.createServer().listen(0), ${LATE})`],
]) {
  test(`it has not started before it listens: an app that ${what}`, async (t) => {
    const runner = await startRunner(t, { files: { [entry]: text, 'value.mjs': '', 'value.cjs': '' }, entry })
    assert.equal(runner.told('ready')[0].urls.length, 1, runner.known())
    assert.ok(runner.told('ready')[0].ms >= LATE)
    runner.save(`value${entry.slice(4)}`, '// 2')
    const { ms, urls } = await runner.event('ready', 2)
    assert.equal(urls.length, 1, runner.known())
    assert.ok(ms >= LATE)
  })
}

test('an app that has listened is not restarted before it listens again, whatever it listens with', async (t) => {
  const runner = await startRunner(t, { files: { 'main.mjs': `import net from 'node:net'; import { value } from './value.mjs'; setTimeout(() => net.createServer().listen(0), value)`, 'value.mjs': value(0) } })
  runner.save('value.mjs', value(LATE))
  assert.equal((await runner.event('ready', 2)).urls.length, 1, runner.known())
})

test('the exit code of an app that ends by itself; --stay', async (t) => {
  const files = { 'main.mjs': `import { value } from './value.mjs'; if (value > 0) ${IDLE}`, 'value.mjs': value(0) }
  const [ends, stays] = await Promise.all([
    startRunner(t, { files, wait: false }),
    startRunner(t, { files, wait: false, options: ['--stay'] }),
  ])
  assert.deepEqual(await ends.exit(), { code: 0, signal: null })
  assert.equal((await stays.event('ended')).code, 0)
  stays.save('value.mjs', value(1))
  await stays.event('ready')
})

for (const [name, handler, expected] of [
  ['nothing', '', { code: null, signal: 'SIGTERM' }],
  ['a code of its own', `process.on('SIGTERM', () => process.exit(42))`, { code: 42, signal: null }],
  ['code 0', `process.on('SIGTERM', () => process.exit(0))`, { code: 0, signal: null }],
]) {
  test(`SIGTERM reaches an app that does ${name}, and the runner ends as it does`, async (t) => {
    const runner = await startRunner(t, { files: { 'main.mjs': `${handler}\n${IDLE}\nconsole.log('up')` }, wait: false })
    await runner.says('up')
    runner.child.kill('SIGTERM')
    assert.deepEqual(await runner.exit(), expected)
  })
}

test('other signals reach the app', async (t) => {
  const runner = await startRunner(t, {
    files: { 'main.mjs': `for (const name of ['SIGUSR2', 'SIGHUP', 'SIGINT']) process.on(name, () => console.log(name)); ${IDLE}; console.log('up')` },
    wait: false,
  })
  await runner.says('up')
  for (const name of /** @type {const} */ (['SIGUSR2', 'SIGHUP', 'SIGINT'])) {
    runner.child.kill(name)
    await runner.says(name)
  }
  assert.equal(runner.output.stdout, 'up\nSIGUSR2\nSIGHUP\nSIGINT\n')
})

test('an app whose runner is killed does not stay behind', async (t) => {
  const runner = await startRunner(t, { files: { 'main.mjs': `process.on('SIGTERM', () => {}); ${IDLE}; console.log('up')` }, wait: false, options: ['--kill-timeout=100'] })
  await runner.says('up')
  const { pid } = runner.told('start')[0]
  runner.child.kill('SIGKILL')
  await runner.until('the app is gone', () => !isAlive(pid))
})

test('an app that starts nothing to wait for ends as plain Node would, and is not kept alive by us', async (t) => {
  const runner = await startRunner(t, {
    files: { 'main.mjs': `console.log(process.env.HOT_RUNNER, process.listenerCount('message'), process.listenerCount('disconnect'), process.listenerCount('SIGINT'), process.argv.slice(2).join())` },
    scriptArgs: ['--port', '3000', '--help'],
    wait: false,
  })
  assert.deepEqual(await runner.exit(), { code: 0, signal: null })
  assert.equal(runner.output.stdout, 'undefined 0 0 0 --port,3000,--help\n')
})

test('--env-file: passed to Node, and its files restart the app when they change', async (t) => {
  const runner = await startRunner(t, {
    files: { 'main.mjs': SERVER['main.mjs'].replace('String(value)', 'process.env.GREETING'), 'value.mjs': value(0), 'dev.env': 'GREETING=hello' },
    options: ['--env-file=dev.env'],
  })
  assert.equal(await ask(runner.port()), 'hello')
  runner.save('dev.env', 'GREETING=hello')
  runner.save('dev.env', 'GREETING=servus')
  assert.equal((await runner.event('restart')).cause, 'env-file')
  await runner.event('ready', 2)
  assert.equal(await ask(runner.port()), 'servus')
})

test('files that are written under another hard link: of --env-file, and what mends a crash', { skip: process.platform === 'win32' && 'nothing tells how many links a file has' }, async (t) => {
  const folder = createFolder(t, {
    files: { 'main.mjs': SERVER['main.mjs'].replace('String(value)', 'process.env.GREETING + value'), 'value.mjs': value(0), 'dev.env': 'GREETING=hello' },
  })
  const other = (/** @type {string} */ name) => `${folder}/../${name}`
  for (const name of ['value.mjs', 'dev.env']) fs.linkSync(`${folder}/${name}`, other(name))
  const runner = await startRunner(t, { folder, options: ['--env-file=dev.env'] })
  assert.equal(await ask(runner.port()), 'hello0')
  fs.writeFileSync(other('dev.env'), 'GREETING=servus')
  assert.equal((await runner.event('restart')).cause, 'env-file')
  await runner.event('ready', 2)
  assert.equal(await ask(runner.port()), 'servus0')
  fs.writeFileSync(other('value.mjs'), 'throw new Error()')
  await runner.event('crash')
  fs.writeFileSync(other('value.mjs'), value(1))
  await runner.event('ready', 3)
  assert.equal(await ask(runner.port()), 'servus1')
})

test('TypeScript by a loader of the user; hot-hook comes after it', async (t) => {
  const runner = await startRunner(t, {
    files: { 'main.ts': `import http from 'node:http'; import { value } from './value.mjs'; http.createServer((_: unknown, response: http.ServerResponse) => response.end(process.execArgv.map((word: string) => word.replace(/.*\\//, '')).join() + value)).listen(0, '127.0.0.1')`, 'value.mts': 'export const value: number = 0' },
    options: [`--import=${import.meta.resolve('tsx')}`],
    entry: 'main.ts',
  })
  assert.match(await ask(runner.port()), /preload\.mjs,.*,register\.mjs0$/)
  runner.save('value.mts', 'export const value: number = 1')
  await runner.event('ready', 2)
  assert.match(await ask(runner.port()), /1$/)
})

test('--no-register: no hot-hook, and restarts all the same', async (t) => {
  const runner = await startRunner(t, {
    files: { 'main.mjs': `console.log('hot' in import.meta, Symbol.for('hot-hook') in globalThis); ${IDLE}` },
    options: ['--no-register'],
    stdin: 'pipe',
    wait: false,
  })
  await runner.says('false false')
  runner.child.stdin?.write('rs\n')
  await runner.event('restart')
  await runner.until('it runs again', () => runner.output.stdout === 'false false\nfalse false\n')
})

test('an app that has disconnected is restarted all the same', async (t) => {
  const runner = await startRunner(t, { files: { 'main.mjs': `process.disconnect(); console.log('up'); ${IDLE}` }, stdin: 'pipe', wait: false })
  await runner.says('up')
  runner.child.stdin?.write('rs\n')
  await runner.event('start', 2)
  assert.deepEqual(runner.told('unresponsive'), [])
})

test('an app that disconnects while it drains is ended at once', async (t) => {
  const runner = await startRunner(t, {
    files: { 'main.mjs': `import.meta.hot.dispose(async () => { process.disconnect(); await new Promise(() => {}) }); console.log('up'); ${IDLE}` },
    stdin: 'pipe',
    wait: false,
  })
  await runner.says('up')
  runner.child.stdin?.write('rs\n')
  await runner.event('start', 2)
  assert.deepEqual(runner.told('unresponsive'), [])
})

test("a pipe as standard input: `rs` restarts, and the app gets what is its own", async (t) => {
  const runner = await startRunner(t, {
    files: { 'main.mjs': `let all = ''; process.stdin.setEncoding('utf8').on('data', (text) => (all += text)).on('end', () => { console.log('got', JSON.stringify(all)); process.exit() }); setTimeout(() => console.log('up'), 200)`, 'deaf.mjs': `console.log('up'); ${IDLE}` },
    stdin: 'pipe',
    wait: false,
  })
  await runner.says('up')
  runner.child.stdin?.write('hello\nrs\nr')
  runner.child.stdin?.end()
  assert.deepEqual(await runner.exit(), { code: 0, signal: null })
  assert.equal(runner.output.stdout, 'up\ngot "hello\\nrs\\nr"\n')

  const deaf = await startRunner(t, { folder: runner.folder, entry: 'deaf.mjs', stdin: 'pipe', wait: false })
  await deaf.says('up')
  deaf.child.stdin?.write('r')
  deaf.child.stdin?.write('s\nother\n')
  await deaf.event('restart')
  const plain = await startRunner(t, { folder: runner.folder, entry: 'deaf.mjs', stdin: 'pipe', wait: false, options: ['--no-stdin'] })
  await plain.says('up')
  plain.child.stdin?.write('rs\n')
  await deaf.until('it runs again', () => deaf.told('start').length === 2)
  assert.equal(plain.told('restart').length, 0)
})
