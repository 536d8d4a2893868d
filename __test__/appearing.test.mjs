/* Missing modules, and what they turn out to be when they appear. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { createFolder, startApp } from './support/app.mjs'
import { install } from './support/runs.mjs'

const page = (n) => `export const value: number = ${n}\n`

/** What is imported, and what it turns out to be. */
const cases = [
  ['./pages/late.js', 'pages/late.ts'],
  ['./pages/late.mjs', 'pages/late.mts'],
  ['./pages/late.js', 'pages/late.tsx'],
  ['./pages/late', 'pages/late.ts'],
  ['./pages/late', 'pages/late/index.ts'],
]

for (const [specifier, file] of cases) {
  test(`a missing module is judged by what it turns out to be: ${specifier} is ${file}`, async (t) => {
    const folder = createFolder(t, {
      hotHook: { boundaries: ['./pages/**/*.{ts,mts,tsx}'] },
      files: {
        'tsconfig.json': '{ "compilerOptions": { "module": "nodenext", "jsx": "react-jsx" } }',
        'main.ts': `declare const serve: (commands: object) => void\nserve({ get: async () => (await import('${specifier}')).value })\n`,
        'pages/other.ts': page(0),
      },
    })
    install(folder, 'tsx')
    const app = await startApp(t, { folder, entry: 'main.ts', before: ['--import=tsx'] })
    assert.match((await app.askError('get')).code, /MODULE_NOT_FOUND|UNSUPPORTED_DIR_IMPORT/)
    app.save(`${file}.tmp`, 'an editor keeps its text there')
    app.save(file.replace(/\.([^.]+)$/, '.test.$1'), `throw new Error('it is not meant')`)
    assert.match((await app.askError('get')).code, /MODULE_NOT_FOUND|UNSUPPORTED_DIR_IMPORT/)
    for (const n of [1, 2, 3]) {
      app.save(file, page(n))
      assert.equal(await app.ask('get'), n)
    }
    await app.message('invalidated', 3)
    assert.deepEqual(app.told('full-reload'), [], app.known())
    assert.equal(app.told('invalidated').at(-1).paths[0], app.file(file))
  })
}

test('what matches no pattern asks for a restart, and names the file that came', async (t) => {
  const folder = createFolder(t, {
    hotHook: { boundaries: ['./pages/*.ts'] },
    files: {
      'tsconfig.json': '{}',
      'main.ts': `declare const serve: (commands: object) => void\nserve({ get: async () => (await import('./parts/late.js')).value })\n`,
      'parts/other.ts': page(0),
    },
  })
  install(folder, 'tsx')
  const app = await startApp(t, { folder, entry: 'main.ts', before: ['--import=tsx'], env: { HOT_HOOK_REASON: '1' } })
  await app.askError('get')
  app.save('parts/late.ts', page(1))
  const { path, reason } = await app.message('full-reload')
  assert.equal(path, app.file('parts/late.ts'))
  assert.match(reason.text, /^parts\/late\.ts changed, which no boundary makes hot: main\.ts ─dynamic→ parts\/late\.js$/)
})
