/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import test from 'node:test'
import { createFolder, HOT, PACKAGE, startApp } from './support/app.mjs'
import { run, runBoth } from './support/runs.mjs'

const B = 'import.meta.hot?.boundary'
const value = (n) => `export const value = ${n}`

/** What Node shows of itself, frames and the line that throws, is its own business; everything else must be equal. */
const clean = (text) =>
  text
    .replace(/^\s*node:internal.*\n.*\n *\^\n+/, '')
    .split('\n')
    .filter((line) => !/^ +at .*node:internal/.test(line))
    .join('\n')
    .replaceAll(/\(node:\d+\)/g, '(node)')
const visible = ({ stdout, stderr, ...rest }) => ({ ...rest, stdout: clean(stdout), stderr: clean(stderr) })

const app = {
  'b.mjs': `${value(1)}; export const hot = import.meta.hot`,
  'c.cjs': `exports.d = require('./d.json').d`,
  'd.json': '{ "d": 4 }',
  'fails.mjs': `// one\nimport.meta.url\nexport const f = () => { throw new TypeError('in f') }\nexport default async () => { await 1; f() }`,
  'throws.mjs': `// one\nimport './b.mjs'\nthrow new RangeError('at top level')`,
  'syntax.mjs': `// one\nimport.meta\nexport const a = = 1\n`,
}
const cases = {
  'an app with all kinds of imports': `import { d } from './c.cjs'
    import os from 'node:os'
    import { createRequire } from 'node:module'
    import json from './d.json' with { type: 'json' }
    const { value } = await import('./b.mjs', ${B})
    console.log(d, typeof os, json, value, createRequire(import.meta.url)('./c.cjs'), (await import('./b.mjs')).value)`,
  'import.meta': `const { hot, ...rest } = import.meta
    console.log(rest.url, rest.filename, rest.dirname, import.meta.resolve('./x.mjs'), Object.keys(rest))
    console.log(new URL(import.meta.url).search === '', this)`,
  'import.meta.resolve': `const { value: resolve, ...flags } = Object.getOwnPropertyDescriptor(import.meta, 'resolve')
    console.log(flags, resolve.name, resolve.length, typeof resolve.prototype, Reflect.ownKeys(resolve))
    for (const args of [['./b.mjs'], ['./missing.mjs'], ['./'], ['missing'], ['node:fs'], ['node:missing'], ['#missing'], ['http://x/'], ['./%2f.mjs'], ['./b.mjs?v=3#x'],
      [new URL('./b.mjs', import.meta.url)], [{ toString: () => './b.mjs' }], [{ toString() { throw new Error('own') } }], [Symbol('x')], [null], [],
      ['./b.mjs', 'file:///elsewhere/x.mjs'], ['./b.mjs', new URL('file:///elsewhere/x.mjs')], ['./b.mjs', 'no URL'], ['./b.mjs', 1], ['./b.mjs', undefined]]) {
      try { console.log(resolve(...args)) } catch (error) { console.log(error.name, error.code, error.message, error.url, error.stack.includes(${JSON.stringify(PACKAGE)})) }
    }
    for (const fails of [() => Reflect.construct(resolve, ['./b.mjs']).constructor.name, () => resolve.call(1, './b.mjs')]) console.log(fails())`,
  'arguments': `console.log(process.argv, process.argv0, process.title)`,
  'a hashbang': `#!/usr/bin/env node\nconsole.log(import.meta.url)\nconsole.log(new Error('x').stack)`,
  'a hashbang, and nothing of import': `#!/usr/bin/env node\nconsole.log(new Error('x').stack)`,
  'a hashbang and nothing else': `#!/usr/bin/env node`,
  "'use strict' on line 1": `'use strict'; console.log(import.meta.url)\nconsole.log(new Error('x').stack)`,
  'a byte order mark': `\uFEFFconsole.log(import.meta.url)\nconsole.log(new Error('x').stack)`,
  'CRLF': `// one\r\nimport.meta\r\nconsole.log(new Error('x').stack)\r\n`,
  'a stack on line 1': `console.log(new Error('x').stack)`,
  'process.exit': `import './b.mjs'; process.exit(3)`,
  'process.exitCode': `import './b.mjs'; process.exitCode = 4`,
  'an uncaught error': `// one\nimport './throws.mjs'`,
  'an uncaught error in main': `import.meta\n\n  throw new Error('here')`,
  'an uncaught error on line 1': `throw new Error('here')`,
  'an error through an await': `import fail from './fails.mjs'\nawait fail()`,
  'an error in a dynamic import': `import.meta\nawait import('./throws.mjs', ${B})`,
  'an unhandled rejection': `import.meta\nPromise.reject(new Error('unhandled'))`,
  'an error in a callback': `import.meta\nsetImmediate(() => { throw new Error('later') })`,
  'a syntax error': `import './syntax.mjs'`,
  'a syntax error in a dynamic import': `import.meta\nawait import('./syntax.mjs', ${B})`,
  'a missing file': `import.meta\nimport './missing.mjs'`,
  'a missing package': `import.meta\nimport 'missing'`,
  'a missing export': `import.meta\nimport { missing } from './b.mjs'`,
  'an unknown extension': `await import('./file.unknown')`,
  'a bad import attribute': `await import('./b.mjs', { with: { type: 'nonsense' } })`,
  'caught errors': `for (const what of ['./missing.mjs', 'missing', './syntax.mjs', './file.unknown', './', 'node:missing', 'http://x/']) {
      await import(what, ${B}).catch((error) => console.log(error.name, error.code, error.message, error.url))
    }`,
  'an await that never ends': `import.meta\nconst never = new Promise(() => {})\nawait never`,
  'listeners at the end': `process.on('beforeExit', () => console.log('beforeExit')); process.on('exit', (code) => console.log('exit', code)); await import('./b.mjs', ${B})`,
  'a signal': `await import('./b.mjs', ${B}); process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000)`,
  'a signal with a listener': `await import('./b.mjs', ${B}); process.once('SIGINT', () => { console.log('stopped'); process.exit(5) }); process.kill(process.pid, 'SIGINT'); setInterval(() => {}, 1000)`,
  'warnings': `import.meta\nprocess.emitWarning('careful', { code: 'X' })`,
  'listeners and limits': `console.log(process.eventNames().map(String), Error.stackTraceLimit, typeof Error.prepareStackTrace, process.listenerCount('exit'))`,
  'a child process': `import { execFileSync } from 'node:child_process'
    console.log(execFileSync(process.execPath, ['-p', 'process.env.NODE_OPTIONS + 1']).toString())`,
  'a worker': `import { Worker } from 'node:worker_threads'
    const worker = new Worker(new URL('./w.mjs', import.meta.url))
    worker.on('message', (message) => console.log(message)).on('exit', (code) => console.log('exit', code))`,
  'a worker from text': `import { Worker } from 'node:worker_threads'
    new Worker("console.log('evaluated', require('node:worker_threads').threadId > 0)", { eval: true })`,
}
const more = { 'file.unknown': 'x', 'w.mjs': `import { parentPort } from 'node:worker_threads'; import './b.mjs'; parentPort.postMessage('up')` }

