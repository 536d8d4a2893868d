/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { HOT, startApp } from './support/app.mjs'
import { run } from './support/runs.mjs'

/*
 *   main ──▶ config ◀──▶ (nothing)          main ──▶ node_modules/dep
 *     └─ hot ─▶ page ──▶ part ◀── admin ◀─ hot ─┘
 */
const files = {
  'main.mjs': `import { hot } from 'hot-hook'
    import { limit } from './config.mjs'
    import 'dep'
    serve({
      explain: (file, isUrl) => hot.explain(isUrl ? new URL(file) : file),
      refuse: (file) => hot.explain(file).catch((error) => error.name + ': ' + error.message),
      page: async () => (await import('./page.mjs', ${HOT})).value,
      admin: async () => (await import('./admin.mjs', ${HOT})).value,
      decline: async () => (await import('./admin.mjs', ${HOT})).decline(),
    })`,
  'config.mjs': 'export const limit = () => 1',
  'page.mjs': `export { value } from './part.mjs'`,
  'admin.mjs': `export { value } from './part.mjs'; export const decline = () => import.meta.hot.decline()`,
  'part.mjs': 'export const value = 1',
  'node_modules/dep/package.json': '{"type":"module","exports":"./index.js"}',
  'node_modules/dep/index.js': '',
}

/** That of config.mjs. */
const HINT = `imported statically by main.mjs:2: to make it and all below it hot, write instead, with lazy from 'hot-hook':
  const limit = lazy(() => import('./config.mjs', import.meta.hot?.boundary), 'limit')
It then runs again at each save below it: what it is to keep belongs in hot.keep().`

test('every verdict, with what makes it so', async (t) => {
  const app = await startApp(t, { files })
  await app.ask('page')
  await app.ask('admin')
  const explain = async (name) => {
    const { path, ...others } = await app.ask('explain', app.file(name))
    assert.equal(path, app.file(name))
    return others
  }
  const paths = (...names) => names.map((name) => app.file(name))
  const none = { version: 0, boundaries: [], chain: [], invalidates: [] }

  assert.deepEqual(await explain('part.mjs'), { ...none, verdict: 'hot', boundaries: paths('page.mjs', 'admin.mjs'), invalidates: paths('part.mjs', 'page.mjs', 'admin.mjs') })
  assert.deepEqual(await explain('config.mjs'), {
    ...none,
    verdict: 'restart',
    chain: [
      { path: app.file('main.mjs'), kind: 'root', specifier: '' },
      { path: app.file('config.mjs'), kind: 'static', specifier: './config.mjs' },
    ],
    reason: 'config.mjs changed, which no boundary makes hot: main.mjs ─static→ config.mjs',
    hint: HINT,
  })
  assert.deepEqual(await explain('node_modules/dep/index.js'), { ...none, verdict: 'ignored' })
  assert.deepEqual(await explain('.env'), { ...none, verdict: 'restart', reason: '.env changed, which matches restart: ".env"' })
  assert.deepEqual(await explain('nobody.mjs'), { ...none, verdict: 'unknown' })

  await app.ask('decline')
  assert.deepEqual(await explain('part.mjs'), { ...none, verdict: 'declined', reason: 'part.mjs changed, and admin.mjs declines hot reload' })
})

test('the words are those of the message that a save brings', async (t) => {
  const app = await startApp(t, { files, env: { HOT_HOOK_REASON: '1' } })
  const { chain, hint, reason } = await app.ask('explain', app.file('config.mjs'))
  app.save('config.mjs', '// saved')
  const message = await app.message('full-reload')
  assert.deepEqual(message.reason, { text: reason, hint, chain })
})

test('what was saved just now counts', async (t) => {
  const app = await startApp(t, { files })
  await app.ask('page')
  app.save('part.mjs', 'export const value = 2')
  assert.equal((await app.ask('explain', app.file('part.mjs'))).version, 1)
  assert.equal(await app.ask('page'), 2)
})

test('paths: relative to the working directory, URLs, and what is neither', async (t) => {
  const app = await startApp(t, { files })
  await app.ask('page')
  for (const [file, isUrl] of [['page.mjs'], ['./page.mjs'], [pathToFileURL(app.file('page.mjs')).href], [pathToFileURL(app.file('page.mjs')).href, true]]) {
    assert.equal((await app.ask('explain', file, isUrl)).verdict, 'hot', file)
  }
  for (const wrong of [1, null, '', {}]) {
    assert.match(await app.ask('refuse', wrong), /^TypeError: hot.explain\(path\): the path must be a path or a URL, got /)
  }
})

