/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { isLinux, startApp } from './support/app.mjs'

const B = 'import.meta.hot?.boundary'
const value = (n) => `export const value = ${n}\n`
/** The app imports `b.mjs` at each question. */
const main = (more = '') => `import fs from 'node:fs'
  const read = async () => (await import('./b.mjs', ${B})).value
  const save = (name, text) => fs.writeFileSync(new URL(name, import.meta.url), text)
  serve({ read, ${more} })`
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))

test('the app saves a file itself, and imports it in the same tick', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': main(`async saved(count) {
        const answers = []
        for (let n = 1; n <= count; n++) {
          save('c.mjs', 'export const value = ' + n)
          answers.push(await read())
        }
        return answers
      }`),
      'b.mjs': `export { value } from './c.mjs'`,
      'c.mjs': value(0),
    },
  })
  assert.equal(await app.ask('read'), 0)
  assert.deepEqual(await app.ask('saved', 200), Array.from({ length: 200 }, (_, n) => n + 1))
})

test('the event loop is blocked for a second while a file is saved', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': main(`async blocked() {
        process.send('blocked')
        const end = Date.now() + 1000
        while (Date.now() < end);
        return read()
      }`),
      'b.mjs': value(1),
    },
  })
  assert.equal(await app.ask('read'), 1)
  const answer = app.ask('blocked')
  await app.until('it is blocked', () => app.messages.includes('blocked'))
  app.save('b.mjs', value(2))
  assert.equal(await answer, 2)
})

test('16 concurrent requests during a save', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': main(`async many() {
        const first = Array.from({ length: 16 }, read)
        save('c.mjs', 'export const value = 2; export const seen = globalThis.log("c")')
        const answers = await Promise.all([...first, ...Array.from({ length: 16 }, read)])
        return { overtaken: answers.slice(0, 16), later: answers.slice(16), runs: log.lines.length }
      }`),
      'b.mjs': `export { value } from './c.mjs'`,
      'c.mjs': value(1),
    },
  })
  assert.equal(await app.ask('read'), 1)
  const { overtaken, later, runs } = await app.ask('many')
  assert.ok(overtaken.every((answer) => answer === 1 || answer === 2), String(overtaken))
  assert.deepEqual(later, Array(16).fill(2))
  assert.equal(runs, 1, 'one instance for all')

  const requests = Array.from({ length: 16 }, () => app.ask('read'))
  app.replace('c.mjs', value(3))
  const after = Array.from({ length: 16 }, () => app.ask('read'))
  await Promise.all(requests)
  assert.deepEqual(await Promise.all(after), Array(16).fill(3))
})

test('a leaf ten levels below the boundary', async (t) => {
  const names = ['b.mjs', ...Array.from({ length: 10 }, (_, n) => `levels/l${n}.mjs`)]
  const files = { 'main.mjs': main(), 'levels/l9.mjs': value(0) }
  for (const [n, name] of names.slice(0, -1).entries()) {
    files[name] = `export { value } from '${n === 0 ? './levels/' : './'}l${n}.mjs'`
  }
  const app = await startApp(t, { files })
  assert.equal(await app.ask('read'), 0)
  for (let n = 1; n <= 20; n++) {
    if (n % 2) app.save('levels/l9.mjs', value(n))
    else app.replace('levels/l9.mjs', value(n))
    assert.equal(await app.ask('read'), n)
  }
  await app.message('invalidated', 20)
  assert.deepEqual(app.told('invalidated')[0].paths, names.toReversed().map(app.file))
})

test('truncate, then write slowly: it never ends on half a file', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': main(), 'b.mjs': value(1) } })
  assert.equal(await app.ask('read'), 1)
  for (let n = 2; n <= 7; n++) {
    const text = `export const value = ${n}`
    const descriptor = fs.openSync(app.file('b.mjs'), 'w')
    const before = app.told('invalidated').length
    fs.writeSync(descriptor, text.slice(0, 18))
    // Half of it counts once its writer has paused for 50 ms; an import that comes earlier may find it, too.
    if (n % 2) await app.message('invalidated', before + 1)
    else await app.ask('read').catch(() => {})
    fs.writeSync(descriptor, text.slice(18))
    if (n % 3) await app.message('invalidated', before + 1)
    fs.closeSync(descriptor)
    assert.equal(await app.ask('read'), n)
  }
})

test('other threads import while one waits for a writer', async (t) => {
  const rounds = Array.from({ length: 20 }, (_, n) => n)
  const files = {
    'main.mjs': `import fs from 'node:fs'
      import { once } from 'node:events'
      import { Worker } from 'node:worker_threads'
      const shared = new Int32Array(new SharedArrayBuffer(4))
      for (const n of ${JSON.stringify(rounds)}) await import('./written' + n + '.mjs', ${B})
      const worker = new Worker(new URL('./worker.mjs', import.meta.url), { workerData: shared })
      await once(worker, 'online')
      /** The worker imports what is being written, which is ended when this thread has imported something. */
      async function race(n) {
        Atomics.store(shared, 0, 0)
        const file = fs.openSync('written' + n + '.mjs', 'w')
        fs.writeSync(file, 'export const value =')
        const found = once(worker, 'message')
        worker.postMessage(n)
        Atomics.wait(shared, 0, 0)
        // Fewer and fewer: a busy machine may take as long for them as the writer is waited for.
        for (let k = 0; k < Math.max(1, 20 - 4 * n); k++) await import('./some.mjs?' + n + '-' + k, ${B})
        const isWaiting = Atomics.load(shared, 0) === 1
        fs.writeSync(file, ' 2')
        fs.closeSync(file)
        return { isWaiting, found: (await found)[0] }
      }
      serve({ race, end: () => worker.terminate() })`,
    'worker.mjs': `import { parentPort, workerData as shared } from 'node:worker_threads'
      parentPort.on('message', async (n) => {
        Atomics.store(shared, 0, 1)
        Atomics.notify(shared, 0)
        const found = await import('./written' + n + '.mjs', ${B}).then(({ value }) => value, String)
        Atomics.store(shared, 0, 2)
        parentPort.postMessage(found)
      })`,
    'some.mjs': '',
    ...Object.fromEntries(rounds.map((n) => [`written${n}.mjs`, value(1)])),
  }
  const app = await startApp(t, { files })
  const seen = []
  for (const n of rounds) {
    // A thread that had to wait for the other would come too late each time.
    seen.push(await app.ask('race', n))
    if (seen.at(-1).isWaiting && seen.at(-1).found === 2) break
  }
  await app.ask('end')
  assert.ok(seen.at(-1).isWaiting && seen.at(-1).found === 2, JSON.stringify(seen))
})

test("vim's backup dance, and other ways of saving", async (t) => {
  const ways = {
    /** Moves the file aside, writes a new one, deletes the old. */
    vim(file, text) {
      fs.renameSync(file, `${file}~`)
      fs.writeFileSync(file, text)
      fs.rmSync(`${file}~`)
    },
    /** Writes a copy, then into the file itself. */
    copies(file, text) {
      fs.copyFileSync(file, `${file}~`)
      fs.writeFileSync(file, text)
      fs.rmSync(`${file}~`)
    },
    replaces(file, text) {
      fs.writeFileSync(`${file}.tmp`, text)
      fs.renameSync(`${file}.tmp`, file)
    },
    recreates(file, text) {
      fs.rmSync(file)
      fs.writeFileSync(file, text)
    },
    links(file, text) {
      fs.writeFileSync(`${file}.tmp`, text)
      fs.rmSync(file)
      fs.linkSync(`${file}.tmp`, file)
      fs.rmSync(`${file}.tmp`)
    },
    appends: (file) => fs.appendFileSync(file, '0'),
    /** As rsync does with `-t`: the same size, and the time of before. */
    keepsTime(file, text) {
      const { atime, mtime } = fs.statSync(file)
      fs.writeFileSync(`${file}.tmp`, text)
      fs.utimesSync(`${file}.tmp`, atime, mtime)
      fs.renameSync(`${file}.tmp`, file)
    },
  }
  const text = (n) => `export const value = ${n}`
  const app = await startApp(t, { files: { 'main.mjs': main(), 'b.mjs': `export { value } from './c.mjs'`, 'c.mjs': text(10) } })
  assert.equal(await app.ask('read'), 10)
  let n = 10
  for (const round of [1, 2]) {
    for (const [way, save] of Object.entries(ways)) {
      n = way === 'appends' ? n * 10 : n + 1
      save(app.file('c.mjs'), text(n))
      assert.equal(await app.ask('read'), n, `${way} ${round}`)
    }
  }
})

const hasGit = spawnSync('git', ['--version']).status === 0

test('git checkout of 2,000 files, and back', { skip: !hasGit && 'there is no git' }, async (t) => {
  const COUNT = 2000
  const index = Array.from({ length: COUNT }, (_, n) => `import { value as v${n} } from './many/m${n}.mjs'`).join('\n')
  const sum = Array.from({ length: COUNT }, (_, n) => `v${n}`).join(', ')
  const many = (n) => Object.fromEntries(Array.from({ length: COUNT }, (_, m) => [`many/m${m}.mjs`, value(n)]))
  const app = await startApp(t, {
    files: { ...many(1), 'main.mjs': main(), 'b.mjs': `${index}\nexport const value = [...new Set([${sum}])].join()`, '.gitignore': 'node_modules' },
  })
  const git = (...args) => {
    const { status, stderr } = spawnSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'core.autocrlf=false', ...args], {
      cwd: app.folder,
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
  }
  const commit = () => {
    git('add', '.')
    git('commit', '-qm', 'all')
  }
  git('init', '-q', '-b', 'one')
  commit()
  assert.equal(await app.ask('read'), '1')
  git('checkout', '-qb', 'two')
  for (const [name, text] of Object.entries(many(2))) app.save(name, text)
  commit()
  assert.equal(await app.ask('read'), '2')
  for (const branch of ['one', 'two', 'one']) {
    git('checkout', '-q', branch)
    assert.equal(await app.ask('read'), branch === 'one' ? '1' : '2', 'at the first request')
  }
  assert.deepEqual(app.told('full-reload'), [])
})

test('a branch switched there and back before anybody looks', { skip: !isLinux && 'nobody else stops all of a process' }, async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': `import './cold.mjs'; ${main('runs: () => log.lines')}`, 'cold.mjs': '', 'b.mjs': `log('b'); ${value(1)}` } })
  assert.equal(await app.ask('read'), 1)
  await app.quiet()
  await app.stop()
  for (const text of [`log('b'); ${value(2)}`, `log('b'); ${value(1)}`]) app.replace('b.mjs', text)
  for (const text of ['// 2', '']) app.save('cold.mjs', text)
  app.resume()
  assert.equal(await app.ask('read'), 1)
  app.save('b.mjs', value(3))
  assert.equal(await app.ask('read'), 3)
  await app.message('invalidated')
  assert.deepEqual(await app.ask('runs'), ['b'])
  assert.equal(app.messages.length, 1)
})

test('bursts of 50 saves in 100 ms, with imports in between', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': main(), 'b.mjs': `export { value } from './c.mjs'`, 'c.mjs': value(0) } })
  assert.equal(await app.ask('read'), 0)
  for (let burst = 1; burst <= 4; burst++) {
    const questions = []
    const begun = performance.now()
    for (let n = 1; n <= 50; n++) {
      const expected = burst * 1000 + n
      if (n % 3 === 0) app.replace('c.mjs', value(expected))
      else app.save('c.mjs', value(expected))
      if (n % 5 === 0) questions.push(app.ask('read').then((answer) => ({ answer, expected }), () => undefined))
      const wait = begun + n * 2 - performance.now()
      if (wait > 1) await pause(wait)
    }
    assert.equal(await app.ask('read'), burst * 1000 + 50, 'the last save is live at once')
    // A question that a save overtakes may find half a file; none may find what was before it was asked.
    for (const found of (await Promise.all(questions)).filter(Boolean)) assert.ok(found.answer >= found.expected, JSON.stringify(found))
  }
})

test('saves without effect reload nothing and ask for nothing', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './cold.mjs'; ${main('runs: () => log.lines')}`,
      'cold.mjs': '',
      'b.mjs': `import './c.cjs'; import './d.json' with { type: 'json' }; log('b'); ${value(1)}`,
      'c.cjs': `log('c')`,
      'd.json': '{}',
    },
  })
  assert.equal(await app.ask('read'), 1)
  const noops = {
    same: (file, text) => fs.writeFileSync(file, text),
    touch: (file) => fs.utimesSync(file, new Date(), new Date()),
    chmod(file) {
      fs.chmodSync(file, 0o600)
      fs.chmodSync(file, 0o644)
    },
    replaced(file, text) {
      fs.writeFileSync(`${file}.tmp`, text)
      fs.renameSync(`${file}.tmp`, file)
    },
    away(file) {
      fs.renameSync(file, `${file}~`)
      fs.renameSync(`${file}~`, file)
    },
  }
  for (const name of ['b.mjs', 'c.cjs', 'd.json', 'cold.mjs', 'main.mjs', 'package.json']) {
    const text = fs.readFileSync(app.file(name), 'utf8')
    for (const noop of Object.values(noops)) {
      noop(app.file(name), text)
      assert.equal(await app.ask('read'), 1)
    }
  }
  assert.deepEqual(await app.ask('runs'), ['c', 'b'])
  app.save('b.mjs', value(2))
  assert.equal(await app.ask('read'), 2)
  await app.message('invalidated')
  assert.deepEqual(app.messages, [{ type: 'hot-hook:invalidated', paths: [path.join(app.folder, 'b.mjs')] }])
})
