/* package.json files of dependencies, and links in node_modules, that change. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { createFolder, HOT, startApp, write } from './support/app.mjs'

const env = { HOT_HOOK_REASON: '1' }
const lib = (version, more) => JSON.stringify({ name: 'lib', version, type: 'module', exports: './index.js', ...more })
const files = {
  'main.mjs': `import { b } from 'lib'; serve({ get: async () => (await import('./src/a.js', ${HOT})).value + b })`,
  'src/a.js': `import { c } from '#c'; export const value = c`,
  'src/c.js': 'export const c = 1',
  'node_modules/lib/package.json': lib('1.0.0'),
  'node_modules/lib/index.js': 'export const b = 1',
}
const packageJson = { version: '1.0.0', main: './main.mjs', exports: './main.mjs', imports: { '#c': './src/c.js' }, scripts: { start: 'node .' } }

/** @param {import('./support/app.mjs').App} app @param {string} name @param {(manifest: any) => any} change */
function edit(app, name, change) {
  const manifest = JSON.parse(fs.readFileSync(app.file(name), 'utf8'))
  change(manifest)
  app.save(name, JSON.stringify(manifest, null, 2))
}

const start = async (t) => {
  const app = await startApp(t, { files, packageJson, env })
  assert.equal(await app.ask('get'), 2)
  return app
}

/** What is edited, and the reason for a restart. */
const edits = {
  imports: [(it) => (it.imports['#c'] = './src/d.js'), 'package.json changed, of which Node keeps "imports" as it was'],
  'exports and main': [(it) => (it.exports = it.main = './other.mjs'), 'package.json changed, of which Node keeps "main" and "exports" as it was'],
  type: [(it) => delete it.type, 'package.json changed, of which Node keeps "type" as it was'],
}

for (const [name, [change, text]] of Object.entries(edits)) {
  test(`an edit of ${name} asks for a restart, with that reason`, async (t) => {
    const app = await start(t)
    edit(app, 'package.json', change)
    const { path: file, reason } = await app.message('full-reload')
    assert.equal(file, app.file('package.json'))
    assert.deepEqual(reason, { text, chain: [] })
    assert.deepEqual(app.told('invalidated'), [])
  })
}

test('an edit of what Node does not go by asks for nothing', async (t) => {
  const app = await start(t)
  edit(app, 'package.json', (it) => Object.assign(it, { version: '2.0.0', scripts: {}, dependencies: { lib: '1' }, hotHook: it.hotHook }))
  edit(app, 'node_modules/lib/package.json', (it) => (it.description = 'a library'))
  app.save('package.json', fs.readFileSync(app.file('package.json'), 'utf8').replaceAll(' ', ''))
  app.save('package.json', '{ "half": ')
  app.save('src/package.json', '{ "private": true, "type": "module", "imports": { "#c": "./src/c.js" } }')
  app.remove('src/package.json')
  assert.equal(await app.ask('get'), 2)
  await app.quiet()
  assert.deepEqual(app.messages, [])
})

test('a package.json that comes between, and one that goes', async (t) => {
  const app = await start(t)
  app.save('src/package.json', '{ "type": "commonjs" }')
  const { reason } = await app.message('full-reload')
  assert.equal(reason.text, 'src/package.json changed, of which Node keeps "type" and "imports" as it was')
  app.remove('package.json')
  assert.match((await app.message('full-reload', 2)).reason.text, /^package\.json changed, of which Node keeps "type"/)
})

test('the exports of an installed package are edited', async (t) => {
  const app = await start(t)
  edit(app, 'node_modules/lib/package.json', (it) => (it.exports = { '.': './index.js', './more': './more.js' }))
  const { path: file, reason } = await app.message('full-reload')
  assert.equal(file, app.file('node_modules/lib/package.json'))
  assert.equal(reason.text, 'node_modules/lib/package.json changed, of which Node keeps "exports" as it was')
})

