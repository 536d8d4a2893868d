/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HOT, startApp } from './support/app.mjs'

const main = `serve({
  get: async () => (await import('./b.mjs', ${HOT})).value,
  start: () => void import('./b.mjs', ${HOT}).catch(() => {}),
  log: () => log.lines.splice(0),
  emit: (name, value) => void process.emit(name, value),
})`
const value = (n) => `export const value = ${n}`
/** A module that logs its evaluation and its disposal. */
const noisy = (name, text = '') => `${text}
  log('${name}'); import.meta.hot.dispose(() => log('${name} disposed'))`

/** Waits until the log holds `expected`, all of it and nothing else. */
async function logs(app, expected) {
  const lines = []
  await app.until(`the log has ${expected.length} lines`, async () => {
    lines.push(...(await app.ask('log')))
    return lines.length >= expected.length
  })
  assert.deepEqual(lines, expected)
}

test('several handlers, in the order in which they came, before the new instance runs', async (t) => {
  const b = (n) => `log('b${n}'); for (const at of [1, 2, 3]) import.meta.hot.dispose(() => log('disposed ${n}.' + at)); ${value(n)}`
  const app = await startApp(t, { files: { 'main.mjs': main, 'b.mjs': b(1) } })
  assert.equal(await app.ask('get'), 1)
  for (const n of [2, 3]) {
    app.save('b.mjs', b(n))
    assert.equal(await app.ask('get'), n)
  }
  assert.deepEqual(await app.ask('log'), [
    'b1', 'disposed 1.1', 'disposed 1.2', 'disposed 1.3',
    'b2', 'disposed 2.1', 'disposed 2.2', 'disposed 2.3',
    'b3',
  ])
})

test('importers first: the reverse of the order in which they ran; only what is superseded', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': main,
      'b.mjs': noisy('b', `import './l.mjs'; import './r.mjs'; ${value(1)}`),
      'l.mjs': noisy('l', `import './base.mjs'`),
      'r.mjs': noisy('r', `import './base.mjs'; import './beside.mjs'`),
      'base.mjs': noisy('base'),
      'beside.mjs': noisy('beside'),
    },
  })
  await app.ask('get')
  assert.deepEqual(await app.ask('log'), ['base', 'l', 'beside', 'r', 'b'])
  app.save('base.mjs', `${noisy('base')} // 2`)
  await app.ask('get')
  assert.deepEqual(await app.ask('log'), ['b disposed', 'r disposed', 'l disposed', 'base disposed', 'base', 'l', 'r', 'b'])
})

test('without an import too, and once', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': main, 'b.mjs': noisy('b', value(1)) } })
  await app.ask('get')
  app.save('b.mjs', noisy('b', value(2)))
  await logs(app, ['b', 'b disposed'])
  app.save('b.mjs', noisy('b', value(3)))
  app.save('b.mjs', noisy('b', value(4)))
  assert.equal(await app.ask('get'), 4)
  assert.deepEqual(await app.ask('log'), ['b'])
})

test('a full reload disposes of nothing', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': `import './cold.mjs'; ${main}`, 'cold.mjs': noisy('cold'), 'b.mjs': noisy('b', value(1)) },
  })
  await app.ask('get')
  app.save('cold.mjs', '// 2')
  await app.message('full-reload')
  app.save('b.mjs', value(2))
  assert.equal(await app.ask('get'), 2)
  assert.deepEqual(await app.ask('log'), ['cold', 'b', 'b disposed'])
})

test("one that lets go of a resource", async (t) => {
  const b = (n) => `import { createServer } from 'node:http'
    const server = createServer((request, response) => response.end('${n}'))
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    import.meta.hot?.dispose(() => server.close())
    export const value = server.address().port`
  const app = await startApp(t, { files: { 'main.mjs': main, 'b.mjs': b(1) } })
  const first = await app.ask('get')
  const read = async (port) => (await fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } })).text()
  assert.equal(await read(first), '1')
  app.save('b.mjs', b(2))
  assert.equal(await read(await app.ask('get')), '2')
  await assert.rejects(read(first))
})

