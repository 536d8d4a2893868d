/**
 * package.json#hotHook is read again when it is saved.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { createFolder, startApp } from './support/app.mjs'

const value = (n) => `export const value = ${n}`
const get = (...files) => `serve({ get: async () => [${files.map((file) => `(await import('${file}')).value`)}] })`
const text = (hotHook, more = {}) => JSON.stringify({ name: 'app', type: 'module', ...more, hotHook }, null, 2)
const lines = (app) => app.output.stderr.split('\n').filter((line) => line !== '')
/** What is said of a save. */
const applied = (app, ...options) =>
  `hot-hook: ${app.file('package.json')} was saved: its ${options.length === 1 ? `option ${options[0]} applies` : `options ${options.join(', ')} apply`} now`
const saved = async (app, count) => {
  await app.until(`${count} line(s)`, () => lines(app).length >= count)
  return lines(app)
}

test('boundaries that are given and taken away', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': get('./b.mjs', './c.mjs'), 'b.mjs': value(1), 'c.mjs': value(1) } })
  assert.deepEqual(await app.ask('get'), [1, 1])
  app.save('package.json', text({ boundaries: ['./b.mjs'] }))
  assert.deepEqual(await saved(app, 1), [applied(app, 'boundaries')])
  app.save('b.mjs', value(2))
  assert.deepEqual(await app.ask('get'), [2, 1])
  app.replace('package.json', text({ boundaries: ['./c.mjs'] }))
  await saved(app, 2)
  app.save('c.mjs', value(3))
  assert.deepEqual(await app.ask('get'), [2, 3])
  app.save('b.mjs', value(3))
  assert.equal((await app.message('full-reload')).path, app.file('b.mjs'))
  assert.equal(app.messages.length, 3, app.known())
})

test('a save that leaves hotHook alone, or says the same in other words, says nothing', async (t) => {
  const app = await startApp(t, {
    hotHook: { boundaries: ['./b.mjs'], poll: 100 },
    files: { 'main.mjs': get('./b.mjs'), 'b.mjs': value(1) },
  })
  assert.deepEqual(await app.ask('get'), [1])
  const other = [
    text({ boundaries: ['./b.mjs'], poll: 100 }),
    text({ poll: 100, boundaries: ['./b.mjs'] }, { scripts: { dev: 'x' } }),
    `\uFEFF${text({ boundaries: ['./b.mjs'], poll: 100 })}`.replace('100', '1e2'),
    '',
  ]
  for (const one of other) {
    app.save('package.json', one)
    await app.quiet()
  }
  fs.rmSync(app.file('package.json'))
  app.save('package.json', text({ boundaries: ['./c.mjs'], poll: 100 }))
  assert.deepEqual(await saved(app, 1), [applied(app, 'boundaries')])
  assert.deepEqual(app.messages, [])
})

test('what cannot be used is one line, and the options stay', async (t) => {
  const app = await startApp(t, {
    hotHook: { boundaries: ['./b.mjs'] },
    files: { 'main.mjs': get('./b.mjs'), 'b.mjs': value(1) },
  })
  assert.deepEqual(await app.ask('get'), [1])
  const file = app.file('package.json')
  const wrong = [
    ['{ "name": "app",\n  "type": "module" "hotHook": {} }', new RegExp(`^hot-hook: ${file} is not valid JSON: .*line 2.*; the options stay as they were$`)],
    [text({ boundaries: 42 }), new RegExp(`^hot-hook: ${file}#hotHook: the option "boundaries" is 42, but must be .*; the options stay as they were$`)],
    [text({ boundaries: ['./+(a|b).mjs'] }), /the option "boundaries" cannot be used: the pattern "\.\/\+\(a\|b\)\.mjs" .*; the options stay as they were$/],
    [text([1]), /#hotHook: the options are a list, but must be an object; the options stay as they were$/],
    [text({ boundaries: ['./b.mjs'], boundary: [] }), /the option "boundary" is unknown and does nothing; did you mean "boundaries"\?$/],
  ]
  for (const [n, [bad, line]] of wrong.entries()) {
    app.save('package.json', bad)
    assert.match((await saved(app, n + 1))[n], line)
    // The same once more says nothing.
    app.save('package.json', `${bad}\n`)
    app.save('b.mjs', value(n + 2))
    assert.deepEqual(await app.ask('get'), [n + 2])
  }
  app.save('package.json', text({ boundaries: [], boundary: [] }))
  assert.equal((await saved(app, wrong.length + 1)).at(-1), applied(app, 'boundaries'))
  app.save('b.mjs', value(100))
  assert.equal((await app.message('full-reload')).path, app.file('b.mjs'))
})

test('all options follow: ignore, restart, rootDirectory, poll; what hot.init() gives stays over them', async (t) => {
  const app = await startApp(t, {
    hotHook: { ignore: ['./b.mjs'] },
    files: {
      'main.mjs': `import { hot } from 'hot-hook'
        await hot.init({ boundaries: ['./**/*.mjs'] })
        ${get('./b.mjs', './lib/c.mjs')}`,
      'b.mjs': value(1),
      'lib/c.mjs': value(1),
      'conf/x.json': '1',
    },
  })
  assert.deepEqual(await app.ask('get'), [1, 1])
  app.save('package.json', text({ ignore: [], boundaries: [], restart: ['./conf/*'] }))
  assert.deepEqual(await saved(app, 1), [applied(app, 'ignore', 'restart')])
  app.save('b.mjs', value(2))
  assert.deepEqual(await app.ask('get'), [2, 1])
  app.save('conf/x.json', '2')
  assert.equal((await app.message('full-reload')).path, app.file('conf/x.json'))
  app.save('package.json', text({ rootDirectory: './lib', poll: true }))
  assert.deepEqual((await saved(app, 2))[1], applied(app, 'rootDirectory', 'ignore', 'restart', 'poll'))
  app.save('lib/.env', 'A=1')
  assert.equal((await app.message('full-reload', 2)).path, app.file('lib/.env'))
})

test('a save that changes what Node goes by, too, is one restart, and nothing else', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': get('./b.mjs'), 'b.mjs': value(1) } })
  assert.deepEqual(await app.ask('get'), [1])
  app.save('package.json', text({ boundaries: ['./b.mjs'] }, { imports: { '#x': './x.mjs' } }))
  assert.equal((await app.message('full-reload')).path, app.file('package.json'))
  app.save('b.mjs', value(2))
  assert.deepEqual(await app.ask('get'), [2])
  await app.message('invalidated')
  assert.equal(app.messages.length, 2, app.known())
  assert.equal(app.output.stderr, '')
})

