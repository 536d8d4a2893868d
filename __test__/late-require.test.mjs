/* `require` after a module has run, and by `createRequire`. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { nodeIs, startApp } from './support/app.mjs'

const hotHook = { boundaries: ['./pages/*'] }

/** What TypeScript makes of `import()` where it compiles to CommonJS. */
const compiled = (file) => `Promise.resolve().then(() => require('${file}'))`

/** Each way in which CommonJS that has run requires again. */
const apps = {
  'a handler that requires': {
    'main.cjs': `const routes = require('./routes.cjs'); serve({ get: () => routes.get() })`,
    'routes.cjs': `exports.get = () => require('./pages/home.cjs').value`,
  },
  'import() that was compiled to require()': {
    'main.cjs': `const routes = require('./routes.cjs'); serve({ get: () => routes.get() })`,
    'routes.cjs': `exports.get = async () => (await ${compiled('./pages/home.cjs')}).value`,
  },
  'the entry itself': { 'main.cjs': `serve({ get: () => require('./pages/home.cjs').value })` },
  'an ES module that is cold imports who requires': {
    entry: 'main.mjs',
    'main.mjs': `import routes from './routes.cjs'; serve({ get: () => routes.get() })`,
    'routes.cjs': `exports.get = () => require('./pages/home.cjs').value`,
  },
}

for (const [name, { entry = 'main.cjs', ...files }] of Object.entries(apps)) {
  test(`a boundary that is required late is hot: ${name}`, async (t) => {
    const app = await startApp(t, {
      hotHook,
      entry,
      files: { ...files, 'pages/home.cjs': `exports.value = 'home ' + require('../text.cjs').text`, 'text.cjs': `exports.text = 1` },
    })
    assert.equal(await app.ask('get'), 'home 1')
    for (const n of [2, 3, 4]) {
      // At once: the second of two such `require`s passes no hook.
      app.save('text.cjs', `exports.text = ${n}`)
      assert.equal(await app.ask('get'), `home ${n}`)
      assert.equal(await app.ask('get'), `home ${n}`)
    }
    app.save('pages/home.cjs', `exports.value = 'house ' + require('../text.cjs').text`)
    assert.equal(await app.ask('get'), 'house 4')
    await app.message('invalidated', 4)
    assert.deepEqual(app.told('invalidated')[0].paths, [app.file('text.cjs'), app.file('pages/home.cjs')])
    assert.deepEqual(app.told('full-reload'), [])
    app.save('pages/home.cjs', `exports.value = 'broken'; throw new Error('on purpose')`)
    assert.equal((await app.askError('get')).message, 'on purpose')
    app.save('pages/home.cjs', `exports.value = 'mended'`)
    assert.equal(await app.ask('get'), 'mended')
    assert.deepEqual(app.told('full-reload'), [])
  })
}

test('what is required while its importer runs, or by createRequire, is no boundary', async (t) => {
  const app = await startApp(t, {
    hotHook,
    env: { HOT_HOOK_REASON: '1' },
    files: {
      'main.mjs': `import { createRequire } from 'node:module'; import './early.cjs'; const { value } = createRequire(import.meta.url)('./pages/b.cjs'); serve({ get: () => value })`,
      'early.cjs': `const { value } = require('./pages/a.cjs'); exports.get = () => require('./pages/a.cjs').value + value`,
      'pages/a.cjs': `exports.value = 1`,
      'pages/b.cjs': `exports.value = 1`,
    },
  })
  for (const [n, file] of ['pages/a.cjs', 'pages/b.cjs'].entries()) {
    app.save(file, `exports.value = 2`)
    assert.equal((await app.message('full-reload', n + 1)).path, app.file(file))
  }
  assert.deepEqual(app.told('invalidated'), [])
})

test('what is required late and matches no pattern asks for a restart, and the hint names the pattern', async (t) => {
  const app = await startApp(t, {
    env: { HOT_HOOK_REASON: '1' },
    entry: 'main.cjs',
    files: { 'main.cjs': `serve({ get: () => require('./pages/home.cjs').value })`, 'pages/home.cjs': `exports.value = 1` },
  })
  assert.equal(await app.ask('get'), 1)
  app.save('pages/home.cjs', `exports.value = 2`)
  const { reason } = await app.message('full-reload')
  assert.equal(reason.hint, 'required by main.cjs:1, not as a boundary: add it to `boundaries` to make it hot')
})

test('an ES module that is required late', { skip: !nodeIs(22, 23) && 'require passes no hooks' }, async (t) => {
  const app = await startApp(t, {
    hotHook,
    entry: 'main.cjs',
    files: {
      'main.cjs': `serve({ get: () => require('./pages/home.mjs').value })`,
      'pages/home.mjs': `import { text } from '../text.mjs'; export const value = 'home ' + text`,
      'text.mjs': `export const text = 1`,
    },
  })
  assert.equal(await app.ask('get'), 'home 1')
  for (const n of [2, 3]) {
    app.save('text.mjs', `export const text = ${n}`)
    assert.equal(await app.ask('get'), `home ${n}`)
  }
  assert.deepEqual(app.told('full-reload'), [])
})