for (const name of ['register', 'registerHooks']) {
  cases[`module.${name}`] = `import module, * as all from 'node:module'
    const { value = () => {}, ...flags } = Object.getOwnPropertyDescriptor(module, '${name}') ?? {}
    console.log(flags, value.name, value.length, value === all.${name}, value === process.getBuiltinModule?.('module').${name}, Object.keys(value))
    try { value() } catch (error) { console.log(error.name, error.code, error.message, error.stack.includes(${JSON.stringify(PACKAGE)})) }`
}
cases['import.meta.resolve with its flag'] = cases['import.meta.resolve']

for (const [name, text] of Object.entries(cases)) {
  test(`as plain Node: ${name}`, async (t) => {
    const before = name.endsWith('with its flag') ? ['--experimental-import-meta-resolve'] : []
    const { plain, hot } = await runBoth(t, { files: { ...app, ...more, 'main.mjs': text }, before, args: ['--flag', 'x y'] })
    assert.deepEqual(visible(hot), visible(plain))
  })
}

test('a missing export of CommonJS', async (t) => {
  const { code, stderr } = await run(t, { files: { ...app, 'main.mjs': `import { missing } from './c.cjs'` } })
  assert.equal(code, 1)
  // Under any hooks at all, some Nodes leave out the advice that they give without.
  assert.match(stderr, /main\.mjs:1\n.*\n.*\nSyntaxError: .*missing.*/)
  assert.match(stderr, /SyntaxError: .*\.\/c\.cjs/)
})

