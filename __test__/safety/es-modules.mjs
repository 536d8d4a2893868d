/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its scenario */
/** The scenarios of safety: ES modules, JSON, queries. */
import { HOT, nodeIs } from '../support/app.mjs'

/** Asks for the value of a boundary. Patterns, because Node 20.6 knows no attributes with `with`. */
export const hotHook = { boundaries: ['./b*'] }
export const get = `serve({ get: async (name = './b.mjs') => (await import(name)).value })`
export const value = (/** @type {unknown} */ n) => `export const value = ${JSON.stringify(n)}`
const WITH = nodeIs(20, 10) ? 'with' : 'assert'

/** @typedef {Awaited<ReturnType<typeof import('./app.mjs').startSafely>>} App */
/**
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string | false} [skip]
 * @property {string | false} [todo] what is known to be wrong there, and not mended yet
 * @property {import('./app.mjs').Setting} setting
 * @property {(app: App) => Promise<void>} run
 */

/** How deep the chain is: imports that wait for a second at each module do not end before the deadline. */
const DEPTH = 20
const link = (/** @type {number} */ n) => `import { value as below } from './c${n + 1}.mjs'; export const value = below`

/** @type {Scenario[]} */
export const esModules = [
  {
    name: 'the lowest of a chain of static imports, and one in its middle',
    setting: {
      hotHook,
      files: {
        'main.mjs': get,
        'b.mjs': link(0),
        ...Object.fromEntries(Array.from({ length: DEPTH - 1 }, (_, n) => [`c${n + 1}.mjs`, link(n + 1)])),
        [`c${DEPTH}.mjs`]: value(1),
      },
      start: 1,
    },
    async run(app) {
      app.save(`c${DEPTH}.mjs`, value(2))
      await app.gives(2)
      app.save('c9.mjs', `${link(9)} + 100`)
      await app.gives(102)
      app.save(`c${DEPTH}.mjs`, value(3))
      await app.gives(103)
    },
  },
  {
    name: 'a cycle below a boundary, and through it: each of its modules',
    setting: {
      hotHook,
      files: {
        'main.mjs': get,
        'b.mjs': `import { one } from './one.mjs'; export const value = one()`,
        'one.mjs': `import { two } from './two.mjs'; export const one = () => 'one1 ' + two()`,
        'two.mjs': `import { one } from './one.mjs'; export const two = () => 'two1 ' + typeof one`,
      },
      start: 'one1 two1 function',
    },
    async run(app) {
      app.save('two.mjs', `import { one } from './one.mjs'; export const two = () => 'two2 ' + typeof one`)
      await app.gives('one1 two2 function')
      app.save('one.mjs', `import { two } from './two.mjs'; export const one = () => 'one2 ' + two()`)
      await app.gives('one2 two2 function')
      app.save('two.mjs', `import { own } from './b.mjs'; export const two = () => 'two3 ' + own()`)
      app.save('b.mjs', `import { one } from './one.mjs'; import * as self from './b.mjs'; export const own = () => 1; export const value = one() + ' ' + typeof self.own`)
      await app.gives('one2 two3 1 function')
      app.save('one.mjs', `import { two } from './two.mjs'; export const one = () => 'one3 ' + two()`)
      await app.gives('one3 two3 1 function')
      app.save('b.mjs', `import { one } from './one.mjs'; export const own = () => 2; export const value = one()`)
      await app.gives('one3 two3 2')
    },
  },
  {
    name: 'two ways to one module: it is one',
    setting: {
      hotHook,
      files: {
        'main.mjs': get,
        'b.mjs': `import { left } from './left.mjs'; import { right } from './right.mjs'; export const value = [left === right, left.n]`,
        'left.mjs': `export { it as left } from './it.mjs'`,
        'right.mjs': `export { it as right } from './it.mjs'`,
        'it.mjs': `export const it = { n: 1 }`,
      },
      start: [true, 1],
    },
    async run(app) {
      app.save('it.mjs', `export const it = { n: 2 }`)
      await app.gives([true, 2])
      app.save('left.mjs', `export { it as left } from './it.mjs'; //`)
      await app.gives([true, 2])
      app.save('it.mjs', `export const it = { n: 3 }`)
      await app.gives([true, 3])
    },
  },
  {
    name: 'a boundary within a boundary, and one that two of them import',
    setting: {
      hotHook,
      files: {
        'main.mjs': get,
        'b.mjs': `export const value = (await import('./b-inner.mjs')).value`,
        'b-inner.mjs': `export { value } from './common.mjs'`,
        'b-other.mjs': `export { value } from './common.mjs'`,
        'common.mjs': value(1),
      },
      start: 1,
    },
    async run(app) {
      await app.gives(1, { args: ['./b-other.mjs'] })
      app.save('common.mjs', value(2))
      await app.gives(2, { args: ['./b-other.mjs'] })
      await app.gives(2)
      app.save('b-inner.mjs', value('inner'))
      await app.gives('inner')
      await app.gives(2, { args: ['./b-other.mjs'] })
    },
  },
  {
    name: 'what the app has imported statically asks for a restart, also below a boundary',
    setting: {
      hotHook,
      files: {
        'main.mjs': `import { value } from './cold.mjs'; serve({ get: async () => [value, (await import('./b.mjs')).value] })`,
        'b.mjs': `export { value } from './common.mjs'`,
        'cold.mjs': `export { value } from './common.mjs'`,
        'common.mjs': value(1),
      },
      start: [1, 1],
    },
    async run(app) {
      app.save('common.mjs', value(2))
      await app.restarts([2, 2])
      app.save('b.mjs', value('own'))
      await app.gives([2, 'own'])
      app.save('cold.mjs', value('own'))
      await app.restarts(['own', 'own'])
    },
  },
  {
    name: 'queries: instances of their own',
    setting: {
      hotHook,
      files: { 'main.mjs': get, 'b.mjs': `import { c } from './c.mjs?v=7'; export const value = [new URL(import.meta.url).searchParams.get('x'), c]`, 'c.mjs': 'export const c = 1' },
    },
    async run(app) {
      for (const n of [1, 2, 3]) {
        if (n > 1) app.save('c.mjs', `export const c = ${n}`)
        await app.gives([null, n])
        await app.gives(['1', n], { args: ['./b.mjs?x=1'] })
        await app.gives(['2', n], { args: ['./b.mjs?x=2&v=3'] })
      }
    },
  },
  {
    name: 'JSON, imported and required',
    setting: {
      hotHook,
      before: ['--no-warnings'],
      files: {
        'main.mjs': get,
        'b.mjs': `import { createRequire } from 'node:module'
          import data from './data.json' ${WITH} { type: 'json' }
          export const value = [data.n, createRequire(import.meta.url)('./data.json').n, createRequire(import.meta.url)('./other.json').n]`,
        'data.json': '{ "n": 1 }',
        'other.json': '{ "n": 1 }',
      },
      start: [1, 1, 1],
    },
    async run(app) {
      app.save('data.json', '{ "n": 2 }')
      await app.gives([2, 2, 1])
      app.save('other.json', '{ "n": 2 }')
      await app.gives([2, 2, 2])
      app.save('data.json', '{ "n": 3 }')
      await app.gives([3, 3, 2])
    },
  },
  {
    name: 'top-level await below a boundary, imported several times at once',
    setting: {
      hotHook,
      files: {
        'main.mjs': `serve({ get: async () => { const all = await Promise.all([1, 2, 3].map(() => import('./b.mjs'))); return [new Set(all).size, all[0].value] } })`,
        'b.mjs': `import { c } from './c.mjs'; await null; export const value = c`,
        'c.mjs': `export const c = await new Promise((resolve) => setTimeout(resolve, 5, 1))`,
      },
      start: [1, 1],
    },
    async run(app) {
      for (const n of [2, 3]) {
        app.save('c.mjs', `export const c = await new Promise((resolve) => setTimeout(resolve, 5, ${n}))`)
        await app.gives([1, n])
      }
    },
  },
  {
    name: 'a module that throws, one that does not parse, an export that is missing, and their fixes',
    setting: {
      hotHook,
      files: { 'main.mjs': get, 'b.mjs': `import { c } from './c.mjs'; export const value = c`, 'c.mjs': 'export const c = 1' },
      start: 1,
    },
    async run(app) {
      app.save('c.mjs', `export const c = 0; throw new Error('thrown')`)
      await app.gives(/^thrown$/)
      app.save('c.mjs', 'export const c = 2')
      await app.gives(2)
      app.save('b.mjs', `throw new Error('above')`)
      await app.gives(/^above$/)
      app.save('c.mjs', 'export const c = 3')
      app.save('b.mjs', `import { c } from './c.mjs'; export const value = c`)
      await app.gives(3)
      app.save('c.mjs', 'export const c = {')
      await app.gives(/Unexpected end of input/)
      app.save('c.mjs', 'export const d = 4')
      await app.gives(/does not provide an export named 'c'/)
      app.save('c.mjs', 'export const c = 4')
      await app.gives(4)
    },
  },
  {
    name: 'modules that are missing, and then there; that are deleted, and come back',
    setting: {
      hotHook,
      files: { 'main.mjs': get, 'b.mjs': `import { c } from './c.mjs'; export const value = c`, 'c.mjs': 'export const c = 1' },
      start: 1,
    },
    async run(app) {
      app.remove('c.mjs')
      await app.comesTo(/Cannot find module|ENOENT/)
      app.save('c.mjs', 'export const c = 2')
      await app.comesTo(2)
      app.remove('c.mjs')
      app.save('c.mjs', 'export const c = 3')
      await app.comesTo(3)
      app.save('b.mjs', `import { d } from './new/d.mjs'; export const value = d`)
      await app.gives(/Cannot find module/)
      app.save('new/d.mjs', 'export const d = 4')
      await app.gives(4)
      await app.gives(/Cannot find module/, { args: ['./b-late.mjs'] })
      app.save('b-late.mjs', value('late'))
      await app.gives('late', { args: ['./b-late.mjs'] })
    },
  },
  {
    name: 'a hundred reloads of a boundary that has the attribute',
    setting: {
      ...(nodeIs(20, 10) ? {} : { hotHook }),
      files: {
        'main.mjs': `serve({ get: async () => (await import('./b.mjs'${nodeIs(20, 10) ? `, ${HOT}` : ''})).value })`,
        'b.mjs': `import { c } from './c.mjs'; import d from './d.cjs'; export const value = [c, d.d]`,
        'c.mjs': 'export const c = 0',
        'd.cjs': 'exports.d = 0',
      },
      start: [0, 0],
    },
    async run(app) {
      for (let n = 1; n <= 100; n++) {
        // Where CommonJS asks for a restart each time, a hundred would take too long.
        if (n % 25 === 0) app.save('d.cjs', `exports.d = ${n * 1000}`)
        app.save('c.mjs', `export const c = ${n}`)
        await app.gives([n, 1000 * (n - (n % 25))])
      }
    },
  },
]
