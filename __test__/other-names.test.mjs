/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { createFolder, HOT, isLinux, startApp } from './support/app.mjs'

const value = (n) => `export const value = ${n}`
const get = `
  import { execFileSync } from 'node:child_process'
  serve({
    get: async (file) => (await import(file, ${HOT})).value,
    run: (command, ...args) => execFileSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'] }).toString(),
  })`

/** Runs a command where it may mount. @param {string} script what is done before @param {string[]} args */
const mounting = (script, ...args) => ['unshare', '-rm', 'sh', '-ec', `${script}\nexec "$@"`, 'sh', ...args]
const [command, ...rest] = mounting('mount --bind /etc/hostname /etc/hostname', 'true')
const noMounts = spawnSync(command, rest).status !== 0 && 'nothing can be mounted here'
/** Runs a command in a user namespace with another limit of watches. @param {number} limit */
const limited = (limit) => ['unshare', '-Ur', 'sh', '-c', `echo ${limit} > /proc/sys/user/max_inotify_watches && exec "$@"`, 'sh']
const [limitedCommand, ...limitedArgs] = limited(10)
const noNamespaces = spawnSync(limitedCommand, [...limitedArgs, 'true']).status !== 0 && 'there are no user namespaces to lower the limit in'

/** A folder in which each of `names` has another name, in a folder that is not watched. @param {any} t @param {any} options @param {string[]} names */
function createLinked(t, options, ...names) {
  const folder = createFolder(t, options)
  for (const name of names) link(path.join(folder, name), other(folder, name))
  return folder
}

/** The other name of a file. @param {string} folder @param {string} name */
const other = (folder, name) => path.join(folder, '../other', name)

/** @param {string} from @param {string} to */
function link(from, to) {
  fs.mkdirSync(path.dirname(to), { recursive: true })
  fs.linkSync(from, to)
}

/** Which of an app's files have a watch of their own. @param {any} app @param {string[]} names */
function watched({ child, file }, names) {
  const folder = `/proc/${child.pid}/fd`
  const mine = fs.readdirSync(folder).filter((fd) => fs.readlinkSync(`${folder}/${fd}`) === 'anon_inode:inotify')
  const lines = mine.map((fd) => fs.readFileSync(`/proc/${child.pid}/fdinfo/${fd}`, 'utf8')).join('')
  return names.filter((name) => new RegExp(`^inotify .* ino:${fs.statSync(file(name)).ino.toString(16)} `, 'm').test(lines))
}

/** An import gives `n`: at once where the system tells at once. @param {any} app @param {string} file @param {number} n */
async function gives(app, file, n) {
  if (isLinux) assert.equal(await app.ask('get', file), n)
  else await app.expect('get', n, file)
}

const noLinkCount = process.platform === 'win32' && 'nothing tells how many links a file has'

for (const [kind, file, text] of [
  ['an ES module', 'a.mjs', value],
  ['a CommonJS module', 'a.cjs', (n) => `exports.value = ${n}`],
  ['what is imported below', 'below/b.mjs', value],
]) {
  test(`${kind} that is written under another hard link`, { skip: noLinkCount }, async (t) => {
    const files = { 'main.mjs': get, 'top.mjs': `export { value } from './${file}'`, [file]: text(1) }
    const folder = createLinked(t, { files }, file)
    const app = await startApp(t, { folder })
    for (const n of [1, 2, 3]) {
      fs.writeFileSync(other(folder, file), text(n))
      await gives(app, './top.mjs', n)
    }
    // Without an import, too.
    fs.writeFileSync(other(folder, file), text(4))
    await app.message('invalidated', 3)
    await gives(app, './top.mjs', 4)
    assert.deepEqual(app.told('full-reload'), [])
    assert.equal(app.output.stderr, '')
  })
}

