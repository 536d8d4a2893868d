/* A module may have a binding of its own for any name: nothing that we put into it names one. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HOT, startApp } from './support/app.mjs'

const NAMES = [
  'globalThis', 'global', 'process', 'Symbol', 'Object', 'Function', 'String', 'Array', 'Promise', 'Reflect', 'Proxy', 'Map', 'URL', 'console',
  'undefined', 'NaN', 'require', 'module', 'exports', 'hot', 'meta', 'enter', 'self', 'window', 'async', 'of', 'get', 'resolve',
]
/** @type {Record<string, (name: string) => string>} */
const bindings = {
  const: (name) => `const ${name} = {}`,
  let: (name) => `let ${name}`,
  function: (name) => `function ${name}() { throw new Error('called') }`,
  class: (name) => `class ${name} {}`,
  import: (name) => `import * as ${name} from './other.mjs'`,
  export: (name) => `export const ${name} = 1`,
}

for (const before of [[], ['--frozen-intrinsics', '--no-warnings']]) {
  test(`bindings of any name${before.length > 0 ? ', with frozen intrinsics' : ''}`, async (t) => {
    const names = before.length > 0 ? NAMES.filter((name) => name !== 'globalThis') : NAMES
    /** @param {string} kind @param {number} n */
    const text = (kind, n) => `${names.map((name) => `${bindings[kind](name)};`).join(' ')}
      import.meta.hot.dispose((data) => { data.runs = (data.runs ?? 0) + 1 }); export const value = [${n}, import.meta.hot.data.runs]`
    const kinds = Object.keys(bindings)
    const app = await startApp(t, {
      before,
      files: {
        'main.mjs': `serve({ get: async (name) => (await import('./' + name + '.mjs', ${HOT})).value })`,
        'other.mjs': '',
        ...Object.fromEntries(kinds.map((kind) => [`${kind}.mjs`, text(kind, 1)])),
      },
    })
    for (const kind of kinds) assert.deepEqual(await app.ask('get', kind), [1, null], kind)
    for (const n of [2, 3]) {
      for (const kind of kinds) app.save(`${kind}.mjs`, text(kind, n))
      for (const kind of kinds) assert.deepEqual(await app.ask('get', kind), [n, n - 1], kind)
    }
    assert.deepEqual(app.told('full-reload'), [])
    assert.equal(app.output.stderr, '')
  })
}

test('while asynchronous handlers are waited for', async (t) => {
  const text = (/** @type {number} */ n) => `const globalThis = {}, Symbol = 1, String = 2
    import.meta.hot.dispose(async (data) => { await 1; data.disposed = true }); export const value = [${n}, import.meta.hot.data.disposed ?? false]`
  const app = await startApp(t, { files: { 'main.mjs': `serve({ get: async () => (await import('./b.mjs', ${HOT})).value })`, 'b.mjs': text(1) } })
  assert.deepEqual(await app.ask('get'), [1, false])
  app.save('b.mjs', text(2))
  assert.deepEqual(await app.ask('get'), [2, true])
})
