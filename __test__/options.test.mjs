/* What each option does, and what is said of a wrong one. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { HOT, PACKAGE, createFolder, said, startApp } from './support/app.mjs'
import { run } from './support/runs.mjs'
import { needsPermissions, WITH_PERMISSIONS } from './support/users.mjs'

const value = (n) => `export const value = ${n}`
const get = (...files) => `serve({
  get: async () => [${files.map((file) => `(await import('${file}')).value`)}],
  hot: async () => [${files.map((file) => `(await import('${file}', ${HOT})).value`)}],
})`
/** An app that calls init itself. */
const init = (options, files, more = {}) => ({
  register: false,
  files: {
    'main.mjs': `import { hot } from 'hot-hook'
      await hot.init({ root: import.meta.filename, ${options} })
      await import('./app.mjs')`,
    ...files,
  },
  ...more,
})
const reload = (app, name, shouldBeReloadable = false) => ({
  type: 'hot-hook:full-reload',
  path: app.file(name),
  shouldBeReloadable,
})
const invalidated = (app, ...names) => ({ type: 'hot-hook:invalidated', paths: names.map((name) => app.file(name)) })

test('rootDirectory is where patterns are meant from', async (t) => {
  const app = await startApp(t, {
    ...init(`rootDirectory: import.meta.dirname + '/src', boundaries: ['./b.mjs', '../c.mjs']`, {
      'app.mjs': get('./src/b.mjs', './c.mjs', './b.mjs'),
      'src/b.mjs': value(1),
      'c.mjs': value(1),
      'b.mjs': value(1),
    }),
  })
  assert.deepEqual(await app.ask('get'), [1, 1, 1])
  app.save('src/b.mjs', value(2))
  app.save('c.mjs', value(2))
  assert.deepEqual(await app.ask('get'), [2, 2, 1])
  app.save('b.mjs', value(2))
  assert.deepEqual(await app.message('full-reload'), reload(app, 'b.mjs'))
})

test('without rootDirectory, the folder of root', async (t) => {
  const files = { 'app.mjs': get('./b.mjs'), 'b.mjs': value(1), 'elsewhere/x.txt': '' }
  const folder = createFolder(t, init(`boundaries: './b.mjs'`, files))
  const app = await startApp(t, { register: false, folder, cwd: path.join(folder, 'elsewhere') })
  assert.deepEqual(await app.ask('get'), [1])
  app.save('b.mjs', value(2))
  assert.deepEqual(await app.ask('get'), [2])
})

// What src/glob.rs does for all patterns is pinned in glob.test.mjs; here, that they arrive as they were written.
const patterns = {
  './controllers/**': ['controllers/a.mjs', 'controllers/deep/b.mjs'],
  '**/any.mjs': ['any.mjs', 'x/y/any.mjs', '../outside/any.mjs'],
  '../outside/up.mjs': ['../outside/up.mjs'],
  './pages/[id].mjs': ['pages/[id].mjs'],
  'models/{user,post}.mjs': ['models/user.mjs', 'models/post.mjs'],
  './q/?.mjs': ['q/1.mjs'],
  './c/[ab].mjs': ['c/a.mjs', 'c/b.mjs'],
  './dots/*.mjs': ['dots/.hidden.mjs'],
}
const unmatched = ['other.mjs', 'models/comment.mjs', 'q/12.mjs', 'c/c.mjs', 'outside/up.mjs']

test('boundaries: the patterns that users write', async (t) => {
  const matched = Object.values(patterns).flat()
  const all = [...matched, ...unmatched]
  const files = all.filter((file) => !file.startsWith('..'))
  const folder = createFolder(t, {
    hotHook: { boundaries: Object.keys(patterns) },
    files: {
      'main.mjs': `import { hot } from 'hot-hook'
        for (const name of ${JSON.stringify(all)}) await import(new URL(name, import.meta.url))
        serve({ dump: () => hot.dump() })`,
      ...Object.fromEntries(files.map((file) => [file, ''])),
    },
  })
  fs.mkdirSync(path.join(folder, '../outside'))
  for (const file of all) fs.writeFileSync(path.join(folder, file), '')
  const app = await startApp(t, { folder })
  const nodes = (await app.ask('dump')).filter((node) => !/main\.mjs|serve\.cjs/.test(node.path))
  assert.deepEqual(nodes.filter((node) => node.boundary).map((node) => node.path), matched)
  assert.deepEqual(nodes.filter((node) => !node.boundary).map((node) => node.path), unmatched)
})

