/* The ways to start an app with hot-hook. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { createFolder, HOT, nodeIs, PACKAGE, startApp } from './support/app.mjs'
import { run } from './support/runs.mjs'

const value = (n) => `export const value = ${n}`
const get = (file) => `serve({ get: async () => (await import('${file}')).value })`
const init = (options = '') => `import { hot } from 'hot-hook'
await hot.init({ root: import.meta.filename, ${options} })`
const preload = (name) => `--import=${pathToFileURL(path.join(PACKAGE, name))}`

/** The boundary `name` is hot: one message for one save, whatever was registered how often. */
async function isHot(app, name = 'b.mjs') {
  assert.equal(await app.ask('get'), 1)
  app.save(name, value(2))
  assert.equal(await app.ask('get'), 2, 'at once')
  app.save(name, value(3))
  assert.equal(await app.ask('get'), 3)
  await app.message('invalidated', 2)
  const told = { type: 'hot-hook:invalidated', paths: [app.file(name)] }
  assert.deepEqual(app.messages, [told, told])
  assert.equal(app.output.stderr, '')
}

test('register reads the nearest package.json upwards from the working directory', async (t) => {
  const folder = createFolder(t, {
    hotHook: { boundaries: ['./near/src/b.mjs'] },
    files: { 'near/deep/er/x.txt': '', 'near/src/main.mjs': get('./b.mjs'), 'near/src/b.mjs': value(1) },
  })
  const start = () => startApp(t, { folder, cwd: path.join(folder, 'near/deep/er'), entry: 'near/src/main.mjs' })
  await isHot(await start(), 'near/src/b.mjs')

  // A nearer one takes its place, although it says nothing.
  fs.writeFileSync(path.join(folder, 'near/package.json'), '{}')
  const app = await start()
  assert.equal(await app.ask('get'), 3)
  app.save('near/src/b.mjs', value(4))
  assert.equal((await app.message('full-reload')).path, app.file('near/src/b.mjs'))
})

test("patterns of package.json are meant from its folder, wherever the entry point is and the app goes", async (t) => {
  const app = await startApp(t, {
    hotHook: { boundaries: ['./src/controllers/*.mjs'], restart: ['config.json'] },
    entry: 'src/bin/main.mjs',
    files: {
      'src/bin/main.mjs': `process.chdir('/'); ${get('../controllers/b.mjs')}`,
      'src/controllers/b.mjs': value(1),
      'config.json': '1',
    },
  })
  await isHot(app, 'src/controllers/b.mjs')
  app.save('config.json', '2')
  assert.equal((await app.message('full-reload')).path, app.file('config.json'))
})

test('register through NODE_OPTIONS', async (t) => {
  const app = await startApp(t, {
    register: false,
    env: { NODE_OPTIONS: '--import=hot-hook/register' },
    hotHook: { boundaries: './b.mjs' },
    files: { 'main.mjs': get('./b.mjs'), 'b.mjs': value(1) },
  })
  await isHot(app)
})

test('a package.json without hotHook, and one with a byte order mark', async (t) => {
  const folder = createFolder(t, {
    files: { 'main.mjs': `import './b.mjs'; console.log(typeof import.meta.hot)`, 'b.mjs': '' },
  })
  const expected = { code: 0, signal: null, stdout: 'object\n', stderr: '' }
  assert.deepEqual(await run(t, { folder }), expected)
  const file = path.join(folder, 'package.json')
  fs.writeFileSync(file, `\uFEFF${fs.readFileSync(file, 'utf8')}`)
  // Node itself refuses such a file: we must read it when Node need not.
  assert.deepEqual(await run(t, { folder, register: false, before: [preload('lib/runtime/register.mjs')] }), expected)
})

test('init, called by the app', async (t) => {
  const app = await startApp(t, {
    register: false,
    files: {
      'main.mjs': `${init(`boundaries: ['./b.mjs']`)}; await import('./app.mjs')`,
      'app.mjs': get('./b.mjs'),
      'b.mjs': value(1),
    },
  })
  await isHot(app)
})

test('init twice: options of the second call count', async (t) => {
  const app = await startApp(t, {
    register: false,
    files: {
      'main.mjs': `${init(`boundaries: ['./x.mjs']`)}
        await hot.init({ root: import.meta.filename, boundaries: ['./b.mjs'] })
        await import('./app.mjs')`,
      'app.mjs': get('./b.mjs'),
      'b.mjs': value(1),
    },
  })
  await isHot(app)
})

test('register and init together', async (t) => {
  const app = await startApp(t, {
    hotHook: { restart: ['config.json'] },
    files: {
      'main.mjs': `${init(`boundaries: ['./b.mjs']`)}; ${get('./b.mjs')}`,
      'b.mjs': value(1),
      'config.json': '1',
    },
  })
  await isHot(app)
  app.save('config.json', '2')
  assert.equal((await app.message('full-reload')).path, app.file('config.json'), 'what init does not name stays')
})

