/* The runner at a terminal: Ctrl-C, `rs`, prompts of the app. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import test from 'node:test'
import { createFolder, DEADLINE } from '../../../__test__/support/app.mjs'
import { CLI, environment, isAlive, SERVER, startRunner, value } from './support/runner.mjs'

const DRIVER = fileURLToPath(new URL('support/terminal.py', import.meta.url))
const skip = spawnSync('python3', ['-c', 'import pty, termios'], { stdio: 'ignore' }).status !== 0 && 'python3 is not there to make a terminal'
const CTRL_C = '\u0003'

/** The runner at a terminal, and what a person does there. */
function openTerminal(t, files, options = [], command = [process.execPath, CLI, ...options, 'main.mjs']) {
  let stop = async () => {}
  t.after(() => stop())
  const folder = createFolder(t, { files })
  const env = { ...environment({ TERM: 'xterm' }) }
  const child = spawn('python3', [DRIVER, ...command], { cwd: folder, env, stdio: ['pipe', 'pipe', 'inherit'] })
  let screen = ''
  child.stdout.on('data', (data) => (screen += data))
  const closed = new Promise((resolve) => child.on('close', resolve))
  stop = async () => {
    if (!/\nEXIT /.test(screen)) child.stdin.write(`${JSON.stringify({ signal: 15 })}\n`)
    const timer = setTimeout(() => child.kill('SIGKILL'), 2000)
    await closed
    clearTimeout(timer)
  }
  const act = (what) => child.stdin.write(`${JSON.stringify(what)}\n`)
  const terminal = {
    folder,
    screen: () => screen,
    /** Only what comes from now on. */
    wipe: () => (screen = ''),
    type: (text) => act({ type: text }),
    resize: (rows, columns) => act({ resize: [rows, columns] }),
    async until(what, look) {
      const end = Date.now() + DEADLINE
      while (!look()) {
        if (Date.now() > end) throw new Error(`not: ${what}\n${JSON.stringify(screen)}`)
        await sleep(10)
      }
    },
    shows: (text) => terminal.until(`shown: ${JSON.stringify(text)}`, () => screen.includes(text)),
    hasEnded: () => screen.includes('\nEXIT '),
    async exit() {
      await terminal.shows('\nEXIT ')
      return Number(/\nEXIT (-?\d+)/.exec(screen)?.[1])
    },
  }
  return terminal
}

const APP = `setInterval(() => {}, 1000); console.log('up', process.pid)`

test('Ctrl-C once: the app gets it once, and ends as it likes', { skip }, async (t) => {
  const terminal = openTerminal(t, { 'main.mjs': `let n = 0; process.on('SIGINT', () => { console.log('interrupted', ++n); setTimeout(() => process.exit(7), 400) }); ${APP}` })
  await terminal.shows('up')
  terminal.type(CTRL_C)
  assert.equal(await terminal.exit(), 7)
  assert.equal(terminal.screen().match(/interrupted/g)?.length, 1)
})

test('Ctrl-C with an app that does not handle it: both end by it', { skip }, async (t) => {
  const terminal = openTerminal(t, { 'main.mjs': APP })
  await terminal.shows('up')
  terminal.type(CTRL_C)
  assert.equal(await terminal.exit(), -2)
})

test('Ctrl-C twice: the app is killed, and all that it has started: children, theirs, and those whose parent has gone', { skip }, async (t) => {
  const deaf = (name, more = '') => `process.on('SIGINT', () => {}); process.on('SIGHUP', () => {}); console.log('${name}', process.pid); setInterval(() => {}, 1000); ${more}`
  const start = (file) => `(await import('node:child_process')).spawn(process.execPath, ['${file}'], { stdio: 'inherit' })`
  const terminal = openTerminal(t, {
    'main.mjs': `process.on('SIGINT', () => console.log('not me')); ${start('child.mjs')}; ${start('gone.mjs')}; ${APP}`,
    'child.mjs': deaf('child', start('grandchild.mjs')),
    'grandchild.mjs': deaf('grandchild'),
    'gone.mjs': `${start('orphan.mjs')}.unref()`,
    'orphan.mjs': deaf('orphan'),
  })
  for (const name of ['up', '\nchild', 'grandchild', 'orphan']) await terminal.shows(`${name} `)
  const pids = [...terminal.screen().matchAll(/(?:up|child|orphan) (\d+)/g)].map(([, pid]) => Number(pid))
  assert.equal(pids.length, 4, terminal.screen())
  assert.ok(pids.every(isAlive))
  terminal.type(CTRL_C)
  await terminal.shows('not me')
  // What comes at once with the first counts as one, so that a person may have to type it again.
  await terminal.until('it ends', () => (terminal.type(CTRL_C), terminal.hasEnded()))
  assert.equal(await terminal.exit(), -2)
  await terminal.until('all have ended', () => !pids.some(isAlive))
})

test('through a package manager Ctrl-C comes twice at once, and counts once', { skip }, async (t) => {
  const through = `const { spawn } = require('child_process'); const child = spawn(process.execPath, ${JSON.stringify([CLI, 'main.mjs'])}, { stdio: 'inherit' }); process.on('SIGINT', () => child.kill('SIGINT')); child.on('exit', (code) => process.exit(code))`
  const terminal = openTerminal(t, { 'main.mjs': `let n = 0; process.on('SIGINT', () => { console.log('interrupted', ++n); setTimeout(() => process.exit(7), 400) }); ${APP}` }, [], [process.execPath, '-e', through])
  await terminal.shows('up')
  terminal.type(CTRL_C)
  assert.equal(await terminal.exit(), 7)
  assert.equal(terminal.screen().match(/interrupted/g)?.length, 1)
})