test('a string where a list is meant is one pattern', async (t) => {
  const app = await startApp(t, {
    hotHook: { boundaries: './b.mjs', restart: 'config.json', ignore: '**/lib/*.mjs' },
    files: { 'main.mjs': get('./b.mjs', './lib/c.mjs'), 'b.mjs': value(1), 'lib/c.mjs': value(1), 'config.json': '1' },
  })
  assert.deepEqual(await app.ask('get'), [1, 1])
  app.save('lib/c.mjs', value(2))
  app.save('config.json', '2')
  assert.deepEqual(await app.message('full-reload'), reload(app, 'config.json'))
  app.save('b.mjs', value(2))
  assert.deepEqual(await app.ask('get'), [2, 1])
  await app.message('invalidated')
  assert.deepEqual(app.messages, [reload(app, 'config.json'), invalidated(app, 'b.mjs')])
})

test('ignored files keep their instance, and their changes say nothing', async (t) => {
  const dep = { 'node_modules/dep/package.json': '{ "name": "dep", "type": "module", "exports": "./index.js" }' }
  const app = await startApp(t, {
    files: {
      'main.mjs': get('dep', './b.mjs'),
      'b.mjs': value(1),
      'node_modules/dep/index.js': value(1),
      'vite.config.js.timestamp-1-a.mjs': value(1),
      ...dep,
    },
  })
  assert.deepEqual(await app.ask('hot'), [1, 1])
  app.save('node_modules/dep/index.js', value(2))
  app.save('b.mjs', value(2))
  assert.deepEqual(await app.ask('hot'), [1, 2])
  await app.message('invalidated')
  assert.deepEqual(app.messages, [invalidated(app, 'b.mjs')])

  const other = await startApp(t, {
    hotHook: { ignore: ['./lib/**'] },
    files: { 'main.mjs': get('dep', './b.mjs', './lib/c.mjs'), 'b.mjs': value(1), 'lib/c.mjs': value(1), 'node_modules/dep/index.js': value(1), ...dep },
  })
  assert.deepEqual(await other.ask('hot'), [1, 1, 1])
  other.save('lib/c.mjs', value(2))
  other.save('node_modules/dep/index.js', value(2))
  assert.deepEqual(await other.ask('hot'), [2, 1, 1], 'a list of your own takes the place of the default')
})

test("Vite's timestamp files are ignored", async (t) => {
  const name = 'vite.config.ts.timestamp-1-abc.mjs'
  const app = await startApp(t, { files: { 'main.mjs': get(`./${name}`, './b.mjs'), [name]: value(1), 'b.mjs': value(1) } })
  assert.deepEqual(await app.ask('get'), [1, 1])
  app.remove(name)
  app.save(name, value(2))
  app.save('b.mjs', value(2))
  assert.deepEqual(await app.message('full-reload'), reload(app, 'b.mjs'))
  assert.equal(app.messages.length, 1)
})

test('restart: .env by default, by its contents, also when it comes and goes', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': 'serve({})', 'b.mjs': '' } })
  for (const [n, text] of ['A=1', 'A=2'].entries()) {
    app.save('.env', text)
    assert.deepEqual(await app.message('full-reload', n + 1), reload(app, '.env'))
    app.save('.env', text)
  }
  app.remove('.env')
  await app.message('full-reload', 3)
  assert.equal(app.messages.length, 3, 'the same contents say nothing')
})