test('as plain Node: CommonJS', async (t) => {
  const files = {
    ...app,
    'main.cjs': `console.log(require('./c.cjs'), require.main === module, module.children.length, Object.keys(require.cache).filter((file) => file.startsWith(__dirname)), __filename)
      require('./other.cjs').then(console.log)
      try { require('./missing.cjs') } catch (error) { console.log(error.code, error.message, error.requireStack) }
      console.log(new Error('x').stack)
      setTimeout(() => { throw new Error('later') }, 300)`,
    'other.cjs': `module.exports = import('./b.mjs').then((b) => b.value)`,
  }
  const { plain, hot } = await runBoth(t, { files, entry: 'main.cjs' })
  assert.deepEqual(visible(hot), visible(plain))
})

test('as plain Node: --eval, --print, --check', async (t) => {
  const folder = createFolder(t, { files: { ...app, 'main.mjs': '', 'main.cjs': '' } })
  for (const after of [['-p', '1 + 1'], ['--input-type=module', '-e', `import './b.mjs'; console.log(1)`], ['-e', `import('./b.mjs').then((b) => console.log(b.value))`], ['--check']]) {
    const entry = after[0] === '--check' ? 'main.cjs' : 'main.mjs'
    const { plain, hot } = await runBoth(t, { folder, after, entry })
    assert.deepEqual(visible(hot), visible(plain), after.join(' '))
  }
})

const settings = {
  register: {},
  'watch: false': { hotHook: { watch: false } },
  'with a parent': { ipc: true },
  'with a parent, watch: false': { ipc: true, hotHook: { watch: false } },
  'with restart files and boundaries': { hotHook: { restart: ['.env', 'config/**'], boundaries: ['./*.mjs'] } },
  init: {
    register: false,
    files: {
      'main.mjs': `import { hot } from 'hot-hook'; await hot.init({ root: import.meta.filename }); await import('./app.mjs')`,
    },
  },
}
const reloading = `import fs from 'node:fs'
  const get = async () => (await import('./b.mjs', ${HOT})).value
  const first = await get()
  fs.writeFileSync(import.meta.dirname + '/b.mjs', 'export const value = 2; import.meta.hot.dispose(() => {})')
  const second = await get()
  fs.writeFileSync(import.meta.dirname + '/b.mjs', 'export const value = 3')
  console.log(first, second, await get())`
for (const [name, options] of Object.entries(settings)) {
  test(`not one byte of output, and the app exits by itself: ${name}`, async (t) => {
    const watches = options.hotHook?.watch !== false
    const files = { 'main.mjs': reloading, 'app.mjs': reloading, 'b.mjs': value(1), 'config/x.json': '', '.env': '', ...options.files }
    const flags = ['--pending-deprecation', '--trace-deprecation', '--trace-warnings']
    const result = await run(t, { ...options, files, before: flags })
    assert.deepEqual(result, { code: 0, signal: null, stdout: watches ? '1 2 3\n' : '1 1 1\n', stderr: '' })
  })
}

test('no deprecation, no process warning: --throw-deprecation', async (t) => {
  const result = await run(t, { before: ['--throw-deprecation', '--pending-deprecation'], files: { 'main.mjs': reloading, 'b.mjs': value(1) } })
  assert.deepEqual(result, { code: 0, signal: null, stdout: '1 2 3\n', stderr: '' })
})

test('no new global but one symbol', async (t) => {
  const text = `await import('./b.mjs', ${B})
    console.log(JSON.stringify(Reflect.ownKeys(globalThis).map(String).sort()), Object.keys(globalThis).length, JSON.stringify(Reflect.ownKeys(process).map(String).sort()))`
  const { plain, hot } = await runBoth(t, { files: { 'main.mjs': text, 'b.mjs': '' } })
  const [keys, ...rest] = plain.stdout.split('] ')
  const expected = [...JSON.parse(`${keys}]`), 'Symbol(hot-hook)'].toSorted()
  assert.equal(hot.stdout, [JSON.stringify(expected).slice(0, -1), ...rest].join('] '))
})

