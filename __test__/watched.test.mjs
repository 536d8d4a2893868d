/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { createFolder, HOT, isLinux, startApp } from './support/app.mjs'
import { logs, SERVE } from './support/log.mjs'

const get = `serve({ get: async (name) => (await import(name, ${HOT})).value })`
const page = (patterns = `'./page.html'`) => `import fs from 'node:fs'
  import.meta.hot?.watch(${patterns})
  export const value = fs.readFileSync(new URL('./page.html', import.meta.url), 'utf8')`

for (const patterns of [`'page.html'`, `'./page.html'`, `new URL('./page.html', import.meta.url)`, `['./*.css', '*.html']`, `'../views/page.html'`, `'**/*.html'`]) {
  test(`a watched file counts as the module: watch(${patterns})`, async (t) => {
    const app = await startApp(t, {
      files: { 'main.mjs': get, 'views/page.mjs': page(patterns), 'views/page.html': 'one' },
    })
    assert.equal(await app.ask('get', './views/page.mjs'), 'one')
    for (const text of ['two', 'three', 'four']) {
      app.save('views/page.html', text)
      assert.equal(await app.ask('get', './views/page.mjs'), text)
    }
    const told = app.told('invalidated').map(({ paths }) => paths)
    assert.deepEqual(told, [1, 2, 3].map(() => ['views/page.html', 'views/page.mjs'].map(app.file)))
    app.save('views/page.html', 'four')
    app.replace('views/page.html', 'four')
    assert.equal(await app.ask('get', './views/page.mjs'), 'four')
    assert.equal(app.told('invalidated').length, 3, 'a save without effect')
  })
}

test('files that come and go, and folders', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': get,
      'list.mjs': `import fs from 'node:fs'
        import.meta.hot.watch(['./sql/**/*.sql', './none.yml'])
        const list = (folder) => fs.existsSync(folder) ? fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map(({ name }) => name) : []
        export const value = [...list(new URL('./sql', import.meta.url)), fs.existsSync(new URL('./none.yml', import.meta.url))].join(' ')`,
    },
  })
  assert.equal(await app.ask('get', './list.mjs'), 'false')
  app.save('none.yml', '1')
  await app.expect('get', 'true', './list.mjs')
  app.save('sql/a.sql', '1')
  await app.expect('get', 'a.sql true', './list.mjs')
  app.save('sql/deep/b.sql', '1')
  await app.expect('get', 'a.sql b.sql true', './list.mjs')
  app.save('sql/deep/c.txt', '1')
  app.remove('none.yml')
  await app.expect('get', (answer) => answer.endsWith('false'), './list.mjs')
  app.remove('sql/a.sql')
  await app.expect('get', (answer) => answer.split(' ')[0] === 'b.sql', './list.mjs')
})

test('nothing is watched any more that a new instance does not watch', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': get, 'page.mjs': `import.meta.hot.watch('./other.txt'); ${page()}`, 'page.html': 'one', 'other.txt': '1' },
  })
  await app.ask('get', './page.mjs')
  app.save('page.mjs', page())
  await app.ask('get', './page.mjs')
  app.save('other.txt', '2')
  app.save('page.html', 'two')
  assert.equal(await app.ask('get', './page.mjs'), 'two')
  assert.deepEqual(app.told('invalidated').map(({ paths }) => paths.map((path) => path.slice(app.folder.length + 1))), [
    ['page.mjs'],
    ['page.html', 'page.mjs'],
  ])
})

test('a watched file of a module that accepts itself, and of one that failed', async (t) => {
  const m = `import fs from 'node:fs'; import.meta.hot.watch('./config.json'); import.meta.hot.accept()
    log(JSON.parse(fs.readFileSync(new URL('./config.json', import.meta.url))))`
  const app = await startApp(t, { files: { 'main.mjs': `import './m.mjs'; ${SERVE}`, 'm.mjs': m, 'config.json': '1' } })
  await logs(app, [1])
  app.save('config.json', '2')
  await logs(app, [2])
  app.save('config.json', '{')
  await app.until('it is reported', () => /✗ .*SyntaxError/.test(app.output.stderr))
  app.save('config.json', '3')
  await logs(app, [3])
})

test('a watched file of a cold module asks for a full reload, and says why', async (t) => {
  const app = await startApp(t, {
    ipc: false,
    wait: false,
    files: { 'main.mjs': `import './cold.mjs'; setInterval(() => {}, 1 << 30)`, 'cold.mjs': `import.meta.hot.watch('./config.yml'); console.log('runs')` },
  })
  await app.until('it runs', () => app.output.stdout.includes('runs'))
  app.save('config.yml', 'a: 1')
  await app.until('it says so', () => app.output.stderr.includes('\n'))
  assert.match(app.output.stderr, /^hot-hook: restart needed: config\.yml changed, watched by cold\.mjs, which no boundary makes hot: main\.mjs ─static→ cold\.mjs/)
})

test('hot.watch(url, patterns), and what the parent says is watched too', async (t) => {
  const app = await startApp(t, {
    hotHook: { watch: false },
    files: {
      'main.mjs': get,
      'page.mjs': `import { hot } from 'hot-hook'; hot.watch(import.meta.url, './page.html'); ${page(`'./none'`)}`,
      'page.html': 'one',
    },
  })
  assert.equal(await app.ask('get', './page.mjs'), 'one')
  fs.writeFileSync(app.file('page.html'), 'two')
  assert.equal(await app.ask('get', './page.mjs'), 'one')
  app.tell({ type: 'hot-hook:file-changed', path: app.file('page.html'), action: 'change' })
  await app.expect('get', 'two', './page.mjs')
})

test('a pattern that cannot be used is a TypeError that says so', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': `serve({ watch: (pattern) => import.meta.hot.watch(pattern) })` } })
  const { name, message } = await app.askError('watch', './+(a|b).html')
  assert.equal(name, 'TypeError')
  assert.match(message, /^import\.meta\.hot\.watch\(patterns\): .*\+\(a\|b\)/)
})

test('a FIFO and a device among watched and restart files do not hold the app up', { skip: !isLinux && 'they are made by mkfifo' }, async (t) => {
  const folder = createFolder(t, {
    hotHook: { restart: ['.env', 'config/**'] },
    files: { 'main.mjs': get, 'page.mjs': page(`['./data/**', './page.html']`), 'page.html': 'one', 'data/a.txt': '1', 'config/a.json': '1' },
  })
  const fifo = (name) => assert.equal(spawnSync('mkfifo', [path.join(folder, name)]).status, 0)
  for (const name of ['.env', 'config/fifo', 'data/fifo']) fifo(name)
  fs.symlinkSync('/dev/zero', path.join(folder, 'data/zero'))
  const app = await startApp(t, { folder })
  assert.equal(await app.ask('get', './page.mjs'), 'one')
  fifo('data/later')
  app.save('page.html', 'two')
  assert.equal(await app.ask('get', './page.mjs'), 'two')
  app.save('config/a.json', '2')
  assert.equal((await app.message('full-reload')).path, app.file('config/a.json'))
})