test('an asynchronous handler is waited for before a new module runs', async (t) => {
  const b = (n) => `log('b${n}')
    import.meta.hot.dispose(async () => {
      log('disposing ${n}')
      await new Promise((resolve) => process.once('go', resolve))
      log('disposed ${n}')
    })
    ${value(n)}`
  const app = await startApp(t, { files: { 'main.mjs': main, 'b.mjs': b(1) } })
  assert.equal(await app.ask('get'), 1)
  app.save('b.mjs', b(2))
  await logs(app, ['b1', 'disposing 1'])
  const second = app.ask('get')
  await app.ask('emit', 'go')
  assert.equal(await second, 2)
  assert.deepEqual(await app.ask('log'), ['disposed 1', 'b2'])
})

test('several asynchronous handlers run side by side, and all are waited for', async (t) => {
  const asynchronous = (name) => `import.meta.hot.dispose(async () => {
    log('${name} begins'); await new Promise((resolve) => process.once('${name}', resolve)); log('${name} ends')
  })`
  const b = (n) => `import './c.mjs'; log('b'); ${asynchronous('b')}; ${value(n)}`
  const app = await startApp(t, { files: { 'main.mjs': main, 'b.mjs': b(1), 'c.mjs': `log('c'); ${asynchronous('c')}` } })
  await app.ask('get')
  app.save('c.mjs', `log('c2')`)
  await logs(app, ['c', 'b', 'b begins', 'c begins'])
  const second = app.ask('get')
  await app.ask('emit', 'c')
  await logs(app, ['c ends'])
  await app.ask('emit', 'b')
  await second
  assert.deepEqual(await app.ask('log'), ['b ends', 'c2', 'b'])
})

test('one that throws or rejects is reported with its module, and stops nothing', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': main,
      'b.mjs': `import.meta.hot.dispose(() => { throw new Error('first failure') })
        import.meta.hot.dispose(async () => { throw new Error('second failure') })
        import.meta.hot.dispose(() => { throw null })
        import.meta.hot.dispose(() => log('disposed'))
        ${value(1)}`,
    },
  })
  assert.equal(await app.ask('get'), 1)
  app.save('b.mjs', value(2))
  assert.equal(await app.ask('get'), 2)
  assert.deepEqual(await app.ask('log'), ['disposed'])
  await app.until('both are reported', () => /first failure.*second failure/s.test(app.output.stderr))
  assert.match(app.output.stderr, /b\.mjs.*first failure/)
  assert.match(app.output.stderr, /b\.mjs.*second failure/)
})

for (const kind of ['dispose', 'prune']) {
  test(`an asynchronous ${kind} handler that never settles is reported, and then the import goes on`, async (t) => {
    const below = `import.meta.hot.${kind}(() => { log('called'); return new Promise(() => {}) })`
    const app = await startApp(t, { files: { 'main.mjs': main, 'b.mjs': `import './below.mjs'; ${value(1)}`, 'below.mjs': below } })
    assert.equal(await app.ask('get'), 1)
    app.replace('b.mjs', value(2))
    if (kind === 'dispose') app.replace('below.mjs', '// 2')
    await app.message('invalidated')
    if (kind === 'prune') assert.equal(await app.ask('get'), 2)
    await logs(app, ['called'])
    // What comes next does not wait once more.
    for (const n of [3, 4]) {
      app.replace('b.mjs', value(n))
      assert.equal(await app.ask('get'), n)
    }
    await app.until('it is reported', () => app.output.stderr !== '')
    app.child.kill('SIGTERM')
    await app.exit()
    assert.match(app.output.stderr, new RegExp(`^hot-hook: a ${kind} handler of file:\\S+/below\\.mjs takes longer than \\d+ ms: imports go on without it\\n$`))
  })
}

