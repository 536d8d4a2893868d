/* TypeScript that Node itself strips. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { createFolder, HOT, nodeIs, startApp } from './support/app.mjs'
import { install, run } from './support/runs.mjs'

const B = 'import.meta.hot?.boundary'
const tsconfig = JSON.stringify({
  compilerOptions: { module: 'nodenext', target: 'es2022', strict: true, sourceMap: true },
  'ts-node': { transpileOnly: true },
})
const only = { native: !nodeIs(22, 18) && 'Node strips types since 22.18' }
// Node 26 deprecates what ts-node-maintained calls.
const quiet = nodeIs(25) ? ['--no-deprecation'] : []

/** How each is started; `ext` is what imports are written with. */
const LOADERS = {
  // Some warn that it is an experiment.
  native: { flags: ['--disable-warning=ExperimentalWarning'], ext: 'ts' },
  tsx: { flags: ['--import=tsx'], ext: 'js' },
  'ts-node-maintained': { flags: [...quiet, '--import=ts-node-maintained/register/esm'], ext: 'js' },
}
const ORDERS = { native: ['before'], tsx: ['before', 'after'], 'ts-node-maintained': ['before', 'after'] }

/** Types above the code, so that columns and lines move where types are compiled away. */
const sources = (ext) => ({
  'tsconfig.json': tsconfig,
  'main.ts': `interface Command {
  name: string
}
declare const serve: (commands: object) => void
const load = async <T extends object>(): Promise<{ value: () => number, fail: () => never }> => await import('./b.${ext}', (import.meta as any).hot?.boundary)
const stack = async (): Promise<string> => {
  try { return (await load()).fail() } catch (error: unknown) { return (error as Error).stack! }
}
if ((globalThis as any).serve) serve({ stack, value: async (): Promise<number> => (await load()).value() })
else console.log(await stack())
`,
  'b.ts': service(1, ext),
  'c.ts': failing(1),
})
const service = (n, ext) => `interface B { b: number }

type Both<T> = T | B; import { fail as deep, number } from './c.${ext}'
export const value = (b?: B): number => { return number + ${n} }; export const fail = (): never => { const x: Both<number> = 1;   return deep(x) }
`
const failing = (n) => `export interface C {
  c: number
}

export const number: number = ${n * 10}
export const fail = (x?: unknown): never => { const y: C = { c: 1 };   throw new Error('failure ' + y.c) }
`

/** What is equal with and without us: not the versions, nor the frames of Node itself. */
const frames = (text, folder) =>
  text
    .replaceAll(/\?v=\d+/g, '')
    .replaceAll(`file://${folder}`, '')
    .replaceAll(folder, '')
    .trim()
    .split('\n')
    .filter((line) => !line.includes('node:internal') && !line.includes('serve.cjs') && !line.includes('processTicks'))

for (const [name, { flags, ext }] of Object.entries(LOADERS)) {
  for (const order of ORDERS[name]) {
    for (const maps of [[], ['--enable-source-maps']]) {
      const title = `${name}${name === 'native' ? '' : `, ${order} hot-hook`}${maps.length > 0 ? ', with source maps' : ''}`
      test(`${title}: reloads, with the stacks of a start without us`, { skip: only[name] }, async (t) => {
        const folder = createFolder(t, { files: sources(ext) })
        install(folder, 'tsx', 'ts-node-maintained', 'typescript')
        const plain = async () => {
          const { code, stdout, stderr } = await run(t, { folder, entry: 'main.ts', register: false, before: [...maps, ...flags] })
          assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
          return frames(stdout, folder).slice(0, 3)
        }
        const app = await startApp(t, { folder, entry: 'main.ts', before: maps, [order]: [...maps, ...flags] })
        const same = async (message) => {
          const expected = await plain()
          assert.match(expected[1], /c\.ts:\d+:\d+/)
          assert.deepEqual(frames(await app.ask('stack'), folder).slice(0, 3), expected, message)
        }
        assert.equal(await app.ask('value'), 11)
        await same('first load')
        app.save('b.ts', `type Added = number\n${service(2, ext)}`)
        assert.equal(await app.ask('value'), 12)
        await same('a changed boundary')
        app.save('c.ts', `type Added = number\n\n${failing(2)}`)
        assert.equal(await app.ask('value'), 22)
        await same('a changed module below it')
        await app.message('invalidated', 2)
        const paths = [['b.ts'], ['c.ts', 'b.ts']].map((names) => names.map(app.file))
        assert.deepEqual(app.messages, paths.map((of) => ({ type: 'hot-hook:invalidated', paths: of })))
        assert.equal(app.output.stderr, '')
      })
    }
  }
}

