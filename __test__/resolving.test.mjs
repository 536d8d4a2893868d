/* Resolving is not importing: what only asks where a module is leaves no edge, whoever asks and however. */
import assert from 'node:assert/strict'
import nodeModule from 'node:module'
import test from 'node:test'
import { hasSyncHooks } from '../lib/node/features.mjs'
import { HOT, startApp } from './support/app.mjs'

const imports = `import module, { createRequire } from 'node:module'; const require = createRequire(import.meta.url)`

/** By name, a way to resolve `./NAME.mjs` and `./NAME-low.mjs`, as source text of an ES module with `FILE` for the specifier. */
const ways = {
  resolve: `import.meta.resolve('FILE')`,
  parent: `import.meta.resolve('FILE', import.meta.url)`,
  apart: `(({ resolve }) => resolve('FILE'))(import.meta)`,
  url: `import.meta.resolve(new URL('FILE', import.meta.url))`,
  join: `new URL('FILE', import.meta.url)`,
  require: `require.resolve('FILE')`,
  paths: `require.resolve('FILE', { paths: [import.meta.dirname] })`,
  created: `createRequire(new URL('other.mjs', import.meta.url)).resolve('FILE')`,
  ...('findPackageJSON' in nodeModule && { manifest: `module.findPackageJSON('FILE', import.meta.url)` }),
}
const names = Object.keys(ways)
const all = names.flatMap((name) => [`${name}: () => ${ways[name].replace('FILE', `./${name}.mjs`)}`, `${name}Low: () => ${ways[name].replace('FILE', `./${name}-low.mjs`)}`])
const files = Object.fromEntries(names.flatMap((name) => [
  [`${name}.mjs`, `export { value } from './${name}-low.mjs'`],
  [`${name}-low.mjs`, 'export const value = 1'],
]))
const main = `${imports}
  const ways = { ${all.join(', ')} }
  const resolve = () => { for (const name in ways) ways[name]() }
  const get = async () => Object.fromEntries(await Promise.all(${JSON.stringify(names)}.map(async (name) => [name, (await import('./' + name + '.mjs', ${HOT})).value])))
  serve({ resolve, get })`

/** @param {Awaited<ReturnType<typeof startApp>>} app */
async function check(app) {
  const values = (/** @type {unknown} */ value) => Object.fromEntries(names.map((name) => [name, value]))
  await app.ask('resolve')
  assert.deepEqual(await app.ask('get'), values(1))
  for (const n of [2, 3]) {
    for (const name of names) app.save(`${name}-low.mjs`, `export const value = ${n}`)
    assert.deepEqual(await app.ask('get'), values(n), app.known())
    for (const name of names) app.save(`${name}.mjs`, `export { value } from './${name}-low.mjs' // ${n}`)
    await app.ask('resolve')
    assert.deepEqual(await app.ask('get'), values(n), app.known())
  }
  assert.deepEqual(app.told('full-reload'), [], app.known())
}

test('what is only resolved by the entry stays hot, and what is below it', async (t) => {
  await check(await startApp(t, { files: { ...files, 'main.mjs': main } }))
})

test('also by a module that was loaded before us', { skip: !hasSyncHooks && 'hooks in another thread cannot tell' }, async (t) => {
  const before = main.replace('serve(', `const { hot } = await import('hot-hook'); await hot.init({ root: import.meta.filename }); serve(`)
  await check(await startApp(t, { register: false, files: { ...files, 'main.mjs': before } }))
})

test('in a worker', async (t) => {
  const worker = main.replace('serve(', `import { parentPort } from 'node:worker_threads'
    const serve = (commands) => parentPort.on('message', async ([id, name]) => parentPort.postMessage([id, await commands[name]()]))
    serve(`)
  const app = await startApp(t, {
    files: {
      ...files,
      'worker.mjs': worker,
      'main.mjs': `import { Worker } from 'node:worker_threads'
        const worker = new Worker(new URL(import.meta.resolve('./worker.mjs')))
        let last = 0
        const ask = (name) => new Promise((resolve) => {
          const id = ++last
          worker.on('message', function listen([answered, value]) { if (answered === id) { worker.off('message', listen); resolve(value) } })
          worker.postMessage([id, name])
        })
        serve({ resolve: () => ask('resolve'), get: () => ask('get') })`,
    },
  })
  await check(app)
})

