/**
 * What a parent process reports by `hot-hook:file-changed`: before a file is written to its end, twice, late, or when
 * nothing has changed.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { HOT, isLinux, startApp } from './support/app.mjs'

const value = (/** @type {number} */ n) => `export const value = ${n}\n`
const get = `serve({ get: async (file = './b.mjs') => (await import(file, ${HOT})).value })`

/** Who watches: the option leaves all to the parent, the variable does not. */
const modes = {
  'HOT_HOOK_WATCH=false': { env: { HOT_HOOK_WATCH: 'false' }, hotHook: {} },
  'watch: false': { env: {}, hotHook: { watch: false } },
}

/** @typedef {Awaited<ReturnType<typeof startApp>>} App */
const report = (/** @type {App} */ app, name = 'b.mjs', action = 'change') =>
  app.tell({ type: 'hot-hook:file-changed', path: app.file(name), action })

/** Where nothing is watched, what `quiet()` deletes is reported. */
const quiet = (/** @type {App} */ app) => app.quiet((path) => app.tell({ type: 'hot-hook:file-changed', path, action: 'unlink' }))

/** As a writer does that the scheduler cannot put off. @param {number} ms */
function busy(ms) {
  for (const end = performance.now() + ms; performance.now() < end; );
}

/** The same numbers in every run. */
function random(seed = 1) {
  return (/** @type {number} */ below) => ((seed = (seed * 48271) % 2147483647) / 2147483647) * below
}

/**
 * Saves and reports, in the order that a watcher may bring about.
 * @type {Record<string, (app: App, text: string, below: (n: number) => number) => Promise<void> | void>}
 */
const saves = {
  'a file that was just truncated, often twice': async (app, text, below) => {
    writeSlowly(app, text, below(3), below(2))
    if (below(2) < 1) await sleep(below(30))
    else return
    report(app)
  },
  'a file that was just truncated, once': (app, text, below) => writeSlowly(app, text, below(3), below(2)),
  'a file that is still empty, once': (app, text, below) => writeSlowly(app, text, 0, below(3)),
  'a file that is replaced, too early and once more': async (app, text, below) => {
    report(app)
    await sleep(below(5))
    app.replace('b.mjs', text)
    busy(below(3))
    report(app)
  },
  'a file that is deleted and made again': (app, text, below) => {
    app.remove('b.mjs')
    busy(below(1))
    report(app, 'b.mjs', 'unlink')
    busy(below(2))
    app.save('b.mjs', text)
    busy(below(1))
    report(app, 'b.mjs', 'add')
  },
  'a file that is broken in between': async (app, text, below) => {
    writeSlowly(app, `export const value = ;`, below(3), below(2))
    await sleep(below(15))
    writeSlowly(app, text, below(2), below(2))
  },
}

/** @param {App} app @param {string} text @param {number} reported when, in milliseconds @param {number} written when */
function writeSlowly(app, text, reported, written) {
  const file = fs.openSync(app.file('b.mjs'), 'w')
  const begin = performance.now()
  const steps = [
    { at: reported, run: () => report(app) },
    { at: written, run: () => fs.writeSync(file, text) },
  ].toSorted((a, b) => a.at - b.at)
  for (const { at, run } of steps) {
    busy(at - (performance.now() - begin))
    run()
  }
  fs.closeSync(file)
}

/** An app that imports all the time, and says what it gets whenever that is something else. */
const importing = `let last
setInterval(async () => {
  const { value } = await import('./b.mjs', ${HOT}).catch((error) => ({ value: error.message }))
  if (value !== last) process.send({ got: (last = value) })
}, 3)
serve({})`