test('restart: paths and globs, of files and folders that are not there yet', async (t) => {
  const app = await startApp(t, {
    hotHook: { restart: ['config/*.yaml', './late.json', '**/deep.toml', './[x].json', 'locale/**'] },
    files: { 'main.mjs': 'serve({})', 'config/there.yaml': '1', '[x].json': '1', '.env': '1' },
  })
  const names = ['config/there.yaml', 'config/new.yaml', 'late.json', 'a/b/deep.toml', '[x].json', 'locale/en/x.json']
  for (const [n, name] of names.entries()) {
    // In place of the default: these are no restart files.
    app.save('.env', String(n))
    app.save('config/other.txt', String(n))
    app.save(name, `now ${n}`)
    assert.deepEqual(await app.message('full-reload', n + 1), reload(app, name))
  }
  app.replace('late.json', 'once more')
  assert.deepEqual(await app.message('full-reload', names.length + 1), reload(app, 'late.json'))
  assert.equal(app.messages.length, names.length + 1)
})

test('restart: a file that comes together with its folders', async (t) => {
  const app = await startApp(t, {
    hotHook: { restart: ['config/**', '**/deep.toml'] },
    files: { 'main.mjs': 'serve({})', '../outside/config/en/x.json': '1', '../outside/a/b/deep.toml': '1' },
  })
  for (const [n, [folder, name]] of [['config', 'config/en/x.json'], ['a', 'a/b/deep.toml']].entries()) {
    fs.renameSync(app.file(`../outside/${folder}`), app.file(folder))
    assert.deepEqual(await app.message('full-reload', n + 1), reload(app, name))
  }
})

test('a restart file that is imported too, and hot', async (t) => {
  const app = await startApp(t, {
    hotHook: { restart: ['./b.mjs'] },
    files: { 'main.mjs': get('./b.mjs', './c.mjs'), 'b.mjs': value(1), 'c.mjs': value(1) },
  })
  assert.deepEqual(await app.ask('hot'), [1, 1])
  app.save('b.mjs', value(2))
  assert.deepEqual(await app.message('full-reload'), reload(app, 'b.mjs'))
  app.save('c.mjs', value(2))
  assert.deepEqual(await app.ask('hot'), [1, 2])
})

test('watch: false: the parent watches, not we', async (t) => {
  const app = await startApp(t, { hotHook: { watch: false, boundaries: './b.mjs' }, files: { 'main.mjs': get('./b.mjs', './c.mjs'), 'b.mjs': value(1), 'c.mjs': value(1) } })
  assert.deepEqual(await app.ask('get'), [1, 1])
  app.save('b.mjs', value(2))
  app.save('.env', 'A=1')
  app.save('c.mjs', value(2))
  app.tell({ type: 'hot-hook:file-changed', path: app.file('c.mjs'), action: 'change' })
  assert.deepEqual(await app.message('full-reload'), reload(app, 'c.mjs'))
  assert.deepEqual(await app.ask('get'), [1, 1], 'nobody said anything about b')
  app.tell({ type: 'hot-hook:file-changed', path: app.file('b.mjs'), action: 'change' })
  assert.deepEqual(await app.message('invalidated'), invalidated(app, 'b.mjs'))
  assert.deepEqual(await app.ask('get'), [2, 1])
  assert.equal(app.messages.length, 2)
})

const controller = (importer) => ({
  'main.mjs': `serve({ get: async () => (await import('./importer.mjs')).value })`,
  'importer.mjs': importer,
  'controllers/c.mjs': value(1),
})
const throwing = { boundaries: ['./controllers/*.mjs'], throwWhenBoundariesAreNotDynamicallyImported: true }

const WORKER = {
  'w.mjs': `import { parentPort } from 'node:worker_threads'
    parentPort.on('message', () => {})
    parentPort.postMessage('ready')`,
}
const START_WORKER = `async () => (await once(new Worker(new URL('./w.mjs', import.meta.url)), 'message'))[0]`