test('only the package.json that options were read from, also where no module lies below it', async (t) => {
  const files = { 'main.mjs': get('./src/b.mjs'), 'src/package.json': '{ "type": "module", "hotHook": {} }', 'src/b.mjs': value(1), 'cwd/package.json': '{}' }
  const folder = createFolder(t, { files })
  const app = await startApp(t, { folder, cwd: path.join(folder, 'cwd') })
  assert.deepEqual(await app.ask('get'), [1])
  for (const name of ['package.json', 'src/package.json']) app.save(name, text({ boundaries: ['**/b.mjs'] }, { name: undefined }))
  app.save('src/b.mjs', value(2))
  assert.equal((await app.message('full-reload')).path, app.file('src/b.mjs'))
  app.save('cwd/package.json', text({ boundaries: ['../src/b.mjs'] }))
  await app.until('it is read', () => app.output.stderr.includes(app.file('cwd/package.json')))
  app.save('src/b.mjs', value(3))
  assert.deepEqual(await app.ask('get'), [3])
})

test('watch: false given there leaves the rest to the parent', async (t) => {
  const app = await startApp(t, {
    hotHook: { boundaries: ['./b.mjs'] },
    files: { 'main.mjs': get('./b.mjs'), 'b.mjs': value(1) },
  })
  assert.deepEqual(await app.ask('get'), [1])
  app.save('package.json', text({ boundaries: ['./b.mjs'], watch: false }))
  assert.deepEqual(await saved(app, 1), [applied(app, 'watch')])
  app.save('b.mjs', value(2))
  assert.deepEqual(await app.ask('get'), [1])
  app.tell({ type: 'hot-hook:file-changed', path: app.file('b.mjs'), action: 'change' })
  await app.message('invalidated')
  assert.deepEqual(await app.ask('get'), [2])
  app.save('package.json', text({ boundaries: ['./b.mjs'], watch: true }))
  app.tell({ type: 'hot-hook:file-changed', path: app.file('package.json'), action: 'change' })
  await saved(app, 2)
  app.save('b.mjs', value(3))
  assert.deepEqual(await app.ask('get'), [3])
})

test('with workers it is read and said once, and those that start later repeat it', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { once } from 'node:events'
        import { Worker } from 'node:worker_threads'
        const start = async () => (await once(new Worker(new URL('./w.mjs', import.meta.url)), 'message'))[0]
        serve({ start, get: async () => (await import('./b.mjs')).value })`,
      'w.mjs': `import { parentPort } from 'node:worker_threads'
        parentPort.on('message', () => {})
        const load = () => import('./b.mjs')
        await load() // it does not keep what it has taken once
        parentPort.postMessage((await load()).value)`,
      'b.mjs': value(1),
    },
  })
  assert.equal(await app.ask('start'), 1)
  app.save('package.json', text({ boundaries: ['./b.mjs'] }))
  await saved(app, 1)
  assert.equal(await app.ask('start'), 1)
  app.save('b.mjs', value(2))
  assert.equal(await app.ask('get'), 2)
  assert.equal(await app.ask('start'), 2)
  assert.deepEqual(lines(app), [applied(app, 'boundaries')])
})