const updates = {
  'in place': (app) => {
    app.save('node_modules/lib/index.js', 'export const b = 2')
    app.save('node_modules/lib/package.json', lib('2.0.0'))
  },
  'taken away, and put back': (app) => {
    app.remove('node_modules/lib')
    app.save('node_modules/lib/package.json', lib('2.0.0'))
    app.save('node_modules/lib/index.js', 'export const b = 2')
  },
  'by a rename, as npm does': (app) => {
    app.save('node_modules/.lib-new/package.json', lib('2.0.0'))
    app.save('node_modules/.lib-new/index.js', 'export const b = 2')
    fs.renameSync(app.file('node_modules/lib'), app.file('node_modules/.lib-old'))
    fs.renameSync(app.file('node_modules/.lib-new'), app.file('node_modules/lib'))
  },
  'with all of node_modules': (app) => {
    const own = fs.readlinkSync(app.file('node_modules/hot-hook'))
    app.remove('node_modules')
    app.save('node_modules/lib/package.json', lib('2.0.0'))
    app.save('node_modules/lib/index.js', 'export const b = 2')
    fs.symlinkSync(own, app.file('node_modules/hot-hook'), 'dir')
  },
}

for (const [name, update] of Object.entries(updates)) {
  test(`an update of an installed package asks for a restart, once: ${name}`, async (t) => {
    const app = await start(t)
    update(app)
    const { reason } = await app.message('full-reload')
    assert.match(reason.text, /^node_modules\/lib\/\S+ changed: lib was updated from 1\.0\.0 to 2\.0\.0$/)
    await app.quiet()
    assert.equal(app.messages.length, 1, app.known())
  })
}

test('the same version is installed once more: that is no update', async (t) => {
  const app = await start(t)
  app.remove('node_modules/lib')
  app.save('node_modules/lib/package.json', lib('1.0.0'))
  app.save('node_modules/lib/index.js', 'export const b = 1')
  await app.quiet()
  assert.deepEqual(app.messages, [])
})

test('an update is told when the package is complete', async (t) => {
  const app = await start(t)
  app.remove('node_modules/lib')
  app.save('node_modules/lib/package.json', lib('2.0.0', { exports: './dist/index.js' }))
  app.save('node_modules/lib/README.md', 'lib')
  await app.quiet()
  assert.deepEqual(app.messages, [])
  app.save('node_modules/lib/dist/index.js', 'export const b = 2')
  assert.match((await app.message('full-reload')).reason.text, /lib was updated from 1\.0\.0 to 2\.0\.0$/)
})

/** Where a linked package lies before and after, from the app's folder. */
const links = {
  pnpm: ['node_modules/.pnpm/lib@1.0.0/node_modules/lib', 'node_modules/.pnpm/lib@2.0.0/node_modules/lib'],
  'a workspace': ['packages/lib', 'packages/lib-two'],
}

for (const [name, [before, after]] of Object.entries(links)) {
  test(`a link in node_modules leads elsewhere: ${name}`, async (t) => {
    const folder = createFolder(t, { packageJson, files: { 'main.mjs': files['main.mjs'], 'src/a.js': files['src/a.js'], 'src/c.js': files['src/c.js'] } })
    for (const [n, at] of [before, after].entries()) {
      write(folder, `${at}/package.json`, lib(`${n + 1}.0.0`))
      write(folder, `${at}/index.js`, `export const b = ${n + 1}`)
    }
    const link = path.join(folder, 'node_modules/lib')
    fs.symlinkSync(path.join(folder, before), link, 'dir')
    const app = await startApp(t, { folder, env })
    assert.equal(await app.ask('get'), 2)
    fs.rmSync(link)
    fs.symlinkSync(path.join(folder, after), link, 'dir')
    const { reason } = await app.message('full-reload')
    assert.equal(reason.text, 'node_modules/lib changed: lib was updated from 1.0.0 to 2.0.0')
    await app.quiet()
    assert.equal(app.told('full-reload').length, 1)
  })
}

test('CommonJS: a package that was required is updated', async (t) => {
  const app = await startApp(t, {
    env,
    entry: 'main.cjs',
    files: {
      'main.cjs': `const { b } = require('lib'); serve({ get: () => b })`,
      'node_modules/lib/package.json': lib('1.0.0', { type: 'commonjs' }),
      'node_modules/lib/index.js': 'exports.b = 1',
    },
  })
  assert.equal(await app.ask('get'), 1)
  app.save('node_modules/lib/package.json', lib('1.0.1', { type: 'commonjs' }))
  assert.match((await app.message('full-reload')).reason.text, /lib was updated from 1\.0\.0 to 1\.0\.1$/)
})
