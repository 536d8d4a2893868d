/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HOT, startApp } from './support/app.mjs'
import { logs, SERVE } from './support/log.mjs'

const value = (n) => `export const value = ${n}`
const get = `serve({ get: async (name) => (await import(name, ${HOT})).value })`
/** Logs the names of all events, and those of their fields that say something. */
const listens = (on = 'import.meta.hot.on') => `for (const name of ['beforeUpdate', 'afterUpdate', 'beforeFullReload', 'beforePrune', 'invalidate', 'error']) {
  ${on}('hot:' + name, ({ type, files, versions, updates, path, paths, chain, text, message, phase, error, err }) =>
    log([name, JSON.parse(JSON.stringify({ type, files, versions, updates: updates?.map(({ type, path, acceptedPath, timestamp }) => [type, path, acceptedPath, typeof timestamp]), path, paths, chain, text, message, phase, error: error?.message, err: err && [err.message, typeof err.stack] }))]))
}`

test('a change that waits for an import: before and after the update, with the files and the versions', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `${listens()}; ${SERVE}; ${get}`,
      'b.mjs': `import './c.mjs'; import.meta.hot.dispose(() => log('disposed')); ${value(1)}`,
      'c.mjs': '',
    },
  })
  await app.ask('get', './b.mjs')
  const [b, c] = ['b.mjs', 'c.mjs'].map(app.file)
  for (const n of [1, 2]) {
    app.save('c.mjs', `// ${n}`)
    const payload = { type: 'update', files: [c], versions: { [c]: n, [b]: n }, updates: [] }
    await logs(app, [['beforeUpdate', payload], 'disposed', ['afterUpdate', payload]])
    await app.ask('get', './b.mjs')
  }
})

test('an update that is accepted: after it once the callbacks have run', async (t) => {
  const m = (n) => `log('m${n}'); import.meta.hot.accept(() => log('accepted')); import.meta.hot.dispose(() => log('disposed'))`
  const app = await startApp(t, { files: { 'main.mjs': `import './m.mjs'; ${listens()}; ${SERVE}`, 'm.mjs': m(1) } })
  app.save('m.mjs', m(2))
  const m1 = app.file('m.mjs')
  const payload = { type: 'update', files: [m1], versions: { [m1]: 1 }, updates: [['js-update', m1, m1, 'number']] }
  await logs(app, ['m1', ['beforeUpdate', payload], 'disposed', 'm2', 'accepted', ['afterUpdate', payload]])
})

test('error: an import that does not link, one that throws, and handlers that fail', async (t) => {
  const m = (text) => `${text}; import.meta.hot.accept(() => { throw new Error('in accept') })
    import.meta.hot.dispose(async () => { throw new Error('in dispose') })`
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './m.mjs'; ${SERVE}
        for (const name of ['hot:error', 'vite:error']) import.meta.hot.on(name, ({ type, path, phase, error, err }) => log([name, type, path, phase, error.message === err.message, err.message, typeof err.stack]))
        import.meta.hot.on('vite:afterUpdate', () => log('after'))`,
      'm.mjs': m(''),
    },
  })
  const failed = (phase, message) => ['hot:error', 'vite:error'].map((name) => [name, 'error', app.file('m.mjs'), phase, true, message, 'string'])
  app.save('m.mjs', m('const = 1'))
  await logs(app, failed('link', "Unexpected token '='"))
  app.save('m.mjs', m(`throw new Error('in evaluation')`))
  await logs(app, [...failed('dispose', 'in dispose'), ...failed('evaluate', 'in evaluation')])
  app.save('m.mjs', m('1'))
  // The handlers of the one that threw ran when it had.
  await logs(app, [...failed('dispose', 'in dispose'), ...failed('accept', 'in accept'), 'after'].slice(-3))
})

test('before a full reload: the chain, and why', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': `import './b.mjs'; ${listens()}; ${SERVE}`, 'b.mjs': `import './c.mjs'`, 'c.mjs': '' },
  })
  const [main, b, c] = ['main.mjs', 'b.mjs', 'c.mjs'].map(app.file)
  app.save('c.mjs', '// 2')
  await logs(app, [[
    'beforeFullReload',
    {
      type: 'full-reload',
      files: [c],
      path: c,
      chain: [
        { path: main, kind: 'root', specifier: '' },
        { path: b, kind: 'static', specifier: './b.mjs' },
        { path: c, kind: 'static', specifier: './c.mjs' },
      ],
      text: 'c.mjs changed, which no boundary makes hot: main.mjs ─static→ b.mjs ─static→ c.mjs',
    },
  ]])
})

test('before a module is pruned', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': `${listens()}; ${SERVE}; ${get}`, 'b.mjs': `import './c.mjs'; ${value(1)}`, 'c.mjs': `import.meta.hot.prune(() => log('pruned'))` },
  })
  await app.ask('get', './b.mjs')
  app.save('b.mjs', value(2))
  await app.ask('get', './b.mjs')
  const lines = await app.ask('log')
  assert.deepEqual(lines.slice(2), [['beforePrune', { type: 'prune', paths: [app.file('c.mjs')] }], 'pruned'])
})

test('hot.on is the same, in each thread; off ends it', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { Worker } from 'node:worker_threads'; import { hot } from 'hot-hook'; ${get}; ${SERVE}
        const heard = (payload) => log('main ' + payload.files.length); hot.on('hot:afterUpdate', heard)
        serve({ off: () => hot.off('vite:afterUpdate', heard), worker: () => new Promise((resolve) => new Worker(new URL('./worker.mjs', import.meta.url)).on('message', (line) => line === 'ready' ? resolve() : log(line))) })`,
      'worker.mjs': `import { parentPort } from 'node:worker_threads'; import { hot } from 'hot-hook'
        hot.on('hot:beforeUpdate', (payload) => parentPort.postMessage('worker ' + Object.keys(payload.versions).length)); parentPort.postMessage('ready')
        setInterval(() => {}, 1 << 30)`,
      'b.mjs': value(1),
    },
  })
  await app.ask('get', './b.mjs')
  await app.ask('worker')
  app.save('b.mjs', value(2))
  const lines = []
  await app.until('both have heard', async () => lines.push(...(await app.ask('log'))) >= 2)
  assert.deepEqual(lines.toSorted(), ['main 1', 'worker 1'])
  await app.ask('off')
  await app.ask('get', './b.mjs')
  app.save('b.mjs', value(3))
  await logs(app, ['worker 1'])
})

