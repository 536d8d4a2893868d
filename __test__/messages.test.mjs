/* The messages to the parent process, and what a restart prints without one. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HOT, startApp } from './support/app.mjs'

const value = (n) => `export const value = ${n}`
const main = `serve({ get: async () => (await import('./b.mjs', ${HOT})).value })`
const reload = (app, name, shouldBeReloadable = false) => ({
  type: 'hot-hook:full-reload',
  path: app.file(name),
  shouldBeReloadable,
})
const invalidated = (app, ...names) => ({ type: 'hot-hook:invalidated', paths: names.map((name) => app.file(name)) })
const fileChanged = (app, name, action = 'change') => ({ type: 'hot-hook:file-changed', path: app.file(name), action })
const files = {
  'main.mjs': `import './cold.mjs'; ${main}`,
  'cold.mjs': '',
  'b.mjs': `import './d.mjs'; export { value } from './c.mjs'`,
  'c.mjs': value(1),
  'd.mjs': '',
}

test('all messages of a session, with their exact shapes', async (t) => {
  const app = await startApp(t, { files })
  assert.equal(await app.ask('get'), 1)
  app.save('c.mjs', value(2))
  await app.message('invalidated')
  assert.equal(await app.ask('get'), 2)
  app.save('cold.mjs', '// 2')
  await app.message('full-reload')
  app.save('.env', 'A=1')
  await app.message('full-reload', 2)
  app.save('c.mjs', 'export const = 3')
  await app.message('invalidated', 2)
  await app.askError('get')
  app.save('c.mjs', value(4))
  assert.equal(await app.ask('get'), 4)
  app.remove('c.mjs')
  await app.expect('get', (answer) => answer.code === 'ERR_MODULE_NOT_FOUND')
  app.save('c.mjs', value(5))
  await app.expect('get', 5)
  app.save('d.mjs', '// 2')
  await app.until('the last message', () => app.messages.some((message) => message.paths?.[0] === app.file('d.mjs')))
  assert.deepEqual(app.messages.slice(0, 4), [
    invalidated(app, 'c.mjs', 'b.mjs'),
    reload(app, 'cold.mjs'),
    reload(app, '.env'),
    invalidated(app, 'c.mjs', 'b.mjs'),
  ])
  for (const message of app.messages.slice(4)) {
    assert.deepEqual(message, invalidated(app, ...(message.paths[0] === app.file('d.mjs') ? ['d.mjs', 'b.mjs'] : ['c.mjs', 'b.mjs'])))
  }
})

test('messages come while nobody imports, and once however many threads there are', async (t) => {
  const app = await startApp(t, {
    files: {
      ...files,
      'main.mjs': `import { Worker } from 'node:worker_threads'
        import { once } from 'node:events'
        const workers = [1, 2].map(() => new Worker(new URL('./w.mjs', import.meta.url)))
        await Promise.all(workers.map((worker) => once(worker, 'message')))
        ${main}`,
      'w.mjs': `import { parentPort } from 'node:worker_threads'
        await import('./b.mjs', ${HOT}); parentPort.on('message', () => {}); parentPort.postMessage('up')`,
    },
  })
  app.save('c.mjs', value(2))
  await app.message('invalidated')
  app.save('w.mjs', '// 2')
  await app.message('full-reload')
  assert.deepEqual(app.messages, [invalidated(app, 'c.mjs', 'b.mjs'), reload(app, 'w.mjs')])
  assert.equal(await app.ask('get'), 2)
})

test('watch: false: changes come from the parent, whatever the action', async (t) => {
  const app = await startApp(t, { files, hotHook: { watch: false, restart: ['config/*.json'] } })
  assert.equal(await app.ask('get'), 1)
  app.save('c.mjs', value(2))
  app.tell(fileChanged(app, 'c.mjs'))
  assert.deepEqual(await app.message('invalidated'), invalidated(app, 'c.mjs', 'b.mjs'))
  assert.equal(await app.ask('get'), 2)
  app.tell(fileChanged(app, 'c.mjs'))
  app.save('cold.mjs', '// 2')
  app.tell(fileChanged(app, 'cold.mjs'))
  assert.deepEqual(await app.message('full-reload'), reload(app, 'cold.mjs'))
  app.save('config/x.json', '{}')
  app.tell(fileChanged(app, 'config/x.json', 'add'))
  assert.deepEqual(await app.message('full-reload', 2), reload(app, 'config/x.json'))
  app.remove('c.mjs')
  app.tell(fileChanged(app, 'c.mjs', 'unlink'))
  await app.expect('get', (answer) => answer.code === 'ERR_MODULE_NOT_FOUND')
  app.save('c.mjs', value(3))
  app.tell(fileChanged(app, 'c.mjs', 'add'))
  await app.expect('get', 3)
  app.save('c.mjs', value(4))
  app.tell({ type: 'hot-hook:file-changed', path: app.file('c.mjs') })
  await app.expect('get', 4)
  assert.equal(app.told('full-reload').length, 2)
  // Of the message that said nothing new, there is no trace.
  assert.deepEqual(app.messages.slice(0, 3).map(({ type }) => type), ['hot-hook:invalidated', 'hot-hook:full-reload', 'hot-hook:full-reload'])
})

const nonsense = [
  null,
  42,
  'hot-hook:file-changed',
  [],
  {},
  { type: 'hot-hook:file-changed' },
  { type: 'hot-hook:file-changed', path: 42, action: 'change' },
  { type: 'hot-hook:file-changed', path: null },
  { type: 'hot-hook:file-changed', path: '' },
  { type: 'hot-hook:file-changed', path: ['x'], action: {} },
  { type: 'hot-hook:file-changed', path: '\0', action: 'change' },
  { type: 'hot-hook:file-changed', path: '/no/such/file', action: 'unlink' },
  { type: 'hot-hook:file-changed', path: '/', action: 'change' },
  { type: 'hot-hook:nonsense', path: '/' },
  { type: 'hot-hook:invalidated', paths: 42 },
  { type: 'hot-hook:full-reload' },
  { type: 42 },
]

for (const watch of [true, false]) {
  test(`a parent that sends nonsense harms nobody (watch: ${watch})`, async (t) => {
    const app = await startApp(t, { files, hotHook: { watch } })
    assert.equal(await app.ask('get'), 1)
    for (const message of nonsense) app.tell(message)
    app.save('c.mjs', value(2))
    app.tell(fileChanged(app, 'c.mjs', watch ? 'change' : 'nonsense'))
    await app.expect('get', 2)
    await app.message('invalidated')
    assert.deepEqual(app.messages, [invalidated(app, 'c.mjs', 'b.mjs')])
    assert.equal(app.output.stderr, '')
  })
}

for (const watch of [true, false]) {
  test(`a parent that disconnects harms nobody (watch: ${watch})`, async (t) => {
    const app = await startApp(t, {
      files: {
        ...files,
        'main.mjs': `import './cold.mjs'; ${main}
          process.on('disconnect', () => setInterval(async () => {
            console.log('value', (await import('./b.mjs', ${HOT})).value)
          }, 5))`,
      },
      hotHook: { watch },
    })
    assert.equal(await app.ask('get'), 1)
    app.child.disconnect()
    await app.until('it goes on', () => app.output.stdout.includes('value 1'))
    if (!watch) return
    app.save('c.mjs', value(2))
    await app.until('it reloads', () => app.output.stdout.includes('value 2'))
    app.save('cold.mjs', '// 2')
    await app.until('the restart is asked for', () => app.output.stderr.includes('cold.mjs'))
    app.save('c.mjs', value(3))
    await app.until('it goes on', () => app.output.stdout.includes('value 3'))
  })
}

test('a parent that disconnects lets the app exit', async (t) => {
  const app = await startApp(t, {
    wait: false,
    hotHook: { watch: false },
    files: { 'main.mjs': `process.send('up'); process.once('disconnect', () => console.log('alone')); await import('./b.mjs', ${HOT})`, 'b.mjs': '' },
  })
  await app.until('it is up', () => app.messages.length > 0)
  app.child.disconnect()
  assert.deepEqual(await app.exit(), { code: 0, signal: null })
  assert.equal(app.output.stdout, 'alone\n')
})

/*
 *   main ──▶ router ──▶ controllers/c ──▶ service       (static: c should be reloadable, and all that is below)
 *        ──▶ config
 */