for (const [mode, options] of Object.entries(modes)) {
  for (const [name, save] of Object.entries(saves)) {
    test(`${mode}: ${name}, is not lost`, async (t) => {
      const app = await startApp(t, { ...options, files: { 'main.mjs': importing, 'b.mjs': value(0) } })
      const got = () => app.messages.findLast((message) => 'got' in message)?.got
      await app.until('it imports', () => got() === 0)
      const below = random()
      for (let n = 1; n <= 12; n++) {
        await save(app, `${value(n)}// ${'x'.repeat(below(200))}`, below)
        await app.until(`save ${n} is live`, () => got() === n)
      }
    })
  }

  test(`${mode}: one restart for each save that needs it, reported when half is written and once more`, async (t) => {
    const app = await startApp(t, {
      ...options,
      hotHook: { ...options.hotHook, restart: ['.env', 'config/*.json'] },
      files: { 'main.mjs': `import './cold.mjs'; import './config/x.json' with { type: 'json' }; ${get}`, 'cold.mjs': '', 'b.mjs': value(1), 'config/x.json': '1', '.env': 'A=1' },
    })
    assert.equal(await app.ask('get'), 1)
    let restarts = 0
    for (const [n, name] of ['cold.mjs', '.env', 'config/x.json', 'cold.mjs'].entries()) {
      const began = performance.now()
      const file = fs.openSync(app.file(name), 'w')
      report(app, name)
      // It is handled before the text comes.
      await app.ask('get')
      fs.writeSync(file, `${n + 2}`)
      fs.closeSync(file)
      report(app, name)
      // A busy machine may leave it empty for so long that this is a save of its own.
      const isOneSave = performance.now() - began < 40
      assert.equal((await app.message('full-reload', restarts + 1)).path, app.file(name))
      report(app, name)
      if (!isOneSave) await quiet(app)
      const saves = app.told('full-reload').length - restarts
      assert.ok(saves === 1 || (!isOneSave && saves === 2), `${saves} restarts for ${name}`)
      restarts += saves
    }
    app.save('b.mjs', value(2))
    report(app)
    await app.message('invalidated')
    await quiet(app)
    assert.equal(await app.ask('get'), 2)
    assert.deepEqual(app.messages.map(({ type }) => type.slice('hot-hook:'.length)), [...Array.from({ length: restarts }, () => 'full-reload'), 'invalidated'])
  })

  test(`${mode}: reports of what nobody has changed, or imported, say nothing`, async (t) => {
    const app = await startApp(t, { ...options, files: { 'main.mjs': `import './cold.mjs'; ${get}`, 'cold.mjs': '', 'b.mjs': value(1), 'other.mjs': '', '.env': '' } })
    assert.equal(await app.ask('get'), 1)
    for (const name of ['b.mjs', 'other.mjs', '.env', 'none.mjs']) report(app, name)
    await quiet(app)
    // Where nothing at all is watched, the parent's first word on a module that is cold counts, as in 1.0.
    const restarts = mode === 'watch: false' ? 1 : 0
    for (const _ of [1, 2]) report(app, 'cold.mjs')
    if (restarts === 1) await app.message('full-reload')
    await quiet(app)
    app.save('b.mjs', value(2))
    for (const _ of [1, 2, 3]) report(app)
    await app.message('invalidated')
    assert.equal(await app.ask('get'), 2)
    for (const _ of [1, 2, 3]) report(app)
    await quiet(app)
    assert.equal(app.messages.length, 1 + restarts, app.known())
  })

  test(`${mode}: a folder that the parent knows by a symlink`, async (t) => {
    const app = await startApp(t, { ...options, files: { 'main.mjs': get, 'b.mjs': value(1) } })
    assert.equal(await app.ask('get'), 1)
    fs.symlinkSync(app.folder, `${app.folder}-link`, 'dir')
    for (const n of [2, 3]) {
      const path = `${app.folder}-link/b.mjs`
      app.save('b.mjs', value(n))
      for (const _ of [1, 2]) app.tell({ type: 'hot-hook:file-changed', path, action: 'change' })
      await app.expect('get', n)
      app.remove('b.mjs')
      app.tell({ type: 'hot-hook:file-changed', path, action: 'unlink' })
      await app.expect('get', (answer) => answer.code === 'ERR_MODULE_NOT_FOUND')
    }
    assert.deepEqual(app.told('full-reload'), [])
  })
}

test('watch: false: an instance that failed runs again when its file is reported, whatever it holds', async (t) => {
  const app = await startApp(t, {
    hotHook: { watch: false },
    files: {
      'main.mjs': `globalThis.fails = true; ${get}; serve({ mend: () => void (globalThis.fails = false) })`,
      'b.mjs': `if (globalThis.fails) throw new Error('not yet'); export const value = 1`,
    },
  })
  assert.equal((await app.askError('get')).message, 'not yet')
  await app.ask('mend')
  assert.equal((await app.askError('get')).message, 'not yet', 'Node keeps it')
  report(app)
  await app.expect('get', 1)
  report(app)
  await quiet(app)
  assert.equal(app.messages.length, 1, app.known())
})