test('what is no file is unknown, also if it imports, or was imported', async (t) => {
  const app = await startApp(t, {
    before: ['--import', './loader.mjs'],
    files: {
      ...files,
      'loader.mjs': `import module from 'node:module'
        const hooks = {
          resolve: (specifier, context, next) => (specifier === 'virtual:menu' ? { url: specifier, format: 'module', shortCircuit: true } : next(specifier, context)),
          load: (url, context, next) => (url === 'virtual:menu' ? { format: 'module', source: "export default 'menu'", shortCircuit: true } : next(url, context)),
        }
        if (module.registerHooks) module.registerHooks(hooks)
        else module.register('data:text/javascript,' + encodeURIComponent('export const resolve = ' + hooks.resolve + '; export const load = ' + hooks.load))`,
      'page.mjs': `import 'virtual:menu'; import 'data:text/javascript,export default 1'; export { value } from './part.mjs'`,
    },
  })
  assert.equal(await app.ask('page'), 1)
  for (const [url, isUrl] of [['virtual:menu'], ['data:text/javascript,export default 1'], ['node:fs'], ['node:fs', true], ['https://example.org/a.mjs', true]]) {
    const { path, verdict, chain, invalidates } = await app.ask('explain', url, isUrl)
    assert.deepEqual({ path, verdict, chain, invalidates }, { path: url, verdict: 'unknown', chain: [], invalidates: [] })
  }
})

test('the reason is the same, word by word: explain, the message, stderr, hot.on, NODE_DEBUG', async (t) => {
  const main = files['main.mjs'].replace('serve({', "hot.on('hot:beforeFullReload', ({ text, hint }) => console.log(JSON.stringify({ text, hint }))); serve({")
  const app = await startApp(t, { files: { ...files, 'main.mjs': main }, env: { HOT_HOOK_REASON: '1', NODE_DEBUG: 'hot-hook' } })
  const { reason, hint } = await app.ask('explain', app.file('config.mjs'))
  app.save('config.mjs', '// saved')
  const message = await app.message('full-reload')
  assert.deepEqual({ text: message.reason.text, hint: message.reason.hint }, { text: reason, hint })
  await app.until('listeners are told', () => app.output.stdout.includes('\n'))
  assert.deepEqual(JSON.parse(app.output.stdout), { text: reason, hint })
  await app.until('it is noted', () => app.output.stderr.includes(`full reload: ${reason}\n`))

  // With nobody to tell, it is a line.
  const alone = await startApp(t, { files: { 'main.mjs': `\nimport { limit } from './config.mjs'; console.log('runs'); setInterval(() => {}, 1000)`, 'config.mjs': files['config.mjs'] }, ipc: false })
  await alone.until('it runs', () => alone.output.stdout !== '')
  alone.save('config.mjs', '// saved')
  await alone.until('it is said', () => alone.output.stderr.endsWith('.\n'))
  assert.equal(alone.output.stderr, `hot-hook: restart needed: ${reason}\nhot-hook: hint: ${hint}\n`)
})

test('before init nothing is known', async (t) => {
  const { stdout } = await run(t, {
    register: false,
    files: { 'main.mjs': `import { hot } from 'hot-hook'; console.log((await hot.explain('main.mjs')).verdict)` },
  })
  assert.equal(stdout, 'unknown\n')
})

test('what only an ignored module imports: the hint says that a restart is right', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { hot } from 'hot-hook'
        import load from 'autoload'
        await load(new URL('./plugin.mjs', import.meta.url).href)
        serve({ explain: (file) => hot.explain(file) })`,
      'plugin.mjs': '',
      'node_modules/autoload/package.json': '{"main":"index.js"}',
      'node_modules/autoload/index.js': 'module.exports = (file) => import(file)',
    },
  })
  const { verdict, reason, hint } = await app.ask('explain', app.file('plugin.mjs'))
  assert.equal(verdict, 'restart')
  assert.match(reason, /─dynamic→ plugin\.mjs/)
  assert.equal(hint, 'node_modules/autoload/index.js has loaded it, and may keep it: a restart is right here')
})
