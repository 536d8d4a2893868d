/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HOT, startApp } from './support/app.mjs'
import { logs, SERVE } from './support/log.mjs'

const value = (n) => `export const value = ${n}`
test('a module that accepts itself is imported again at once, and its callback gets the namespace', async (t) => {
  const m = (n) => `log('m${n}'); ${value(n)}
    import.meta.hot.accept((fresh) => log(['accepted by ${n}', fresh.value, fresh[Symbol.toStringTag]]))`
  const app = await startApp(t, { files: { 'main.mjs': `import './m.mjs'; log('main'); ${SERVE}`, 'm.mjs': m(1) } })
  await logs(app, ['m1', 'main'])
  for (const n of [2, 3, 4]) {
    app.save('m.mjs', m(n))
    await logs(app, [`m${n}`, [`accepted by ${n - 1}`, n, 'Module']])
  }
  assert.deepEqual(app.told('full-reload'), [])
  assert.deepEqual(app.told('invalidated').map(({ paths }) => paths), [1, 2, 3].map(() => [app.file('m.mjs')]))
})

test('what is below it changes: it is imported again; its importers are left alone', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `log('main'); import './top.mjs'; ${SERVE}`,
      'top.mjs': `import './m.mjs'; log('top'); import.meta.hot.dispose(() => log('top disposed'))`,
      'm.mjs': `import { value } from './below.mjs'; log('m' + value)
        import.meta.hot.accept(({ again }) => log('accepted ' + again)); export const again = value`,
      'below.mjs': `export { value } from './deep.mjs'`,
      'deep.mjs': value(1),
    },
  })
  await logs(app, ['m1', 'top', 'main'])
  app.save('deep.mjs', value(2))
  await logs(app, ['m2', 'accepted 2'])
  app.save('below.mjs', `export const value = 'other'`)
  await logs(app, ['mother', 'accepted other'])
  assert.deepEqual(app.told('full-reload'), [])
  assert.deepEqual(app.told('invalidated')[0].paths, ['deep.mjs', 'below.mjs', 'm.mjs'].map(app.file))
})

test('accept() without a callback; the entry point too', async (t) => {
  const main = (n) => `import { value } from './b.mjs'; log('main ${n} ' + value); import.meta.hot.accept(); ${SERVE}`
  const app = await startApp(t, { files: { 'main.mjs': main(1), 'b.mjs': value(1) } })
  await logs(app, ['main 1 1'])
  app.save('b.mjs', value(2))
  await logs(app, ['main 1 2'])
  app.save('main.mjs', main(2))
  await logs(app, ['main 2 2'])
  assert.deepEqual(app.told('full-reload'), [])
})

test('accept(dependency, callback): the importer stays, the callback gets the namespace', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import * as first from './dep.mjs'; log('main ' + first.value)
        import.meta.hot.accept('./dep.mjs', (fresh) => log('fresh ' + fresh.value + ', held ' + first.value)); ${SERVE}`,
      'dep.mjs': `export { value } from './below.mjs'`,
      'below.mjs': value(1),
    },
  })
  await logs(app, ['main 1'])
  app.save('below.mjs', value(2))
  await logs(app, ['fresh 2, held 1'])
  app.save('dep.mjs', value(3))
  await logs(app, ['fresh 3, held 1'])
})

test('accept(dependencies, callback): undefined for what did not change', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './a.mjs'; import './b.mjs'; import './c.mjs'
        import.meta.hot.accept(['./a.mjs', './b.mjs', './c.mjs'], (all) => log(all.map((fresh) => fresh?.value ?? '-').join(' '))); ${SERVE}`,
      'a.mjs': `export { value } from './shared.mjs'`,
      'b.mjs': value('1'),
      'c.mjs': `export { value } from './shared.mjs'`,
      'shared.mjs': value(1),
    },
  })
  app.save('b.mjs', value(2))
  await logs(app, ['- 2 -'])
  app.save('shared.mjs', value(3))
  await logs(app, ['3 - 3'])
})