/** With hooks in a thread of their own, a module is read long before it begins, then. */
test('watch: false: an app that is busy while it imports what is reported tells of one save', async (t) => {
  const busily = `serve({
  async get() {
    let isOver = false
    const imported = import('./b.mjs', ${HOT}).finally(() => (isOver = true))
    const turn = () => {
      for (const end = performance.now() + 100; performance.now() < end; );
      if (!isOver) setImmediate(turn)
    }
    turn()
    return (await imported).value
  }
})`
  const app = await startApp(t, { hotHook: { watch: false }, files: { 'main.mjs': busily, 'b.mjs': value(1) } })
  assert.equal(await app.ask('get'), 1)
  app.save('b.mjs', value(2))
  report(app)
  await app.message('invalidated')
  const reports = setInterval(report, 10, app)
  try {
    assert.equal(await app.ask('get'), 2)
  } finally {
    clearInterval(reports)
  }
  await quiet(app)
  assert.equal(app.messages.length, 1, app.known())
})

test('HOT_HOOK_WATCH=false, with a parent: modules are watched, and what the parent says of them later says nothing', async (t) => {
  const app = await startApp(t, {
    env: { HOT_HOOK_WATCH: 'false' },
    hotHook: { restart: ['.env', 'hot.mjs'] },
    files: { 'main.mjs': get, 'b.mjs': `import './c.mjs'; ${value(1)}`, 'c.mjs': '', 'hot.mjs': value(1), '.env': '' },
  })
  assert.equal(await app.ask('get'), 1)
  assert.equal(await app.ask('get', './hot.mjs'), 1)
  app.save('.env', 'A=1')
  app.save('hot.mjs', value(2))
  app.save('b.mjs', value(2))
  if (isLinux) assert.equal(await app.ask('get'), 2, 'at once')
  await app.message('invalidated')
  report(app)
  await quiet(app)
  assert.deepEqual(app.messages, [{ type: 'hot-hook:invalidated', paths: [app.file('b.mjs')] }], 'nobody has reported .env and hot.mjs')
  report(app, '.env')
  assert.equal((await app.message('full-reload')).path, app.file('.env'))
  report(app, 'hot.mjs')
  assert.equal((await app.message('full-reload', 2)).path, app.file('hot.mjs'))
})

/** How many inotify descriptors a process has. @param {number | undefined} pid */
const inotifies = (pid) =>
  fs.readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/${pid}/fd/${fd}`).includes('inotify')
    } catch {
      return false
    }
  }).length

test('HOT_HOOK_WATCH=false, without a parent: nothing is watched', { skip: !isLinux }, async (t) => {
  const main = `await import('./b.mjs', ${HOT}); console.log('up'); setInterval(() => {}, 1 << 30)`
  const app = await startApp(t, { env: { HOT_HOOK_WATCH: 'false' }, ipc: false, files: { 'main.mjs': main, 'b.mjs': value(1) } })
  await app.until('it is up', () => app.output.stdout.includes('up'))
  assert.equal(inotifies(app.child.pid), 0)
  assert.equal(app.output.stderr, '')
})

/** Runs a command in a user namespace in which there is no inotify. */
const WITHOUT_EVENTS = ['unshare', '-Ur', 'sh', '-c', 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"', 'sh']
const noNamespaces = spawnSync(WITHOUT_EVENTS[0], [...WITHOUT_EVENTS.slice(1), 'true']).status !== 0 && 'there are no user namespaces to lower the limit in'

test('HOT_HOOK_WATCH=false: where nothing can be watched, nothing is polled or said', { skip: noNamespaces }, async (t) => {
  const app = await startApp(t, { env: { HOT_HOOK_WATCH: 'false' }, within: WITHOUT_EVENTS, files: { 'main.mjs': get, 'b.mjs': value(1) } })
  assert.equal(await app.ask('get'), 1)
  app.save('b.mjs', value(2))
  await quiet(app)
  assert.equal(await app.ask('get'), 1)
  report(app)
  await app.expect('get', 2)
  assert.equal(app.output.stderr, '')
})

test('the option beats the variable', async (t) => {
  const app = await startApp(t, { env: { HOT_HOOK_WATCH: 'false' }, hotHook: { watch: true }, files: { 'main.mjs': get, 'b.mjs': value(1), '.env': '' } })
  assert.equal(await app.ask('get'), 1)
  app.save('.env', 'A=1')
  assert.equal((await app.message('full-reload')).path, app.file('.env'))
})