test('a linked file that is replaced: what has its name now counts', { skip: noLinkCount }, async (t) => {
  const folder = createLinked(t, { files: { 'main.mjs': get, 'a.mjs': value(1) } }, 'a.mjs')
  const app = await startApp(t, { folder })
  await gives(app, './a.mjs', 1)
  app.replace('a.mjs', value(2))
  await gives(app, './a.mjs', 2)
  fs.writeFileSync(other(folder, 'a.mjs'), value(9))
  await gives(app, './a.mjs', 2)
  app.save('a.mjs', value(3))
  await gives(app, './a.mjs', 3)
  // It is put back as a link, and again.
  for (const n of [4, 6]) {
    fs.writeFileSync(other(folder, 'a.mjs'), value(n))
    fs.linkSync(other(folder, 'a.mjs'), app.file('next'))
    fs.renameSync(app.file('next'), app.file('a.mjs'))
    await gives(app, './a.mjs', n)
    fs.writeFileSync(other(folder, 'a.mjs'), value(n + 1))
    await gives(app, './a.mjs', n + 1)
    app.remove('a.mjs')
    fs.linkSync(other(folder, 'a.mjs'), app.file('a.mjs'))
    fs.writeFileSync(other(folder, 'a.mjs'), value(n + 2))
    await gives(app, './a.mjs', n + 2)
    fs.rmSync(other(folder, 'a.mjs'))
    app.save('a.mjs', value(n + 3))
    await gives(app, './a.mjs', n + 3)
  }
  // The other name is replaced: then it is another file.
  link(app.file('a.mjs'), other(folder, 'b.mjs'))
  fs.writeFileSync(other(folder, 'next'), value(99))
  fs.renameSync(other(folder, 'next'), other(folder, 'b.mjs'))
  await gives(app, './a.mjs', 9)
  assert.deepEqual(app.told('full-reload'), [])
})

test('two modules that are one file', { skip: noLinkCount }, async (t) => {
  const folder = createFolder(t, { files: { 'main.mjs': get, 'one/a.mjs': value(1) } })
  link(path.join(folder, 'one/a.mjs'), path.join(folder, 'two/b.mjs'))
  const app = await startApp(t, { folder })
  for (const file of ['./one/a.mjs', './two/b.mjs']) await gives(app, file, 1)
  for (const [n, name] of [[2, 'one/a.mjs'], [3, 'two/b.mjs']]) {
    app.save(name, value(n))
    for (const file of ['./one/a.mjs', './two/b.mjs']) await gives(app, file, n)
  }
})

test('a restart file that is written under another hard link', { skip: noLinkCount }, async (t) => {
  const hotHook = { restart: ['.env'] }
  const folder = createLinked(t, { hotHook, files: { 'main.mjs': get, '.env': 'A=1' } }, '.env')
  const app = await startApp(t, { folder })
  fs.writeFileSync(other(folder, '.env'), 'A=2')
  assert.equal((await app.message('full-reload')).path, app.file('.env'))
  app.replace('.env', 'A=3')
  await app.message('full-reload', 2)
  fs.rmSync(other(folder, '.env'))
  fs.linkSync(app.file('.env'), other(folder, '.env'))
  app.replace('.env', 'A=4')
  await app.message('full-reload', 3)
})

test('a file that a module watches is written under another hard link', { skip: noLinkCount }, async (t) => {
  const files = {
    'main.mjs': get,
    'a.mjs': `import fs from 'node:fs'; import.meta.hot?.watch('./data.txt'); export const value = Number(fs.readFileSync(new URL('data.txt', import.meta.url)))`,
    'data.txt': '1',
  }
  const folder = createLinked(t, { files }, 'data.txt')
  const app = await startApp(t, { folder })
  for (const n of [1, 2, 3]) {
    fs.writeFileSync(other(folder, 'data.txt'), String(n))
    await gives(app, './a.mjs', n)
  }
})

test('links cost a watch each while they are in the graph, and none in node_modules', { skip: !isLinux && 'watches cannot be counted' }, async (t) => {
  const files = {
    'main.mjs': get,
    'top.mjs': `import 'pkg'; export { value } from './a.mjs'`,
    'a.mjs': value(1),
    'b.mjs': value(2),
    'node_modules/pkg/package.json': '{ "name": "pkg", "exports": "./index.mjs" }',
    'node_modules/pkg/index.mjs': `import './more.cjs'`,
    'node_modules/pkg/more.cjs': '',
  }
  const names = Object.keys(files)
  for (const linked of [[], ['a.mjs'], names]) {
    const folder = createLinked(t, { files }, ...linked)
    const app = await startApp(t, { folder })
    assert.equal(await app.ask('get', './top.mjs'), 1)
    const own = linked.filter((name) => ['main.mjs', 'top.mjs', 'a.mjs'].includes(name))
    assert.deepEqual(watched(app, names), own)
    app.replace('top.mjs', `import 'pkg'; export { value } from './b.mjs'`)
    assert.equal(await app.ask('get', './top.mjs'), 2)
    assert.deepEqual(watched(app, names), linked === names ? ['main.mjs', 'b.mjs'] : [])
  }
})