test('options of hot.init() stay in force when a worker repeats those of package.json', async (t) => {
  const app = await startApp(t, {
    hotHook: { boundaries: './a.mjs', watch: false },
    files: {
      'main.mjs': `import { once } from 'node:events'
        import { Worker } from 'node:worker_threads'
        import { hot } from 'hot-hook'
        await hot.init({ boundaries: './b.mjs', rootDirectory: import.meta.dirname + '/src', watch: true })
        ${get('./a.mjs', './src/b.mjs').replace('serve({', `serve({ startWorker: ${START_WORKER},`)}`,
      'a.mjs': value(1),
      'src/b.mjs': value(1),
      ...WORKER,
    },
  })
  assert.deepEqual(await app.ask('get'), [1, 1])
  await app.ask('startWorker')
  app.save('src/b.mjs', value(2))
  assert.deepEqual(await app.ask('get'), [1, 2])
  app.save('a.mjs', value(2))
  assert.deepEqual(await app.message('full-reload'), reload(app, 'a.mjs'))
  app.save('src/b.mjs', value(3))
  assert.deepEqual(await app.ask('get'), [1, 3])
})

test('boundaries that a worker gives are hot for that worker alone, as long as it lives', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { once } from 'node:events'
        import { Worker } from 'node:worker_threads'
        let worker
        const answer = async () => (await once(worker, 'message'))[0]
        serve({
          get: async () => (await import('./a.mjs')).value,
          startWorker: () => (worker = new Worker(new URL('./w.mjs', import.meta.url)), answer()),
          ask: () => (worker.postMessage(''), answer()),
          end: () => worker.terminate(),
        })`,
      'w.mjs': `import { parentPort } from 'node:worker_threads'
        import { hot } from 'hot-hook'
        await hot.init({ root: import.meta.filename, boundaries: './*.mjs', ignore: './a.mjs', watch: false })
        const answer = async () => parentPort.postMessage([(await import('./b.mjs')).value])
        parentPort.on('message', answer)
        await answer()`,
      'a.mjs': value(1),
      'b.mjs': value(1),
    },
  })
  assert.equal(await app.ask('get'), 1)
  assert.deepEqual(await app.ask('startWorker'), [1])
  app.save('b.mjs', value(2))
  assert.deepEqual(await app.ask('ask'), [2])
  app.save('a.mjs', value(2))
  assert.deepEqual(await app.message('full-reload'), reload(app, 'a.mjs'))
  await app.ask('end')
  app.save('a.mjs', value(3))
  assert.deepEqual(await app.message('full-reload', 2), reload(app, 'a.mjs'))
})

test('watch, patterns and rootDirectory that change at run time: all follows', async (t) => {
  const app = await startApp(t, {
    hotHook: { watch: false, boundaries: './b.mjs', rootDirectory: './x/y' },
    files: {
      'main.mjs': `import { hot } from 'hot-hook'
        ${get('../app/b.mjs', './x/y/z.mjs').replace('serve({', 'serve({ init: (options) => hot.init(options),')}`,
      'b.mjs': value(1),
      'x/y/z.mjs': value(1),
      'next/y/z.mjs': value(2),
    },
  })
  const swap = () => {
    for (const [from, to] of [['x', 'away'], ['next', 'x'], ['away', 'next']]) fs.renameSync(app.file(from), app.file(to))
  }
  assert.deepEqual(await app.ask('hot'), [1, 1])
  app.save('b.mjs', value(2))
  assert.deepEqual(await app.ask('hot'), [1, 1])
  await app.ask('init', { watch: true })
  assert.deepEqual(await app.ask('hot'), [2, 1], 'it was changed while nobody watched')
  await app.ask('init', { rootDirectory: app.folder })
  swap()
  await app.until('the folder is another', async () => (await app.ask('hot'))[1] === 2)
  await app.ask('init', { rootDirectory: app.file('x/y'), boundaries: ['../../b.mjs'] })
  assert.deepEqual(await app.ask('get'), [2, 2])
  app.save('x/y/z.mjs', value(3))
  await app.message('full-reload')
  app.save('b.mjs', value(3))
  assert.deepEqual((await app.ask('get'))[0], 3)
  await app.ask('init', { boundaries: [] })
  app.save('b.mjs', value(4))
  assert.equal((await app.message('full-reload', 2)).path, app.file('b.mjs'))
  await app.ask('init', { watch: false })
  app.save('b.mjs', value(5))
  await app.ask('init', { watch: true })
  assert.equal((await app.message('full-reload', 3)).path, app.file('b.mjs'))
})

test('throwWhenBoundariesAreNotDynamicallyImported names the importer and the boundary', async (t) => {
  const app = await startApp(t, { hotHook: throwing, files: controller(`export { value } from './controllers/c.mjs'`) })
  const { message } = await app.askError('get')
  assert.match(message, /importer\.mjs/)
  assert.match(message, /controllers\/c\.mjs/)
  assert.match(message, /dynamic/i)
})

test('throwWhenBoundariesAreNotDynamicallyImported lets the rest through', async (t) => {
  const lets = async (importer, more) => {
    const app = await startApp(t, { hotHook: throwing, files: { ...controller(importer), ...more } })
    assert.equal(await app.ask('get'), 1)
  }
  await lets(`const name = 'c'; export const { value } = await import('./controllers/' + name + '.mjs')`)
  await lets(`import { createRequire } from 'node:module'; export const { value } = createRequire(import.meta.url)('./controllers/c.cjs')`, {
    'controllers/c.cjs': 'exports.value = 1',
  })
  // A cycle: the importer is below the boundary that it imports.
  await lets(`export const { value } = await import('./controllers/c.mjs')`, {
    'controllers/c.mjs': `import '../below.mjs'; export const value = 1`,
    'below.mjs': `import './controllers/c.mjs'`,
  })
})

test('the same static import without the option asks for a restart, and says that it should be reloadable', async (t) => {
  const app = await startApp(t, {
    hotHook: { boundaries: throwing.boundaries },
    files: controller(`export { value } from './controllers/c.mjs'`),
  })
  assert.equal(await app.ask('get'), 1)
  app.save('controllers/c.mjs', value(2))
  assert.deepEqual(await app.message('full-reload'), reload(app, 'controllers/c.mjs', true))
})

test('onFullReloadAsked is called with each full reload; one that throws is reported, and harms nobody', async (t) => {
  const app = await startApp(
    t,
    init(
      `onFullReloadAsked() { log('asked'); if (log.lines.length === 1) throw new Error('oops') }`,
      { 'app.mjs': `import './cold.mjs'; ${get('./b.mjs')}; serve({ log: () => log.lines })`, 'cold.mjs': '', 'b.mjs': value(1) },
    ),
  )
  assert.deepEqual(await app.ask('hot'), [1])
  app.save('cold.mjs', '// 2')
  await app.message('full-reload')
  await app.until('the error is reported', () => /onFullReloadAsked.*oops/s.test(app.output.stderr))
  app.save('cold.mjs', '// 3')
  await app.message('full-reload', 2)
  await app.expect('log', ['asked', 'asked'])
  app.save('b.mjs', value(2))
  assert.deepEqual(await app.ask('hot'), [2])
})

// Bad input: [options as source text, what the error names].
const bad = [
  [`{ boundaries: 42 }`, 'boundaries', '42', /list|glob|path/],
  [`{ boundaries: ['./a', 42] }`, 'boundaries', '42', /path|glob/],
  [`{ boundaries: [''] }`, 'boundaries', '', /empty/],
  [`{ boundaries: ['./{a,b.mjs'] }`, 'boundaries', './{a,b.mjs', /./],
  [`{ boundaries: ['./!(a).mjs'] }`, 'boundaries', './!(a).mjs', /./],
  [`{ boundaries: ['./+(a|b).mjs'] }`, 'boundaries', './+(a|b).mjs', /./],
  [`{ ignore: {} }`, 'ignore', 'object', /list|glob|path/],
  [`{ ignore: /node_modules/ }`, 'ignore', 'node_modules', /list|glob|path/],
  [`{ ignore: () => true }`, 'ignore', 'function', /list|glob|path/],
  [`{ restart: [null] }`, 'restart', 'null', /path|glob/],
  [`{ restart: true }`, 'restart', 'true', /list|glob|path/],
  [`{ root: 42 }`, 'root', '42', /path/],
  [`{ root: '' }`, 'root', '', /path/],
  [`{ rootDirectory: [] }`, 'rootDirectory', 'list', /path/],
  [`{ watch: 'no' }`, 'watch', 'no', /true|false|boolean/],
  [`{ watch: 0 }`, 'watch', '0', /true|false|boolean/],
  [`{ throwWhenBoundariesAreNotDynamicallyImported: 'yes' }`, 'throwWhenBoundariesAreNotDynamicallyImported', 'yes', /true|false|boolean/],
  [`{ onFullReloadAsked: 'restart' }`, 'onFullReloadAsked', 'restart', /function/],
  [`{ onFullReloadAsked: {} }`, 'onFullReloadAsked', 'object', /function/],
  [`['./b.mjs']`, 'options', 'list', /object/],
  [`'./b.mjs'`, 'options', './b.mjs', /object/],
  [`42`, 'options', '42', /object/],
  [`() => {}`, 'options', 'function', /object/],
]

test('bad options of init: one error that names the option, what it got and what it wants; nothing is hooked', async (t) => {
  const { code, stdout, stderr } = await run(t, {
    register: false,
    files: {
      'main.mjs': `import { hot } from 'hot-hook'
        const errors = []
        for (const options of [${bad.map(([source]) => `() => (${source})`)}]) {
          errors.push(await hot.init(options()).then(() => 'accepted', (error) => error instanceof Error && error.message))
        }
        const { isHot } = await import('./b.mjs')
        console.log(JSON.stringify({ errors, isHot, dump: await hot.dump() }))`,
      'b.mjs': `export const isHot = 'hot' in import.meta`,
    },
  })
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  const { errors, isHot, dump } = JSON.parse(stdout)
  for (const [at, [source, option, got, want]] of bad.entries()) {
    const message = errors[at]
    const isNamed = message.includes(option) && message.includes(got) && want.test(message)
    assert.ok(isNamed && message !== 'accepted' && !message.includes('\n'), `${source}: ${message}`)
  }
  assert.deepEqual({ isHot, dump }, { isHot: false, dump: [] })
})

test('good options after bad ones', async (t) => {
  const app = await startApp(t, {
    register: false,
    files: {
      'main.mjs': `import { hot } from 'hot-hook'
        await hot.init({ root: import.meta.filename, boundaries: 42 }).catch(() => {})
        await hot.init({ root: import.meta.filename, boundaries: './b.mjs' })
        await import('./app.mjs')`,
      'app.mjs': get('./b.mjs'),
      'b.mjs': value(1),
    },
  })
  assert.deepEqual(await app.ask('get'), [1])
  app.save('b.mjs', value(2))
  assert.deepEqual(await app.ask('get'), [2])
})

for (const [hotHook, ...words] of [
  [{ boundaries: 5 }, 'boundaries', '5'],
  [{ boundaries: [{}] }, 'boundaries', 'object'],
  [{ restart: ['./!(a)'] }, 'restart', './!(a)'],
  [{ watch: 'false' }, 'watch', 'false'],
  ['./b.mjs', 'hotHook', './b.mjs'],
  [['./b.mjs'], 'hotHook', 'list'],
  [7, 'hotHook', '7'],
]) {
  test(`package.json#hotHook: ${JSON.stringify(hotHook)} stops the start`, async (t) => {
    const { code, stdout, stderr } = await run(t, { hotHook, files: { 'main.mjs': `console.log('started')` } })
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' })
    for (const word of ['package.json', ...words]) assert.ok(stderr.includes(word), `${word} is not in ${stderr}`)
    assert.match(stderr, /^hot-hook: [^\n]*\n$/, 'one line')
    assert.doesNotMatch(stderr, /Cannot read prop|is not a function|undefined/)
  })
}