test('several callbacks, of several modules, in the order in which these ran', async (t) => {
  const importer = (name) => `import './dep.mjs'; log('${name}')
    import.meta.hot.accept('./dep.mjs', ({ value }) => log('${name} 1: ' + value))
    import.meta.hot.accept(['./dep.mjs'], ([{ value }]) => log('${name} 2: ' + value))`
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './l.mjs'; import './r.mjs'; ${SERVE}`,
      'l.mjs': importer('l'),
      'r.mjs': importer('r'),
      'dep.mjs': value(1),
    },
  })
  app.save('dep.mjs', `log('dep'); ${value(2)}; import.meta.hot.accept(() => log('own'))`)
  await logs(app, ['l', 'r', 'dep', 'l 1: 2', 'l 2: 2', 'r 1: 2', 'r 2: 2'])
  app.save('dep.mjs', `log('dep'); ${value(3)}`)
  await logs(app, ['dep', 'l 1: 3', 'l 2: 3', 'r 1: 3', 'r 2: 3', 'own'])
})

test('one importer accepts, another does not', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './l.mjs'
        serve({ log: () => log.lines.splice(0), get: async () => (await import('./r.mjs', ${HOT})).value })`,
      'l.mjs': `import './dep.mjs'; import.meta.hot.accept('./dep.mjs', ({ value }) => log('l: ' + value))`,
      'r.mjs': `export { value } from './dep.mjs'; log('r'); import.meta.hot.dispose(() => log('r disposed'))`,
      'dep.mjs': value(1),
    },
  })
  assert.equal(await app.ask('get'), 1)
  app.save('dep.mjs', value(2))
  await logs(app, ['r', 'r disposed', 'l: 2'])
  assert.equal(await app.ask('get'), 2)
  assert.deepEqual(await app.ask('log'), ['r'])
})

test('a cold importer that does not accept: a full reload, and nothing is imported again', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './l.mjs'; import './dep.mjs'; ${SERVE}`,
      'l.mjs': `import './dep.mjs'; import.meta.hot.accept('./dep.mjs', () => log('accepted'))`,
      'dep.mjs': `log('dep')`,
    },
  })
  app.save('dep.mjs', `log('dep 2')`)
  await app.message('full-reload')
  await app.quiet()
  assert.deepEqual(await app.ask('log'), ['dep'])
})

test('a cycle through an accepted edge is climbed: it is imported again as a whole', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './a.mjs'; ${SERVE}`,
      'a.mjs': `import { value } from './b.mjs'; log('a ' + value()); import.meta.hot.accept(); export const name = 'a1'`,
      'b.mjs': `import { name } from './a.mjs'; log('b'); export const value = () => { try { return name } catch { return 'early' } }`,
    },
  })
  await logs(app, ['b', 'a early'])
  app.save('b.mjs', `import { name } from './a.mjs'; log('b2'); export const value = () => { try { return name } catch { return 'early 2' } }`)
  await logs(app, ['b2', 'a early 2'])
  app.save('a.mjs', `import { value } from './b.mjs'; log('a2 ' + value()); import.meta.hot.accept(); export const name = 'a2'`)
  await logs(app, ['b2', 'a2 early 2'])
  assert.deepEqual(app.told('full-reload'), [])
})

test('one that accepts no longer is cold', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': `import './m.mjs'; ${SERVE}`, 'm.mjs': `log(1); import.meta.hot.accept(() => log('accepted'))` },
  })
  app.save('m.mjs', `log(2)`)
  await logs(app, [1, 2, 'accepted'])
  app.save('m.mjs', `log(3)`)
  assert.equal((await app.message('full-reload')).path, app.file('m.mjs'))
  app.save('m.mjs', `log(4); import.meta.hot.accept()`)
  await app.message('full-reload', 2)
  assert.deepEqual(await app.ask('log'), [])
})

