/* Modules that are no files: `data:` URLs, and what loaders make up. They stay as long as the app, and so do their handlers. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { startApp } from './support/app.mjs'

const hooks = `{
  resolve: (specifier, context, next) => (specifier.startsWith('made-up/') ? { url: specifier.replace('made-up/', 'virtual:'), format: 'module', shortCircuit: true } : next(specifier, context)),
  load: (url, context, next) => (url.startsWith('virtual:') ? { format: 'module', source: decodeURIComponent(url.slice('virtual:'.length)), shortCircuit: true } : next(url, context)),
}`
const loader = `import module from 'node:module'
  const hooks = ${hooks}
  if (module.registerHooks) module.registerHooks(hooks)
  else module.register('data:text/javascript,' + encodeURIComponent('export const resolve = ' + hooks.resolve + '; export const load = ' + hooks.load))`
const kinds = { 'data:': 'data:text/javascript,', 'made up by a loader': 'made-up/' }

for (const [name, prefix] of Object.entries(kinds)) {
  test(`handlers of modules that are no files: ${name}`, async (t) => {
    const text = `import.meta.hot.dispose(() => log('disposed NAME')); import.meta.hot.prune(() => log('pruned')); import.meta.hot.on('hot:afterUpdate', () => log('update NAME'));
      import.meta.hot.data.given = 'NAME'; export const { signal, data } = import.meta.hot; export const value = 'NAME'`
    const app = await startApp(t, {
      before: ['--import=./loader.mjs'],
      files: {
        'loader.mjs': loader,
        'b.mjs': 'export const value = 1',
        'main.mjs': `import { hot } from 'hot-hook'
          const import_ = (text) => import(${JSON.stringify(prefix)} + encodeURIComponent(text))
          const made = [await import_(${JSON.stringify(text.replaceAll('NAME', 'one'))}), await import_(${JSON.stringify(`${text.replaceAll('NAME', 'two')}; await 1`)})]
          serve({
            get: async () => (await import('./b.mjs', import.meta.hot.boundary)).value,
            made: () => made.map(({ value, signal, data }) => [value, signal.aborted, data.given]),
            log: () => log.lines,
            end: () => hot.dispose(),
          })`,
      },
    })
    for (const n of [1, 2]) {
      if (n > 1) app.save('b.mjs', `export const value = ${n}`)
      assert.equal(await app.ask('get'), n)
      assert.deepEqual(await app.ask('made'), [['one', false, 'one'], ['two', false, 'two']])
    }
    await app.expect('log', (/** @type {string[]} */ lines) => lines.length === 2)
    assert.deepEqual((await app.ask('log')).toSorted(), ['update one', 'update two'])
    await app.ask('end')
    assert.deepEqual((await app.ask('log')).slice(2), ['disposed two', 'disposed one'])
    assert.deepEqual(await app.ask('made'), [['one', true, 'one'], ['two', true, 'two']])
    assert.equal(app.output.stderr, '')
  })

  test(`why a file is cold that is imported by what is no file: ${name}`, async (t) => {
    const app = await startApp(t, {
      before: ['--import=./loader.mjs'],
      env: { HOT_HOOK_REASON: '1' },
      files: {
        'loader.mjs': loader,
        'static.mjs': '', 'bare.mjs': '', 'dynamic.mjs': '',
        'main.mjs': `const url = (name) => JSON.stringify(new URL(name, import.meta.url).href)
          const import_ = (text) => import(${JSON.stringify(prefix)} + encodeURIComponent(text))
          await import_('import ' + url('./static.mjs') + '; import.meta.url')
          await import_('import ' + url('./bare.mjs'))
          await import_('await import(' + url('./dynamic.mjs') + ')')
          serve({})`,
      },
    })
    for (const [index, [file, kind]] of Object.entries({ static: 'static', bare: 'static', dynamic: 'dynamic' }).entries()) {
      app.save(`${file}.mjs`, '// changed')
      const { reason } = await app.message('full-reload', index + 1)
      assert.match(reason.text, new RegExp(` ─${kind}→ ${file}\\.mjs$`))
      // Nobody writes what a loader makes.
      assert.equal(reason.hint, undefined)
    }
  })
}
