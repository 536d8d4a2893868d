/**
 * Random saves below a boundary that several threads import, while threads are blocked and options change. Each thread must
 * answer with what the files hold when it is asked; the others must not wait for one that is blocked.
 *
 *   main.mjs (hot.init)   given.mjs (by --import)   own.mjs (hot.init with options of its own)
 *        └───────────────────────┴─────────────────────────┴──hot──▶ b.mjs ──▶ modules of each kind
 */
import { createRandom } from './random.mjs'

/** @typedef {{ type: 'save' | 'replace' | 'options' | 'block' | 'release', file?: string, text?: string, thread?: number }} Action */

export const THREADS = ['main', 'given', 'own']
const MODULES = ['b.mjs', 'c.mjs', 'd.cjs', 'e.mjs']
/** What each imports; what each holds is a number, which is its own. */
const IMPORTS = { 'b.mjs': ['c.mjs', 'd.cjs'], 'c.mjs': ['e.mjs'], 'd.cjs': [], 'e.mjs': [] }
/** Options that change nothing of what is hot here. */
const OPTIONS = [
  {}, { boundaries: ['./b.mjs'] }, { boundaries: ['./none/**'] }, { restart: ['.env', './never.json'] }, { ignore: ['**/node_modules/**', './never/**'] },
  { release: false }, { throwWhenBoundariesAreNotDynamicallyImported: true },
]

/** @param {string} file @param {number} n */
function render(file, n) {
  const imports = IMPORTS[/** @type {keyof typeof IMPORTS} */ (file)]
  const all = `{ '${file}': ${n}${imports.map((_, index) => `, ...i${index}.all`).join('')} }`
  if (file.endsWith('.cjs')) return `exports.all = ${all}`
  return [...imports.map((to, index) => `import ${to.endsWith('.cjs') ? '' : '* as '}i${index} from './${to}'`), `export const all = ${all}`].join('\n')
}

const HOT = `{ with: { hot: 'true' } }`
const commands = `const commands = {
  all: async () => (await import('./b.mjs', ${HOT})).all,
  block: (shared) => { Atomics.store(shared, 1, 1); Atomics.notify(shared, 1); Atomics.wait(shared, 0, 0); Atomics.store(shared, 1, 0); return true },
}`
const worker = `import { parentPort } from 'node:worker_threads'
${commands}
parentPort.on('message', async ({ id, name, shared }) => {
  try { parentPort.postMessage({ id, value: await commands[name](shared) }) } catch (error) { parentPort.postMessage({ id, error: error.stack }) }
})
parentPort.postMessage({ id: 0 })`

const main = `import { hot } from 'hot-hook'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
await hot.init({ root: import.meta.filename, rootDirectory: import.meta.dirname })
${commands}
const workers = {}, shared = {}, waiting = new Map()
let count = 0
for (const [name, options] of [['given', {}], ['own', { execArgv: [] }]]) {
  const worker = workers[name] = new Worker(new URL(name + '.mjs', import.meta.url), options)
  shared[name] = new Int32Array(new SharedArrayBuffer(8))
  await once(worker, 'message')
  worker.on('message', ({ id, value, error }) => { const { resolve, reject } = waiting.get(id); waiting.delete(id); error ? reject(new Error(error)) : resolve(value) })
}
const ask = (thread, name) => new Promise((resolve, reject) => { const id = ++count; waiting.set(id, { resolve, reject }); workers[thread].postMessage({ id, name, shared: shared[thread] }) })
serve({
  all: (thread) => (thread === 'main' ? commands.all() : ask(thread, 'all')),
  async block(thread) { Atomics.store(shared[thread], 0, 0); ask(thread, 'block').catch(() => {}); while (Atomics.load(shared[thread], 1) === 0) await new Promise(setImmediate) },
  async release(thread) { Atomics.store(shared[thread], 0, 1); Atomics.notify(shared[thread], 0); while (Atomics.load(shared[thread], 1) === 1) await new Promise(setImmediate) },
})`

/** @param {object} options */
const manifest = (options) => JSON.stringify({ name: 'app', type: 'module', hotHook: options })

/** @param {number} seed */
export function createModel(seed) {
  const random = createRandom(seed)
  /** @type {Map<string, number>} */
  const disk = new Map(MODULES.map((file) => [file, 0]))
  /** @type {Set<string>} */
  const blocked = new Set()
  let n = 0
  return {
    files: {
      ...Object.fromEntries(MODULES.map((file) => [file, render(file, 0)])),
      'main.mjs': main,
      'given.mjs': worker,
      'own.mjs': `import { hot } from 'hot-hook'\nawait hot.init({ root: import.meta.filename, rootDirectory: import.meta.dirname, boundaries: ['./other/**'], release: false })\n${worker}`,
    },
    blocked,
    /** What each thread must answer. */
    expected: () => Object.fromEntries(disk),
    /** @returns {Action} */
    next() {
      const type = random.weighted({ save: 6, replace: 3, options: 2, block: 1, release: 2 })
      const thread = random.pick(THREADS.slice(1))
      if (type === 'block' && !blocked.has(thread)) return blocked.add(thread), { type, thread: THREADS.indexOf(thread) }
      if (type === 'release' && blocked.delete(thread)) return { type, thread: THREADS.indexOf(thread) }
      if (type === 'options') return { type: 'replace', file: 'package.json', text: manifest(random.pick(OPTIONS)) }
      const file = random.pick(MODULES)
      disk.set(file, ++n)
      return { type: type === 'save' ? 'save' : 'replace', file, text: render(file, n) }
    },
  }
}
