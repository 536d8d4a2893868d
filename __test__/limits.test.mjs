/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { createFolder, HOT, isLinux, isSteady, said, startApp } from './support/app.mjs'

const value = (n) => `export const value = ${n}`
const get = `serve({ get: async (file) => (await import(file, ${HOT})).value })`
const lines = (app) => said(app).split('\n').filter(Boolean)

/** Runs a command in a user namespace whose limit of inotify is another. @param {'watches' | 'instances'} what @param {number} limit */
const limited = (what, limit) => ['unshare', '-Ur', 'sh', '-c', `echo ${limit} > /proc/sys/user/max_inotify_${what} && exec "$@"`, 'sh']
const [command, ...args] = limited('watches', 10)
const noNamespaces = spawnSync(command, [...args, 'true']).status !== 0 && 'there are no user namespaces to lower the limit in'

const FOLDERS = Array.from({ length: 6 }, (_, n) => `f${n}`)
const inFolders = Object.fromEntries(FOLDERS.map((folder) => [`${folder}/b.mjs`, value(1)]))

/** Saves in each folder are live, at the latest when they have been polled. @param {any} app */
async function allAreSeen(app) {
  for (const n of [2, 3]) {
    for (const folder of FOLDERS) {
      if (n % 2) app.save(`${folder}/b.mjs`, value(n))
      else app.replace(`${folder}/b.mjs`, value(n))
    }
    for (const folder of FOLDERS) await app.expect('get', n, `./${folder}/b.mjs`)
  }
  assert.deepEqual(app.told('full-reload'), [])
}

test('no more watches: one line, and the rest is polled', { skip: noNamespaces }, async (t) => {
  const app = await startApp(t, { within: limited('watches', 4), files: { 'main.mjs': get, ...inFolders } })
  for (const folder of FOLDERS) assert.equal(await app.ask('get', `./${folder}/b.mjs`), 1)
  await allAreSeen(app)
  assert.equal(lines(app).length, 1, app.output.stderr)
  assert.match(app.output.stderr, /^hot-hook: cannot watch \/.*\/f\d \(.*\): polling/)
})

test('no inotify instance: one line, and all is polled', { skip: noNamespaces }, async (t) => {
  const app = await startApp(t, { within: limited('instances', 0), files: { 'main.mjs': get, ...inFolders } })
  for (const folder of FOLDERS) assert.equal(await app.ask('get', `./${folder}/b.mjs`), 1)
  await allAreSeen(app)
  assert.equal(lines(app).length, 1, app.output.stderr)
  assert.match(app.output.stderr, /^hot-hook: no file events \(.*\): polling instead$/m)
})

for (const poll of [true, 20]) {
  test(`poll: ${poll}`, async (t) => {
    const app = await startApp(t, { hotHook: { poll }, files: { 'main.mjs': get, ...inFolders } })
    for (const folder of FOLDERS) assert.equal(await app.ask('get', `./${folder}/b.mjs`), 1)
    await allAreSeen(app)
    app.remove('f0')
    await app.expect('get', (answer) => answer.code === 'ERR_MODULE_NOT_FOUND', './f0/b.mjs')
    app.save('f0/b.mjs', value(9))
    await app.expect('get', 9, './f0/b.mjs')
    assert.deepEqual(inotifies(app), isLinux ? [] : undefined)
    assert.deepEqual(lines(app), [])
  })
}

/** The inotify descriptors of an app: how many watches each has. @param {any} app */
function inotifies({ child }) {
  if (!isLinux) return undefined
  const folder = `/proc/${child.pid}/fd`
  const mine = fs.readdirSync(folder).filter((fd) => fs.readlinkSync(`${folder}/${fd}`) === 'anon_inode:inotify')
  return mine.map((fd) => fs.readFileSync(`/proc/${child.pid}/fdinfo/${fd}`, 'utf8').split('\n').filter((line) => line.startsWith('inotify ')).length)
}