test('order: dispose, importers first, then the new instances, then the callback, then the parent is told', async (t) => {
  const noisy = (name, text = '') => `${text}; log('${name}'); import.meta.hot.dispose(() => log('${name} disposed'))`
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './m.mjs'
        import.meta.hot.accept('./m.mjs', async () => {
          await new Promise((resolve) => process.once('go', resolve))
          log('accepted')
        })
        ${SERVE}`,
      'm.mjs': noisy('m', `import './below.mjs'`),
      'below.mjs': noisy('below'),
    },
  })
  await logs(app, ['below', 'm'])
  app.save('below.mjs', `${noisy('below')} // 2`)
  await logs(app, ['m disposed', 'below disposed', 'below', 'm'])
  assert.deepEqual(app.told('invalidated'), [])
  await app.ask('emit', 'go')
  await logs(app, ['accepted'])
  assert.deepEqual((await app.message('invalidated')).paths, ['below.mjs', 'm.mjs'].map(app.file))
})

test('a new instance that does not link: the old one stays in service; the next save tries again', async (t) => {
  const m = (n, text = '') => `${text}; log('m${n}'); import.meta.hot.dispose(() => log('disposed ${n}'))
    import.meta.hot.accept(() => log('accepted by ${n}'))`
  const app = await startApp(t, {
    files: { 'main.mjs': `import './m.mjs'; ${SERVE}`, 'm.mjs': m(1), 'below.mjs': value(1) },
  })
  await logs(app, ['m1'])
  for (const broken of ['const = 1', `import './missing.mjs'`, `import { nope } from './below.mjs'`]) {
    const { length } = app.output.stderr
    app.save('m.mjs', m('broken', broken))
    await app.until('it is reported', () => app.output.stderr.slice(length).includes('the old one stays until it is mended'))
    await app.quiet()
    assert.equal(app.output.stderr.slice(length).match(/✗/g)?.length, 1, app.output.stderr)
    assert.deepEqual(await app.ask('log'), [])
  }
  app.save('m.mjs', m(2))
  await logs(app, ['disposed 1', 'm2', 'accepted by 1'])
  app.save('m.mjs', m(3))
  await logs(app, ['disposed 2', 'm3', 'accepted by 2'])
})

test('what was missing comes: that is a change, too', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': `import './m.mjs'; ${SERVE}`, 'm.mjs': `log('m'); import.meta.hot.accept()` },
  })
  app.save('m.mjs', `import { value } from './new.mjs'; log(value); import.meta.hot.accept()`)
  await app.until('it is reported', () => app.output.stderr.includes('the old one stays until it is mended'))
  app.save('new.mjs', value(`'came'`))
  await logs(app, ['m', 'came'])
})

