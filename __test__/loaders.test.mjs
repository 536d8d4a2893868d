/* Loaders of others in the same thread, in whatever order they come, and whatever they answer by themselves. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { hasSyncHooks } from '../lib/node/features.mjs'
import { HOT, startApp } from './support/app.mjs'

/** What answers `load` by itself: for an extension that Node does not know, and for one that it knows. */
const hooks = `{ load(url, context, next) {
  if (!/\\.(?:tpl|mjs)(?:$|\\?)/.test(url) || !url.includes('/own/')) return next(url, context)
  const source = fs.readFileSync(new URL(url), 'utf8').replaceAll('VALUE', 'export const value =')
  return { format: 'module', source, shortCircuit: true }
} }`
const loaders = {
  'of an import': `import fs from 'node:fs'; import { registerHooks } from 'node:module'; registerHooks(${hooks})`,
  'of the default import': `import fs from 'node:fs'; import module from 'node:module'; module.registerHooks(${hooks})`,
  'of require': `const fs = process.getBuiltinModule('fs'); process.getBuiltinModule('module').registerHooks(${hooks})`,
  'that comes and goes': `import fs from 'node:fs'; import { registerHooks } from 'node:module'
    for (let i = 0; i < 3; i++) { const other = registerHooks({ resolve: (s, c, next) => next(s, c), load: (u, c, next) => next(u, c) }); if (i < 2) other.deregister() }
    registerHooks(${hooks})`,
}

for (const [name, loader] of Object.entries(loaders)) {
  for (const order of ['before', 'after']) {
    test(`a loader ${order} us that answers load by itself, ${name}`, { skip: !hasSyncHooks && 'without complete registerHooks' }, async (t) => {
      const app = await startApp(t, {
        [order]: ['--import=./loader.mjs'],
        files: {
          'loader.mjs': loader,
          'main.mjs': `serve({ get: async (name) => (await import('./own/' + name, ${HOT})).value, log: () => log.lines })`,
          'own/a.mjs': `import { value as below } from './b.tpl'; VALUE 'a' + below; import.meta.hot.dispose(() => log('a disposed'))`,
          'own/b.tpl': `VALUE 1; import.meta.hot.dispose(() => log('b disposed'))`,
        },
      })
      for (const n of [1, 2, 3]) {
        if (n > 1) app.save('own/b.tpl', `VALUE ${n}; import.meta.hot.dispose(() => log('b disposed'))`)
        assert.equal(await app.ask('get', 'a.mjs'), `a${n}`)
        assert.equal(await app.ask('get', 'b.tpl'), n)
      }
      assert.deepEqual(await app.ask('log'), ['a disposed', 'b disposed', 'a disposed', 'b disposed'])
      assert.deepEqual(app.told('full-reload'), [])
    })
  }
}
