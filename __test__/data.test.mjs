/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HOT, startApp } from './support/app.mjs'
import { logs, SERVE } from './support/log.mjs'

const count = (n, text = '') => `const { hot } = import.meta; hot.data.count = (hot.data.count ?? 0) + 1
  export const value = [${n}, hot.data.count, hot.data === hot.data]; ${text}`
const main = `serve({ log: () => log.lines.splice(0), get: async (name) => (await import(name, ${HOT})).value })`

test('data: one object for all instances of a module, handed to its dispose handlers', async (t) => {
  const b = (n) => count(n, `hot.dispose((data) => log([${n}, data === hot.data, data.count]))`)
  const app = await startApp(t, { files: { 'main.mjs': main, 'b.mjs': b(1) } })
  for (let n = 1; n <= 20; n++) {
    if (n > 1) app.save('b.mjs', b(n))
    assert.deepEqual(await app.ask('get', './b.mjs'), [n, n, true])
  }
  assert.deepEqual((await app.ask('log')).at(-1), [19, true, 19])
})

test('data is shared by no two modules, queries or threads', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { Worker } from 'node:worker_threads'; ${main}
        serve({ worker: () => new Promise((resolve) => new Worker(new URL('./worker.mjs', import.meta.url)).on('message', resolve)) })`,
      'worker.mjs': `import { parentPort } from 'node:worker_threads'
        parentPort.postMessage((await import('./b.mjs', ${HOT})).value)`,
      'b.mjs': count(1),
      'c.mjs': count(1),
    },
  })
  for (const name of ['./b.mjs', './b.mjs?x', './b.mjs?v=7', './c.mjs']) {
    assert.deepEqual(await app.ask('get', name), [1, 1, true], name)
  }
  assert.deepEqual(await app.ask('worker'), [1, 1, true])
  app.save('b.mjs', count(2))
  for (const name of ['./b.mjs', './b.mjs?x', './b.mjs?v=7']) {
    assert.deepEqual(await app.ask('get', name), [2, 2, true], name)
  }
  assert.deepEqual(await app.ask('get', './c.mjs'), [1, 1, true])
})

test('data survives a failed evaluation, and an accepted update', async (t) => {
  const m = (n, text = '') => `const { data } = import.meta.hot; data.list = [...(data.list ?? []), ${n}]; ${text}
    import.meta.hot.accept(); log(data.list.join())`
  const app = await startApp(t, { files: { 'main.mjs': `import './m.mjs'; ${SERVE}`, 'm.mjs': m(1) } })
  await logs(app, ['1'])
  app.save('m.mjs', m(2, `throw new Error('oops')`))
  await app.until('it is reported', () => app.output.stderr.includes('oops'))
  app.save('m.mjs', m(3))
  await logs(app, ['1,2,3'])
})

const user = (text) => `${text}; export const value = 'user'`
const noisy = `log('b'); import.meta.hot.data.kept ??= 'first'
  import.meta.hot.dispose((data) => log('disposed ' + data.kept))
  import.meta.hot.prune((data) => log('pruned ' + data.kept))
  export const value = import.meta.hot.data.kept; import.meta.hot.data.kept = 'kept'`

test('prune: when nothing reaches the module any more; its data is dropped', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': main, 'user.mjs': user(`import './b.mjs'`), 'b.mjs': noisy },
  })
  await app.ask('get', './user.mjs')
  app.save('b.mjs', `${noisy} // 2`)
  await app.ask('get', './user.mjs')
  assert.deepEqual(await app.ask('log'), ['b', 'disposed kept', 'b'])
  app.save('user.mjs', user(''))
  await app.ask('get', './user.mjs')
  await logs(app, ['disposed kept', 'pruned kept'])
  app.save('user.mjs', user(`import './b.mjs'`))
  await app.ask('get', './user.mjs')
  assert.deepEqual(await app.ask('log'), ['b'])
  app.save('user.mjs', user('// nothing'))
  await app.ask('get', './user.mjs')
  await logs(app, ['disposed kept', 'pruned kept'])
})

test('prune of a module that is disposed of already, of one whose last instance failed, and of what it imports', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': main,
      'user.mjs': user(`await import('./b.mjs')`),
      'top.mjs': `import './user.mjs'; export const value = 'top'`,
      'b.mjs': `import './below.mjs'; import.meta.hot.prune(() => log('pruned'))`,
      'below.mjs': `import.meta.hot.prune(() => log('below pruned'))`,
    },
  })
  await app.ask('get', './top.mjs')
  app.save('b.mjs', `throw new Error('oops')`)
  assert.equal((await app.askError('get', './top.mjs')).message, 'oops')
  app.save('top.mjs', `export const value = 'top'`)
  await app.ask('get', './top.mjs')
  const lines = []
  await app.until('both are told', async () => lines.push(...(await app.ask('log'))) >= 2)
  assert.deepEqual(lines.toSorted(), ['below pruned', 'pruned'])
})