test('a dependency is deleted, and comes back', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './dep.mjs'; import.meta.hot.accept('./dep.mjs', ({ value }) => log('accepted ' + value)); ${SERVE}`,
      'dep.mjs': `${value(1)}; log('dep'); import.meta.hot.dispose(() => log('disposed'))`,
    },
  })
  app.remove('dep.mjs')
  await app.until('it is reported', () => app.output.stderr.includes('the old one stays until it is mended'))
  assert.deepEqual(await app.ask('log'), ['dep'])
  app.save('dep.mjs', `${value(2)}; log('dep 2')`)
  await logs(app, ['disposed', 'dep 2', 'accepted 2'])
})

test('a new instance that throws: the old one is disposed of, no callback; the next save tries again', async (t) => {
  const m = (n, text = '') => `log('m${n}'); import.meta.hot.dispose(() => log('disposed ${n}'))
    import.meta.hot.accept(() => log('accepted by ${n}')); ${text}`
  for (const oops of [`throw new Error('oops')`, `await 1; throw new Error('oops')`]) {
    const app = await startApp(t, { files: { 'main.mjs': `import './m.mjs'; ${SERVE}`, 'm.mjs': m(1) } })
    app.save('m.mjs', m(2, oops))
    await logs(app, ['m1', 'disposed 1', 'm2'])
    await app.until('it is reported', () => /✗ m\.mjs:\d+:\d+ Error: oops/.test(app.output.stderr))
    app.save('m.mjs', m(3))
    await logs(app, ['disposed 2', 'm3', 'accepted by 1'])
    app.save('m.mjs', m(4))
    await logs(app, ['disposed 3', 'm4', 'accepted by 3'])
    assert.equal(app.output.stderr.match(/✗/g)?.length, 1)
    assert.deepEqual(app.told('full-reload'), [])
  }
})

test('a save while an update runs starts the next one after it', async (t) => {
  const m = (n, text = '') => `log('m${n}'); ${text}; import.meta.hot.accept(() => log('accepted by ${n}'))
    import.meta.hot.dispose(() => log('disposed ${n}')); log('m${n} ends')`
  const main = `import { hot } from 'hot-hook'; import './m.mjs'; ${SERVE}
    serve({ version: async () => (await hot.dump()).find(({ path }) => path === 'm.mjs').version })`
  const app = await startApp(t, { files: { 'main.mjs': main, 'm.mjs': m(1) } })
  app.save('m.mjs', m(2, `await new Promise((resolve) => process.once('go', resolve))`))
  await logs(app, ['m1', 'm1 ends', 'disposed 1', 'm2'])
  app.save('m.mjs', m(3))
  await app.expect('version', 2)
  assert.deepEqual(await app.ask('log'), [])
  await app.ask('emit', 'go')
  await logs(app, ['m2 ends', 'accepted by 1', 'disposed 2', 'm3', 'm3 ends', 'accepted by 2'])
})

for (const [how, save] of /** @type {const} */ ([['in place', 'save'], ['renamed into place', 'replace']])) {
  test(`many saves, ${how}: none is lost, each callback once, in order`, async (t) => {
    const m = (n) => `${value(n)}; import.meta.hot.accept((fresh) => log([${n}, fresh.value]))`
    const app = await startApp(t, { files: { 'main.mjs': `import './m.mjs'; ${SERVE}`, 'm.mjs': m(0) } })
    for (let n = 1; n <= 100; n++) app[save]('m.mjs', m(n))
    const lines = []
    await app.until('the last is live', async () => {
      lines.push(...(await app.ask('log')))
      return lines.at(-1)?.[1] === 100
    })
    // What is written in place may be read while it is empty; then another save follows.
    let at = 0
    for (const [from, to] of lines.filter(([, to]) => to !== null || save === 'replace')) {
      assert.equal(from, at, JSON.stringify(lines))
      assert.ok(to >= from, JSON.stringify(lines))
      at = to
    }
    assert.deepEqual(app.told('full-reload'), [])
  })
}

test('an update takes the last import of what it imports again: nobody is told of that', async (t) => {
  const a = (n, text = '') => `${text}; log('a${n}')`
  const kept = `import './low.mjs'; log('kept'); import.meta.hot.dispose(() => log('disposed')); import.meta.hot.accept(() => log('accepted'))`
  const app = await startApp(t, {
    files: {
      'main.mjs': `import fs from 'node:fs'; import './a.mjs'; import.meta.hot.accept('./a.mjs', () => log('main')); ${SERVE}
        serve({ save: (files) => { for (const [name, text] of files) fs.writeFileSync(new URL(name, import.meta.url), text) } })`,
      'a.mjs': a(1, `import './kept.mjs'`),
      'kept.mjs': kept,
      'low.mjs': '',
    },
  })
  // Hooks in a thread of their own tell a little later that a module has evaluated: until then its importer is imported again, too.
  await app.quiet()
  // From here on it has evaluated later than its importer, so that it is also imported again after it.
  app.save('low.mjs', '// 2')
  await logs(app, ['kept', 'a1', 'disposed', 'kept', 'accepted'])
  await app.ask('save', [['a.mjs', a(2)], ['low.mjs', '// 3']])
  /** @type {string[]} */
  const lines = []
  await app.until('the update has ended', async () => (lines.push(...(await app.ask('log'))), lines.includes('main')))
  await app.quiet()
  lines.push(...(await app.ask('log')))
  // Whether its import could still be stopped or not: what has run is disposed of.
  const count = (/** @type {string} */ what) => lines.filter((line) => line === what).length
  assert.equal(count('disposed'), 1 + count('kept'), String(lines))
  assert.equal(count('accepted'), 0, String(lines))
})

test('an asynchronous dispose is waited for before the new instance evaluates', async (t) => {
  const below = (n) => `log('below${n}'); import.meta.hot.dispose(async () => {
    log('disposing'); await new Promise((resolve) => process.once('go', resolve)); log('disposed')
  })`
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './m.mjs'; import.meta.hot.accept('./m.mjs', () => log('accepted')); ${SERVE}`,
      'm.mjs': `import './below.mjs'; log('m')`,
      'below.mjs': below(1),
    },
  })
  app.save('below.mjs', below(2))
  await logs(app, ['below1', 'm', 'disposing'])
  await app.ask('emit', 'go')
  await logs(app, ['disposed', 'below2', 'm', 'accepted'])
})