/** What an app may give, and what it is told. @type {[options: string, message: RegExp][]} */
const REFUSED = [
  ['{ boundaries: [5] }', /"boundaries\[0\]" is 5/],
  ['{ watch: () => {} }', /"watch" is a function/],
  ['{ get ignore() { throw new Error("no") } }', /cannot be read: no$/m],
  ['(() => { const all = {}; return Object.assign(all, { all }) })()', /cannot be read: .*circular/],
]

for (const [options, message] of REFUSED) {
  test(`hot.init(${options}): an error where it is called`, async (t) => {
    const { code, stderr } = await run(t, {
      files: { 'main.mjs': `import { hot } from 'hot-hook'\nconsole.log('runs')\nawait hot.init(${options})` },
    })
    assert.equal(code, 1)
    assert.match(stderr, message)
    assert.match(stderr, /HOT_HOOK_OPTIONS/)
    const first = stderr.split('\n').find((line) => /^ +at /.test(line) && !line.includes('node:internal') && !line.includes('get ignore'))
    assert.match(first ?? '', /main\.mjs:3:/, stderr)
    assert.doesNotMatch(stderr, /\/hot\.mjs/)
  })
}

test('unknown keys: one warning each, with the nearest name, and the app runs', async (t) => {
  const app = await startApp(t, {
    hotHook: { boundary: ['./b.mjs'], restrat: [], qqqqqqqqqqqq: 1, boundaries: ['./b.mjs'] },
    files: { 'main.mjs': get('./b.mjs'), 'b.mjs': value(1) },
  })
  assert.deepEqual(await app.ask('get'), [1])
  app.save('b.mjs', value(2))
  assert.deepEqual(await app.ask('get'), [2])
  await app.message('invalidated')
  const lines = app.output.stderr.trimEnd().split('\n')
  assert.equal(lines.length, 3, app.output.stderr)
  const line = (key) => lines.find((text) => text.includes(`"${key}"`)) ?? ''
  assert.match(line('boundary'), /package\.json.*boundaries/)
  assert.match(line('restrat'), /restart/)
  assert.notEqual(line('qqqqqqqqqqqq'), '')
})

