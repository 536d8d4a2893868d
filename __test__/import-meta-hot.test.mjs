/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HOT, nodeIs, startApp } from './support/app.mjs'
import { run } from './support/runs.mjs'

const value = (n) => `export const value = ${n}`
const main = `serve({ get: async () => (await import('./b.mjs', ${HOT})).value, log: () => log.lines })`
const type = `export const type = ['hot' in import.meta, typeof import.meta.hot]`

test('what it is', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `const { hot } = import.meta
        serve({ get: () => [hot.boundary, typeof hot.dispose, typeof hot.decline, hot === import.meta.hot] })`,
    },
  })
  assert.deepEqual(await app.ask('get'), [{ with: { hot: 'true' } }, 'function', 'function', true])
})

test('every ES module has it: the root, below it, ignored ones, packages', async (t) => {
  const app = await startApp(t, {
    hotHook: { ignore: ['**/node_modules/**', './ignored.mjs'] },
    files: {
      'main.mjs': `${type}
        import * as below from './below.mjs'
        import * as ignored from './ignored.mjs'
        import * as dep from 'dep'
        const dynamic = await import('./b.mjs')
        const query = await import('./b.mjs?x=1')
        serve({ get: () => [type, ...[below, ignored, dep, dynamic, query].map((m) => m.type)] })`,
      'below.mjs': type,
      'ignored.mjs': type,
      'b.mjs': type,
      'node_modules/dep/package.json': '{ "name": "dep", "type": "module", "exports": "./index.js" }',
      'node_modules/dep/index.js': type,
    },
  })
  assert.deepEqual(await app.ask('get'), Array.from({ length: 6 }, () => [true, 'object']))
})

test('however it is written', async (t) => {
  const files = {
    'spaced.mjs': `export const hot = import . meta . hot`,
    'commented.mjs': `export const hot = import/* */./*
      */meta.hot`,
    'line.mjs': `export const hot = import // why
      .meta.hot`,
    'whole.mjs': `const { hot: it } = import.meta; export { it as hot }`,
    'computed.mjs': `export const hot = import.meta['h' + 'ot']`,
    'shadowed.mjs': `const Symbol = 1, process = 2, hot = import.meta.hot, global = 3, require = 4, url = 5; export { hot }`,
    'strict.mjs': `'use strict'; export const hot = import.meta.hot`,
    'hashbang.mjs': `#!/usr/bin/env node\nexport const hot = import.meta.hot`,
    'bom.mjs': `\uFEFFexport const hot = import.meta.hot`,
    'comment.mjs': `// import.meta\nexport const hot = import.meta.hot`,
    'crlf.mjs': `// one\r\nexport const hot = import.meta.hot\r\n`,
    'evaluated.mjs': `export const hot = import.meta.hot; eval('1')`,
  }
  const names = Object.keys(files)
  const app = await startApp(t, {
    files: {
      ...files,
      'main.mjs': `const found = {}
        for (const name of ${JSON.stringify(names)}) found[name] = typeof (await import('./' + name)).hot?.dispose
        serve({ get: () => found })`,
    },
  })
  assert.deepEqual(await app.ask('get'), Object.fromEntries(names.map((name) => [name, 'function'])))
})

test('natively stripped TypeScript has it', { skip: !nodeIs(22, 18) && 'Node strips types since 22.18' }, async (t) => {
  const app = await startApp(t, {
    entry: 'main.ts',
    files: {
      'main.ts': `const is: boolean = 'hot' in (import.meta as object)
        serve({ is: () => is, get: async () => (await import('./b.ts', import.meta.hot?.boundary)).value })`,
      'b.ts': `export const value: unknown[] = [typeof import.meta.hot, 1 as number]`,
    },
  })
  assert.equal(await app.ask('is'), true)
  assert.deepEqual(await app.ask('get'), ['object', 1])
  app.save('b.ts', `export const value: unknown[] = [typeof import.meta.hot, 2 as number]`)
  assert.deepEqual(await app.ask('get'), ['object', 2])
})

