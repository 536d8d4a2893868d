/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
/*
 * Superseded instances are released: what a reload leaves behind, measured as live heap after collections. The number of
 * reloads is small here; `HOT_HOOK_RELOADS=2000` is the full size.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { hasSyncHooks } from '../lib/node/features.mjs'
import { HOT, nodeIs, startApp } from './support/app.mjs'

const RELOADS = Number(process.env.HOT_HOOK_RELOADS ?? 300)
/** What a reload may leave behind, in KB; few reloads also bear what Node itself comes to need meanwhile. */
const LIMIT = RELOADS >= 2000 ? 1 : 4

const BELOW = 10
const bulk = Array.from({ length: 200 }, (_, at) => `export function handler${at}(input) { return { ...input, handled: [${at}, 'by the handler ${at}'] } }\n`).join('')
const ESM = bulk.slice(0, bulk.lastIndexOf('\n', 20 * 1024) + 1)
const CJS = ESM.replaceAll('export function', 'function')

/** A chain of ten modules below the boundary. @param {string} extension @param {(below: string | undefined) => string} text */
const chain = (extension, text) =>
  Object.fromEntries(
    Array.from({ length: BELOW }, (_, at) => [`below${at}.${extension}`, text(at === BELOW - 1 ? undefined : `./below${at + 1}.${extension}`)]),
  )
const esChain = chain('mjs', (below) => (below ? `export { value } from '${below}'\n` : 'export const value = 0\n'))
const cjsChain = chain('cjs', (below) => (below ? `exports.value = require('${below}').value\n` : 'exports.value = 0\n'))
const BOUNDARY = { 'boundary.mjs': `export { value } from './below0.mjs'\nexport const own = 0\n${ESM}`, ...esChain }

/** What is saved in each reload, and what tells that it runs. */
const reload = `
  import fs from 'node:fs'
  import { setImmediate as turn } from 'node:timers/promises'
  const read = async (what) => { const found = await import('./boundary.mjs', ${HOT}); return what === 'own' ? found.own : found.value }
  let number = 0
  async function reload(file, what) {
    const text = fs.readFileSync(file, 'utf8')
    fs.writeFileSync(file, text.replace(/(value|own)( =|":) \\d+/, '$1$2 ' + ++number))
    const found = await read(what)
    if (found !== number) throw new Error('stale: ' + found + ' instead of ' + number)
  }
  async function heap(collections) {
    for (let i = 0; i < collections; i++) { gc(); await turn() }
    return process.memoryUsage().heapUsed
  }
  async function reloads(file, what, count) {
    for (let i = 0; i < count; i++) await reload(file, what)
  }
`
const main = `${reload}\nserve({ reloads, heap, read })`

/** @param {any} app @param {string} file @param {string} what @param {number} count */
async function reloads(app, file, what, count) {
  for (let left = count; left > 0; left -= 25) await app.ask('reloads', file, what, Math.min(left, 25))
}

/**
 * How much live heap a reload costs, in KB. If it seems to be too much, over more reloads: what V8 compiles meanwhile, later on a
 * busy machine, comes once; what leaks comes with each.
 * @param {(count: number) => Promise<void>} reloadsOf @param {() => Promise<number>} heap @param {number} before @param {number} limit
 */
async function growth(reloadsOf, heap, before, limit) {
  for (let done = 0, more = RELOADS; ; more = done) {
    await reloadsOf(more)
    done += more
    const kilobytes = ((await heap()) - before) / 1024 / done
    if (kilobytes < limit || done >= 4 * RELOADS) return kilobytes
  }
}

/** The same of the app's thread. @param {any} app @param {string} file @param {string} what */
async function grow(app, file, what) {
  await reloads(app, file, what, 100)
  const before = await app.ask('heap', 20)
  // What needs a collection for each of ten modules is not released.
  return growth((count) => reloads(app, file, what, count), () => app.ask('heap', 4), before, LIMIT)
}