test('listeners of a superseded instance hear no more', async (t) => {
  const b = (n) => `import.meta.hot.on('hot:beforeUpdate', () => log('before ${n}')); import.meta.hot.on('hot:afterUpdate', () => log('after ${n}')); ${value(n)}`
  const app = await startApp(t, { files: { 'main.mjs': `${SERVE}; ${get}`, 'b.mjs': b(1) } })
  await app.ask('get', './b.mjs')
  for (const n of [2, 3]) {
    app.save('b.mjs', b(n))
    await app.ask('get', './b.mjs')
    await logs(app, [`before ${n - 1}`])
  }
})

test('a listener that fails is reported, and stops nothing', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import.meta.hot.on('hot:beforeUpdate', () => { throw new Error('first') }); import.meta.hot.on('hot:beforeUpdate', async () => { throw new Error('second') })
        import.meta.hot.on('hot:beforeUpdate', () => log('third')); ${SERVE}; ${get}`,
      'b.mjs': value(1),
    },
  })
  await app.ask('get', './b.mjs')
  app.save('b.mjs', value(2))
  await logs(app, ['third'])
  await app.until('both are reported', () => /listener for hot:beforeUpdate failed: Error: first[^]*: Error: second/.test(app.output.stderr))
  assert.equal(await app.ask('get', './b.mjs'), 2)
})

test('invalidate: as if the module had changed, past its accepting itself', async (t) => {
  const m = (n) => `${value(n)}; import.meta.hot.accept((fresh) => {
    log('accepted ' + fresh.value)
    if (fresh.value === 3) import.meta.hot.invalidate('three')
  })`
  const app = await startApp(t, {
    files: {
      'main.mjs': `import.meta.hot.on('hot:invalidate', ({ path, message }) => log([path, message])); ${SERVE}; ${get}`,
      'b.mjs': `import { value } from './m.mjs'; log('b ' + value); export { value }`,
      'm.mjs': m(1),
    },
  })
  const [b, m1] = ['b.mjs', 'm.mjs'].map(app.file)
  assert.equal(await app.ask('get', './b.mjs'), 1)
  // That b.mjs has run is known on Node 20 after a round through the hooks thread, as this import makes one: until then
  // it is no importer to be left alone.
  assert.equal(await app.ask('get', './b.mjs'), 1)
  app.save('m.mjs', m(2))
  await logs(app, ['b 1', 'accepted 2'])
  assert.equal(await app.ask('get', './b.mjs'), 1, 'the importer is left alone')
  app.save('m.mjs', m(3))
  await logs(app, ['accepted 3', [m1, 'three']])
  assert.equal(await app.ask('get', './b.mjs'), 3)
  assert.deepEqual(await app.ask('log'), ['b 3'])
  assert.deepEqual(app.told('invalidated').map(({ paths }) => paths), [[m1], [m1], [m1, b]])
})

test('invalidate from outside: any time, and what accepts the module is told', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './m.mjs'; import.meta.hot.accept('./m.mjs', ({ value }) => log('accepted ' + value)); ${SERVE}`,
      'm.mjs': `export const value = globalThis.count = (globalThis.count ?? 0) + 1; process.once('again', () => import.meta.hot.invalidate())`,
    },
  })
  for (const n of [2, 3, 4]) {
    await app.ask('emit', 'again')
    await logs(app, [`accepted ${n}`])
  }
})

test('invalidate of a cold module asks for a full reload, and says why', async (t) => {
  const app = await startApp(t, {
    ipc: true,
    files: {
      'main.mjs': `import './m.mjs'; ${listens()}; ${SERVE}`,
      'm.mjs': `import.meta.hot.accept(); process.once('again', () => import.meta.hot.invalidate('it is too much'))`,
    },
  })
  await app.ask('emit', 'again')
  assert.equal((await app.message('full-reload')).path, app.file('m.mjs'))
  const lines = await app.ask('log')
  assert.equal(lines.at(-1)[1].text, 'm.mjs called invalidate("it is too much"), which no boundary makes hot: main.mjs ─static→ m.mjs')
})
