/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import test from 'node:test'
import { startApp } from './support/app.mjs'
import { logs, SERVE } from './support/log.mjs'

const KEEP = 'setInterval(() => {}, 1 << 30)'
/** A module that says when it is disposed of: some time later, if it is given some. */
const noisy = (name, time) => `import.meta.hot.dispose(${time ? 'async ' : ''}() => {
  ${time ? `await new Promise((resolve) => setTimeout(resolve, ${time}))` : ''}
  console.log('${name} disposed')
})`
const start = async (t, files) => {
  const app = await startApp(t, { files: { ...files, 'main.mjs': `${files['main.mjs']}; ${KEEP}; serve({ nothing: () => {}, count: () => process.listenerCount('SIGTERM') })` } })
  return app
}
const end = async (app, signal = 'SIGTERM') => {
  app.child.kill(signal)
  return await app.exit()
}

test('SIGTERM: handlers run in reverse order of evaluation, are waited for, and then it takes effect', async (t) => {
  const app = await start(t, {
    'main.mjs': `import './a.mjs'; import './b.mjs'; ${noisy('main', 50)}`,
    'a.mjs': noisy('a', 1),
    'b.mjs': noisy('b'),
  })
  assert.equal(await app.ask('count'), 0, 'nobody sees a listener')
  assert.deepEqual(await end(app), { code: null, signal: 'SIGTERM' })
  assert.equal(app.output.stdout, 'b disposed\na disposed\nmain disposed\n')
  assert.equal(app.output.stderr, '')
})

for (const [when, early, late] of [['before', true, false], ['after', false, true]]) {
  test(`SIGTERM: the app's own listener, registered ${when} the handlers, is called when they have settled`, async (t) => {
    const listener = `process.once('SIGTERM', (...args) => { console.log(...args); process.exit(7) })`
    const app = await start(t, {
      'main.mjs': `${early ? listener : ''}; await import('./a.mjs'); ${late ? listener : ''}`,
      'a.mjs': noisy('a', 20),
    })
    assert.equal(await app.ask('count'), 1)
    assert.deepEqual(await end(app), { code: 7, signal: null })
    assert.equal(app.output.stdout, 'a disposed\nSIGTERM 15\n')
  })
}

test('SIGTERM: an app that stays hears it each time, and so do modules that came since', async (t) => {
  const app = await start(t, {
    'main.mjs': `const stay = () => console.log('no'); process.on('SIGTERM', stay); ${noisy('main')}
      serve({ leave: () => void process.off('SIGTERM', stay), load: () => import('./a.mjs').then(() => {}) })`,
    'a.mjs': noisy('a'),
  })
  app.child.kill('SIGTERM')
  await app.until('the first', () => app.output.stdout === 'main disposed\nno\n')
  app.child.kill('SIGTERM')
  await app.until('the second', () => app.output.stdout === 'main disposed\nno\nno\n')
  await app.ask('load')
  await app.ask('leave')
  assert.deepEqual(await end(app), { code: null, signal: 'SIGTERM' })
  assert.equal(app.output.stdout, 'main disposed\nno\nno\na disposed\n')
})

test('SIGTERM: the second one does not wait; nor does any for ever', async (t) => {
  const files = { 'main.mjs': `import.meta.hot.dispose(() => { console.log('begins'); return new Promise(() => {}) })` }
  const impatient = await start(t, files)
  impatient.child.kill('SIGTERM')
  await impatient.until('it begins', () => impatient.output.stdout === 'begins\n')
  assert.deepEqual(await end(impatient), { code: null, signal: 'SIGTERM' })
  assert.equal(impatient.output.stderr, '')
  const app = await start(t, files)
  assert.deepEqual(await end(app), { code: null, signal: 'SIGTERM' })
  assert.match(app.output.stderr, /^hot-hook: a dispose handler of file:.*\/main\.mjs takes longer than \d+ ms: the app ends without it\n$/)
})

test('SIGTERM: one that throws or rejects is reported with its module, and stops nothing', async (t) => {
  const app = await start(t, {
    'main.mjs': `import './a.mjs'; import './b.mjs'; ${noisy('main', 1)}`,
    'a.mjs': `import.meta.hot.dispose(() => { throw new Error('thrown') }); ${noisy('a')}`,
    'b.mjs': `import.meta.hot.dispose(async () => { throw new Error('rejected') })`,
  })
  assert.deepEqual(await end(app), { code: null, signal: 'SIGTERM' })
  assert.equal(app.output.stdout, 'a disposed\nmain disposed\n')
  assert.match(app.output.stderr, /a dispose handler of file:\S*a\.mjs failed: Error: thrown/)
  assert.match(app.output.stderr, /a dispose handler of file:\S*b\.mjs failed: Error: rejected/)
})

test('without handlers, and at other signals, all is as it is without hot-hook', async (t) => {
  const emit = `serve({ own: () => Object.hasOwn(process, 'emit') })`
  const app = await start(t, { 'main.mjs': `import './a.mjs'; ${emit}`, 'a.mjs': 'import.meta.hot.accept()' })
  assert.equal(await app.ask('own'), false)
  assert.deepEqual(await end(app), { code: null, signal: 'SIGTERM' })
  const other = await start(t, { 'main.mjs': `${noisy('main')}; ${emit}` })
  assert.equal(await other.ask('own'), true)
  assert.deepEqual(await end(other, 'SIGINT'), { code: null, signal: 'SIGINT' })
  assert.equal(other.output.stdout, '')
})

test('process.emit itself: what it says, and what it does without a listener', async (t) => {
  const app = await start(t, {
    'main.mjs': `serve({ emit: (...args) => process.emit(...args), listen: () => void process.once('SIGTERM', () => console.log('heard')) }); ${noisy('main')}`,
  })
  assert.equal(await app.ask('emit', 'SIGTERM'), false)
  await app.ask('listen')
  assert.equal(await app.ask('emit', 'SIGTERM'), true)
  assert.equal(await app.ask('emit', 'nonsense'), false)
  await app.until('it is heard', () => app.output.stdout === 'main disposed\nheard\n')
})

test('an app that has handlers still ends by itself', async (t) => {
  const app = await startApp(t, { ipc: false, files: { 'main.mjs': noisy('main') } })
  assert.deepEqual(await app.exit(), { code: 0, signal: null })
  assert.equal(app.output.stdout, '')
})

test('hot.dispose(): not when a full reload is asked for, but when it comes; once', async (t) => {
  const b = (text) => `import.meta.hot.dispose((data) => log('${text} ' + data.held)); import.meta.hot.data.held = 'held'
    import.meta.hot.signal.addEventListener('abort', () => log('aborted')); process.once('again', () => import.meta.hot.dispose(() => log('late')))`
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { hot } from 'hot-hook'; import './b.mjs'; import './c.mjs'; ${SERVE}
        serve({ end: async () => { const pending = hot.dispose(); log('called'); return [pending instanceof Promise, await pending ?? 'nothing'] } })`,
      'b.mjs': b('b'),
      'c.mjs': `import.meta.hot.dispose(async () => { await new Promise(setImmediate); log('c'); throw new Error('of c') })`,
    },
  })
  app.save('b.mjs', b('other'))
  await app.message('full-reload')
  assert.deepEqual(await app.ask('log'), [])
  assert.deepEqual(await app.ask('end'), [true, 'nothing'])
  await logs(app, ['b held', 'aborted', 'called', 'c'])
  assert.match(app.output.stderr, /a dispose handler of file:\S*c\.mjs failed: Error: of c/)
  await app.ask('emit', 'again')
  await app.ask('end')
  await logs(app, ['late', 'called'])
})