test('an app that does nothing but wait for such an import lives until it comes', async (t) => {
  const b = (n) => `import.meta.hot.dispose(() => new Promise(() => {})); ${value(n)}`
  const app = await startApp(t, {
    ipc: false,
    files: {
      'main.mjs': `import fs from 'node:fs'
        const get = async () => (await import('./b.mjs', ${HOT})).value
        const values = [await get()]
        fs.writeFileSync(new URL('b.mjs', import.meta.url), ${JSON.stringify(b(2))})
        console.log([...values, await get()])`,
      'b.mjs': b(1),
    },
  })
  assert.deepEqual(await app.exit(), { code: 0, signal: null })
  assert.equal(app.output.stdout, '[ 1, 2 ]\n')
})

test('a handler that an instance registers when it is superseded already runs, once', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': main,
      'b.mjs': `process.once('later', () => { import.meta.hot.dispose(() => log('late')); log('registered') }); ${value(1)}`,
    },
  })
  await app.ask('get')
  app.save('b.mjs', value(2))
  assert.equal(await app.ask('get'), 2)
  await app.ask('emit', 'later')
  await logs(app, ['registered', 'late'])
})

test('a handler may import, and require', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': main,
      'b.mjs': `import { createRequire } from 'node:module'
        const require = createRequire(import.meta.url)
        import.meta.hot.dispose(async () => { log(require('./r.cjs') + (await import('./i.mjs')).value) })
        ${value(1)}`,
      'r.cjs': `module.exports = 'required and '`,
      'i.mjs': `export const value = 'imported'`,
    },
  })
  await app.ask('get')
  app.save('b.mjs', value(2))
  assert.equal(await app.ask('get'), 2)
  assert.deepEqual(await app.ask('log'), ['required and imported'])
})

test('superseded while it evaluates: disposed of when that has ended, before the next one runs', async (t) => {
  const b = `import.meta.hot.dispose(() => log('1 disposed')); log('1 begins')
    await new Promise((resolve) => process.once('go', resolve)); log('1 ends')`
  const app = await startApp(t, { files: { 'main.mjs': main, 'b.mjs': b } })
  await app.ask('start')
  await logs(app, ['1 begins'])
  app.save('b.mjs', `log('2'); ${value(2)}`)
  await app.message('invalidated')
  assert.deepEqual(await app.ask('log'), [])
  await app.ask('emit', 'go')
  await logs(app, ['1 ends', '1 disposed'])
  assert.equal(await app.ask('get'), 2)
  assert.deepEqual(await app.ask('log'), ['2'])
})

test('superseded while it evaluates, and the next one does not wait', async (t) => {
  const b = `import.meta.hot.dispose(() => log('1 disposed')); log('1 begins'); await new Promise((resolve) => process.once('go', resolve))`
  const app = await startApp(t, { files: { 'main.mjs': main, 'b.mjs': b } })
  await app.ask('start')
  await logs(app, ['1 begins'])
  app.save('b.mjs', `log('2'); ${value(2)}`)
  assert.equal(await app.ask('get'), 2)
  assert.deepEqual(await app.ask('log'), ['1 disposed', '2'])
  await app.ask('emit', 'go')
  app.save('b.mjs', `log('3'); ${value(3)}`)
  assert.equal(await app.ask('get'), 3)
  assert.deepEqual(await app.ask('log'), ['3'], 'once')
})

test('an instance whose evaluation fails: its handlers run too', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': main, 'b.mjs': `import.meta.hot.dispose(() => log('disposed')); log('begins'); throw new Error('oops')` },
  })
  assert.equal((await app.askError('get')).message, 'oops')
  app.save('b.mjs', `log('2'); ${value(2)}`)
  assert.equal(await app.ask('get'), 2)
  assert.deepEqual(await app.ask('log'), ['begins', 'disposed', '2'])
})
