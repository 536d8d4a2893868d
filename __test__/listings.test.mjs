/**
 * A new file in a folder that a package lists is not loaded until a restart: one line says so.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import test from 'node:test'
import { startApp } from './support/app.mjs'

/** Loads all modules of a folder, and of those in it, as @fastify/autoload does. */
const AUTOLOAD = {
  'node_modules/autoload/package.json': JSON.stringify({ name: 'autoload', main: './index.js' }),
  'node_modules/autoload/index.js': `const { readdirSync } = require('node:fs')
    const { join } = require('node:path')
    const { pathToFileURL } = require('node:url')
    module.exports = async function autoload(folder, load = (file) => import(pathToFileURL(file).href)) {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const file = join(folder, entry.name)
        if (entry.isDirectory()) await autoload(file, load)
        else if (/^\\w+\\.[mc]?js$/.test(entry.name)) await load(file)
      }
    }
    module.exports.byRequire = (folder) => module.exports(folder, (file) => require(file))`,
}
const route = 'export default 1'
const start = (t, more, call = 'autoload') =>
  startApp(t, {
    files: {
      ...AUTOLOAD,
      ...more,
      'main.mjs': `import { fileURLToPath } from 'node:url'
        import autoload from 'autoload'
        await ${call}(fileURLToPath(new URL('routes', import.meta.url)))
        serve({ get: async (file) => (await import(file)).default })`,
    },
  })
const lines = (app) => app.output.stderr.split('\n').filter((line) => line !== '')
const said = async (app, count = 1) => {
  await app.until(`${count} line(s)`, () => lines(app).length >= count)
  return lines(app)
}
const one = (file) => `hot-hook: new file ${file}: nothing has imported it; if it is found by listing a folder, restart to load it`

test('a new file, one in a new folder, and several at once, by import() and by require()', { concurrency: true }, async (t) => {
  const check = async (t, call, text) => {
    const app = await start(t, { 'routes/users/index.js': text, 'routes/posts/index.js': text, 'routes/root.js': text, 'routes/root.test.js': text }, call)
    app.save('routes/tags/index.js', text)
    assert.deepEqual(await said(app), [one('routes/tags/index.js')])
    // A save of what is known by now, atomic or not, says nothing more.
    app.replace('routes/tags/index.js', `${text};`)
    app.replace('routes/root.test.js', `${text};`)
    app.save('routes/other.js', text)
    assert.deepEqual((await said(app, 2))[1], one('routes/other.js'))
    fs.mkdirSync(app.file('routes/late/deep'), { recursive: true })
    await app.quiet()
    for (const name of ['late', 'late/deep', 'b', 'c']) app.save(`routes/${name}/index.js`, text)
    const many = ['b', 'c', 'late/deep', 'late'].map((name) => `routes/${name}/index.js`).join(', ')
    assert.deepEqual((await said(app, 3))[2], `hot-hook: new files ${many}: nothing has imported them; if they are found by listing a folder, restart to load them`)
    assert.deepEqual(app.messages, [])
  }
  const cases = [
    t.test('import()', (t) => check(t, 'autoload', route)),
    t.test('require()', async (t) => check(t, 'autoload.byRequire', '"use strict"')),
  ]
  await Promise.all(cases)
})

test('a file that is imported, or that nobody would list, says nothing', async (t) => {
  const app = await start(t, { 'routes/a.js': route, 'routes/b.js': route, 'pages/index/index.js': route, 'lib/x.js': route, 'alone/y.js': route })
  for (const name of ['lib/x.js', 'alone/y.js']) assert.equal(await app.ask('get', `./${name}`), 1)
  for (const name of ['lib/new.js', 'alone/new.js', 'top.js', 'routes/new.test.js', 'routes/new.d.ts', 'routes/notes.txt', 'routes/.new.js', 'routes/imported.js']) app.save(name, route)
  assert.equal(await app.ask('get', './routes/imported.js'), 1)
  await assert.rejects(app.ask('get', './routes/awaited.js'), { code: 'ERR_MODULE_NOT_FOUND' })
  app.save('routes/awaited.js', route)
  app.save('routes/gone.js', route)
  app.remove('routes/gone.js')
  await app.quiet()
  app.save('routes/zzz.js', route)
  assert.deepEqual(await said(app), [one('routes/zzz.js')])
})
