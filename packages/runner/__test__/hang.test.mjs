/* Apps that do not answer any more. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import test, { describe } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { DEADLINE, isLinux, startApp } from '../../../__test__/support/app.mjs'
import { createHang, isStuck } from '../hang.mjs'
import { ask, SERVER, startRunner, value } from './support/runner.mjs'

const skip = process.platform === 'win32' && 'hot-hook answers nobody there while the app hangs'
const LOOP = `export const value = -1; import fs from 'node:fs'; fs.writeSync(1, 'loops\\n'); for (;;);`
/** hot-hook waits for SIGTERM, as the app may: a loop hears of none. */
const options = ['--kill-timeout=200ms']

/** Besides loading it takes as long as an app may compute. */
const LONG = 3 * DEADLINE

describe('an app that hangs', { skip, concurrency: true }, () => {
  test('as it starts, is started again at a save', async (t) => {
    const runner = await startRunner(t, { files: { ...SERVER, 'value.mjs': LOOP, 'other.mjs': '' }, wait: false, options })
    await runner.says('loops')
    runner.save('other.mjs', '// it does not run that')
    runner.save('value.mjs', value(1))
    await runner.until('it runs', () => runner.told('ready').length > 0, LONG)
    assert.deepEqual(runner.told('restart').map(({ cause, path }) => [cause, path]), [['hung', runner.file('value.mjs')]])
    assert.equal(await ask(runner.port()), '1')
  })

  test('in a process that was started ahead, as it starts, is started again at a save', async (t) => {
    const runner = await startRunner(t, { files: SERVER, options })
    await runner.event('waiting')
    runner.save('value.mjs', LOOP)
    await runner.says('loops')
    assert.equal(runner.told('start')[1].isAhead, true)
    runner.save('value.mjs', value(2))
    await runner.until('it runs', () => runner.told('ready').length > 1, LONG)
    assert.equal(runner.told('restart').at(-1).cause, 'hung')
    assert.equal(await ask(runner.port()), '2')
  })

  test('in an import of a boundary, is started again at a save', async (t) => {
    const runner = await startRunner(t, {
      files: { 'main.mjs': `import http from 'node:http'; http.createServer(async (_, response) => response.end(String((await import('./hot.mjs')).value))).listen(0, '127.0.0.1')`, 'hot.mjs': value(0) },
      hotHook: { boundaries: ['./hot.mjs'] },
      options,
    })
    assert.equal(await ask(runner.port()), '0')
    runner.save('hot.mjs', LOOP)
    const hanging = ask(runner.port()).catch(() => {})
    await runner.says('loops')
    runner.save('hot.mjs', value(2))
    await runner.until('it runs', () => runner.told('ready').length > 1, LONG)
    assert.equal(runner.told('restart').at(-1).cause, 'hung')
    assert.equal(await ask(runner.port()), '2')
    await hanging
  })

  test('only for a while, and writes files, is left alone, also if it is saved meanwhile; the save is then seen as ever', async (t) => {
    const runner = await startRunner(t, {
      files: { ...SERVER, 'main.mjs': `import fs from 'node:fs'; ${SERVER['main.mjs']}; if (value === 0) { fs.writeSync(1, 'busy'); for (const end = Date.now() + 8000; Date.now() < end;) fs.writeFileSync('made.mjs', String(Date.now())); fs.writeSync(1, 'done') }` },
      wait: false,
    })
    await runner.says('busy')
    runner.save('value.mjs', value(1))
    await runner.until('it runs again', () => runner.told('ready').length > 0 && runner.told('restart').length > 0, LONG)
    assert.equal(runner.output.stdout, 'busydone')
    assert.deepEqual(runner.told('restart').map(({ cause }) => cause), ['change'])
  })
})

/** How it goes on from one look to the next, with a process that answers as it is told. @param {import('node:test').TestContext} t */
function follow(t, nodeArgs = /** @type {string[]} */ ([])) {
  t.mock.timers.reset()
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] })
  /** @type {string[]} */
  const log = []
  const note = (/** @type {string} */ what) => (/** @type {any} */ ...args) => void log.push([what, ...args].join(' '))
  const child = /** @type {any} */ ({ pid: 1, tell: ({ type }) => log.push(type) })
  const hang = createHang({ env: {}, nodeArgs }, { watch: note('watch'), rest: note('rest'), hung: note('hung'), isStuck: async (_, path) => (path === '/unknown' ? undefined : path !== '/other') })
  hang.follow(child, 100)
  return {
    hang,
    child,
    /** @param {number} looks */
    async pass(looks) {
      for (let n = 0; n < looks; n++) {
        t.mock.timers.tick(1000)
        await turn()
      }
      return log.splice(0)
    },
  }
}

test('it is asked once, watched after a while, and told ten looks after a save', async (t) => {
  const { hang, child, pass } = follow(t)
  assert.deepEqual(await pass(3), ['hot-runner:ping'])
  assert.deepEqual(await pass(20), ['watch 100'])
  hang.saved(['/other', '/a'])
  assert.deepEqual(await pass(10), [])
  assert.deepEqual(await pass(1), ['hung /a'])
  assert.deepEqual(await pass(20), [])
  hang.saved(['/unknown'])
  assert.deepEqual(await pass(30), [])
  hang.saved(['/a'])
  await pass(9)
  hang.heard(child)
  assert.deepEqual(await pass(3), ['rest', 'hot-runner:ping'])
  assert.deepEqual(await pass(20), ['watch 92500'])
})

test('who has said that a debugger can connect is left alone, until it says otherwise', async (t) => {
  const { hang, child, pass } = follow(t)
  for (const isInspected of [true, false]) {
    await pass(1)
    hang.heard(child, isInspected)
    // Its other messages say nothing of that.
    hang.heard(child)
    const log = await pass(20)
    assert.equal(log.some((line) => line.startsWith('watch')), !isInspected)
  }
  assert.deepEqual(await follow(t, ['--inspect-brk=0']).pass(20), [])
})

/** How the inspector comes to be open. */
const OPENS = {
  'not at all': { text: 'hasOpened = true' },
  'by SIGUSR1': { text: `process.debugPort = 0; process.kill(process.pid, 'SIGUSR1')` },
  'by inspector.open()': { text: `inspector.open(0)` },
  'by a module that NODE_OPTIONS loads': { text: '', nodeOptions: '--require=./open.cjs' },
}

describe('what loops is not taken for one that hangs while a debugger can connect', { concurrency: true, skip: !isLinux && 'only Linux tells on which ports a process listens' }, () => {
  for (const [how, { text, nodeOptions = '' }] of Object.entries(OPENS)) {
    test(how, async (t) => {
      const files = {
        'main.mjs': `import http from 'node:http'; import fs from 'node:fs'; import inspector from 'node:inspector'
          let hasOpened = false
          const server = http.createServer().listen(0, '127.0.0.1', () => {
            ${text}
            setInterval(() => {
              if (!hasOpened && !inspector.url()) return
              fs.writeSync(1, 'loops\\n')
              for (;;);
            })
          })`,
        'open.cjs': `require('node:inspector').open(0)`,
      }
      const app = await startApp(t, { files, env: { NODE_OPTIONS: nodeOptions }, wait: false })
      await app.until('it loops', () => app.output.stdout === 'loops\n')
      await app.until('hot-hook answers', () => fs.existsSync(app.file('node_modules/.cache/hot-hook')))
      // The app's own port is not known here: it is asked, and does not answer.
      assert.equal(await isStuck({ cwd: app.folder, env: {} }, app.child.pid ?? 0, app.file('main.mjs'), []), how === 'not at all')
    })
  }
})