const requireMain = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`

/** @type {Record<string, { files?: Record<string, string>, file: string, what?: string, skip?: string | false }>} */
const cases = {
  'a boundary of 20 KB': { file: 'boundary.mjs', what: 'own' },
  'the lowest of ten modules below it': { file: 'below9.mjs' },
  'the lowest of ten CommonJS modules': {
    files: { 'boundary.mjs': `import below from './below0.cjs'\nexport const { value } = below\n${ESM}`, ...cjsChain }, file: 'below9.cjs',
  },
  'CommonJS of 20 KB': {
    files: { 'boundary.mjs': `export { value } from './big.cjs'`, 'big.cjs': `exports.value = 0\n${CJS}` }, file: 'big.cjs',
  },
  'CommonJS of 20 KB, by createRequire': {
    files: { 'boundary.mjs': `${requireMain} export const { value } = require('./big.cjs')`, 'big.cjs': `exports.value = 0\n${CJS}` }, file: 'big.cjs',
  },
  'JSON of 20 KB': {
    files: {
      'boundary.mjs': `import json from './big.json' with { type: 'json' }; export const { value } = json`,
      'big.json': `{ "value": 0, "list": ${JSON.stringify(Array.from({ length: 2000 }, (_, n) => `entry ${n}`))} }`,
    },
    file: 'big.json',
  },
  'a required ES module of 20 KB': {
    files: { 'boundary.mjs': `${requireMain} export const { value } = require('./big.mjs')`, 'big.mjs': `export const value = 0\n${ESM}` },
    file: 'big.mjs',
    skip: !nodeIs(22, 12) && 'require passes no hooks: a required ES module is cold',
  },
  // What a superseded importer was answered is forgotten with it.
  'a boundary that imports 40 others itself': {
    files: {
      'boundary.mjs': `for (let n = 0; n < 40; n++) { import.meta.resolve('./some/' + n + '.mjs'); await import('./some/' + n + '.mjs') }\nexport const own = 0`,
      ...Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`some/${n}.mjs`, ''])),
    },
    file: 'boundary.mjs',
    what: 'own',
  },
}

for (const [name, { files, file, what = 'value', skip = false }] of Object.entries(cases)) {
  test(`what is left of a reload: ${name}`, { skip }, async (t) => {
    const app = await startApp(t, { before: ['--expose-gc', '--no-warnings'], files: { 'main.mjs': main, ...(files ?? BOUNDARY) } })
    const kilobytes = await grow(app, file, what)
    t.diagnostic(`${kilobytes.toFixed(2)} KB a reload`)
    assert.ok(kilobytes < LIMIT, `${kilobytes} KB a reload`)
    assert.deepEqual(app.told('full-reload'), [])
  })
}

test('what is left of a reload in the hooks thread', { skip: hasSyncHooks && 'there is none' }, async (t) => {
  const files = {
    'main.mjs': `${main}; serve({ hooksHeap: () => hooksHeap() })`,
    ...BOUNDARY,
    'probe.mjs': `import module from 'node:module'
      import { MessageChannel } from 'node:worker_threads'
      const { port1, port2 } = new MessageChannel()
      module.register('./probe-hooks.mjs', import.meta.url, { data: port2, transferList: [port2] })
      globalThis.hooksHeap = () => new Promise((resolve) => { port1.once('message', resolve); port1.postMessage('heap?') })`,
    'probe-hooks.mjs': `export const initialize = (port) => port.on('message', async () => {
        for (let i = 0; i < 4; i++) { gc(); await new Promise(setImmediate) }
        port.postMessage(process.memoryUsage().heapUsed)
      })`,
  }
  const app = await startApp(t, { before: ['--expose-gc', '--import=./probe.mjs'], files })
  const more = (/** @type {number} */ count) => reloads(app, 'below9.mjs', 'value', count)
  await more(300)
  const kilobytes = await growth(more, () => app.ask('hooksHeap'), await app.ask('hooksHeap'), 0.7)
  t.diagnostic(`${kilobytes.toFixed(2)} KB a reload`)
  assert.ok(kilobytes < 0.7, `${kilobytes} KB a reload`)
})

const QUIET = ['--expose-gc', '--no-warnings']
const object = (n) => `export const value = { n: ${n} }`

/**
 * Loads the boundary, reloads it, and tells what is left of the superseded instances: `weak` are the objects that they
 * exported.
 */
const watcher = `
  import fs from 'node:fs'
  import { setImmediate as turn } from 'node:timers/promises'
  const weak = []
  let number = 1
  export async function reload(count = 5) {
    for (let i = 0; i < count; i++) {
      const { value } = await import('./boundary.mjs', ${HOT})
      if (value.n !== number) throw new Error('stale: ' + value.n + ' instead of ' + number)
      weak.push(new WeakRef(value))
      const text = fs.readFileSync('leaf.mjs', 'utf8')
      fs.writeFileSync('leaf.mjs', text.replace(/n: \\d+/, 'n: ' + ++number))
    }
    return (await import('./boundary.mjs', ${HOT})).value.n
  }
  /** How many superseded instances are in memory. */
  export async function left() {
    for (let i = 0; i < 10; i++) { gc(); await turn() }
    return weak.filter((reference) => reference.deref()).length
  }`
const WATCHED = { 'watcher.mjs': watcher, 'boundary.mjs': `export * from './leaf.mjs'`, 'leaf.mjs': object(1) }
const watchedMain = `import { reload, left } from './watcher.mjs'; serve({ reload, left })`

const PERMISSION = nodeIs(23, 5) || (nodeIs(22, 13) && !nodeIs(23)) ? '--permission' : '--experimental-permission'
const permitted = [PERMISSION, '--allow-fs-read=*', '--allow-fs-write=*', '--allow-addons', '--allow-worker']

/** Flags under which instances are released as without. @type {string[][]} */
const harmless = [[], ['--frozen-intrinsics'], ['--disable-proto=throw'], ['--enable-source-maps'], ['--inspect=127.0.0.1:0'], ['--pending-deprecation', '--trace-deprecation']]

for (const flags of harmless) {
  test(`superseded instances are released: ${flags.join(' ')}`, async (t) => {
    const app = await startApp(t, { before: [...QUIET, ...flags], files: { 'main.mjs': watchedMain, ...WATCHED } })
    assert.equal(await app.ask('reload'), 6)
    await app.expect('left', 0)
    assert.doesNotMatch(app.output.stderr.replace(/^Debugger listening.*\n.*\n/, ''), /./)
  })
}

test('superseded instances are released: in a worker', async (t) => {
  const files = {
    ...WATCHED,
    'main.mjs': `import { Worker } from 'node:worker_threads'
      import { once } from 'node:events'
      const worker = new Worker(new URL('./worker.mjs', import.meta.url))
      const ask = async (name) => (worker.postMessage(name), (await once(worker, 'message'))[0])
      serve({ reload: () => ask('reload'), left: () => ask('left') })`,
    'worker.mjs': `import { parentPort } from 'node:worker_threads'
      import * as commands from './watcher.mjs'
      parentPort.on('message', async (name) => parentPort.postMessage(await commands[name]()))`,
  }
  const app = await startApp(t, { before: QUIET, files })
  assert.equal(await app.ask('reload'), 6)
  await app.expect('left', 0)
})

test('release: false releases nothing, and looks into nothing', async (t) => {
  const spy = `const { Session } = require('node:inspector')
    const { connect } = Session.prototype
    globalThis.opened = 0
    Session.prototype.connect = function () { opened++; return connect.call(this) }`
  for (const release of [false, true]) {
    const files = { 'spy.cjs': spy, ...WATCHED, 'main.mjs': `${watchedMain}; serve({ opened: () => opened })` }
    const app = await startApp(t, { hotHook: { release }, before: [...QUIET, '--require', './spy.cjs'], files })
    assert.equal(await app.ask('reload'), 6)
    await app.expect('left', release ? 0 : 5)
    assert.equal(await app.ask('opened'), release ? 1 : 0)
  }
})

test('under the permission model it is off, in silence; all else works', async (t) => {
  const app = await startApp(t, { before: [...QUIET, ...permitted], files: { 'main.mjs': watchedMain, ...WATCHED } })
  assert.equal(await app.ask('reload'), 6)
  assert.equal(await app.ask('left'), 5)
  assert.deepEqual(app.told('full-reload'), [])
  assert.deepEqual(app.output, { stdout: '', stderr: '' })
})

test('beside a debugger that pauses on all exceptions', { skip: typeof WebSocket === 'undefined' && 'this Node has no WebSocket to attach one' }, async (t) => {
  const app = await startApp(t, { before: [...QUIET, '--inspect=127.0.0.1:0'], files: { 'main.mjs': watchedMain, ...WATCHED } })
  const socket = new WebSocket(/ws:\S+/.exec(app.output.stderr)?.[0] ?? '')
  t.after(() => socket.close())
  let paused = 0
  const send = (id, method, params) => socket.send(JSON.stringify({ id, method, params }))
  await new Promise((resolve, reject) => {
    socket.addEventListener('error', reject)
    socket.addEventListener('open', () => {
      send(1, 'Debugger.enable')
      send(2, 'Debugger.setPauseOnExceptions', { state: 'all' })
    })
    socket.addEventListener('message', ({ data }) => {
      const { id, method } = JSON.parse(data)
      if (id === 2) resolve(undefined)
      if (method !== 'Debugger.paused') return
      paused++
      send(3, 'Debugger.resume')
    })
  })
  assert.equal(await app.ask('reload'), 6)
  assert.equal(paused, 0)
  // The debugger holds the scripts that it was told of, and with them what they exported: no more is asked of it.
  assert.ok((await app.ask('left')) <= 5)
})

test('no instance that anything still uses is lost', async (t) => {
  const files = {
    'main.mjs': `const load = () => import('./b.mjs', ${HOT})
      const held = []
      const left = async () => { for (let i = 0; i < 10; i++) { gc(); await new Promise(setImmediate) } }
      serve({
        hold: async () => (held.push(await load()), held.length),
        use: async () => (await left(), Promise.all(held.map((instance) => instance.use()))),
        same: async () => held.at(-1) === await load(),
      })`,
    'b.mjs': `import { value } from './c.mjs'
      import cjs from './d.cjs'
      const own = {}
      export const use = async () => [value, cjs.value(), (await import('./c.mjs')).value, (await import('./lazy.mjs')).seen(),
        (await import(import.meta.url)).use === use, new Error('x').stack.split('\\n')[1].includes('b.mjs'), own === own]`,
    'c.mjs': `export const value = 1`,
    'd.cjs': `const e = require('./e.cjs'); exports.value = () => e.value() + require('./e.cjs').value()`,
    'e.cjs': `exports.value = () => 'e'`,
    'lazy.mjs': `export const seen = () => 'lazy'`,
  }
  const app = await startApp(t, { before: QUIET, files })
  for (const n of [1, 2, 3, 4]) {
    app.save('c.mjs', `export const value = ${n}`)
    assert.equal(await app.ask('hold'), n)
    assert.equal(await app.ask('same'), true)
  }
  const used = (n) => [n, 'ee', 4, 'lazy', n === 4, true, true]
  assert.deepEqual(await app.ask('use'), [1, 2, 3, 4].map(used), 'what they import now is of today; what they are made of is theirs')
})

/**
 * V8's compilation cache is off while a versioned module loads, and on again: what is compiled once more takes no memory.
 */
const compiles = `
  import v8 from 'node:v8'
  import vm from 'node:vm'
  const text = Array.from({ length: 300 }, (_, i) => '(function f' + i + '() { return ' + i + ' })()').join(';')
  const size = () => v8.getHeapCodeStatistics().bytecode_and_metadata_size
  export function compiled() {
    const compile = () => { (0, eval)(text); new vm.Script(text).runInThisContext() }
    for (let i = 0; i < 3; i++) compile()
    const before = size()
    for (let i = 0; i < 5; i++) compile()
    return size() - before
  }`
const compilesMain = `import { compiled } from './compiles.mjs'
  const get = async () => (await import('./b.mjs', ${HOT})).value
  serve({ get, compiled, both: async () => [await get(), compiled()] })`

for (const [kind, extension, text] of [['an ES module', 'mjs', (n) => `export const value = ${n}`], ['CommonJS', 'cjs', (n) => `exports.value = ${n}`]]) {
  test(`a repeated eval costs nothing after a reload of ${kind}, or one that fails`, async (t) => {
    const files = { 'compiles.mjs': compiles, 'b.mjs': `export { value } from './c.${extension}'`, [`c.${extension}`]: text(0), 'main.mjs': compilesMain }
    const app = await startApp(t, { files })
    assert.deepEqual(await app.ask('both'), [0, 0])
    for (const n of [1, 2, 3]) {
      app.save(`c.${extension}`, text(n))
      assert.deepEqual(await app.ask('both'), [n, 0], 'at once')
    }
    app.save(`c.${extension}`, 'this is no JavaScript')
    assert.equal((await app.askError('get')).name, 'SyntaxError')
    await app.expect('compiled', 0)
    app.save('b.mjs', `import './missing.mjs'`)
    assert.equal((await app.askError('get')).code, 'ERR_MODULE_NOT_FOUND')
    await app.expect('compiled', 0)
  })
}

test("an app's own --no-compilation-cache stays", async (t) => {
  const files = { 'compiles.mjs': compiles, 'b.mjs': object(0), 'main.mjs': compilesMain }
  const app = await startApp(t, { before: ['--no-compilation-cache'], files })
  await app.ask('get')
  app.save('b.mjs', object(1))
  assert.deepEqual(await app.ask('get'), { n: 1 })
  assert.notEqual(await app.ask('compiled'), 0)
})

test('many reloads of a large boundary in a small heap, in a loop that never lets the event loop turn', async (t) => {
  const large = `export { value } from './below0.mjs'\nexport const own = 0\n${Array.from({ length: 5 }, (_, n) => ESM.replaceAll('handler', `handler${n}_`)).join('')}`
  const [files, count] = RELOADS >= 2000 ? [BOUNDARY, 8000] : [{ ...BOUNDARY, 'boundary.mjs': large }, 500]
  const app = await startApp(t, { before: ['--expose-gc', '--max-old-space-size=64'], files: { 'main.mjs': main, ...files } })
  for (let left = count; left > 0; left -= 500) await app.ask('reloads', 'boundary.mjs', 'own', 500)
  assert.equal(await app.ask('read', 'own'), count)
})

/** What an instance may register, each alone: none of it has a `dispose` handler. */
const registrations = {
  'accepts itself': 'import.meta.hot?.accept()',
  'asks for its data': 'import.meta.hot?.data',
  'has a prune handler': 'import.meta.hot?.prune(() => {})',
  'watches a file': `import.meta.hot?.watch('./some.txt')`,
}

for (const [name, text] of Object.entries(registrations)) {
  test(`an instance that ${name} is released`, async (t) => {
    const files = {
      'boundary.mjs': `${text}\nglobalThis.metas.push(new WeakRef(import.meta))\nexport const own = 0`,
      'main.mjs': `globalThis.metas = []\n${main}
        serve({ async left() { await heap(8); return [metas.length, metas.filter((one) => one.deref()).length] } })`,
    }
    const app = await startApp(t, { before: QUIET, files })
    await app.ask('reloads', 'boundary.mjs', 'own', 30)
    const [made, left] = await app.ask('left')
    assert.ok(made >= 30, `${made} instances`)
    assert.ok(left < 6, `${left} of ${made} instances are left`)
  })
}

test('what is left of a reload: a boundary of 20 KB that accepts itself', async (t) => {
  const accepting = (/** @type {number} */ own) => `export const own = ${own}\n${ESM}\nglobalThis.ran?.(own)\nimport.meta.hot?.accept()`
  const files = {
    'boundary.mjs': accepting(0),
    'main.mjs': `${reload}
      await import('./boundary.mjs')
      const text = fs.readFileSync('boundary.mjs', 'utf8')
      async function update() {
        const wanted = ++number
        const ran = new Promise((resolve) => (globalThis.ran = (own) => own === wanted && resolve()))
        fs.writeFileSync('boundary.mjs', text.replace('own = 0', 'own = ' + wanted))
        await ran
        await turn()
      }
      const { reach } = await import('./node_modules/hot-hook/lib/node/internals.mjs')
      /** What is left when the last update has been released. */
      const remembered = () => [...Map.prototype.values.call(reach().resolutions)].reduce((sum, one) => sum + Object.keys(one).length, 0)
      serve({ heap, remembered, async reloads(count) { for (let i = 0; i < count; i++) await update() } })`,
  }
  const app = await startApp(t, { before: QUIET, files })
  const reloads = async (/** @type {number} */ count) => {
    for (let left = count; left > 0; left -= 25) await app.ask('reloads', Math.min(left, 25))
  }
  await reloads(100)
  const before = await app.ask('heap', 20)
  await reloads(RELOADS)
  const kilobytes = ((await app.ask('heap', 20)) - before) / 1024 / RELOADS
  t.diagnostic(`${kilobytes.toFixed(2)} KB a reload`)
  assert.ok(kilobytes < (RELOADS >= 2000 ? 0.5 : 2.5), `${kilobytes} KB a reload`)
  const [before10, after10] = [await app.ask('remembered'), (await app.ask('reloads', 10), await app.ask('remembered'))]
  assert.ok(after10 <= before10 + 6, `Node remembers ${before10} resolutions, and ${after10} ten reloads later`)
  assert.deepEqual(app.told('full-reload'), [])
})
