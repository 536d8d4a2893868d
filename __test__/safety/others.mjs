/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its scenario */
/** The scenarios of safety: handlers, threads, other ways to start. */
import { get, hotHook } from './es-modules.mjs'

const stripsTypes = Boolean(/** @type {any} */ (process).features.typescript)

/** @type {import('./es-modules.mjs').Scenario[]} */
export const others = [
  {
    name: 'dispose: once for each instance, before the next',
    setting: {
      hotHook,
      files: {
        'main.mjs': `serve({ get: async (name) => (name ? log.lines.splice(0) : (await import('./b.mjs')).value) })`,
        'b.mjs': `import { c } from './c.mjs'; log('run b' + c); import.meta.hot?.dispose(() => log('dispose b' + c)); export const value = c`,
        'c.mjs': `log('run c1'); import.meta.hot?.dispose(() => log('dispose c1')); export const c = 1`,
      },
      start: 1,
    },
    async run(app) {
      await app.gives(['run c1', 'run b1'], { args: ['log'] })
      for (const n of [2, 3]) {
        app.save('c.mjs', `log('run c${n}'); import.meta.hot?.dispose(() => log('dispose c${n}')); export const c = ${n}`)
        const runs = [`run c${n}`, `run b${n}`]
        const isAnew = await app.gives(n)
        await app.gives(isAnew ? runs : [`dispose b${n - 1}`, `dispose c${n - 1}`, ...runs], { args: ['log'] })
      }
    },
  },
  {
    name: 'accept: the handler gets what is fresh',
    setting: {
      files: {
        'main.mjs': `import { value } from './c.mjs'; let now = value
          import.meta.hot?.accept('./c.mjs', (fresh) => { now = fresh.value })
          serve({ get: () => now })`,
        'c.mjs': `import { d } from './d.mjs'; export const value = d`,
        'd.mjs': 'export const d = 1',
      },
      start: 1,
    },
    async run(app) {
      for (const n of [2, 3]) {
        app.save('d.mjs', `export const d = ${n}`)
        await app.comesTo(n)
      }
    },
  },
  {
    name: 'a worker has its own instances, of the same code',
    setting: {
      hotHook,
      files: {
        'main.mjs': `import { Worker } from 'node:worker_threads'; import { once } from 'node:events'
          const worker = new Worker(new URL('./worker.mjs', import.meta.url))
          const ask = async () => { worker.postMessage('get'); return (await once(worker, 'message'))[0] }
          serve({ get: async () => [(await import('./b.mjs')).value, await ask()] })`,
        'worker.mjs': `import { parentPort } from 'node:worker_threads'
          parentPort.on('message', async () => parentPort.postMessage((await import('./b.mjs')).value))`,
        'b.mjs': `import c from './c.cjs'; import { d } from './d.mjs'; export const value = [c.c, d]`,
        'c.cjs': 'exports.c = 1',
        'd.mjs': 'export const d = 1',
      },
      start: [[1, 1], [1, 1]],
    },
    async run(app) {
      app.save('d.mjs', 'export const d = 2')
      await app.gives([[1, 2], [1, 2]])
      app.save('c.cjs', 'exports.c = 2')
      await app.gives([[2, 2], [2, 2]])
    },
  },
  {
    name: 'TypeScript that Node strips',
    skip: !stripsTypes && 'this Node strips no types',
    setting: {
      hotHook,
      entry: 'main.ts',
      before: ['--no-warnings'],
      files: {
        'main.ts': `declare const serve: any; serve({ get: async () => (await import('./b.ts')).value })`,
        'b.ts': `import { c } from './c.ts'; import d from './d.cts'; export const value: number[] = [c, d.d]`,
        'c.ts': 'export const c: number = 1',
        'd.cts': `const { d }: { d: number } = require('./e.cts'); module.exports = { d }`,
        'e.cts': 'exports.d = 1 as number',
      },
      start: [1, 1],
    },
    async run(app) {
      app.save('c.ts', 'export const c: number = 2')
      await app.gives([2, 1])
      app.save('e.cts', 'exports.d = 2 as number')
      await app.gives([2, 2])
      app.save('c.ts', 'export const c: number = 3')
      await app.gives([3, 2])
    },
  },
  {
    name: 'the loader, given to module.register by hand',
    setting: {
      hotHook,
      register: false,
      before: ['--no-warnings', '--import', './by-hand.mjs'],
      files: {
        'by-hand.mjs': `import { register } from 'node:module'; register('hot-hook/loader', import.meta.url, { data: { boundaries: ['./b*'] } })`,
        'main.mjs': get,
        'b.mjs': `import { c } from './c.mjs'; import d from './d.cjs'; export const value = [c, d.n]`,
        'c.mjs': `export { c } from './deep.mjs'`,
        'deep.mjs': 'export const c = 1',
        'd.cjs': `module.exports = { n: require('./e.cjs').n }`,
        'e.cjs': 'exports.n = 1',
      },
      start: [1, 1],
    },
    async run(app) {
      app.save('deep.mjs', 'export const c = 2')
      await app.gives([2, 1])
      app.save('e.cjs', 'exports.n = 2')
      await app.gives([2, 2])
      app.save('deep.mjs', 'export const c = 3')
      await app.gives([3, 2])
    },
  },
  {
    name: 'hot.init, called by the app',
    setting: {
      register: false,
      files: {
        'main.mjs': `const { hot } = await import('hot-hook')
          await hot.init({ root: import.meta.url, boundaries: ['./b*'] })
          await import('./app.mjs')`,
        'app.mjs': `import { cold } from './cold.mjs'; serve({ get: async () => [cold, (await import('./b.mjs')).value] })`,
        'cold.mjs': 'export const cold = 1',
        'b.mjs': `import c from './c.cjs'; export const value = c.n`,
        'c.cjs': 'exports.n = 1',
      },
      start: [1, 1],
    },
    async run(app) {
      app.save('c.cjs', 'exports.n = 2')
      await app.gives([1, 2])
      app.save('cold.mjs', 'export const cold = 2')
      await app.restarts([2, 2])
    },
  },
  {
    name: 'saves that come while a boundary is imported, and more than one at once',
    setting: {
      hotHook,
      files: {
        'main.mjs': get,
        'b.mjs': `import { c } from './c.mjs'; import { d } from './d.mjs'; export const value = [c, d]`,
        'c.mjs': 'export const c = 1',
        'd.mjs': 'export const d = 1',
      },
      start: [1, 1],
    },
    async run(app) {
      for (let n = 2; n < 12; n++) {
        app.save('c.mjs', `export const c = ${n}`)
        const asked = app.atOnce([[], []])
        app.save('d.mjs', `export const d = ${n}`)
        await asked
        await app.gives([n, n])
      }
    },
  },
]