test('an overflowing event queue: all is looked at again', { skip: !isLinux && 'there is no such queue' }, async (t) => {
  const folder = createFolder(t, {
    hotHook: { restart: ['./config/*.json'] },
    files: {
      'main.mjs': get,
      'chatter.txt': '',
      'b.mjs': `export { value } from './deep/c.mjs'`,
      'deep/c.mjs': value(1),
      'gone.mjs': value(1),
      'missing.mjs': `export { value } from './later.mjs'`,
      'retargeted.mjs': `export { value } from './link/d.mjs'`,
      'one/d.mjs': value(1),
      'two/d.mjs': value(2),
      'moved.mjs': `export { value } from './moving/e.mjs'`,
      'moving/e.mjs': value(1),
      'next/e.mjs': value(2),
      'config/x': '',
    },
  })
  fs.symlinkSync('one', path.join(folder, 'link'))
  const app = await startApp(t, { folder })
  for (const file of ['b', 'gone', 'retargeted', 'moved']) assert.equal(await app.ask('get', `./${file}.mjs`), 1)
  await app.askError('get', './missing.mjs')
  await app.quiet()

  await app.stop()
  const limit = Number(fs.readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'))
  for (let n = 0; n < limit / 2; n++) {
    fs.renameSync(app.file('chatter.txt'), app.file('chatter.log'))
    fs.renameSync(app.file('chatter.log'), app.file('chatter.txt'))
  }
  app.save('deep/c.mjs', value(2))
  app.remove('gone.mjs')
  app.save('later.mjs', value(2))
  fs.unlinkSync(app.file('link'))
  fs.symlinkSync('two', app.file('link'))
  fs.renameSync(app.file('moving'), app.file('moved-away'))
  fs.renameSync(app.file('next'), app.file('moving'))
  app.save('config/new.json', '{}')
  app.resume()

  for (const file of ['b', 'missing', 'retargeted', 'moved']) assert.equal(await app.ask('get', `./${file}.mjs`), 2, file)
  await app.expect('get', (answer) => answer.code === 'ERR_MODULE_NOT_FOUND', './gone.mjs')
  assert.equal((await app.message('full-reload')).path, app.file('config/new.json'))
  // And it goes on.
  app.save('moving/e.mjs', value(3))
  assert.equal(await app.ask('get', './moved.mjs'), 3)
  app.save('two/d.mjs', value(3))
  assert.equal(await app.ask('get', './retargeted.mjs'), 3)
  assert.equal(app.told('full-reload').length, 1)
  assert.deepEqual(lines(app), [])
})

test('watching that is asked for later: messages come without an import', async (t) => {
  const main = `import { hot } from 'hot-hook'\n${get}\nserve({ watch: () => hot.init({ watch: true }) })`
  const app = await startApp(t, { hotHook: { watch: false }, files: { 'main.mjs': main, 'b.mjs': value(1) } })
  assert.equal(await app.ask('get', './b.mjs'), 1)
  await app.ask('watch')
  for (const n of [2, 3, 4]) {
    app.save('b.mjs', value(n))
    await app.message('invalidated', n - 1)
    assert.equal(await app.ask('get', './b.mjs'), n)
  }
})

test('5,000 modules in 40 directories: 45 watches, one descriptor, one thread, and idle when nothing happens', { skip: !isLinux && 'it reads /proc' }, async (t) => {
  const FILES = 5000
  const files = {}
  const name = (n) => `src/d${n % 40}/m${n}.mjs`
  for (let n = 0; n < FILES; n++) files[name(n)] = value(n)
  files['b.mjs'] = `${Array.from({ length: FILES }, (_, n) => `import './${name(n)}'`).join('\n')}\n${value(1)}`
  const app = await startApp(t, { files: { ...files, 'main.mjs': get } })
  assert.equal(await app.ask('get', './b.mjs'), 1)
  const [watches, ...others] = inotifies(app)
  assert.deepEqual(others, [], 'one descriptor')
  assert.ok(watches >= 40 && watches <= 45, `${watches} watches`)

  const tasks = fs.readdirSync(`/proc/${app.child.pid}/task`)
  const ours = tasks.filter((task) => fs.readFileSync(`/proc/${app.child.pid}/task/${task}/comm`, 'utf8') === 'hot-hook\n')
  assert.equal(ours.length, 1, 'one thread')
  /** User and system time so far, in clock ticks. */
  const used = () => fs.readFileSync(`/proc/${app.child.pid}/task/${ours[0]}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).join('+')
  const switches = () => /^voluntary_ctxt_switches:\s*(\d+)/m.exec(fs.readFileSync(`/proc/${app.child.pid}/task/${ours[0]}/status`, 'utf8'))?.[1]
  await app.until('its thread is at rest', isSteady(() => `${used()} ${switches()}`))
  app.save(name(4999), value(0))
  await app.message('invalidated')
})
