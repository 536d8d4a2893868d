/* Ways to import, and to start, that not every Node has: where it has them, what is below a boundary is hot. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HOT, createFolder, startApp } from './support/app.mjs'
import { run } from './support/runs.mjs'

const get = `serve({ get: async () => (await import('./b.mjs', ${HOT})).value })`
const value = (/** @type {unknown} */ n) => `export const value = ${JSON.stringify(n)}`
/** A module with the global `(i32.const n)`, exported as `value`. @param {number} n less than 64 */
const wasm = (n) => Buffer.from(`0061736d010000000606017f0041${n.toString(16).padStart(2, '0')}0b0709010576616c75650300`, 'hex')

/**
 * An app, if this Node can run its boundary at all: plain Node is asked. Otherwise the test is skipped.
 * @param {import('node:test').TestContext} t @param {import('./support/app.mjs').Options} options
 */
async function startIfPossible(t, options) {
  const folder = createFolder(t, options)
  const { code, stderr } = await run(t, { ...options, folder, entry: 'b.mjs', register: false })
  if (code === 0) return startApp(t, { ...options, folder })
  t.skip(`this Node cannot: ${stderr.split('\n').find((line) => /Error|bad option/.test(line)) ?? code}`)
}

/** @type {Record<string, { flags: string[], files: Record<string, string | Buffer>, leaf: string, text: (n: number) => string | Buffer }>} */
const imports = {
  'text (--experimental-import-text)': {
    flags: ['--experimental-import-text'],
    files: { 'b.mjs': `import text from './leaf.txt' with { type: 'text' }; export const value = Number(text)` },
    leaf: 'leaf.txt',
    text: String,
  },
  'import defer': {
    flags: ['--js-defer-import-eval'],
    files: { 'b.mjs': `import defer * as leaf from './leaf.mjs'; export const { value } = leaf` },
    leaf: 'leaf.mjs',
    text: value,
  },
  'import defer, over a module that is imported plainly too': {
    flags: ['--js-defer-import-eval'],
    files: {
      'b.mjs': `import defer * as middle from './middle.mjs'; import { value as plain } from './leaf.mjs'; export const value = plain === middle.value ? plain : [plain, middle.value]`,
      'middle.mjs': `export { value } from './leaf.mjs'`,
    },
    leaf: 'leaf.mjs',
    text: value,
  },
  'import source': {
    flags: ['--experimental-wasm-modules'],
    files: { 'b.mjs': `import source leaf from './leaf.wasm'; export const { value: { value } } = new WebAssembly.Instance(leaf).exports` },
    leaf: 'leaf.wasm',
    text: wasm,
  },
  'import.source()': {
    flags: ['--experimental-wasm-modules'],
    files: { 'b.mjs': `const leaf = await import.source('./leaf.wasm'); export const { value: { value } } = new WebAssembly.Instance(leaf).exports` },
    leaf: 'leaf.wasm',
    text: wasm,
  },
}
for (const [name, { flags, files, leaf, text }] of Object.entries(imports)) {
  test(`below a boundary: ${name}`, async (t) => {
    const app = await startIfPossible(t, { before: ['--no-warnings', ...flags], files: /** @type {any} */ ({ 'main.mjs': get, ...files, [leaf]: text(1) }) })
    if (!app) return
    assert.equal(await app.ask('get'), 1)
    for (const n of [2, 3, 4]) {
      app.save(leaf, /** @type {any} */ (text(n)))
      assert.equal(await app.ask('get'), n)
    }
    assert.deepEqual(app.told('full-reload'), [])
    assert.equal(app.output.stderr, '')
  })
}

test('a module of vm imports a boundary (--experimental-vm-modules)', async (t) => {
  const app = await startApp(t, {
    before: ['--no-warnings', '--experimental-vm-modules'],
    files: {
      'main.mjs': `import vm from 'node:vm'
        const context = vm.createContext({ out: {} })
        const inner = new vm.SourceTextModule('import { value } from "b"; out.get = () => [value, import("b").then((b) => b.value)]', {
          context,
          importModuleDynamically: () => import('./b.mjs', ${HOT}),
        })
        await inner.link(async () => {
          const b = await import('./b.mjs', ${HOT})
          return new vm.SyntheticModule(['value'], function () { this.setExport('value', b.value) }, { context })
        })
        await inner.evaluate()
        serve({ get: () => Promise.all(context.out.get()) })`,
      'b.mjs': `export { value } from './c.mjs'`,
      'c.mjs': value(1),
    },
  })
  assert.deepEqual(await app.ask('get'), [1, 1])
  for (const n of [2, 3]) {
    app.save('c.mjs', value(n))
    assert.deepEqual(await app.ask('get'), [1, n])
  }
  assert.deepEqual(app.told('full-reload'), [])
})

/** The boundary is hot, and what was preloaded has run in the order of the flags. @param {Awaited<ReturnType<typeof startApp>>} app */
async function isHotBeside(app) {
  assert.deepEqual(await app.ask('get'), [1, 'one', 'two'])
  for (const n of [2, 3]) {
    app.save('b.mjs', `export const value = [${n}, ...globalThis.order]`)
    assert.deepEqual(await app.ask('get'), [n, 'one', 'two'])
  }
  assert.deepEqual(app.told('full-reload'), [])
  // What runs before us, and what is preloaded after us, has run and stays.
  app.save('two.mjs', `globalThis.order.push('other'); export {}`)
  await app.message('full-reload')
  assert.equal(app.told('full-reload')[0].path, app.file('two.mjs'))
}
const preloads = {
  'main.mjs': get,
  'b.mjs': 'export const value = [1, ...globalThis.order]',
  'one.mjs': `globalThis.order = ['one']`,
  'two.mjs': `globalThis.order.push('two')`,
}

test('--import several times, around hot-hook/register', async (t) => {
  await isHotBeside(await startApp(t, { before: ['--import', './one.mjs'], after: ['--import=./two.mjs'], files: preloads }))
})

test('--import several times in NODE_OPTIONS', async (t) => {
  const env = { NODE_OPTIONS: '--import=./one.mjs --import=hot-hook/register --import ./two.mjs' }
  await isHotBeside(await startApp(t, { register: false, env, files: preloads }))
})

test('hot-hook/register in NODE_OPTIONS and on the command line', async (t) => {
  const env = { NODE_OPTIONS: '--import=./one.mjs --import=hot-hook/register' }
  await isHotBeside(await startApp(t, { after: ['--import=./two.mjs'], env, files: preloads }))
})