test('`rs` and Enter restarts, and clears the screen; other lines do not', { skip }, async (t) => {
  const terminal = openTerminal(t, { 'main.mjs': APP })
  await terminal.shows('started in')
  terminal.type('other\r')
  terminal.type('rs\r')
  await terminal.shows('restarted in')
  assert.equal(terminal.screen().match(/restart: asked for/g)?.length, 1)
  assert.ok(terminal.screen().includes('\x1B[2J'))
  assert.ok(!terminal.screen().includes('\x1B[3J'), 'what was scrolled away stays')
})

test('colours and the size of the terminal are the app\'s; --no-clear-screen', { skip }, async (t) => {
  const terminal = openTerminal(
    t,
    { 'main.mjs': `console.log(process.stdout.isTTY, process.stdin.isTTY, process.stderr.isTTY, process.stdout.columns); process.stdout.on('resize', () => console.log('now', process.stdout.columns)); ${APP}` },
    ['--no-clear-screen'],
  )
  await terminal.shows('true true true 80')
  await terminal.shows('up')
  terminal.resize(30, 123)
  await terminal.shows('now 123')
  terminal.type('rs\r')
  await terminal.shows('true true true 123')
  assert.ok(!terminal.screen().includes('\x1B[2J'))
})

test('a long chain is broken between words', { skip }, async (t) => {
  const names = ['services-of-users', 'repository-of-users', 'database-of-everything', 'configuration-of-that'].map((name) => `${name}.mjs`)
  const terminal = openTerminal(t, { 'main.mjs': `import { f } from './${names[0]}'; ${APP}`, ...Object.fromEntries(names.map((name, at) => [name, `${names[at + 1] ? `import { f as g } from './${names[at + 1]}'; ` : ''}export const f = () => 1`])) })
  await terminal.shows('started in')
  fs.writeFileSync(`${terminal.folder}/${names.at(-1)}`, 'export const f = () => 2')
  await terminal.shows('restarted in')
  const from = terminal.screen().indexOf('restart: ')
  const lines = terminal.screen().slice(from, terminal.screen().indexOf('hint:')).split('\r\n')
  assert.ok(lines.length > 2 && lines.slice(1, -1).every((line) => line.length <= 80 && line.startsWith(' ')), terminal.screen())
})

test('a prompt and a REPL in the app work, and get all that is typed; afterwards `rs` works again', { skip }, async (t) => {
  const terminal = openTerminal(t, {
    'main.mjs': `import readline from 'node:readline/promises'
      import repl from 'node:repl'
      import http from 'node:http'
      const prompt = readline.createInterface({ input: process.stdin, output: process.stdout })
      const asked = prompt.question('who? ')
      http.createServer().listen(0, '127.0.0.1')
      console.log('name:', await asked, 'end')
      prompt.close()
      repl.start({ prompt: 'app> ' }).on('exit', () => { process.stdin.pause(); console.log('deaf'); http.createServer().listen(0, '127.0.0.2') })
      setInterval(() => {}, 1000)`,
  })
  await terminal.shows('who? ')
  // By then the runner knows who reads: it hears of a server after that.
  await terminal.shows('http://localhost:')
  terminal.type('rs\r')
  await terminal.shows('name: rs end')
  await terminal.shows('app> ')
  for (let n = 0; n < 5; n++) {
    terminal.type(`100 * ${n + 1}\r`)
    await terminal.shows(`${100 * (n + 1)}\r\n`)
  }
  terminal.type('.exit\r')
  await terminal.shows('deaf')
  await terminal.shows('http://127.0.0.2:')
  terminal.type('rs\r')
  await terminal.shows('restart: asked for')
})

test('an app that is killed at its prompt leaves the terminal as it was', { skip }, async (t) => {
  const terminal = openTerminal(t, { 'main.mjs': `import repl from 'node:repl'; repl.start({ prompt: 'app> ' })` })
  await terminal.shows('app> ')
  terminal.type('1 + 1\r')
  await terminal.shows('2\r\n')
  fs.writeFileSync(`${terminal.folder}/main.mjs`, APP)
  await terminal.shows('up')
  terminal.type(CTRL_C)
  assert.equal(await terminal.exit(), -2)
})

test('--no-stdin: the terminal is the app\'s alone', { skip }, async (t) => {
  const terminal = openTerminal(t, { 'main.mjs': `console.log('up'); import fs from 'node:fs'; const buffer = Buffer.alloc(10); setTimeout(() => console.log('read', JSON.stringify(buffer.toString('utf8', 0, fs.readSync(0, buffer)))), 300)` }, ['--no-stdin'])
  await terminal.shows('up')
  terminal.type('rs\r')
  await terminal.shows('read "rs\\n"')
})

test('no terminal at all: no colours, no cleared screen, no reading', async (t) => {
  const runner = await startRunner(t, { files: SERVER, json: false, env: { NO_COLOR: '' } })
  await runner.says('started in')
  runner.save('value.mjs', value(1))
  await runner.says('restarted in')
  assert.ok(!(runner.output.stdout + runner.output.stderr).includes('\x1B'), runner.known())
  const always = await startRunner(t, { files: SERVER, json: false, options: ['--clear-screen'] })
  await always.says('started in')
  always.save('value.mjs', value(1))
  await always.says('restarted in')
  assert.ok(always.output.stdout.startsWith('\x1B[2J'))
})