test('register twice', async (t) => {
  const app = await startApp(t, {
    before: ['--import=hot-hook/register'],
    after: [`${preload('lib/runtime/register.mjs')}?again`],
    hotHook: { boundaries: ['./b.mjs'] },
    files: { 'main.mjs': get('./b.mjs'), 'b.mjs': value(1) },
  })
  await isHot(app)
})

test('two init calls at once', async (t) => {
  const app = await startApp(t, {
    register: false,
    files: {
      'main.mjs': `import { hot } from 'hot-hook'
        const options = { root: import.meta.filename, boundaries: ['./b.mjs'] }
        await Promise.all([hot.init(options), hot.init(options)])
        await import('./app.mjs')`,
      'app.mjs': get('./b.mjs'),
      'b.mjs': value(1),
    },
  })
  await isHot(app)
})

const byHand = (data) => `import { register } from 'node:module'
register('hot-hook/loader', import.meta.url${data ? `, { data: ${data} }` : ''})`
// Node 26 deprecates what the user calls here.
const quiet = nodeIs(25) ? ['--no-deprecation'] : []

test('the loader, given to module.register by hand', async (t) => {
  const app = await startApp(t, {
    register: false,
    before: [...quiet, '--import=./hooks.mjs'],
    files: {
      'hooks.mjs': byHand(),
      'main.mjs': `serve({ get: async () => (await import('./b.mjs', import.meta.hot?.boundary)).value })`,
      'b.mjs': value(1),
    },
  })
  await isHot(app)
})

test('the loader by hand, with options', async (t) => {
  const app = await startApp(t, {
    register: false,
    before: [...quiet, '--import=./hooks.mjs'],
    files: {
      'hooks.mjs': byHand(`{ boundaries: ['./b.mjs'], restart: ['config.json'] }`),
      'main.mjs': get('./b.mjs'),
      'b.mjs': value(1),
      'config.json': '1',
    },
  })
  await isHot(app)
  app.save('config.json', '2')
  assert.equal((await app.message('full-reload')).path, app.file('config.json'))
})

test('the loader by hand, besides register', async (t) => {
  const app = await startApp(t, {
    before: quiet,
    after: ['--import=./hooks.mjs'],
    files: {
      'hooks.mjs': byHand(),
      'main.mjs': `serve({ get: async () => (await import('./b.mjs', ${HOT})).value })`,
      'b.mjs': value(1),
    },
  })
  await isHot(app)
})

test('a CommonJS entry point', async (t) => {
  const app = await startApp(t, {
    entry: 'main.cjs',
    files: {
      'main.cjs': `const router = require('./router.cjs'); serve({ get: router.get })`,
      'router.cjs': `exports.get = async () => (await import('./b.mjs', ${HOT})).value`,
      'b.mjs': value(1),
    },
  })
  await isHot(app)
})

test('code given by --eval', async (t) => {
  const app = await startApp(t, {
    after: ['--input-type=module', '--eval', `serve({ get: async () => (await import('./b.mjs', ${HOT})).value })`],
    entry: '.',
    files: { 'b.mjs': value(1) },
  })
  await isHot(app)
})

/** What Node says it is: for what reads it after a preload. */
const isNode = (version) => `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`

test('on a Node of no tested line, one line says so; on a later one of a tested line, none does', async (t) => {
  const folder = createFolder(t, {
    files: {
      'asked.mjs': `const { versions } = process
        for (const node of process.argv.slice(2)) {
          Object.defineProperty(process, 'versions', { value: { ...versions, node }, configurable: true })
          console.log(node, (await import('${pathToFileURL(path.join(PACKAGE, 'lib/node/features.mjs'))}?' + node)).untested?.split(',')[0])
        }`,
      'main.mjs': `import { Worker } from 'node:worker_threads'; new Worker(new URL('./w.mjs', import.meta.url))`,
      'w.mjs': `import { hot } from 'hot-hook'; await hot.init(); console.log('ran')`,
      'next.cjs': isNode('27.0.0'),
    },
  })
  const tested = ['20.19.0', '20.99.0', '22.12.0', '22.99.1', '24.0.0', '25.3.0', '26.99.0']
  const others = ['18.20.8', '20.18.3', '21.7.3', '22.11.0', '23.11.0', '27.0.0', '30.1.0']
  const asked = await run(t, { folder, register: false, entry: 'asked.mjs', args: [...tested, ...others] })
  const lines = [...tested.map((version) => `${version} undefined`), ...others.map((version) => `${version} not tested on Node ${version}`)]
  assert.equal(asked.stdout, `${lines.join('\n')}\n`, asked.stderr)

  const line = 'hot-hook: not tested on Node 27.0.0, only on 20 (from 20.19), 22 (from 22.12), 24, 25 and 26: what cannot be reloaded here asks for a restart\n'
  for (const [before, stderr] of [[['--require', './next.cjs'], line], [[], '']]) {
    assert.deepEqual(await run(t, { folder, before }), { code: 0, signal: null, stdout: 'ran\n', stderr })
  }
})