test('what was resolved is imported as a boundary, by who resolved it and by a helper', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { load } from './helper.mjs'
        const boundary = import.meta.hot?.boundary
        serve({
          own: async () => (await import(import.meta.resolve('./h.mjs'), boundary)).value,
          helped: async () => (await load(import.meta.resolve('./h.mjs'))).value,
        })`,
      'helper.mjs': `export const load = (url) => import(url, import.meta.hot?.boundary)`,
      'h.mjs': `export const value = 1`,
    },
  })
  for (const n of [1, 2, 3]) {
    if (n > 1) app.save('h.mjs', `export const value = ${n}`)
    assert.equal(await app.ask('own'), n)
    assert.equal(await app.ask('helped'), n)
  }
  assert.deepEqual(app.told('full-reload'), [])
})

test('CommonJS: what is resolved stays hot, what is required is cold', async (t) => {
  const names = ['resolved', 'required', 'repeated', 'elsewhere', 'threw', 'late']
  const app = await startApp(t, {
    hotHook: { boundaries: ['./hot/*'] },
    entry: 'main.cjs',
    files: {
      'main.cjs': `for (const name of ${JSON.stringify(names)}) require.resolve('./hot/' + name + '.cjs')
        require('./hot/required.cjs')
        require('./hot/repeated.cjs'); require('./lib/other.cjs')
        serve({
          late: () => require('./hot/late.cjs').value,
          load: (name) => import('./hot/' + name + '.cjs').then((m) => m.default.value),
          explain: async (name) => (await (await import('hot-hook')).hot.explain(require.resolve('./hot/' + name + '.cjs'))).verdict,
        })`,
      'lib/other.cjs': `require('../hot/elsewhere.cjs'); require('../hot/repeated.cjs'); require.resolve('../hot/resolved.cjs'); try { require('../hot/threw.cjs') } catch {}`,
      ...Object.fromEntries(names.map((name) => [`hot/${name}.cjs`, 'exports.value = 1'])),
      'hot/threw.cjs': 'throw new Error("threw")',
    },
  })
  const explain = async () => Object.fromEntries(await Promise.all(names.map(async (name) => [name, await app.ask('explain', name)])))
  const cold = { required: 'restart', repeated: 'restart', elsewhere: 'restart', threw: 'restart' }
  assert.deepEqual(await explain(), { ...cold, resolved: 'unknown', late: 'unknown' })
  assert.equal(await app.ask('load', 'resolved'), 1)
  assert.equal(await app.ask('load', 'late'), 1)
  assert.deepEqual(await explain(), { ...cold, resolved: 'hot', late: 'hot' })
  app.save('hot/resolved.cjs', 'exports.value = 2')
  assert.equal(await app.ask('load', 'resolved'), 2)
  assert.equal(await app.ask('late'), 1)
  // A `require` that runs late is as an `import()`.
  assert.deepEqual(await explain(), { ...cold, resolved: 'hot', late: 'hot' })
})

test('what is looked for and not there is not waited for', async (t) => {
  const ways = { meta: `import.meta.resolve('FILE')`, require: `require.resolve('FILE')`, created: `createRequire(new URL('other.mjs', import.meta.url)).resolve('FILE')` }
  const app = await startApp(t, {
    hotHook: { boundaries: ['./hot/*'] },
    files: {
      'main.mjs': `${imports}
        try { require('./not-there.cjs') } catch {}
        ${Object.entries(ways).map(([name, way]) => `try { ${way.replace('FILE', `./hot/${name}.mjs`)} } catch {}`).join('\n')}
        serve({ get: async (name) => (await import('./hot/' + name + '.mjs')).value })`,
    },
  })
  for (const n of [1, 2]) {
    for (const name in ways) {
      app.save(`hot/${name}.mjs`, `export const value = ${n}`)
      assert.equal(await app.ask('get', name), n)
    }
  }
  assert.deepEqual(app.told('full-reload'), [], app.known())
  app.save('not-there.cjs', '')
  assert.equal((await app.message('full-reload')).path, app.file('not-there.cjs'))
})

test('an import that is under way while the same is looked up remains one', async (t) => {
  const app = await startApp(t, {
    hotHook: { boundaries: ['./hot/*'] },
    files: {
      'main.mjs': `serve({
          get: async () => {
            const imports = [import('./hot/h.mjs')]
            import.meta.resolve('./hot/h.mjs'); import.meta.resolve('./hot/h.mjs')
            imports.push(import('./hot/h.mjs'), import('./hot/h.mjs'))
            import.meta.resolve('./hot/h.mjs')
            return (await Promise.all(imports)).map((m) => m.value)
          },
          cold: async () => { const cold = import('./cold.mjs'); import.meta.resolve('./cold.mjs'); return (await cold).value },
        })`,
      'hot/h.mjs': 'export const value = 1',
      'cold.mjs': 'export const value = 1',
    },
  })
  for (const n of [1, 2, 3, 4]) {
    if (n > 1) app.save('hot/h.mjs', `export const value = ${n}`)
    assert.deepEqual(await app.ask('get'), [n, n, n])
  }
  assert.equal(await app.ask('cold'), 1)
  assert.deepEqual(app.told('full-reload'), [], app.known())
  app.save('cold.mjs', 'export const value = 2')
  assert.equal((await app.message('full-reload')).path, app.file('cold.mjs'))
})

const others = `const others = (specifier) => (specifier.endsWith('/h.mjs') ? ['other', 'missing', 'h'].map((name) => specifier.replace('h.mjs', name + '.mjs')) : [])`
const inThread = `import { registerHooks } from 'node:module'; ${others}
  registerHooks({ resolve(specifier, context, next) {
    for (const other of others(specifier)) try { next(other, context) } catch {}
    return next(specifier, context)
  } })`
const inItsOwn = `import { register } from 'node:module'
  const source = \`${others}
    export const resolve = async (specifier, context, next) => {
      for (const other of others(specifier)) try { await next(other, context) } catch {}
      return next(specifier, context)
    }\`
  register('data:text/javascript,' + encodeURIComponent(source))`
for (const [name, loader] of Object.entries({ ...(hasSyncHooks && { 'in the thread': inThread }), 'in a thread of its own': inItsOwn })) {
  for (const order of ['before', 'after']) {
    test(`what a loader ${name}, ${order} us, asks for besides`, async (t) => {
      const app = await startApp(t, {
        [order]: ['--import=./loader.mjs'],
        hotHook: { boundaries: ['./hot/h.mjs'] },
        files: {
          'loader.mjs': loader,
          'main.mjs': `serve({ get: async (name) => (await import('./hot/' + name + '.mjs')).value, hot: async (name) => (await import('./hot/' + name + '.mjs', ${HOT})).value })`,
          'hot/h.mjs': 'export const value = 1',
          'hot/other.mjs': 'export const value = 1',
        },
      })
      for (const n of [1, 2, 3]) {
        if (n > 1) for (const file of ['h', 'other']) app.save(`hot/${file}.mjs`, `export const value = ${n}`)
        assert.equal(await app.ask('get', 'h'), n)
        assert.equal(await app.ask('hot', 'other'), n)
      }
      for (const n of [1, 2]) {
        app.save('hot/missing.mjs', `export const value = ${n}`)
        assert.equal(await app.ask('hot', 'missing'), n)
      }
      assert.deepEqual(app.told('full-reload'), [])
    })
  }
}