test('shouldBeReloadable: the chain enters a boundary by a static import', async (t) => {
  const app = await startApp(t, {
    hotHook: { boundaries: ['./controllers/*.mjs'] },
    files: {
      'main.mjs': `import './config.mjs'; import './router.mjs'; serve({ both: () => import('./both.mjs', ${HOT}).then(() => 1) })`,
      'router.mjs': `import './controllers/c.mjs'`,
      'controllers/c.mjs': `import '../service.mjs'`,
      'service.mjs': '',
      'config.mjs': '',
      'both.mjs': '',
    },
  })
  const expected = { 'controllers/c.mjs': true, 'service.mjs': true, 'router.mjs': false, 'config.mjs': false, 'main.mjs': false }
  let n = 0
  for (const [name, shouldBeReloadable] of Object.entries(expected)) {
    app.save(name, '// changed')
    assert.deepEqual(await app.message('full-reload', ++n), reload(app, name, shouldBeReloadable))
  }
})

test('shouldBeReloadable: the shortest chain counts', async (t) => {
  const app = await startApp(t, {
    hotHook: { boundaries: ['./controllers/*.mjs'] },
    files: {
      'main.mjs': `import './controllers/c.mjs'; import './shared.mjs'; serve({})`,
      'controllers/c.mjs': `import '../shared.mjs'`,
      'shared.mjs': '',
    },
  })
  app.save('shared.mjs', '// 2')
  assert.deepEqual(await app.message('full-reload'), reload(app, 'shared.mjs'))
})

