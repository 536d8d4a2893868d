/* Odd names of files: characters that URLs encode, links, names that are not UTF-8. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { createFolder, HOT, startApp } from './support/app.mjs'

const NAMES = [
  'with space',
  'hash#tag',
  'question?mark',
  '?v=1',
  'percent%',
  'percent%20encoded',
  'ünï-日本語-😀',
  'e\u0301 decomposed',
  'new\nline',
  'tab\tstop',
  `quo'te"s`,
  'tick`$\u007bx}',
  '[id]',
  '{a,b}',
  '(group)!+@',
  'star*',
  '-dash',
  '..dots',
  'a;b&c=d',
  '\u2028separator',
]
const value = (n) => `export const value = ${n}`
const url = (name) => pathToFileURL(`/${name}`).pathname.slice(1)
const main = `serve({ get: async (url) => (await import(url, ${HOT})).value })`

test('files of any name, and folders: below a boundary, as a boundary, as a pattern', async (t) => {
  const files = { 'main.mjs': main }
  for (const name of NAMES) {
    files[`${name}.mjs`] = `export { value } from ${JSON.stringify(`./${url(name)}/${url(name)}.mjs`)}`
    files[`${name}/${name}.mjs`] = value(1)
  }
  const app = await startApp(t, { files })
  for (const [n, name] of NAMES.entries()) {
    const file = `./${url(name)}.mjs`
    assert.equal(await app.ask('get', file), 1, name)
    app.save(`${name}/${name}.mjs`, value(2))
    assert.equal(await app.ask('get', file), 2, name)
    app.replace(`${name}.mjs`, value(3))
    assert.equal(await app.ask('get', file), 3, name)
    const above = app.file(`${name}.mjs`)
    assert.deepEqual(await app.message('invalidated', 2 * n + 1), {
      type: 'hot-hook:invalidated',
      paths: [app.file(`${name}/${name}.mjs`), above],
    })
    assert.deepEqual(await app.message('invalidated', 2 * n + 2), { type: 'hot-hook:invalidated', paths: [above] })
  }
  assert.equal(app.messages.length, 2 * NAMES.length)
  assert.equal(app.output.stderr, '')
})

test('CommonJS files of any name', async (t) => {
  // An import cannot name a backslash, a require() can.
  const names = [...NAMES, 'back\\slash']
  const files = {
    'main.mjs': `serve({ get: async (name) => (await import('./b.cjs', ${HOT})).default[name] })`,
    'b.cjs': names.map((name) => `exports[${JSON.stringify(name)}] = require(${JSON.stringify(`./${name}.cjs`)})`).join('\n'),
  }
  for (const name of names) files[`${name}.cjs`] = 'module.exports = 1'
  const app = await startApp(t, { files })
  for (const [n, name] of names.entries()) {
    assert.equal(await app.ask('get', name), 1, name)
    app.save(`${name}.cjs`, 'module.exports = 2')
    assert.equal(await app.ask('get', name), 2, name)
    assert.deepEqual((await app.message('invalidated', n + 1)).paths, [app.file(`${name}.cjs`), app.file('b.cjs')])
  }
  assert.deepEqual(app.told('full-reload'), [])
})

test('a whole app in a folder of an odd name', async (t) => {
  const name = `a #?%20 '"日本[x]{y} b`
  const base = createFolder(t, {})
  const folder = path.join(base, name)
  fs.mkdirSync(folder)
  const files = { 'package.json': JSON.stringify({ type: 'module', hotHook: { boundaries: ['./c/*.mjs'], restart: ['.env', './r/*.json'] } }), 'c/b.mjs': value(1), 'cold.mjs': '', 'r/x.json': '1' }
  files['main.mjs'] = `import './cold.mjs'; import { hot } from 'hot-hook'
    serve({ get: async () => (await import('./c/b.mjs')).value, dump: () => hot.dump() })`
  for (const [file, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    fs.writeFileSync(path.join(folder, file), text)
  }
  const app = await startApp(t, { folder })
  assert.equal(await app.ask('get'), 1)
  app.save('c/b.mjs', value(2))
  assert.equal(await app.ask('get'), 2)
  await app.message('invalidated')
  assert.deepEqual((await app.ask('dump')).slice(0, 3).map((node) => node.path), ['main.mjs', 'cold.mjs', 'c/b.mjs'])
  for (const [n, file] of ['cold.mjs', '.env', 'r/x.json'].entries()) {
    app.save(file, '// 2')
    assert.equal((await app.message('full-reload', n + 1)).path, app.file(file))
  }
  assert.equal(app.messages.length, 4)
})

test('names that are not UTF-8, next to ours', { skip: process.platform !== 'linux' && 'other systems have no such names' }, async (t) => {
  const app = await startApp(t, { hotHook: { restart: ['./*.json'] }, files: { 'main.mjs': main, 'b.mjs': value(1) } })
  assert.equal(await app.ask('get', './b.mjs'), 1)
  const odd = Buffer.concat([Buffer.from(`${app.folder}/`), Buffer.from([0xff, 0xfe, 0x80]), Buffer.from('.mjs')])
  fs.writeFileSync(odd, '')
  fs.mkdirSync(Buffer.concat([odd, Buffer.from('d')]))
  fs.rmSync(odd)
  app.save('b.mjs', value(2))
  assert.equal(await app.ask('get', './b.mjs'), 2)
  await app.message('invalidated')
  assert.equal(app.messages.length, 1)
  assert.equal(app.output.stderr, '')
})

test('a symbolic link, and where it leads', async (t) => {
  const folder = createFolder(t, { files: { 'main.mjs': main, 'real/b.mjs': value(1), 'other/b.mjs': value(10) } })
  fs.symlinkSync('real', path.join(folder, 'link'), 'dir')
  fs.symlinkSync('real/b.mjs', path.join(folder, 'c.mjs'))
  const app = await startApp(t, { folder })
  for (const file of ['./link/b.mjs', './c.mjs', './real/b.mjs']) assert.equal(await app.ask('get', file), 1)
  app.save('real/b.mjs', value(2))
  for (const file of ['./link/b.mjs', './c.mjs', './real/b.mjs']) assert.equal(await app.ask('get', file), 2)
  assert.deepEqual(await app.message('invalidated'), { type: 'hot-hook:invalidated', paths: [app.file('real/b.mjs')] })
  assert.equal(app.messages.length, 1)
})

test('a symbolic link that is changed, and names that a URL encodes: one instance of what it leads to', async (t) => {
  for (const name of ['[id].mjs', 'a~b.mjs', 'a b^`{}|"%41é.mjs']) {
    const code = `import 'node:fs'; export const value = globalThis.n = (globalThis.n ?? 0) + 1`
    const files = { 'main.mjs': main, [`one/${name}`]: value(0), [`two/${name}`]: code }
    const folder = createFolder(t, { files })
    fs.symlinkSync('one', path.join(folder, 'link'), 'dir')
    const app = await startApp(t, { folder })
    const spelt = encodeURIComponent(name)
    assert.equal(await app.ask('get', `./link/${spelt}`), 0)
    fs.rmSync(app.file('link'))
    fs.symlinkSync('two', app.file('link'), 'dir')
    assert.equal(await app.ask('get', `./link/${spelt}`), 1)
    assert.equal(await app.ask('get', `./two/${spelt}`), 1, 'the same')
  }
})