test('signal: aborted when the instance is disposed of, and only then', async (t) => {
  const b = (n) => `import { setInterval } from 'node:timers/promises'
    const { signal } = import.meta.hot; const same = signal === import.meta.hot.signal
    signal.addEventListener('abort', () => log('aborted ${n}'))
    import.meta.hot.dispose(() => log('disposed ${n} ' + signal.aborted))
    async function tick() { for await (const _ of setInterval(5, 0, { signal })) log.ticks = ${n} }
    tick().catch((error) => log(error.name))
    export const value = [same, signal.aborted]`
  const app = await startApp(t, { files: { 'main.mjs': `${main}; serve({ ticks: () => log.ticks })`, 'b.mjs': b(1) } })
  assert.deepEqual(await app.ask('get', './b.mjs'), [true, false])
  await app.expect('ticks', 1)
  assert.deepEqual(await app.ask('log'), [])
  app.save('b.mjs', b(2))
  assert.deepEqual(await app.ask('get', './b.mjs'), [true, false])
  await logs(app, ['aborted 1', 'disposed 1 true', 'AbortError'])
  await app.expect('ticks', 2)
})

test('a signal that is asked for too late is aborted', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': `${main}; serve({ signal: () => globalThis.old().aborted })`, 'b.mjs': `globalThis.old ??= () => import.meta.hot.signal` },
  })
  await app.ask('get', './b.mjs')
  app.save('b.mjs', 'export const value = 2')
  assert.equal(await app.ask('get', './b.mjs'), 2)
  assert.equal(await app.ask('signal'), true)
})

test('keep: one value for all reloads, whoever asks; an async factory is shared; what fails is tried again', async (t) => {
  const b = (n) => `import { hot } from 'hot-hook'
    let calls = 0
    const ours = import.meta.hot.keep('ours', () => ({ madeBy: ${n} }))
    const [one, two] = await Promise.all([hot.keep(Symbol.for('async'), async () => ${n}), import.meta.hot.keep(Symbol.for('async'), async () => 0)])
    const thrown = []
    for (const fail of [() => { throw new Error('sync ${n}') }, async () => { throw new Error('async ${n}') }]) {
      try { await hot.keep('failing', fail) } catch (error) { thrown.push(error.message) }
    }
    export const value = [ours.madeBy, hot.keep('ours', () => 0) === ours, one, two, thrown, hot.keep('undefined', () => { globalThis.calls = (globalThis.calls ?? 0) + 1 }), globalThis.calls]`
  const app = await startApp(t, { files: { 'main.mjs': `import { hot } from 'hot-hook'; ${main}; serve({ forget: (key) => hot.forget(key) })`, 'b.mjs': b(1) } })
  for (let n = 1; n <= 3; n++) {
    if (n > 1) app.save('b.mjs', b(n))
    assert.deepEqual(await app.ask('get', './b.mjs'), [1, true, 1, 1, [`sync ${n}`, `async ${n}`], null, 1])
  }
  assert.equal(await app.ask('forget', 'ours'), true)
  assert.equal(await app.ask('forget', 'ours'), false)
  app.save('b.mjs', b(4))
  assert.deepEqual((await app.ask('get', './b.mjs')).slice(0, 2), [4, true])
})

test('keep: bad use', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { hot } from 'hot-hook'
        serve({ wrong: () => hot.keep('x', 1), own: () => import.meta.hot.keep('x', () => hot.keep('x', () => 1)), again: () => hot.keep('x', () => 2) })`,
    },
  })
  const wrong = await app.askError('wrong')
  assert.deepEqual([wrong.name, wrong.message], ['TypeError', 'hot.keep(key, factory): the factory must be a function, got 1'])
  assert.match((await app.askError('own')).message, /its own factory asks for it/)
  assert.equal(await app.ask('again'), 2)
})

test('the functions may be taken apart', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './m.mjs'; ${SERVE}`,
      'm.mjs': `const { accept, dispose, data } = import.meta.hot; accept(() => log('accepted ' + data.n)); dispose(() => { data.n = 1 })`,
    },
  })
  app.save('m.mjs', '// 2')
  await logs(app, ['accepted 1'])
})

test('wrong arguments are a TypeError that names the call', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': `serve({ call: (name, ...args) => import.meta.hot[name](...args) })` },
  })
  for (const [name, args, expected] of [
    ['dispose', ['x'], "import.meta.hot.dispose(callback): the callback must be a function, got 'x'"],
    ['prune', [], 'import.meta.hot.prune(callback): the callback must be a function, got undefined'],
    ['invalidate', [7], 'import.meta.hot.invalidate(message): the message must be a string, got 7'],
    ['keep', ['x'], 'import.meta.hot.keep(key, factory): the factory must be a function, got undefined'],
    ['watch', [7], 'import.meta.hot.watch(patterns): a pattern must be a path, a glob or a file: URL, got 7'],
    ['watch', [['./a', '']], "import.meta.hot.watch(patterns): a pattern must be a path, a glob or a file: URL, got ''"],
    ['on', ['hot:beforeUpdate', 1], 'import.meta.hot.on(event, callback): the callback must be a function, got 1'],
    ['on', ['hot:nonsense'], /^import\.meta\.hot\.on\(event, callback\): there is no event 'hot:nonsense', only hot:beforeUpdate, /],
    ['off', ['vite:ws:connect'], /^import\.meta\.hot\.off\(event, callback\): there is no event 'vite:ws:connect', only /],
  ]) {
    const error = await app.askError('call', name, ...args)
    assert.equal(error.name, 'TypeError')
    if (typeof expected === 'string') assert.equal(error.message, expected)
    else assert.match(error.message, expected)
  }
})
