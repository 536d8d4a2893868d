/**
 * Patterns of boundaries that match nothing a while after they were given: one line, once.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { createFolder, startApp } from './support/app.mjs'

const lines = (app) => app.output.stderr.split('\n').filter((line) => line !== '')
const value = 'export const value = 1'
const told = (what) => `hot-hook: boundaries: the pattern${what.includes(', "') || what.includes(') and ') ? 's' : ''} ${what} no module and no file: check the spelling and the folder`
const SERVE = 'serve({ get: async (file) => (await import(file)).value })'
/** Lets an app say all that it has to say of its patterns: a marker that is given last is told last. */
async function toldAll(app, count = 1) {
  await app.until(`${count} line(s)`, () => lines(app).length >= count)
  await app.quiet()
  return lines(app)
}

test('patterns that match nothing', { concurrency: true }, async (t) => {
  const cases = [
    t.test('are named with who gave them and from where they are meant, in one line', async (t) => {
      const app = await startApp(t, {
        hotHook: { boundaries: ['./pagez/*.mjs', './pages/*.mjs', '!./pages/no.mjs', './x.mjs', './x.mjs', '**/lib/**'], restart: ['./none.yaml'], ignore: ['./gone/**'] },
        files: { 'main.mjs': SERVE, 'pages/late.mjs': value, 'node_modules/lib/index.js': value, '.git/lib/x.mjs': value },
      })
      assert.equal(await app.ask('get', './pages/late.mjs'), 1)
      const place = `(${app.file('package.json')}#hotHook, relative to rootDirectory ${app.folder})`
      assert.deepEqual(await toldAll(app), [told(`"./pagez/*.mjs", "./x.mjs", "**/lib/**" ${place} match`)])
    }),
    t.test('say nothing where files are there that are imported later, or modules through links', async (t) => {
      const folder = createFolder(t, {
        hotHook: { boundaries: ['./pages/**/*.mjs', './linked/*.mjs', './[id].mjs', '{a,b}/*.mjs', 'node_modules/lib/*.js', './bad.mjs'] },
        files: { 'main.mjs': SERVE, 'pages/deep/late.mjs': value, 'real/r.mjs': value, '[id].mjs': value, 'b/x.mjs': value, 'node_modules/lib/index.js': value },
      })
      fs.symlinkSync('real', path.join(folder, 'linked'), 'dir')
      const app = await startApp(t, { folder })
      assert.match((await toldAll(app)).join('\n'), /^[^\n]*the pattern "\.\/bad\.mjs" \([^\n]*$/)
    }),
    t.test('of hot.init() and of workers, each once', async (t) => {
      const app = await startApp(t, {
        hotHook: { boundaries: ['./never-in-force.mjs'] },
        files: {
          'src/main.mjs': `import { Worker } from 'node:worker_threads'
            import { hot } from 'hot-hook'
            await hot.init({ root: import.meta.filename, boundaries: ['./pagez/*.mjs'], rootDirectory: import.meta.dirname })
            for (let n = 0; n < 3; n++) new Worker(new URL('./w.mjs', import.meta.url))
            serve({})`,
          'src/w.mjs': `import { hot } from 'hot-hook'
            await hot.init({ boundaries: ['./of-worker.mjs'] })
            setInterval(() => {}, 1000)`,
        },
        entry: 'src/main.mjs',
      })
      const place = (folder) => `(hot.init(), relative to rootDirectory ${folder})`
      assert.deepEqual(await toldAll(app), [
        told(`"./pagez/*.mjs" ${place(app.file('src'))} and "./of-worker.mjs" ${place(app.folder)} match`),
      ])
    }),
    t.test('a folder is no file', async (t) => {
      const app = await startApp(t, { hotHook: { boundaries: './pages' }, files: { 'main.mjs': SERVE, 'pages/a.mjs': value } })
      assert.equal((await toldAll(app))[0].includes('the pattern "./pages" ('), true, app.known())
    }),
    t.test('a pattern that is saved later, too', async (t) => {
      const app = await startApp(t, { hotHook: { boundaries: './a.mjs' }, files: { 'main.mjs': SERVE, 'a.mjs': value } })
      app.save('package.json', JSON.stringify({ name: 'app', type: 'module', hotHook: { boundaries: ['./a.mjs', './b.mjs'] } }))
      const [, line] = await toldAll(app, 2)
      assert.match(line, /the pattern "\.\/b\.mjs" \(/)
    }),
    t.test('nothing where there is too much to look at, and the process ends by itself', async (t) => {
      const folder = createFolder(t, { hotHook: { boundaries: '**/none.mjs' }, files: { 'main.mjs': SERVE } })
      fs.mkdirSync(path.join(folder, 'many'))
      for (let n = 0; n < 5001; n++) fs.writeFileSync(path.join(folder, 'many', String(n)), '')
      const app = await startApp(t, { folder })
      const ending = await startApp(t, { hotHook: { boundaries: './none.mjs' }, files: { 'main.mjs': '' }, ipc: false })
      const begin = Date.now()
      assert.deepEqual(await ending.exit(), { code: 0, signal: null })
      assert.equal(ending.output.stderr, '')
      await app.until('the time is over', () => Date.now() - begin > 6000)
      assert.deepEqual(lines(app), [])
    }),
  ]
  await Promise.all(cases)
})
