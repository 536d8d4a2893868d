/* The command line of the runner. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import test from 'node:test'
import { createFolder } from '../../../__test__/support/app.mjs'
import { envFiles } from '../node-flags.mjs'
import { complete, parse } from '../options.mjs'
import { CLI, environment, startRunner } from './support/runner.mjs'

/** @returns {Promise<{ code: number, stdout: string, stderr: string }>} */
const run = (cwd, ...argv) =>
  new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...argv], { cwd, env: environment(), timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })

test('the command line: options, flags of Node, the script, its arguments', () => {
  for (const [argv, expected] of [
    ['app.js', { nodeArgs: [], script: 'app.js', scriptArgs: [] }],
    ['--import=tsx src/server.ts --port 3000', { nodeArgs: ['--import=tsx'], script: 'src/server.ts', scriptArgs: ['--port', '3000'] }],
    ['--import tsx -r ./a.cjs -C dev app.js --quiet', { nodeArgs: ['--import', 'tsx', '-r', './a.cjs', '-C', 'dev'], script: 'app.js', scriptArgs: ['--quiet'] }],
    ['--inspect --stack-trace-limit=50 --enable-source-maps app.js', { nodeArgs: ['--inspect', '--stack-trace-limit=50', '--enable-source-maps'], script: 'app.js', scriptArgs: [] }],
    ['--env-file .env --env-file-if-exists=b.env app.js', { nodeArgs: ['--env-file', '.env', '--env-file-if-exists=b.env'], script: 'app.js', scriptArgs: [] }],
    ['--node-args=--import=tsx --script-args=--port=3000 app.js more', { nodeArgs: ['--import=tsx'], script: 'app.js', scriptArgs: ['--port=3000', 'more'] }],
    ['--no-register --no-keep-sockets --no-stdin --no-clear-screen app.js', { register: false, keepSockets: false, stdin: false, clearScreen: false, nodeArgs: [], script: 'app.js', scriptArgs: [] }],
    ['--clear-screen --stay --json --quiet --verbose app.js', { clearScreen: true, stay: true, json: true, quiet: true, verbose: true, nodeArgs: [], script: 'app.js', scriptArgs: [] }],
    ['--viewer app.js', { viewer: 0, nodeArgs: [], script: 'app.js', scriptArgs: [] }],
    ['--viewer 4321 app.js', { viewer: 4321, nodeArgs: [], script: 'app.js', scriptArgs: [] }],
    ['--viewer=4321 app.js', { viewer: 4321, nodeArgs: [], script: 'app.js', scriptArgs: [] }],
    ['--signal SIGINT --kill-timeout 1s --drain-timeout=250 app.js', { signal: 'SIGINT', killTimeout: 1000, drainTimeout: 250, nodeArgs: [], script: 'app.js', scriptArgs: [] }],
    ['-- --odd.js x', { nodeArgs: [], script: '--odd.js', scriptArgs: ['x'] }],
    ['--help', 'help'],
    ['-v', 'version'],
  ]) assert.deepEqual(parse(argv.split(' ')), expected, argv)
  assert.deepEqual(parse(['--node-args', `--import=tsx --title "a b"`, 'app.js']), { nodeArgs: ['--import=tsx', '--title', 'a b'], script: 'app.js', scriptArgs: [] })
  assert.deepEqual(envFiles(['--env-file', 'a', '--env-file-if-exists=b', '--import', 'c']), ['a', 'b'])
})

test('a wrong flag or a missing script: one clear error, and exit code 2', async (t) => {
  const folder = createFolder(t, { files: { 'main.mjs': '' } })
  for (const [argv, message] of [
    ['', 'no script given: hot-runner [options] [node flags] script [script args]'],
    ['--quiet', 'no script given: hot-runner [options] [node flags] script [script args]'],
    ['missing.mjs', `there is no script missing.mjs (${folder}/missing.mjs)`],
    ['--kill-timeot=3s main.mjs', 'unknown option --kill-timeot=3s: did you mean --kill-timeout?'],
    ['--frobnicate main.mjs', 'unknown option --frobnicate: neither hot-runner nor this Node has it; see --help'],
    ['--no-json main.mjs', 'unknown option --no-json'],
    ['--json=1 main.mjs', '--json takes no value, got "--json=1"'],
    ['--viewer=port main.mjs', '--viewer is "port", but must be a port, such as 4321'],
    ['--viewer 65536 main.mjs', '--viewer is "65536", but must be a port, such as 4321'],
    ['--kill-timeout=soon main.mjs', '--kill-timeout is "soon", but must be a time, such as 500ms or 2s'],
    ['--signal=SIGNOT main.mjs', 'there is no signal "SIGNOT"; SIGTERM or SIGINT are usual'],
    ['--watch main.mjs', '--watch: hot-runner runs a script, and restarts it itself; leave --watch out'],
    ['--import', '--import needs a value'],
    ['--signal', '--signal needs a value'],
  ]) {
    const { code, stdout, stderr } = await run(folder, ...argv.split(' ').filter(Boolean))
    assert.deepEqual({ code, stdout, stderr }, { code: 2, stdout: '', stderr: `hot-runner: ${message}\n` }, argv)
  }
})