test('a callback that throws or rejects is reported with its module, and stops nothing', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './dep.mjs'
        import.meta.hot.accept('./dep.mjs', () => { throw new Error('first failure') })
        import.meta.hot.accept('./dep.mjs', async () => { throw new Error('second failure') })
        import.meta.hot.accept('./dep.mjs', () => log('third')); ${SERVE}`,
      'dep.mjs': value(1),
    },
  })
  for (const n of [2, 3]) {
    app.save('dep.mjs', value(n))
    await logs(app, ['third'])
    await app.until('both are reported', () => app.output.stderr.match(/(first|second) failure/g)?.length === 2 * (n - 1))
  }
  assert.match(app.output.stderr, /accept handler of \S+main\.mjs failed: Error: first failure/)
})

test('handlers of an instance that is itself invalidated do not run', async (t) => {
  const page = (n) => `import { value } from './dep.mjs'; log('page ${n} ' + value)
    import.meta.hot.accept('./dep.mjs', () => log('page ${n} accepts')); export { value }`
  const app = await startApp(t, {
    files: {
      'main.mjs': `serve({ log: () => log.lines.splice(0), get: async () => (await import('./page.mjs', ${HOT})).value })`,
      'page.mjs': page(1),
      'dep.mjs': value(1),
    },
  })
  assert.equal(await app.ask('get'), 1)
  app.save('dep.mjs', value(2))
  await logs(app, ['page 1 1', 'page 1 accepts'])
  assert.equal(await app.ask('get'), 1, 'the page stays, and holds what it held')
  app.save('page.mjs', page(2))
  await app.message('invalidated', 2)
  app.save('dep.mjs', value(3))
  await app.message('invalidated', 3)
  await app.quiet()
  assert.deepEqual(await app.ask('log'), [])
  assert.equal(await app.ask('get'), 3)
  app.save('dep.mjs', value(4))
  await logs(app, ['page 2 3', 'page 2 accepts'])
})

test('one that still evaluates is invalidated, although what it imports accepts itself', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `${SERVE}; serve({ start: () => void import('./page.mjs', ${HOT}), get: async () => (await import('./page.mjs', ${HOT})).value })`,
      'page.mjs': `import { value } from './dep.mjs'; log('page ' + value); await new Promise((resolve) => process.once('go', resolve)); export { value }`,
      'dep.mjs': `${value(1)}; import.meta.hot.accept(() => log('accepted'))`,
    },
  })
  await app.ask('start')
  await logs(app, ['page 1'])
  app.save('dep.mjs', `${value(2)}; import.meta.hot.accept(() => log('accepted'))`)
  await logs(app, ['accepted'])
  assert.deepEqual((await app.message('invalidated')).paths, ['dep.mjs', 'page.mjs'].map(app.file))
  const second = app.ask('get')
  await logs(app, ['page 2'])
  await app.ask('emit', 'go')
  assert.equal(await second, 2)
  app.save('dep.mjs', `${value(3)}; import.meta.hot.accept(() => log('accepted'))`)
  await logs(app, ['accepted'])
  assert.deepEqual((await app.message('invalidated', 2)).paths, [app.file('dep.mjs')], 'the page has evaluated now')
})

test('a specifier that does not resolve is an error that says so', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': `serve({ accept: (...args) => import.meta.hot.accept(...args, () => {}) })`, 'folder/x.mjs': '' },
  })
  for (const [specifier, code] of [
    ['./nope.mjs', 'ERR_MODULE_NOT_FOUND'],
    ['./folder', 'ERR_MODULE_NOT_FOUND'],
    ['nope', 'ERR_MODULE_NOT_FOUND'],
    ['#nope', 'ERR_PACKAGE_IMPORT_NOT_DEFINED'],
    [['./main.mjs', './nope.mjs'], 'ERR_MODULE_NOT_FOUND'],
  ]) {
    const error = await app.askError('accept', specifier)
    assert.equal(error.code, code, String(specifier))
    assert.ok(error.message.startsWith(`import.meta.hot.accept('${[specifier].flat().at(-1)}') in ${app.file('main.mjs')} cannot be resolved`), error.message)
  }
  await app.ask('accept', 'node:fs')
})

test('wrong arguments are a TypeError that names the call and the argument; other handlers are kept', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './dep.mjs'; import.meta.hot.accept('./dep.mjs', () => log('accepted'))
        ${SERVE}; serve({ accept: (...args) => import.meta.hot.accept(...args) })`,
      'dep.mjs': value(1),
    },
  })
  for (const [args, expected] of [
    [[42], /^import\.meta\.hot\.accept\(dependencies, callback\): a dependency must be a specifier, got 42$/],
    [[null], /a dependency must be a specifier, got null$/],
    [[['./dep.mjs', 7]], /a dependency must be a specifier, got 7$/],
    [[['./dep.mjs'], 'x'], /^import\.meta\.hot\.accept\(dependencies, callback\): the callback must be a function, got 'x'$/],
    [['./dep.mjs', {}], /the callback must be a function, got {}$/],
  ]) {
    const error = await app.askError('accept', ...args)
    assert.equal(error.name, 'TypeError')
    assert.match(error.message, expected)
  }
  app.save('dep.mjs', value(2))
  await logs(app, ['accepted'])
})