const canRequire = process.features.require_module === true
test('an ES module that is required', { skip: !canRequire && 'no require(esm)' }, async (t) => {
  const app = await startApp(t, {
    before: ['--disable-warning=ExperimentalWarning'],
    files: {
      'main.mjs': `import { createRequire } from 'node:module'
        serve({ get: () => createRequire(import.meta.url)('./e.mjs').type })`,
      'e.mjs': type,
    },
  })
  // No hook of Node 20 sees it.
  assert.deepEqual(await app.ask('get'), nodeIs(22) ? [true, 'object'] : [false, 'undefined'])
})

test('undefined when hot-hook is not enabled', async (t) => {
  const { stdout, stderr } = await run(t, {
    register: false,
    files: {
      'main.mjs': `import { hot } from 'hot-hook'
        ${type}
        console.log(type, import.meta.hot?.boundary)
        await hot.init({ root: import.meta.filename })
        console.log('hot' in import.meta, (await import('./b.mjs', import.meta.hot?.boundary)).type)`,
      'b.mjs': type,
    },
  })
  assert.equal(stdout, `[ false, 'undefined' ] undefined\nfalse [ true, 'object' ]\n`)
  assert.equal(stderr, '')
})

test('boundary can be passed on', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { load } from './load.mjs'; serve({ get: () => load('./b.mjs', import.meta.hot?.boundary) })`,
      'load.mjs': `export const load = async (name, options) => (await import(name, options)).value`,
      'b.mjs': value(1),
    },
  })
  assert.equal(await app.ask('get'), 1)
  app.save('b.mjs', value(2))
  assert.equal(await app.ask('get'), 2)
})

test('dispose takes functions only', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': `serve({ try: () => import.meta.hot.dispose('x') })` },
  })
  const { name, message } = await app.askError('try')
  assert.equal(name, 'TypeError')
  assert.match(message, /dispose.*function.*'x'/)
})

test('decline: a change asks for a full reload, and supersedes nothing', async (t) => {
  const b = (n) => `${value(n)}; log(${n}); import.meta.hot?.decline(); import.meta.hot?.dispose(() => log('disposed'))`
  const app = await startApp(t, { files: { 'main.mjs': main, 'b.mjs': b(1) } })
  assert.equal(await app.ask('get'), 1)
  app.save('b.mjs', b(2))
  assert.equal(await app.ask('get'), 1)
  assert.deepEqual(await app.message('full-reload'), {
    type: 'hot-hook:full-reload',
    path: app.file('b.mjs'),
    shouldBeReloadable: false,
  })
  assert.deepEqual(await app.ask('log'), [1])
  assert.deepEqual(app.told('invalidated'), [])
})

test('decline holds for what is below, but not beside', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': main,
      'b.mjs': `import './declined.mjs'; export { value } from './c.mjs'`,
      'declined.mjs': `import './deep.mjs'; import.meta.hot.decline()`,
      'deep.mjs': '',
      'c.mjs': value(1),
    },
  })
  assert.equal(await app.ask('get'), 1)
  app.save('c.mjs', value(2))
  assert.equal(await app.ask('get'), 2)
  app.save('deep.mjs', '// 2')
  assert.equal((await app.message('full-reload')).path, app.file('deep.mjs'))
  assert.equal(app.told('invalidated').length, 1)
})

test('hot.dispose and hot.decline by URL', async (t) => {
  const b = (n) => `import { hot } from 'hot-hook'; hot.dispose(import.meta.url, () => log('disposed ${n}')); ${value(n)}`
  const app = await startApp(t, {
    files: { 'main.mjs': main, 'b.mjs': b(1) },
  })
  assert.equal(await app.ask('get'), 1)
  for (const n of [2, 3]) {
    app.save('b.mjs', b(n))
    assert.equal(await app.ask('get'), n)
  }
  assert.deepEqual(await app.ask('log'), ['disposed 1', 'disposed 2'])
  app.save('b.mjs', `import { hot } from 'hot-hook'; hot.decline(import.meta.url); ${value(4)}`)
  assert.equal(await app.ask('get'), 4)
  app.save('b.mjs', value(5))
  assert.equal((await app.message('full-reload')).path, app.file('b.mjs'))
})

test('hot.dispose and hot.decline do nothing before init', async (t) => {
  const { code, stderr } = await run(t, {
    register: false,
    files: {
      'main.mjs': `import { hot } from 'hot-hook'; hot.dispose(import.meta.url, () => {}); hot.decline(import.meta.url)`,
    },
  })
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
})
