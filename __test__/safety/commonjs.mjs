/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its scenario */
/** The scenarios of safety: CommonJS below a boundary, and ES modules that it requires. */
import { get, hotHook } from './es-modules.mjs'

const require = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`
const canRequireModules = /** @type {any} */ (process).features.require_module === true
const noModules = !canRequireModules && 'this Node requires no ES modules'

/** Saves one file with several values, one after the other. @param {string} name @param {(n: number) => string} text */
const edits = (name, text, /** @type {(n: number) => unknown} */ expected = (n) => n) =>
  async (/** @type {import('./es-modules.mjs').App} */ app) => {
    for (const n of [2, 3, 4]) {
      app.save(name, text(n))
      await app.gives(expected(n))
    }
  }

/** @type {import('./es-modules.mjs').Scenario[]} */
export const commonjs = [
  {
    name: 'CommonJS that takes a value out of what it requires',
    setting: {
      hotHook,
      files: { 'main.mjs': get, 'b.mjs': `import c from './c.cjs'; export const value = c.n`, 'c.cjs': `module.exports = { n: require('./d.cjs').n }`, 'd.cjs': 'exports.n = 1' },
      start: 1,
    },
    run: edits('d.cjs', (n) => `exports.n = ${n}`),
  },
  {
    name: 'CommonJS that exports what it requires',
    setting: {
      hotHook,
      files: { 'main.mjs': get, 'b.mjs': `import c from './c.cjs'; export const value = c.n`, 'c.cjs': `module.exports = require('./d.cjs')`, 'd.cjs': 'exports.n = 1' },
      start: 1,
    },
    run: edits('d.cjs', (n) => `exports.n = ${n}`),
  },
  {
    name: 'CommonJS as the boundary, over folders, packages and shortened names',
    setting: {
      hotHook,
      files: {
        'main.mjs': `serve({ get: async () => (await import('./b.cjs')).default.value })`,
        'b.cjs': `exports.value = [require('./lib').n, require('./pack').n, require('./lib/deep/e').n]`,
        'lib/index.js': `exports.n = require('./deep/e.js').n`,
        'lib/package.json': '{ "type": "commonjs" }',
        'lib/deep/e.js': `exports.n = 1`,
        'pack/package.json': '{ "main": "main.cjs" }',
        'pack/main.cjs': `exports.n = require('../lib/deep/e').n`,
      },
      start: [1, 1, 1],
    },
    async run(app) {
      app.save('lib/deep/e.js', 'exports.n = 2')
      await app.gives([2, 2, 2])
      app.save('pack/main.cjs', 'exports.n = 5')
      await app.gives([2, 5, 2])
      app.save('lib/deep/e.js', 'exports.n = 3')
      await app.gives([3, 5, 3])
    },
  },
  {
    name: 'a cycle of CommonJS',
    setting: {
      hotHook,
      files: {
        'main.mjs': get,
        'b.mjs': `import one from './one.cjs'; export const value = one.one()`,
        'one.cjs': `exports.one = () => 'one ' + two.two(); const two = require('./two.cjs')`,
        'two.cjs': `const { one } = require('./one.cjs'); exports.two = () => 'two1 ' + typeof one`,
      },
      start: 'one two1 function',
    },
    run: edits('two.cjs', (n) => `const { one } = require('./one.cjs'); exports.two = () => 'two${n} ' + typeof one`, (n) => `one two${n} function`),
  },
  {
    name: 'createRequire below a boundary',
    setting: {
      hotHook,
      files: {
        'main.mjs': get,
        'b.mjs': `${require} export const value = [require('./lib/c.cjs').v, require('./lib/d.json').v]`,
        'lib/c.cjs': `exports.v = require('./e.cjs').e`,
        'lib/e.cjs': 'exports.e = 1',
        'lib/d.json': '{ "v": 1 }',
      },
      start: [1, 1],
    },
    async run(app) {
      app.save('lib/e.cjs', 'exports.e = 2')
      await app.gives([2, 1])
      app.save('lib/d.json', '{ "v": 2 }')
      await app.gives([2, 2])
      app.save('lib/e.cjs', 'exports.e = 3')
      await app.gives([3, 2])
    },
  },
  {
    name: 'a require that runs late, and one that is repeated',
    setting: {
      hotHook,
      files: {
        'main.mjs': `serve({ get: async () => (await import('./b.mjs')).value() })`,
        'b.mjs': `import c from './c.cjs'; export const value = () => c.get()`,
        'c.cjs': `const { e } = require('./lib/e.cjs'); exports.get = () => [e, require('./lib/e.cjs').e, require('./lib/f.cjs').f]`,
        'lib/e.cjs': 'exports.e = 1',
        'lib/f.cjs': `exports.f = require('./e.cjs').e`,
      },
      start: [1, 1, 1],
    },
    run: edits('lib/e.cjs', (n) => `exports.e = ${n}`, (n) => [n, n, n]),
  },
  {
    name: 'CommonJS by its names, with new ones, imported and required: it is one',
    setting: {
      hotHook,
      files: {
        'main.mjs': get,
        'b.mjs': `${require} import { it } from './c.cjs'; import * as names from './d.cjs'; export const value = [it === require('./c.cjs').it, it.n, Object.keys(names).filter((name) => name.length === 1)]`,
        'c.cjs': 'exports.it = { n: 1 }',
        'd.cjs': `module.exports = require('./e.cjs')`,
        'e.cjs': 'exports.a = 1',
      },
      start: [true, 1, ['a']],
    },
    async run(app) {
      app.save('c.cjs', 'exports.it = { n: 2 }')
      await app.gives([true, 2, ['a']])
      app.save('e.cjs', 'exports.a = 1; exports.z = 2')
      await app.gives([true, 2, ['a', 'z']])
      app.save('c.cjs', 'exports.it = { n: 3 }')
      await app.gives([true, 3, ['a', 'z']])
    },
  },
  {
    name: 'CommonJS that throws, or is missing, and its fix',
    setting: {
      hotHook,
      // By `require`: on Node 20 imported CommonJS that throws ends the process, also without hot-hook.
      files: { 'main.mjs': get, 'b.mjs': `${require} export const value = require('./c.cjs').n`, 'c.cjs': `exports.n = require('./d.cjs').n`, 'd.cjs': 'exports.n = 1' },
      start: 1,
    },
    async run(app) {
      app.save('d.cjs', `throw new Error('thrown')`)
      await app.gives(/^thrown$/)
      app.save('d.cjs', 'exports.n = 2')
      await app.gives(2)
      app.save('c.cjs', `exports.n = require('./late.cjs').n`)
      await app.gives(/Cannot find module/)
      app.save('late.cjs', 'exports.n = 3')
      await app.gives(3)
    },
  },
  {
    name: 'a CommonJS app that imports a boundary',
    setting: {
      hotHook,
      entry: 'main.cjs',
      files: {
        'main.cjs': `const { cold } = require('./cold.cjs'); serve({ get: async () => [cold, (await import('./b.cjs')).default.n] })`,
        'cold.cjs': 'exports.cold = 1',
        'b.cjs': `exports.n = require('./d.cjs').n`,
        'd.cjs': 'exports.n = 1',
      },
      start: [1, 1],
    },
    async run(app) {
      app.save('d.cjs', 'exports.n = 2')
      await app.gives([1, 2])
      app.save('cold.cjs', 'exports.cold = 2')
      await app.restarts([2, 2])
    },
  },
  {
    name: 'CommonJS requires an ES module, and what that imports',
    skip: noModules,
    setting: {
      hotHook,
      before: ['--no-warnings'],
      files: {
        'main.mjs': get,
        'b.mjs': `import c from './c.cjs'; export const value = c.n`,
        'c.cjs': `exports.n = require('./m.mjs').m`,
        'm.mjs': `import { below } from './below.mjs'; export const m = ['m1', below]`,
        'below.mjs': 'export const below = 1',
      },
      start: ['m1', 1],
    },
    async run(app) {
      app.save('m.mjs', `import { below } from './below.mjs'; export const m = ['m2', below]`)
      await app.gives(['m2', 1])
      app.save('below.mjs', 'export const below = 2')
      await app.gives(['m2', 2])
      app.save('below.mjs', 'export const below = 3')
      await app.gives(['m2', 3])
    },
  },
  {
    name: 'an ES module that is required and imported: it is one',
    skip: noModules,
    setting: {
      hotHook,
      before: ['--no-warnings'],
      files: {
        'main.mjs': get,
        'b.mjs': `import { it } from './m.mjs'; import c from './c.cjs'; export const value = [it === c.it, it.n]`,
        'c.cjs': `exports.it = require('./m.mjs').it`,
        'm.mjs': 'export const it = { n: 1 }',
      },
      start: [true, 1],
    },
    run: edits('m.mjs', (n) => `export const it = { n: ${n} }`, (n) => [true, n]),
  },
  {
    name: `an ES module that exports 'module.exports', required`,
    skip: noModules,
    setting: {
      hotHook,
      before: ['--no-warnings'],
      files: {
        'main.mjs': get,
        'b.mjs': `import c from './c.cjs'; export const value = c.n`,
        'c.cjs': `const m = require('./m.mjs'); exports.n = m.n ?? m['module.exports'].n`,
        'm.mjs': `const o = { n: 1 }; export { o as 'module.exports' }`,
      },
      start: 1,
    },
    run: edits('m.mjs', (n) => `const o = { n: ${n} }; export { o as 'module.exports' }`),
  },
  {
    name: `an ES module that exports 'module.exports', a function, required by a name that does not tell what it is`,
    skip: noModules,
    setting: {
      hotHook,
      before: ['--no-warnings'],
      files: {
        'main.mjs': get,
        'b.mjs': `import c from './c.cjs'; export const value = c.n`,
        'c.cjs': `const m = require('./m.js'); exports.n = (m['module.exports'] ?? m)()`,
        'm.js': `const f = () => 1; export { f as default, f as 'module.exports' }`,
      },
      start: 1,
    },
    run: edits('m.js', (n) => `const f = () => ${n}; export { f as default, f as 'module.exports' }`),
  },
]