/** What an app without a parent says on stderr after a save. */
async function lineAfter(t, options, name, text, pattern) {
  const app = await startApp(t, { ipc: false, ...options })
  await app.until('it is up', () => app.output.stdout.includes('up'))
  app.save(name, text)
  await app.until('stderr says why', () => pattern.test(app.output.stderr))
  assert.match(app.output.stderr, /^[^\n]*\n$/, 'one line')
  return { app, line: app.output.stderr }
}
const alone = `setInterval(() => {}, 1 << 30); console.log('up')`

test('nobody to ask for a restart: one line on stderr, with the file and the chain', async (t) => {
  const options = {
    files: {
      'main.mjs': `import './a.mjs'; for (const _ of 'ab') await import('./b.mjs', ${HOT}); ${alone}`,
      'a.mjs': `import './deep/c.mjs'`,
      'deep/c.mjs': '',
      'b.mjs': '',
    },
  }
  const { app, line } = await lineAfter(t, options, 'deep/c.mjs', '// 2', /\n/)
  assert.match(line, /deep\/c\.mjs.*main\.mjs.*a\.mjs.*deep\/c\.mjs/)
  // What is applied is not told.
  app.save('b.mjs', '// 2')
  app.save('a.mjs', '// 2')
  await app.until('the next line', () => app.output.stderr.trimEnd().split('\n').length === 2)
  assert.match(app.output.stderr.split('\n')[1], /a\.mjs.*main\.mjs.*a\.mjs/)
  assert.equal(app.output.stdout, 'up\n')
})

test('nobody to ask for a restart: a restart file, and a module that declines', async (t) => {
  const env = await lineAfter(t, { files: { 'main.mjs': alone } }, '.env', 'A=1', /\n/)
  assert.match(env.line, /\.env/)
  const files = { 'main.mjs': `await import('./b.mjs', ${HOT}); ${alone}`, 'b.mjs': `import './c.mjs'`, 'c.mjs': 'import.meta.hot.decline()' }
  const declined = await lineAfter(t, { files }, 'c.mjs', '// 2', /\n/)
  assert.match(declined.line, /c\.mjs.*decline/)
})

test('somebody to ask for a restart: nothing on stderr', async (t) => {
  const app = await startApp(t, { files })
  app.save('cold.mjs', '// 2')
  await app.message('full-reload')
  assert.equal(app.output.stderr, '')

  const asked = await startApp(t, {
    ipc: false,
    register: false,
    files: {
      'main.mjs': `import { hot } from 'hot-hook'
        await hot.init({ root: import.meta.filename, onFullReloadAsked: () => console.log('asked') })
        await import('./cold.mjs'); ${alone}`,
      'cold.mjs': '',
    },
  })
  await asked.until('it is up', () => asked.output.stdout.includes('up'))
  asked.save('cold.mjs', '// 2')
  await asked.until('it is asked', () => asked.output.stdout.includes('asked'))
  assert.equal(asked.output.stderr, '')
})

test('a parent that asks for it is told the reason: the chain of imports, and what would have made the file hot', async (t) => {
  const files = {
    'main.mjs': `import './app.mjs'; serve({})`,
    'app.mjs': `import { limit } from './config.mjs'`,
    'config.mjs': 'export const limit = () => 1',
  }
  const app = await startApp(t, { files, env: { HOT_HOOK_REASON: '1' } })
  app.save('config.mjs', '// 2')
  const link = (name, kind, specifier) => ({ path: app.file(name), kind, specifier })
  assert.deepEqual((await app.message('full-reload')).reason, {
    text: 'config.mjs changed, which no boundary makes hot: main.mjs ─static→ app.mjs ─static→ config.mjs',
    hint: `imported statically by app.mjs:1: to make it and all below it hot, write instead, with lazy from 'hot-hook':
  const limit = lazy(() => import('./config.mjs', import.meta.hot?.boundary), 'limit')
It then runs again at each save below it: what it is to keep belongs in hot.keep().`,
    chain: [link('main.mjs', 'root', ''), link('app.mjs', 'static', './app.mjs'), link('config.mjs', 'static', './config.mjs')],
  })
})