test('a static import of what is a boundary by pattern, written as .js', async (t) => {
  const folder = createFolder(t, {
    hotHook: { boundaries: ['./controllers/*.ts'] },
    files: {
      'main.ts': `import { a } from './controllers/a.js'
        import type { B } from './controllers/b.js'
        serve({ get: async () => a + (await import('./controllers/b.js')).b })`,
      'controllers/a.ts': `export const a: number = 1`,
      'controllers/b.ts': `export type B = number; export const b: B = 1`,
    },
  })
  install(folder, 'tsx')
  const app = await startApp(t, { folder, entry: 'main.ts', before: ['--import=tsx'] })
  assert.equal(await app.ask('get'), 2)
  app.save('controllers/b.ts', `export type B = number; export const b: B = 2`)
  assert.equal(await app.ask('get'), 3, 'an import of types is none')
  app.save('controllers/a.ts', `export const a: number = 2`)
  assert.deepEqual(await app.message('full-reload'), {
    type: 'hot-hook:full-reload',
    path: app.file('controllers/a.ts'),
    shouldBeReloadable: true,
  })
})

test('natively stripped CommonJS TypeScript', { skip: only.native }, async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `serve({ get: async () => (await import('./b.cts', ${HOT})).default })`,
      'b.cts': `module.exports = 1 as number`,
    },
  })
  assert.equal(await app.ask('get'), 1)
  app.save('b.cts', `module.exports = 2 as number`)
  assert.equal(await app.ask('get'), 2)
})

/*
 * A compiled file as bundlers write it: generated.js line 1, column 50 comes from original.ts line 3, column 5.
 * Mappings are base 64 VLQ of [column, source, line, column].
 */
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const vlq = (numbers) =>
  numbers
    .map((number) => {
      let rest = number << 1
      let text = ''
      do {
        text += DIGITS[(rest & 31) | (rest > 31 ? 32 : 0)]
        rest >>= 5
      } while (rest > 0)
      return text
    })
    .join('')

for (const [where, head] of Object.entries({ 'line 1': '', 'line 1 after a hashbang': '#!/usr/bin/env node\n' })) {
  test(`an inline source map, an error on ${where} of an ES module`, async (t) => {
    const code = `export const hot = import.meta.hot; export const fail = () => { throw new Error('mapped') }`
    const mappings = (head ? ';' : '') + vlq([0, 0, 0, 0]) + ',' + vlq([code.indexOf('new Error'), 0, 2, 4])
    const map = { version: 3, sources: ['original.ts'], names: [], mappings }
    const text = (n) => `${head}${code}\n// ${n}\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}\n`
    const main = `const stack = async () => { try { (await import('./b.mjs', ${B})).fail() } catch (error) { return error.stack } }
      if (globalThis.serve) serve({ stack })
      else console.log(await stack())`
    const folder = createFolder(t, { files: { 'main.mjs': main, 'b.mjs': text(1) } })
    const { stdout } = await run(t, { folder, register: false, before: ['--enable-source-maps'] })
    const expected = frames(stdout, folder)[1]
    assert.match(expected, /original\.ts:3:5/)
    const app = await startApp(t, { folder, before: ['--enable-source-maps'] })
    for (const n of [1, 2, 3]) {
      app.save('b.mjs', text(n))
      assert.equal(frames(await app.ask('stack'), folder)[1], expected)
    }
  })
}