test('JSON and CommonJS can be accepted', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import json from './data.json' with { type: 'json' }; import cjs from './dep.cjs'; log([json, cjs])
        import.meta.hot.accept(['./data.json', './dep.cjs'], ([json, cjs]) => log([json?.default, cjs?.default])); ${SERVE}`,
      'data.json': '1',
      'dep.cjs': `module.exports = require('./below.cjs')`,
      'below.cjs': `module.exports = 'a'`,
    },
  })
  await logs(app, [[1, 'a']])
  app.save('data.json', '2')
  await logs(app, [[2, null]])
  app.save('below.cjs', `module.exports = 'b'`)
  await logs(app, [[null, 'b']])
  app.save('dep.cjs', `module.exports = 'c'`)
  await logs(app, [[null, 'c']])
})

test('workers', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { Worker } from 'node:worker_threads'; ${SERVE}
        new Worker(new URL('./worker.mjs', import.meta.url)).on('message', log)`,
      'worker.mjs': `import { parentPort } from 'node:worker_threads'; import { value } from './dep.mjs'
        import.meta.hot.accept('./dep.mjs', ({ value }) => parentPort.postMessage('accepted ' + value)); parentPort.postMessage('worker ' + value)
        setInterval(() => {}, 1 << 30)`,
      'dep.mjs': value(1),
    },
  })
  await logs(app, ['worker 1'])
  for (const n of [2, 3]) {
    app.save('dep.mjs', value(n))
    await logs(app, [`accepted ${n}`])
  }
  assert.deepEqual(app.told('full-reload'), [])
})