test('an unknown key of init', async (t) => {
  const { code, stderr } = await run(t, init(`boundries: []`, { 'app.mjs': '' }))
  assert.equal(code, 0)
  assert.match(stderr, /^[^\n]*boundries[^\n]*boundaries[^\n]*\n$/)
})

test('a malformed package.json says which file', async (t) => {
  const folder = createFolder(t, { files: { 'main.mjs': `console.log('started')` } })
  const file = path.join(folder, 'package.json')
  const before = [`--import=${pathToFileURL(path.join(PACKAGE, 'lib/runtime/register.mjs'))}`]
  for (const text of ['{ "type": "module",', '', 'nonsense', '[]', '42', 'null']) {
    fs.writeFileSync(file, text)
    const { code, stdout, stderr } = await run(t, { folder, register: false, before })
    if (code === 0) assert.deepEqual({ stdout, stderr }, { stdout: 'started\n', stderr: '' }, text)
    else assert.ok(stdout === '' && stderr.includes(file) && !/Cannot read prop/.test(stderr), `${text}: ${stderr}`)
    if (['{ "type": "module",', '', 'nonsense'].includes(text)) assert.equal(code, 1, text)
  }
})

test('a missing package.json says which file', async (t) => {
  const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'hot-hook-')))
  t.after(() => fs.rmSync(base, { recursive: true }))
  fs.writeFileSync(path.join(base, 'main.mjs'), '')
  const before = [`--import=${pathToFileURL(path.join(PACKAGE, 'lib/runtime/register.mjs'))}`]
  const { stderr } = await run(t, { folder: base, register: false, before })
  assert.ok(stderr.includes('package.json') && stderr.includes(base), `stderr: ${stderr}`)
})

