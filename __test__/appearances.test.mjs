/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { HOT, createFolder, said, startApp } from './support/app.mjs'

const value = (n) => `export const value = ${n}`
const get = `serve({ get: async (file) => (await import(file, ${HOT})).value, log: () => log.lines.splice(0) })`
const from = (specifier) => `export { value } from '${specifier}'`
const isMissing = (answer) => answer.code === 'ERR_MODULE_NOT_FOUND'

/** Points a link at something else, as `ln -sfn` and deployments do. @param {string} link @param {string} target */
function retarget(link, target) {
  fs.symlinkSync(target, `${link}.new`)
  fs.renameSync(`${link}.new`, link)
}

/** Nothing but invalidations was told, and nothing said. @param {any} app */
function isQuiet(app) {
  assert.deepEqual(app.told('full-reload'), [])
  assert.equal(said(app), '')
}

for (const [name, file] of [['a boundary', 'b.mjs'], ['a dependency', 'lib/c.mjs'], ['CommonJS', 'lib/d.cjs'], ['JSON', 'lib/e.json']]) {
  test(`deleted and recreated, with and without being missed: ${name}`, async (t) => {
    const text = (n) => (file.endsWith('.cjs') ? `exports.value = ${n}` : file.endsWith('.json') ? `{ "value": ${n} }` : value(n))
    const above = {
      'b.mjs': {},
      'lib/c.mjs': { 'b.mjs': from('./lib/c.mjs') },
      'lib/d.cjs': { 'b.mjs': from('./lib/d.cjs') },
      'lib/e.json': { 'b.mjs': `import e from './lib/e.json' with { type: 'json' }; export const { value } = e` },
    }
    const app = await startApp(t, { before: ['--no-warnings'], files: { 'main.mjs': get, ...above[file], [file]: text(1) } })
    assert.equal(await app.ask('get', './b.mjs'), 1)
    for (const n of [2, 4]) {
      app.remove(file)
      app.save(file, text(n))
      assert.equal(await app.ask('get', './b.mjs'), n, 'at once')
      app.remove(file)
      await app.expect('get', (answer) => answer.inApp, './b.mjs')
      app.save(file, text(n + 1))
      await app.expect('get', n + 1, './b.mjs')
    }
    isQuiet(app)
  })
}

test('a directory removed and brought back, with and without being missed', async (t) => {
  const lib = (n) => ({ 'lib/c.mjs': from('./deep/d.mjs'), 'lib/deep/d.mjs': value(n) })
  const app = await startApp(t, { files: { 'main.mjs': get, 'b.mjs': from('./lib/c.mjs'), ...lib(1) } })
  const save = (files) => Object.entries(files).forEach(([name, text]) => app.save(name, text))
  assert.equal(await app.ask('get', './b.mjs'), 1)
  for (const n of [2, 5]) {
    app.remove('lib')
    save(lib(n))
    await app.expect('get', n, './b.mjs')
    app.remove('lib')
    await app.expect('get', isMissing, './b.mjs')
    save(lib(n + 1))
    await app.expect('get', n + 1, './b.mjs')
    fs.renameSync(app.file('lib'), app.file('away'))
    await app.expect('get', isMissing, './b.mjs')
    app.save('away/deep/d.mjs', value(n + 2))
    fs.renameSync(app.file('away'), app.file('lib'))
    await app.expect('get', n + 2, './b.mjs')
  }
  isQuiet(app)
})

test('a directory put in the place of another', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': get, 'b.mjs': from('./lib/c.mjs'), 'lib/c.mjs': value(1) } })
  assert.equal(await app.ask('get', './b.mjs'), 1)
  for (const n of [2, 3, 4]) {
    app.save('next/c.mjs', value(n))
    fs.renameSync(app.file('lib'), app.file(`old${n}`))
    fs.renameSync(app.file('next'), app.file('lib'))
    assert.equal(await app.ask('get', './b.mjs'), n)
    app.save('lib/c.mjs', value(n * 10))
    assert.equal(await app.ask('get', './b.mjs'), n * 10, 'it is watched')
  }
  isQuiet(app)
})

test('two files swapped', async (t) => {
  const files = { 'main.mjs': get, 'b.mjs': `import { value as c } from './c.mjs'; import { value as d } from './d.mjs'; export const value = [c, d]` }
  const app = await startApp(t, { files: { ...files, 'c.mjs': value(1), 'd.mjs': value(2) } })
  assert.deepEqual(await app.ask('get', './b.mjs'), [1, 2])
  for (const expected of [[2, 1], [1, 2]]) {
    fs.renameSync(app.file('c.mjs'), app.file('x.mjs'))
    fs.renameSync(app.file('d.mjs'), app.file('c.mjs'))
    fs.renameSync(app.file('x.mjs'), app.file('d.mjs'))
    assert.deepEqual(await app.ask('get', './b.mjs'), expected)
  }
  isQuiet(app)
})