test('an app with its own globalThis.hot', async (t) => {
  const { code, stdout, stderr } = await run(t, {
    before: ['--import=./globals.mjs'],
    files: {
      'globals.mjs': `globalThis.hot = 'mine'; globalThis.hotHook = 'mine too'`,
      'main.mjs': `const { value } = await import('./b.mjs', ${B}); console.log(value, hot, hotHook)`,
      'b.mjs': value(1),
    },
  })
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: '1 mine mine too\n', stderr: '' })
})

test('NODE_DEBUG=hot-hook tells what is resolved, watched, decided', async (t) => {
  const app = await startApp(t, {
    env: { NODE_DEBUG: 'hot-hook' },
    files: { 'main.mjs': `import './cold.mjs'; serve({ get: async () => (await import('./lib/b.mjs', ${HOT})).value })`, 'cold.mjs': '', 'lib/b.mjs': value(1) },
  })
  assert.equal(await app.ask('get'), 1)
  app.save('lib/b.mjs', value(2))
  assert.equal(await app.ask('get'), 2)
  app.save('cold.mjs', '// 2')
  await app.message('full-reload')
  await app.until('all is told', () => /full.reload/.test(app.output.stderr))
  const lines = app.output.stderr.trimEnd().split('\n')
  for (const line of lines) assert.match(line, /^HOT-HOOK \d+/)
  const has = (...patterns) => assert.ok(lines.some((line) => patterns.every((pattern) => pattern.test(line))), `${patterns}: ${app.output.stderr}`)
  has(/\.\/lib\/b\.mjs/, /main\.mjs/)
  has(/watch/, new RegExp(`${app.file('lib')}(?!/)`))
  has(/invalidat/, /b\.mjs/)
  has(/full.reload/, /cold\.mjs/)
  assert.equal(app.output.stdout, '')
})

test("a changed module's stack lines have its version, and the positions of the file", async (t) => {
  const text = (n) => `// one\n${'\n'.repeat(n)}import.meta\n  export const value = () => { throw new Error('number ${n}') }`
  const app = await startApp(t, {
    files: {
      'main.mjs': `serve({ get: async () => { try { (await import('./b.mjs', ${B})).value() } catch (error) { return error.stack.split('\\n').slice(0, 2) } } })`,
      'b.mjs': text(0),
    },
  })
  const frame = (n, url) => [`Error: number ${n}`, `    at Module.value (file://${url}:${3 + n}:38)`]
  assert.deepEqual(await app.ask('get'), frame(0, app.file('b.mjs')))
  for (const n of [1, 2]) {
    app.save('b.mjs', text(n))
    assert.deepEqual(await app.ask('get'), frame(n, `${app.file('b.mjs')}?v=${n}`))
  }
})

test('signals from outside', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    const app = await startApp(t, { files: { 'main.mjs': `serve({ get: () => import('./b.mjs', ${B}).then(() => 1) })`, 'b.mjs': '' } })
    assert.equal(await app.ask('get'), 1)
    app.save('b.mjs', '// 2')
    app.child.kill(signal)
    assert.deepEqual(await app.exit(), { code: null, signal })
    assert.deepEqual(app.output, { stdout: '', stderr: '' })
  }
})

test('a forked child of the app inherits the hooks, and exits by itself', async (t) => {
  const result = await run(t, {
    files: {
      'main.mjs': `import { fork } from 'node:child_process'
        const child = fork(import.meta.dirname + '/child.mjs')
        child.on('message', (message) => console.log(message)).on('exit', (code) => console.log('exit', code))`,
      'child.mjs': `import './b.mjs'; process.send(typeof import.meta.hot)`,
      'b.mjs': '',
    },
  })
  assert.deepEqual(result, { code: 0, signal: null, stdout: 'object\nexit 0\n', stderr: '' })
})

test('many handlers and many dumps: no warning of a leak', async (t) => {
  const files = { 'main.mjs': `import { hot } from 'hot-hook'
    for (let n = 0; n < 60; n++) await import('./m/' + n + '.mjs', ${B})
    await Promise.all(Array.from({ length: 60 }, () => hot.dump()))` }
  for (let n = 0; n < 60; n++) files[`m/${n}.mjs`] = `import.meta.hot.dispose(() => {}); import.meta.hot.decline()`
  assert.deepEqual(await run(t, { files }), { code: 0, signal: null, stdout: '', stderr: '' })
})