test('--help and --version', async (t) => {
  const folder = createFolder(t, {})
  const { code, stdout } = await run(folder, '--help')
  assert.equal(code, 0)
  assert.match(stdout, /^Usage: hot-runner \[options\] \[node flags\] script \[script args\]\n/)
  const { version } = JSON.parse(fs.readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  assert.deepEqual(await run(folder, '-v'), { code: 0, stdout: `${version}\n`, stderr: '' })
})

test('options of the API are checked', () => {
  const script = CLI
  for (const [options, message] of [
    [{}, 'the option "script" is undefined, but must be a text'],
    [{ script, killTimeout: 'x' }, `the option "killTimeout" is 'x', but must be a number of milliseconds`],
    [{ script, nodeArgs: '--x' }, `the option "nodeArgs" is '--x', but must be a list of texts`],
    [{ script, stay: 1 }, 'the option "stay" is 1, but must be true or false'],
    [{ script, keepSocket: true }, 'the option "keepSocket" is unknown'],
  ]) assert.throws(() => complete(/** @type {any} */ (options)), { code: 'HOT_RUNNER_OPTIONS', message })
  assert.equal(complete({ script, signal: 'term' }).signal, 'SIGTERM')
})

test('flags that take the next word are those of which Node says so', async (t) => {
  const folder = createFolder(t, { files: { 'main.mjs': 'console.log(process.argv[2])', 'x.mjs': '', 'x.env': '' } })
  for (const [flag, value] of [['--import', './x.mjs'], ['--env-file', 'x.env'], ['--conditions', 'dev'], ['--title', 'x'], ['--unhandled-rejections', 'strict']]) {
    const { stdout } = await run(folder, flag, value, 'main.mjs', flag)
    assert.equal(stdout, `${flag}\n`)
  }
})

test('the API: start, events, restart, stop', async (t) => {
  const dev = `import { createRunner } from '@hot-hook/runner'
    const runner = createRunner({ script: 'main.mjs', scriptArgs: ['x'], env: { NAME: 'dev' }, stdin: false })
    const once = (event) => new Promise((resolve) => runner.once(event, resolve))
    runner.on('message', (message) => console.log('message', message))
    runner.start()
    runner.start()
    const { urls, isRestart } = await once('ready')
    console.log(await (await fetch(urls[0])).text(), isRestart)
    const restart = once('restart')
    runner.restart()
    console.log((await restart).cause)
    console.log((await once('ready')).urls[0] === urls[0])
    console.log(await runner.stop())
    runner.start()
    console.log((await once('ready')).isRestart)
    console.log(await runner.stop())`
  const main = `import http from 'node:http'
    process.send('hello')
    process.on('SIGTERM', () => process.exit(5))
    http.createServer((_, response) => response.end(process.env.NAME + process.argv[2])).listen(0)`
  const folder = createFolder(t, { files: { 'main.mjs': main, 'dev.mjs': dev } })
  fs.mkdirSync(`${folder}/node_modules/@hot-hook`)
  fs.symlinkSync(new URL('..', import.meta.url), `${folder}/node_modules/@hot-hook/runner`)
  const runner = await startRunner(t, { folder, runner: ['dev.mjs'], json: false })
  assert.deepEqual(await runner.exit(), { code: 0, signal: null })
  const expected = ['message hello', 'devx false', 'asked', 'message hello', 'true', '{ code: 5, signal: null }', 'message hello', 'false', '{ code: 5, signal: null }']
  assert.equal(runner.output.stdout, `${expected.join('\n')}\n`, runner.known())
})