test('a file renamed, and its importer updated, in either order', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': get, 'b.mjs': from('./c0.mjs'), 'c0.mjs': value(0) } })
  assert.equal(await app.ask('get', './b.mjs'), 0)
  for (const n of [1, 2, 3, 4]) {
    const rename = () => fs.renameSync(app.file(`c${n - 1}.mjs`), app.file(`c${n}.mjs`))
    const update = () => app.save('b.mjs', from(`./c${n}.mjs`))
    for (const step of n % 2 ? [rename, update] : [update, rename]) step()
    assert.equal(await app.ask('get', './b.mjs'), n - 1)
    app.save(`c${n}.mjs`, value(n))
    assert.equal(await app.ask('get', './b.mjs'), n)
  }
  isQuiet(app)
})

for (const flags of [[], ['--preserve-symlinks']]) {
  const name = flags.length > 0 ? ` ${flags}` : ''

  const release = (n) => ({ [`releases/${n}/c.mjs`]: from('./deep/d.mjs'), [`releases/${n}/deep/d.mjs`]: value(n) })
  for (const { what, link, files, first, second, imported } of [
    { what: 'file', link: 'link.mjs', files: { 'one.mjs': value(1), 'two.mjs': value(2) }, first: 'one.mjs', second: 'two.mjs', imported: '' },
    { what: 'directory', link: 'current', files: { ...release(1), ...release(2) }, first: 'releases/1', second: 'releases/2', imported: '/deep/d.mjs' },
  ]) {
    test(`a symlinked ${what}: saved, retargeted, its importer saved or not${name}`, async (t) => {
      const importer = from(`./${link}${imported && '/c.mjs'}`)
      const folder = createFolder(t, { files: { 'main.mjs': get, 'b.mjs': importer, ...files } })
      fs.symlinkSync(first, path.join(folder, link))
      const app = await startApp(t, { folder, before: flags })
      assert.equal(await app.ask('get', './b.mjs'), 1)
      app.save(first + imported, value(11))
      assert.equal(await app.ask('get', './b.mjs'), 11)
      retarget(app.file(link), second)
      assert.equal(await app.ask('get', './b.mjs'), 2)
      app.save(second + imported, value(12))
      assert.equal(await app.ask('get', './b.mjs'), 12)
      retarget(app.file(link), first)
      app.save('b.mjs', `${importer} // saved`)
      assert.equal(await app.ask('get', './b.mjs'), 11)
      fs.unlinkSync(app.file(link))
      fs.symlinkSync(second, app.file(link))
      assert.equal(await app.ask('get', './b.mjs'), 12)
      isQuiet(app)
    })
  }

  test(`a symlinked project${name}`, async (t) => {
    const folder = createFolder(t, { hotHook: { boundaries: ['./b.mjs'] }, files: { 'main.mjs': get.replace(HOT, '{}'), 'b.mjs': from('./lib/c.mjs'), 'lib/c.mjs': value(1) } })
    const link = `${folder}-link`
    fs.symlinkSync(folder, link)
    const preserved = flags.length > 0 ? [...flags, '--preserve-symlinks-main'] : []
    const app = await startApp(t, { folder: link, cwd: link, before: preserved })
    assert.equal(await app.ask('get', './b.mjs'), 1)
    for (const n of [2, 3, 4]) {
      fs.writeFileSync(path.join(n % 2 ? link : folder, 'lib/c.mjs'), value(n))
      assert.equal(await app.ask('get', './b.mjs'), n)
    }
    isQuiet(app)
  })

  test(`a workspace package that is linked into node_modules is hot${name}`, async (t) => {
    const folder = createFolder(t, {
      files: {
        'main.mjs': get,
        'b.mjs': from('@workspace/lib'),
        'packages/lib/package.json': `{ "name": "@workspace/lib", "type": "module", "exports": "./src/index.js" }`,
        'packages/lib/src/index.js': from('./value.js'),
        'packages/lib/src/value.js': value(1),
        'node_modules/installed/index.js': '',
      },
    })
    fs.mkdirSync(path.join(folder, 'node_modules/@workspace'))
    fs.symlinkSync('../../packages/lib', path.join(folder, 'node_modules/@workspace/lib'))
    const app = await startApp(t, { folder, before: flags })
    assert.equal(await app.ask('get', './b.mjs'), 1)
    for (const n of [2, 3]) {
      app.save('packages/lib/src/value.js', value(n))
      assert.equal(await app.ask('get', './b.mjs'), n)
    }
    isQuiet(app)
  })
}