test('a directory that cannot be listed is reported once, by name; its modules are looked at, and the rest is hot', needsPermissions, async (t) => {
  const folder = createFolder(t, {
    files: {
      'main.mjs': get('./locked/b.mjs', './locked/c.mjs', './d.mjs'),
      'locked/b.mjs': value(1),
      'locked/c.mjs': value(1),
      'd.mjs': value(1),
    },
  })
  fs.chmodSync(path.join(folder, 'locked'), 0o311)
  const app = await startApp(t, { folder, within: WITH_PERMISSIONS })
  try {
    assert.deepEqual(await app.ask('hot'), [1, 1, 1])
    app.save('d.mjs', value(2))
    assert.deepEqual(await app.ask('hot'), [1, 1, 2])
    await app.until('the folder is named', () => app.output.stderr.includes(app.file('locked')))
    for (const n of [2, 3]) {
      app.save('locked/c.mjs', value(n))
      await app.expect('hot', [1, n, 2])
    }
    app.remove('locked/b.mjs')
    await app.expect('hot', (answer) => answer.code === 'ERR_MODULE_NOT_FOUND')
    app.save('locked/b.mjs', value(4))
    await app.expect('hot', [4, 3, 2])
    assert.equal(said(app).trimEnd().split('\n').length, 1, app.output.stderr)
  } finally {
    // So that the folder can be deleted after the test.
    fs.chmodSync(app.file('locked'), 0o755)
  }
})