test('no more watches: the folder of the files is polled, with one line', { skip: noNamespaces }, async (t) => {
  const names = Array.from({ length: 6 }, (_, n) => `f${n}.mjs`)
  const files = { 'main.mjs': get, ...Object.fromEntries(names.map((name) => [name, value(1)])) }
  const folder = createLinked(t, { files }, ...names)
  const app = await startApp(t, { folder, within: limited(5) })
  for (const n of [1, 2, 3]) {
    for (const name of names) fs.writeFileSync(other(folder, name), value(n))
    for (const name of names) await app.expect('get', n, `./${name}`)
  }
  assert.match(app.output.stderr, /^hot-hook: cannot watch \/.*\/f\d\.mjs \(.*\): polling its folder instead\n$/)
})

test('a file that is mounted by itself', { skip: noMounts }, async (t) => {
  const hotHook = { restart: ['.env'] }
  const files = { 'main.mjs': get, 'a b.mjs': value(0), '.env': '' }
  const folder = createFolder(t, { hotHook, files })
  fs.mkdirSync(other(folder, ''))
  fs.writeFileSync(other(folder, 'a b.mjs'), value(1))
  fs.writeFileSync(other(folder, '.env'), 'A=1')
  const app = await startApp(t, { folder, within: mounting(`mount --bind '../other/a b.mjs' 'a b.mjs'; mount --bind ../other/.env .env`) })
  for (const n of [1, 2, 3]) {
    fs.writeFileSync(other(folder, 'a b.mjs'), value(n))
    assert.equal(await app.ask('get', './a b.mjs'), n)
  }
  fs.writeFileSync(other(folder, '.env'), 'A=2')
  assert.equal((await app.message('full-reload')).path, app.file('.env'))
  assert.equal(app.output.stderr, '')
})

test('what is mounted while the app runs', { skip: noMounts }, async (t) => {
  const files = { 'main.mjs': get, 'a.mjs': value(1), 'deep/below/b.mjs': value(1) }
  const folder = createFolder(t, { files })
  fs.mkdirSync(other(folder, 'below'), { recursive: true })
  for (const name of ['a.mjs', 'below/b.mjs']) fs.writeFileSync(other(folder, name), value(2))
  const app = await startApp(t, { folder, within: mounting('') })
  for (const [file, inside, outside] of [
    ['./a.mjs', 'a.mjs', 'a.mjs'],
    ['./deep/below/b.mjs', 'deep/below', 'below'],
    ['./deep/below/b.mjs', 'deep', ''],
  ]) {
    const saved = other(folder, file.includes('b.mjs') ? 'below/b.mjs' : 'a.mjs')
    for (const round of [0, 1]) {
      assert.equal(await app.ask('get', file), 1 + round * 10)
      fs.writeFileSync(saved, value(2))
      await app.ask('run', 'mount', '--bind', other(folder, outside), app.file(inside))
      assert.equal(await app.ask('get', file), 2, `${inside} is mounted`)
      fs.writeFileSync(saved, value(3))
      assert.equal(await app.ask('get', file), 3)
      await app.ask('run', 'umount', app.file(inside))
      assert.equal(await app.ask('get', file), 1 + round * 10, `${inside} is mounted no longer`)
      app.save(file, value(11))
      assert.equal(await app.ask('get', file), 11)
    }
    app.save(file, value(1))
    // Without an import, too.
    const told = app.told('invalidated').length
    fs.writeFileSync(saved, value(4))
    await app.ask('get', file)
    await app.ask('run', 'mount', '--bind', other(folder, outside), app.file(inside))
    await app.message('invalidated', told + 2)
    await app.ask('run', 'umount', app.file(inside))
    assert.equal(await app.ask('get', file), 1)
  }
  assert.deepEqual(app.told('full-reload'), [])
})
