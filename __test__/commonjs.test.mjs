/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
/* CommonJS below a boundary: what `require` does behind the hooks' back. Each kind of module by itself: kinds.test.mjs. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import test from 'node:test'
import { HOT, nodeIs, startApp } from './support/app.mjs'

const canRequireModules = nodeIs(22, 12)
const createRequire = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`
const get = `serve({ get: async (file = './b.mjs') => (await import(file, ${HOT})).value })`

test('createRequire below a boundary, when the boundary is used', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `serve({ get: async () => (await import('./b.mjs', ${HOT})).value() })`,
      'b.mjs': `${createRequire} export const value = () => require('./lib/c.cjs').v + require('./lib/d.json').v`,
      'lib/c.cjs': `exports.v = require('./e.cjs').e`,
      'lib/e.cjs': `exports.e = 'e1'`,
      'lib/d.json': '{"v":1}',
    },
  })
  assert.equal(await app.ask('get'), 'e11')
  app.save('lib/e.cjs', `exports.e = 'e2'`)
  assert.equal(await app.ask('get'), 'e21')
  app.save('lib/d.json', '{"v":2}')
  assert.equal(await app.ask('get'), 'e22')
  assert.deepEqual(app.told('full-reload'), [])
})

test('a require that runs late', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `serve({ get: async () => (await import('./b.mjs', ${HOT})).value() })`,
      'b.mjs': `import c from './c.cjs'; export const value = () => c.get()`,
      'c.cjs': `exports.get = () => require('./lib/e.cjs').e`,
      'lib/e.cjs': `exports.e = 1`,
    },
  })
  assert.equal(await app.ask('get'), 1)
  for (const n of [2, 3, 4]) {
    app.save('lib/e.cjs', `exports.e = ${n}`)
    assert.equal(await app.ask('get'), n)
  }
  assert.deepEqual(app.told('full-reload'), [])
})

test('two files of a folder require the same third: both have their edge', async (t) => {
  const files = { 'main.mjs': get, 'lib/third.cjs': 'exports.value = 1' }
  for (const name of ['one', 'two']) files[`lib/${name}.cjs`] = `exports.value = require('./third.cjs').value`
  const app = await startApp(t, { files })
  for (const n of [1, 2, 3]) {
    if (n > 1) app.save('lib/third.cjs', `exports.value = ${n}`)
    for (const name of n % 2 ? ['one', 'two'] : ['two', 'one']) assert.equal(await app.ask('get', `./lib/${name}.cjs`), n, name)
  }
  await app.message('invalidated', 2)
  const told = app.told('invalidated').map(({ paths }) => paths.toSorted())
  assert.deepEqual(told, Array(2).fill(['one', 'third', 'two'].map((name) => app.file(`lib/${name}.cjs`)).toSorted()))
})

test('named exports that are new, or no longer there, directly and passed on', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': get,
      'b.mjs': `import * as c from './c.cjs'; import * as d from './d.cjs'; export const value = [c, d].map((m) => Object.keys(m).filter((name) => name.length === 1).join(''))`,
      'c.cjs': 'exports.a = 1',
      'd.cjs': `module.exports = require('./e.cjs')`,
      'e.cjs': 'exports.a = 1',
    },
  })
  assert.deepEqual(await app.ask('get'), ['a', 'a'])
  app.save('c.cjs', 'exports.a = 1; exports.b = 2')
  assert.deepEqual(await app.ask('get'), ['ab', 'a'])
  app.save('e.cjs', 'exports.a = 1; exports.c = 3')
  assert.deepEqual(await app.ask('get'), ['ab', 'ac'])
  app.save('b.mjs', `import { b } from './c.cjs'; import { c } from './d.cjs'; export const value = [b, c]`)
  assert.deepEqual(await app.ask('get'), [2, 3])
  app.save('c.cjs', 'exports.a = 1')
  assert.equal((await app.askError('get')).name, 'SyntaxError')
  app.save('c.cjs', 'exports.b = 4')
  assert.deepEqual(await app.ask('get'), [4, 3])
  assert.deepEqual(app.told('full-reload'), [])
})

test('require and import give one instance', { skip: !canRequireModules && 'require passes no hooks' }, async (t) => {
  const app = await startApp(t, {
    before: ['--no-warnings'],
    files: {
      'main.mjs': get,
      'b.mjs': `${createRequire} import * as e from './e.mjs'; const required = require('./e.mjs'); export const value = [e.v, required.o === e.o]`,
      'd.mjs': `${createRequire} const required = require('./e.mjs'); const e = await import('./e.mjs'); export const value = [e.v, required.o === e.o]`,
      'e.mjs': `export const o = {}; export const v = 1`,
    },
  })
  for (let n = 1; n < 6; n++) {
    for (const file of n % 2 ? ['./b.mjs', './d.mjs'] : ['./d.mjs', './b.mjs']) assert.deepEqual(await app.ask('get', file), [n, true], `${file} ${n}`)
    app.save('e.mjs', `export const o = {}; export const v = ${n + 1}`)
  }
  assert.deepEqual(app.told('full-reload'), [])
})

test('JSON that is imported, and required by a module that came before it', async (t) => {
  const app = await startApp(t, {
    before: ['--no-warnings'],
    files: {
      'main.mjs': get,
      'b.mjs': `import n from './n.json' with { type: 'json' }; import c from './c.cjs'; export const value = [n, c]`,
      'c.cjs': `module.exports = require('./n.json')`,
      'n.json': '1',
    },
  })
  for (const n of [1, 2, 3]) {
    app.save('n.json', String(n))
    assert.deepEqual(await app.ask('get'), [n, n])
  }
})

const endsByItself = !nodeIs(22) && 'Node 20 ends when imported CommonJS throws, without us too'

test('a required module that fails, and is mended, directly and further below', { skip: endsByItself }, async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': get,
      'b.mjs': `export { value } from './lib/c.cjs'`,
      'lib/c.cjs': `exports.value = require('./d.cjs').value`,
      'lib/d.cjs': `exports.value = require('./e.cjs')`,
      'lib/e.cjs': 'module.exports = 1',
    },
  })
  assert.equal(await app.ask('get'), 1)
  for (const file of ['lib/e.cjs', 'lib/d.cjs', 'lib/e.cjs']) {
    const text = fs.readFileSync(app.file(file), 'utf8')
    app.save(file, `throw new Error('1')\n${text}`)
    await app.askError('get')
    app.save(file, `throw new Error('2')\n${text}`)
    await app.askError('get')
    app.save(file, text)
    assert.equal(await app.ask('get'), 1)
  }
  assert.deepEqual(app.told('full-reload'), [])
})

test('files that a handler of require.extensions reads by itself, past all hooks', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `${createRequire} import fs from 'node:fs'
        require.extensions['.txt'] = (module, path) => module._compile('exports.v = ' + fs.readFileSync(path, 'utf8'), path)
        require('./cold.txt')
        ${get}`,
      'b.mjs': `${createRequire} export const value = require('./c.txt').v`,
      'c.txt': '1',
      'cold.txt': '1',
    },
  })
  assert.equal(await app.ask('get'), 1)
  for (const value of [2, 3]) {
    app.save('c.txt', String(value))
    assert.equal(await app.ask('get'), value)
    app.save('c.txt', ')')
    await app.askError('get')
    app.save('c.txt', String(value))
    assert.equal(await app.ask('get'), value)
  }
  assert.deepEqual(app.told('full-reload'), [])
  app.save('cold.txt', '2')
  assert.equal((await app.message('full-reload')).path, app.file('cold.txt'))
})

for (const broken of ['exports.value = 2)', `throw new Error('no')`, `require('./nothing.cjs')`]) {
  test(`a CommonJS boundary below which something fails that is mended: ${broken}`, async (t) => {
    const app = await startApp(t, {
      files: {
        'main.mjs': `serve({ get: async () => (await import('./b.cjs', ${HOT})).default.value })`,
        'b.cjs': `exports.value = require('./c.cjs').value`,
        'c.cjs': `exports.value = require('./d.cjs').value`,
        'd.cjs': 'exports.value = 1',
        'new.cjs': broken,
      },
    })
    assert.equal(await app.ask('get'), 1)
    for (const value of [2, 3]) {
      app.save('d.cjs', broken)
      await app.askError('get')
      app.save('d.cjs', `exports.value = ${value}`)
      assert.equal(await app.ask('get'), value)
    }
    // What nobody required before it failed.
    app.save('c.cjs', `exports.value = require('./new.cjs').value`)
    await app.askError('get')
    app.save('new.cjs', 'exports.value = 4')
    assert.equal(await app.ask('get'), 4)
    assert.deepEqual(app.told('full-reload'), [])
  })
}

test('a file that a require did not find, and that comes', async (t) => {
  const tries = (file) => `let found; try { found = require('${file}').value } catch {} exports.value = found ?? 'nothing'`
  const app = await startApp(t, {
    files: {
      'main.mjs': `serve({ get: async (name) => (await import(name, ${HOT})).value })`,
      'b.cjs': tries('./one.cjs'),
      'c.mjs': `export { value } from './d.cjs'`,
      'd.cjs': tries('./lib/two'),
      'e.cjs': `exports.value = require('./f.cjs').value()`,
      'f.cjs': `exports.value = () => { ${tries('./three.cjs').replace('exports.value =', 'return')} }`,
    },
  })
  for (const [name, file] of [['./b.cjs', 'one.cjs'], ['./c.mjs', 'lib/two.json'], ['./e.cjs', 'three.cjs']]) {
    assert.equal(await app.ask('get', name), 'nothing')
    app.save('other.cjs', name)
    app.save(file, file.endsWith('.json') ? '{ "value": "found" }' : `exports.value = 'found'`)
    assert.equal(await app.ask('get', name), 'found', name)
  }
  assert.deepEqual(app.told('full-reload'), [])
})

// V8 ends the process where a second ES module imports CommonJS that has thrown.
test('CommonJS that throws does not end the process when what imports it is saved', async (t) => {
  const app = await startApp(t, {
    before: ['--no-warnings'],
    files: {
      'main.mjs': `serve({ get: async () => (await import('./b.mjs', ${HOT})).value })`,
      'b.mjs': `export { value } from './m.mjs'`,
      'm.mjs': `import c from './c.cjs'; export const { value } = c`,
      'c.cjs': 'exports.value = 0',
    },
  })
  assert.equal(await app.ask('get'), 0)
  for (let n = 1; n <= 3; n++) {
    app.save('c.cjs', `throw new Error('${n}')`)
    assert.equal((await app.askError('get')).message, `${n}`)
    app.save('m.mjs', `import c from './c.cjs'; export const { value } = c // ${n}`)
    assert.equal((await app.askError('get')).message, `${n}`)
    app.save('c.cjs', `exports.value = ${n}`)
    assert.equal(await app.ask('get'), n)
  }
})

test('an ES module that was imported, and is required from then on: each save of what it imports counts', { skip: !canRequireModules && 'this Node requires none' }, async (t) => {
  const app = await startApp(t, {
    before: ['--no-warnings'],
    files: {
      'main.mjs': `${get}; const required = import('./r.mjs', ${HOT}); serve({ require: async () => (await required).value() })`,
      'r.mjs': `${createRequire} export const value = () => require('./b.mjs').value`,
      'b.mjs': `export { value } from './m.mjs'`,
      'm.mjs': 'export const value = 0',
    },
  })
  assert.equal(await app.ask('get'), 0)
  for (let n = 1; n <= 4; n++) {
    await app.ask('require')
    app.save('m.mjs', `export const value = ${n}`)
    await app.until('the save counts', () => app.told('invalidated').length + app.told('full-reload').length >= n)
  }
  if (app.told('full-reload').length === 0) assert.equal(await app.ask('get'), 4)
})