test('each query is an instance of its own', async (t) => {
  const m = (n) => `const { search } = new URL(import.meta.url); import.meta.hot.accept((fresh) => log([search, fresh.value])); ${value(n)}`
  const app = await startApp(t, {
    files: { 'main.mjs': `import './m.mjs'; import './m.mjs?a'; import './m.mjs?v=7'; ${SERVE}`, 'm.mjs': m(1) },
  })
  app.save('m.mjs', m(2))
  await logs(app, [['', 2], ['?a', 2], ['?v=7', 2]])
  app.save('m.mjs', m(3))
  await logs(app, [['?v=1', 3], ['?a&v=1', 3], ['?v=7&v=1', 3]])
})

const EARLY = {
  dispose: 'import.meta.hot.dispose(() => {})',
  signal: 'import.meta.hot.signal',
  on: `import.meta.hot.on('hot:beforeUpdate', () => {})`,
  prune: 'import.meta.hot.prune(() => {})',
  data: 'import.meta.hot.data.x = 1',
  watch: `import.meta.hot.watch('./data.txt')`,
  'accept of another': `import.meta.hot.accept('./dep.mjs', () => {})`,
  'dispose, and an await': 'import.meta.hot.dispose(() => {}); await null',
}
for (const [name, early] of Object.entries(EARLY)) {
  test(`one that throws before its accept has replaced nothing: ${name}`, async (t) => {
    const m = (n, text = '') => `import './dep.mjs'; ${early}; ${text}; log('m${n}'); import.meta.hot.accept()`
    const app = await startApp(t, {
      files: { 'main.mjs': `import './m.mjs'; ${SERVE}`, 'm.mjs': m(1), 'dep.mjs': '', 'data.txt': '' },
    })
    await logs(app, ['m1'])
    for (const n of [2, 4]) {
      app.save('m.mjs', m(n, `throw new Error('on purpose ${n}')`))
      await app.until('it is reported', () => app.output.stderr.includes(`on purpose ${n}`))
      app.save('m.mjs', m(n + 1))
      await logs(app, [`m${n + 1}`])
    }
    assert.deepEqual(app.told('full-reload'), [], app.known())
  })
}

test('what accepts itself in a cycle is imported again by the way in, in the first order', async (t) => {
  const page = (n) => `import { links } from './links.mjs'
    log('page${n}'); export class Page { static n = ${n}; get links() { return links } }
    import.meta.hot.accept(({ Page }) => log('accepted ' + Page.n + new Page().links.length))`
  const links = (n) => `import { Page } from './page.mjs'; log('links${n}'); export const links = [Page, ${n}]`
  const app = await startApp(t, {
    files: {
      'main.mjs': `serve({ get: async () => { const { Page, links } = await import('./h.mjs', ${HOT}); return [Page.n, new Page().links === links, links[1]] } }); ${SERVE}`,
      'h.mjs': `import { links } from './links.mjs'; import { Page } from './page.mjs'; log('h'); export { Page, links }`,
      'links.mjs': links(1),
      'page.mjs': page(1),
    },
  })
  await app.expect('get', [1, true, 1])
  assert.deepEqual(await app.ask('log'), ['page1', 'links1', 'h'])
  app.save('page.mjs', page(2))
  await logs(app, ['page2', 'links1', 'accepted 22'])
  await app.expect('get', [2, true, 1])
  app.save('links.mjs', links(2))
  await logs(app, ['h', 'page2', 'links2', 'accepted 22'])
  await app.expect('get', [2, true, 2])
  assert.equal(app.output.stderr, '')
  assert.deepEqual(app.told('full-reload'), [])
})

test('what somebody else accepts in a cycle, too', async (t) => {
  const page = (n) => `import { links } from './links.mjs'; log('page${n}'); export class Page { static n = ${n}; get links() { return links } }`
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './links.mjs'; import './page.mjs'; ${SERVE}
        import.meta.hot.accept(['./page.mjs', './links.mjs'], ([{ Page }]) => log('accepted ' + Page.n))`,
      'links.mjs': `import { Page } from './page.mjs'; log('links'); export const links = [Page]`,
      'page.mjs': page(1),
    },
  })
  await logs(app, ['page1', 'links'])
  app.save('page.mjs', page(2))
  await logs(app, ['page2', 'links', 'accepted 2'])
  assert.equal(app.output.stderr, '')
})
