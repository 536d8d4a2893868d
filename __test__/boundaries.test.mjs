/* Which imports are boundaries: by pattern and by attribute. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HOT, nodeIs, startApp } from './support/app.mjs'

const main = `serve({ get: async () => (await import('./b.mjs', import.meta.hot?.boundary)).value })`
const value = (n) => `export const value = ${n}`

test('a saved boundary is live at the next import', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': main, 'b.mjs': value(1) } })
  assert.equal(await app.ask('get'), 1)
  for (const n of [2, 3]) {
    app.save('b.mjs', value(n))
    assert.equal(await app.ask('get'), n, 'at once')
    assert.deepEqual(await app.message('invalidated', n - 1), { type: 'hot-hook:invalidated', paths: [app.file('b.mjs')] })
  }
  assert.deepEqual(app.told('full-reload'), [])
})

test('the URL has no query before the first change, and ?v=N after', async (t) => {
  const url = `export const value = [import.meta.url.split('/').pop()]`
  const app = await startApp(t, { files: { 'main.mjs': main, 'b.mjs': url } })
  assert.deepEqual(await app.ask('get'), ['b.mjs'])
  for (const n of [1, 2]) {
    app.save('b.mjs', `${url} // ${n}`)
    assert.deepEqual(await app.ask('get'), [`b.mjs?v=${n}`])
  }
})

test('an edit below a boundary runs all modules on the way, and only those', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `${main}; serve({ log: () => log.lines.splice(0) })`,
      'b.mjs': `log('b'); import { x } from './c.mjs'; import './d.mjs'; export const value = x`,
      'c.mjs': `log('c'); export { x } from './e.mjs'`,
      'd.mjs': `log('d')`,
      'e.mjs': `log('e'); export const x = 1`,
    },
  })
  assert.equal(await app.ask('get'), 1)
  assert.deepEqual(await app.ask('log'), ['e', 'c', 'd', 'b'])
  app.save('e.mjs', `log('e'); export const x = 2`)
  assert.equal(await app.ask('get'), 2)
  assert.deepEqual(await app.ask('log'), ['e', 'c', 'b'])
  assert.deepEqual(await app.message('invalidated'), {
    type: 'hot-hook:invalidated',
    paths: ['e', 'c', 'b'].map((name) => app.file(`${name}.mjs`)),
  })
})

test('a boundary by attribute, by pattern, and in a literal', async (t) => {
  const app = await startApp(t, {
    hotHook: { boundaries: ['./controllers/*.mjs'] },
    files: {
      'main.mjs': `serve({
        get: async () => [await import('./b.mjs', ${HOT}), await import('./controllers/c.mjs')].map((m) => m.value),
      })`,
      'b.mjs': value(1),
      'controllers/c.mjs': value(1),
    },
  })
  assert.deepEqual(await app.ask('get'), [1, 1])
  app.save('b.mjs', value(2))
  app.replace('controllers/c.mjs', value(2))
  assert.deepEqual(await app.ask('get'), [2, 2])
  assert.deepEqual(app.told('full-reload'), [])
})

const wraps = `import { registerHooks } from 'node:module'
registerHooks({
  resolve(specifier, context, next) {
    const result = next(specifier, context)
    const isApp = result.url.startsWith('file:') && !result.url.includes('/node_modules/') && !context.parentURL?.endsWith('wrapped')
    return isApp ? { ...result, url: result.url + (result.url.includes('?') ? '&' : '?') + 'wrapped' } : result
  },
  load(url, context, next) {
    if (!url.endsWith('wrapped')) return next(url, context)
    return { format: 'module', source: 'export * from ' + JSON.stringify(url.slice(0, -8)), shortCircuit: true }
  },
})`

test('a loader around us that puts a wrapper around each module', { skip: !nodeIs(22, 23) && 'without complete registerHooks' }, async (t) => {
  const app = await startApp(t, {
    files: {
      'wraps.mjs': wraps,
      'main.mjs': `import './cold.mjs'; serve({ get: async () => (await import('./b.mjs')).value })`,
      'cold.mjs': '',
      'b.mjs': `export { value } from './c.mjs'`,
      'c.mjs': 'export const value = 1',
    },
    hotHook: { boundaries: ['./b.mjs'] },
    after: ['--import=./wraps.mjs'],
  })
  for (const value of [1, 2, 3]) {
    app.save('c.mjs', `export const value = ${value}`)
    assert.equal(await app.ask('get'), value)
  }
  assert.deepEqual(app.told('full-reload'), [])
  app.save('cold.mjs', '1')
  assert.equal((await app.message('full-reload')).path, app.file('cold.mjs'))
})
