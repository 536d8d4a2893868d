/*
 * The place of an error: of each kind, in files of a real app, of which the mark ‸ says where the error is. Every case is
 * imported when it is new, and once more after it was whole: then its instance has a version, and a prelude.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { canRequireModules } from '../lib/node/features.mjs'
import { HOT, nodeIs, PACKAGE, startApp } from './support/app.mjs'
import { checkPlace, placesMain } from './support/places.mjs'

const TOKEN = /^Unexpected token ';'$/

/** @type {Record<string, import('./support/places.mjs').Case>} */
const syntax = {
  'a syntax error': { files: { 'a.mjs': 'export const list = () => {\n  return [‸;\n}\n' }, message: TOKEN, frame: '    1 | export const list = () => {\n  > 2 |   return [;\n      |           ^' },
  'on the line of the prelude': { files: { 'a.mjs': 'import.meta.url; const a = ‸;' }, message: TOKEN, frame: '  > 1 | import.meta.url; const a = ;\n      |                            ^' },
  'on the line of a prelude that the first instance has not': { files: { 'a.mjs': 'const a = ‸;' }, message: TOKEN },
  'after a hashbang': { files: { 'a.mjs': '#!/usr/bin/env node\nimport.meta.url; const a = ‸;' }, message: TOKEN },
  'deep below': { files: { 'a.mjs': "import './b.mjs'", 'b.mjs': "import './c.mjs'", 'c.mjs': 'import.meta.url\n\tawait 1; const é = "𝒳"; ‸return 1' }, message: /Illegal return/ },
  'with CRLF': { files: { 'a.mjs': 'import.meta.url\r\n\r\nconst a = ‸;\r\n' }, message: TOKEN, frame: '    1 | import.meta.url\n    2 |\n  > 3 | const a = ;\n      |           ^' },
  'with a byte order mark': { files: { 'a.mjs': '\ufeffconst a = ‸;' }, message: TOKEN, frame: '  > 1 | const a = ;\n      |           ^' },
  'with a byte order mark, and a prelude': { files: { 'a.mjs': '\ufeffimport.meta.url; const a = ‸;' }, message: TOKEN },
  'after U+2028, which editors do not count': { files: { 'a.mjs': 'const a = "\u2028"; // \u2028\n const b = ‸;' }, message: TOKEN, frame: '    1 | const a = "\\u{2028}"; // \\u{2028}\n  > 2 |  const b = ;\n      |            ^' },
  'on a line with U+2028': { files: { 'a.mjs': 'const a = 1 \u2028const b = ‸;' }, message: TOKEN },
  'the end comes too early': { files: { 'a.mjs': 'export const a = {\n‸' }, message: /Unexpected end of input/, frame: '    1 | export const a = {\n  > 2 |\n      | ^' },
  'a template that does not end': { files: { 'a.mjs': 'const a = `\n\n‸' }, message: /Unterminated template|end of input/ },
  'a string that does not end': { files: { 'a.mjs': "const a = ‸'oh\nconst b = 1" }, message: /Invalid or unexpected token/ },
  'a comment that does not end': { files: { 'a.mjs': 'const a = 1 ‸/* oh\n\n' }, message: /Invalid or unexpected token/ },
  'a regular expression': { files: { 'a.mjs': '\nconst a = ‸/(/' }, message: /Invalid regular expression/ },
  'declared twice': { files: { 'a.mjs': 'const a = 1\nconst b = 1, ‸a = 2' }, message: /has already been declared/ },
  'await where it must not be': { files: { 'a.mjs': 'function f() {\n  ‸await 1\n}' }, message: /await is only valid|reserved word/ },
  'an import below the top': { files: { 'a.mjs': "{\n  import ‸a from 'b'\n}" }, message: /^(Unexpected identifier|Cannot use import)/ },
  'no initializer': { files: { 'a.mjs': '\nconst ‸a' }, message: /Missing initializer/ },
  'a reserved word': { files: { 'a.mjs': '\n‸let class = 1' }, message: /reserved word|Unexpected token/ },
  'a strict reserved word': { files: { 'a.mjs': '\n‸let package = 1' }, message: /strict mode/ },
  'an export of nothing': { files: { 'a.mjs': 'const a = 1\nexport { ‸b }' }, message: /Export 'b' is not defined/ },
  'far to the right': { files: { 'a.mjs': `const a = '${'x'.repeat(3000)}', b = ‸;` }, message: TOKEN },
  'in a name that URLs encode': { files: { 'b (é) %25 #.mjs': 'import.meta.url; const a = ‸;' }, entry: './b%20(%C3%A9)%20%2525%20%23.mjs', message: TOKEN },
}

/** @type {Record<string, import('./support/places.mjs').Case>} */
const missing = {
  'a module': { files: { 'a.mjs': "// './no.mjs'\nimport fs from 'node:fs'\nimport x from ‸'./no.mjs'\n" }, message: /Cannot find module '.*no.mjs'/ },
  'a module deep below': { files: { 'a.mjs': "import './b.mjs'", 'b.mjs': "const s = './no.mjs'\nexport { x } from ‸'./no.mjs'" }, message: /Cannot find module/ },
  'a module that is imported in several lines': { files: { 'a.mjs': "const s = './no.mjs'\nimport {\n  x,\n} from\n  ‸'./no.mjs'" }, message: /Cannot find module/ },
  'a module of import()': { files: { 'a.mjs': "const s = './no.mjs'\nawait import(\n  /* name */ ‸'./no.mjs'\n)" }, message: /Cannot find module/ },
  'a module with a query': { files: { 'a.mjs': "import ‸'./no%20no.mjs?q#h'" }, message: /Cannot find module/ },
  'a package': { files: { 'a.mjs': "\nimport x, { y } from ‸'no-such-package/sub'" }, message: /Cannot find package 'no-such-package'/ },
  'a folder': { files: { 'a.mjs': "\nimport ‸'./folder'", 'folder/index.mjs': '' }, message: /Directory import/ },
  'a part of a package': { files: { 'a.mjs': "\nimport ‸'hot-hook/no'" }, message: /Package subpath '.\/no' is not defined/ },
  'a name of package.json#imports': { files: { 'a.mjs': "\nimport ‸'#no'" }, message: /#no/ },
  'a built-in module': { files: { 'a.mjs': "\nimport ‸'node:no'" }, message: /No such built-in module: node:no/ },
  'an attribute': { files: { 'a.mjs': "\nimport x from ‸'./x.json'", 'x.json': '{}' }, message: /import a(ttribute|ssertion)/ },
  'a kind of file that Node knows': { files: { 'a.mjs': "\nimport ‸'./x.foo'", 'x.foo': '' }, message: /Unknown file extension/ },
  'a scheme that Node knows': { files: { 'a.mjs': "\nimport ‸'https://x.invalid/y.mjs'" }, message: /scheme/ },
}

/** @type {Record<string, import('./support/places.mjs').Case>} */
const unprovided = {
  'an export': { files: { 'a.mjs': "import {\n  x,\n  ‸y as z,\n} from './b.mjs'\n", 'b.mjs': 'export const x = 1' }, message: /does not provide an export named 'y'/ },
  'an export, on the line of the prelude': { files: { 'a.mjs': "import.meta.url; import { x, ‸y } from './b.mjs'", 'b.mjs': 'export const x = 1' }, message: /named 'y'/ },
  'an export, deep below': { files: { 'a.mjs': "import './b.mjs'", 'b.mjs': "import { ‸y } from './c.mjs'", 'c.mjs': '' }, message: /named 'y'/ },
  'a default export': { files: { 'a.mjs': "\nimport ‸x from './b.mjs'", 'b.mjs': 'export const x = 1' }, message: /named 'default'/ },
  'an export that is passed on': { files: { 'a.mjs': "\nexport { ‸y } from './b.mjs'", 'b.mjs': '' }, message: /named 'y'/ },
  'an export that is passed on by another name': { files: { 'a.mjs': "import { z } from './c.mjs'", 'c.mjs': "\nexport { x, ‸y as z } from './b.mjs'", 'b.mjs': 'export const x = 1' }, good: 'export const z = 1', message: /named 'y'/ },
  'an ambiguous export': { files: { 'a.mjs': "\nimport { ‸q } from './b.mjs'", 'b.mjs': "export * from './c.mjs'\nexport * from './d.mjs'", 'c.mjs': 'export const q = 1', 'd.mjs': 'export const q = 2' }, message: /conflicting star exports/ },
  'an export of CommonJS': { files: { 'a.mjs': "\nimport { ‸y } from './c.cjs'", 'c.cjs': 'module.exports = Object.create({ y: 1 })' }, message: /(Named export 'y' not found|an export named 'y')/ },
  'an export that was there': { files: { 'a.mjs': "import { ‸y } from './b.mjs'", 'b.mjs': 'export const x = 1' }, change: ['b.mjs', 'export const y = 1'], message: /named 'y'/ },
}

/** @type {Record<string, import('./support/places.mjs').Case>} */
const commonjs = {
  'a syntax error': { files: { 'a.cjs': '\n  const a = ‸;' }, message: TOKEN },
  'a syntax error on its first line': { files: { 'a.cjs': 'const a = ‸;' }, message: TOKEN },
  'a syntax error with a byte order mark': { files: { 'a.cjs': '\ufeffconst a = ‸;' }, message: TOKEN },
  'a syntax error below an ES module': { files: { 'a.mjs': "import './b.cjs'", 'b.cjs': '#!/usr/bin/env node\nconst a = ‸;' }, message: TOKEN },
  'a syntax error that is required': { files: { 'a.cjs': "require('./b.cjs')", 'b.cjs': 'const a = ‸;' }, message: TOKEN },
  'a missing module': { files: { 'a.cjs': "// './no.cjs'\nconst a = require(‸'./no.cjs')" }, message: /Cannot find module '.\/no.cjs'/ },
  'a missing module, deep below': { files: { 'a.mjs': "import './b.cjs'", 'b.cjs': "require('./c.cjs')", 'c.cjs': "\n\nrequire(‸'no-such-package')" }, message: /Cannot find module/ },
  'a throw': { files: { 'a.cjs': "\nthrow ‸new Error('oh')" }, message: /^oh$/ },
  'a throw on the first line, with a byte order mark': { files: { 'a.cjs': "\ufeffthrow ‸new Error('oh')" }, message: /^oh$/ },
  'a throw on the first line of what is required, with a byte order mark': { files: { 'a.cjs': "require('./b.cjs')", 'b.cjs': "\ufeffthrow ‸new Error('oh')" }, message: /^oh$/ },
  'a syntax error of what is required, with a byte order mark': { files: { 'a.cjs': "require('./b.cjs')", 'b.cjs': "\ufeffconst a = ‸;" }, message: TOKEN },
  'a throw below an ES module': { files: { 'a.mjs': "import './b.cjs'", 'b.cjs': "function f() { throw ‸new Error('oh') }; f()" }, message: /^oh$/ },
}

/** `require` of ES modules. @type {Record<string, import('./support/places.mjs').Case>} */
const required = {
  // 22.12 does not say which.
  'that waits': { files: { 'a.cjs': nodeIs(22, 12) && !nodeIs(22, 13) ? "\nconst x = ‸require('./b.mjs')" : "\nconst x = require(‸'./b.mjs')", 'b.mjs': 'await 1' }, message: /top-level await/ },
  'with a syntax error': { files: { 'a.cjs': "require('./b.mjs')", 'b.mjs': 'const a = ‸;' }, message: TOKEN },
  'with a missing module': { files: { 'a.cjs': "require('./b.mjs')", 'b.mjs': "\nimport ‸'./no.mjs'" }, message: /Cannot find module/ },
  'with a missing export': { files: { 'a.cjs': "require('./b.mjs')", 'b.mjs': "\nimport { ‸x } from './c.mjs'", 'c.mjs': '' }, message: /named 'x'/ },
  'that throws': { files: { 'a.cjs': "require('./b.mjs')", 'b.mjs': "import.meta.url; const f = () => { throw ‸new Error('oh') }; f()" }, message: /^oh$/ },
}

/** @type {Record<string, import('./support/places.mjs').Case>} */
const json = {
  'imported': { files: { 'a.mjs': "import x from './x.json' with { type: 'json' }", 'x.json': '{\n  "a": 1,\n  ‸b }' }, good: '{}', message: /^Expected double-quoted property name in JSON/ },
  'imported, with CRLF and a byte order mark': { files: { 'a.mjs': "import x from './x.json' with { type: 'json' }", 'x.json': '\ufeff{\r\n  "a": ‸b }' }, good: '{}', message: /^Unexpected token/ },
  'required': { files: { 'a.cjs': "require('./x.json')", 'x.json': '{\n  "a": 1,\n  ‸b }' }, good: '{}', message: /^Expected double-quoted property name in JSON/ },
  'required, with a byte order mark': { files: { 'a.cjs': "require('./x.json')", 'x.json': '\ufeff{ ‸b }' }, good: '{}', message: /^Expected property name/ },
  'empty': { files: { 'a.mjs': "import x from './x.json' with { type: 'json' }", 'x.json': '‸' }, good: '{}', message: /Unexpected end of JSON input/ },
  'that ends too early': { files: { 'a.mjs': "import x from './x.json' with { type: 'json' }", 'x.json': '{\n  "a": [1,‸' }, good: '{}', message: /Unexpected end of JSON input/ },
  'in a string': { files: { 'a.mjs': "import x from './x.json' with { type: 'json' }", 'x.json': '["é𝒳‸\n"]' }, good: '[]', message: /Bad control character/ },
}

/** @type {Record<string, import('./support/places.mjs').Case>} */
const thrown = {
  'an error': { files: { 'a.mjs': "import.meta.url; function f() { throw ‸new TypeError('oh') }; f()" }, message: /^oh$/, name: 'TypeError' },
  'an error of a module without a prelude': { files: { 'a.mjs': "throw ‸new TypeError('oh')" }, message: /^oh$/ },
  'an error of Node': { files: { 'a.mjs': "import fs from 'node:fs'\n\n  fs.‸readFileSync('/no/such/file')" }, message: /ENOENT/ },
  'an error of a built-in function': { files: { 'a.mjs': "\n\n  JSON.‸parse('{')" }, message: /JSON/ },
  'an error of a regular expression': { files: { 'a.mjs': "\n\n  ‸new RegExp('(')" }, message: /Invalid regular expression/ },
  'a syntax error of eval': { files: { 'a.mjs': "\n\n  ‸eval('return [;')" }, message: /Illegal return|Unexpected token/ },
  'an error in eval': { files: { 'a.mjs': "\n\n  ‸eval('null.x')" }, message: /null/ },
  'an error of another module': { files: { 'a.mjs': "import { f } from './b.mjs'\nf()", 'b.mjs': "export function f() {\n  throw ‸new Error('oh')\n}" }, good: 'export const f = () => {}', message: /^oh$/ },
  'an error of a constructor': { files: { 'a.mjs': "class X {\n  constructor() {\n    ‸no()\n  }\n}\nnew X()" }, message: /no is not defined/ },
  'an error after a wait': { files: { 'a.mjs': "await 1\nasync function f() {\n  await 1\n  throw ‸new Error('oh')\n}\nawait f()" }, message: /^oh$/ },
  'an error of a package': { files: { 'a.mjs': "import { f } from 'thrower'\n\n‸f()" }, message: /^thrown by a package$/ },
  'an error of a package that cannot be loaded': { files: { 'a.mjs': "import 'broken'" }, in: 'node_modules/broken/index.mjs', at: [2, 7], message: /^broken$/ },
  'several errors': { files: { 'a.mjs': "throw ‸new AggregateError([new Error('a')], 'oh')" }, message: /^oh$/, name: 'AggregateError' },
  'an error with a cause': { files: { 'a.mjs': "const cause = new Error('a')\nthrow ‸new Error('oh', { cause })" }, message: /^oh$/ },
  'an error whose message looks like a stack': { files: { 'a.mjs': "\nthrow ‸new Error('oh\\n    at f (file:///no.mjs:1:2)')" }, message: /^oh\n/ },
  'a text': { files: { 'a.mjs': "\nthrow 'oh'" }, in: 'a.mjs', message: /^oh$/ },
  'nothing': { files: { 'a.mjs': '\nthrow null' }, in: 'a.mjs', message: /^nothing$/ },
  'an error without a stack': { files: { 'a.mjs': "\nconst e = new Error('oh'); e.stack = undefined; throw e" }, in: 'a.mjs', message: /^oh$/ },
  'a frozen error': { files: { 'a.mjs': "\nthrow Object.freeze(‸new Error('oh'))" }, message: /^oh$/ },
  'a folder with brackets': { files: { 'd (x) [y]/a.mjs': "import.meta.url; const f = () => { throw ‸new Error('oh') }; f()" }, entry: './d%20(x)%20[y]/a.mjs', message: /^oh$/ },
}


const packages = {
  'node_modules/thrower/package.json': '{ "exports": "./index.mjs" }',
  'node_modules/thrower/index.mjs': "export const f = () => {\n  throw new Error('thrown by a package')\n}\n",
  'node_modules/broken/package.json': '{ "exports": "./index.mjs" }',
  'node_modules/broken/index.mjs': "\nthrow new Error('broken')\n",
}

for (const [kind, cases] of Object.entries({ syntax, missing, unprovided, commonjs, required, json, thrown })) {
  const skip = kind === 'required' && !canRequireModules && 'this Node cannot require ES modules'
  test(`${kind}: the place of an error`, { skip }, async (t) => {
    const app = await startApp(t, { files: { 'main.mjs': placesMain, ...packages } })
    for (const [index, [name, given]] of Object.entries(cases).entries()) {
      await t.test(name, () => checkPlace(app, `first-${index}`, given, true))
      if (!name.includes('of a package')) await t.test(`${name}, again`, () => checkPlace(app, `again-${index}`, given, false))
    }
  })
}

test('whatever is thrown, it is described, and no code of the app runs', async (t) => {
  const odd = `
    import { addPlace, describeError } from '${pathToFileURL(PACKAGE).href}/lib/runtime/error-place.mjs'
    const ran = [], all = []
    const never = (name) => ({ get() { ran.push(name); throw new Error('a getter has run') }, configurable: true })
    const traps = new Proxy({}, { get: (_, trap) => () => { ran.push(trap); throw new Error('a trap has run') } })
    class Named extends Error { get name() { ran.push('name'); return 'Named' } }
    class Foreign extends Error { constructor(text) { super(text); Object.defineProperty(this, 'message', { get() { ran.push('message'); return text } }) } }
    class Throwing extends Error { get message() { throw new Error('no message') } }
    const withGetters = (error, ...names) => (names.forEach((name) => Object.defineProperty(error, name, never(name))), error)
    const made = {
      text: () => 'oh', empty: () => '', number: () => 1, null: () => null, undefined: () => undefined, symbol: () => Symbol('oh'), bigint: () => 1n,
      function: () => () => {}, object: () => ({}), bare: () => Object.create(null), array: () => ['oh'],
      like: () => ({ name: 'Like', message: 'an error', stack: 'Like: an error\\n    at file:///odd.mjs:1:2' }),
      proxy: () => new Proxy({}, traps), proxyOfError: () => new Proxy(new Error('oh'), traps), below: () => Object.create(new Proxy({}, traps)),
      frozen: () => Object.freeze(new SyntaxError('oh')), getters: () => withGetters(new Error('oh'), 'stack', 'name', 'message', 'code', 'requireStack', 'constructor', 'cause'),
      syntaxWithGetters: () => withGetters(new SyntaxError('oh'), 'stack', 'name', 'message', 'constructor'), named: () => new Named('oh'), foreign: () => new Foreign('oh'), throwing: () => new Throwing(),
      huge: () => Object.assign(new Error('x'.repeat(1e6)), { stack: 'Error\\n' + '    at f (file:///odd.mjs:1:2)\\n'.repeat(1e5) }),
      lines: () => new Error('one\\ntwo\\r\\nthree'), controls: () => new Error('\\u001b[31mred\\u202e'), lone: () => new Error('\\ud800'),
      list: () => Object.assign(new Error('oh'), { code: 'MODULE_NOT_FOUND', requireStack: new Proxy([], traps) }),
      wrong: () => Object.assign(new Error('oh'), { name: 1, message: {}, stack: [], code: Symbol() }), none: () => { const error = new Error('oh'); delete error.stack; delete error.message; return error },
      dom: () => new DOMException('oh', 'AbortError'), foreignRealm: () => require('node:vm').runInNewContext('new TypeError("oh")'),
    }
    const describe = () => {
      const found = {}
      for (const [name, make] of Object.entries(made)) {
        const error = make()
        // V8 itself asks for name and message, when somebody asks for a stack the first time.
        if (name === 'named' || name === 'foreign') try { error.stack } catch {}
        ran.length = 0
        found[name] = describeError(error, { url: 'file:///no/such/module.mjs', files: [] })
        all.push(...ran)
        addPlace(error, { ...found[name], file: '/a.mjs', line: 1, column: 1 })
        found[name].types = Object.fromEntries(Object.entries(found[name]).map(([key, value]) => [key, typeof value]))
      }
      return { found, ran: [...all, ...ran] }
    }
    import { createRequire } from 'node:module'
    const require = createRequire(import.meta.url)
    serve({ describe })
  `
  const app = await startApp(t, { files: { 'main.mjs': odd } })
  const { found, ran } = await app.ask('describe')
  assert.deepEqual(ran, [])
  for (const [name, { types, file, line, message }] of Object.entries(found)) {
    assert.equal(types.name, 'string', name)
    assert.equal(types.message, 'string', name)
    assert.ok(message.length <= 4001, name)
    const isOfStack = ['like', 'huge'].includes(name)
    const isOfApp = line !== undefined
    assert.ok(isOfApp ? isOfStack || file === app.file('main.mjs') : file === '/no/such/module.mjs', `${name}: ${file}:${line}`)
  }
  const said = Object.fromEntries(Object.entries(found).map(([name, { name: type, message }]) => [name, `${type}: ${message}`]))
  assert.equal(said.text, 'Error: oh')
  assert.equal(said.like, 'Like: an error')
  assert.equal(said.foreignRealm, 'TypeError: oh')
  assert.equal(said.dom, 'AbortError: oh')
  assert.equal(said.lines, 'Error: one\ntwo\r\nthree')
})

test('the place is added where there is none, once, and Node tells it as it is', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': placesMain, 'a.mjs': '\nimport.meta.url; let = 1', 'b.mjs': '\nthrow new Error("oh")' } })
  const { stack, before, again, line, column } = await app.ask('attempt', './a.mjs', [])
  assert.doesNotMatch(before, /a\.mjs/)
  assert.equal(again, false)
  assert.equal(stack.split('\n')[1], `    at ${pathToFileURL(app.file('a.mjs')).href}:${line}:${column}`)
  assert.equal(stack.split('\n').filter((_, at) => at !== 1).join('\n'), before)
  const thrown = await app.ask('attempt', './b.mjs', [])
  assert.equal(thrown.stack, thrown.before)
})

test('without an inspector there is the file that has changed', async (t) => {
  const before = [process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission', '--allow-fs-read=*', '--allow-fs-write=*', ...(process.allowedNodeEnvironmentFlags.has('--allow-addons') ? ['--allow-addons', '--allow-worker'] : ['--allow-addons', '--allow-worker'])]
  const app = await startApp(t, { before, files: { 'main.mjs': placesMain, 'a.mjs': "import './b.mjs'", 'b.mjs': 'return', 'c.mjs': "\nimport { x } from './d.mjs'", 'd.mjs': '' } })
  const { file, line } = await app.ask('attempt', './a.mjs', [app.file('b.mjs')])
  assert.deepEqual({ file, line }, { file: app.file('b.mjs'), line: undefined })
  const link = await app.ask('attempt', './c.mjs', [])
  assert.deepEqual([link.file, link.line, link.column], [app.file('c.mjs'), 2, 10])
})

test('an error of what is no more has no frame: the file has another text', async (t) => {
  const first = "import.meta.hot?.dispose(() => 0); export const fail = () => { throw new Error('oh') }"
  const main = `
    import { describeError } from '${pathToFileURL(PACKAGE).href}/lib/runtime/error-place.mjs'
    const old = await import('./a.mjs', ${HOT})
    const fail = (files, from = old) => { try { from.fail() } catch (error) { return describeError(error, { files }) } }
    serve({ fail, again: async (files) => fail(files, await import('./a.mjs', ${HOT})) })
  `
  const app = await startApp(t, { files: { 'main.mjs': main, 'a.mjs': first } })
  const file = app.file('a.mjs')
  const column = first.indexOf('new Error') + 1
  const { frame, ...rest } = await app.ask('fail', [file])
  assert.deepEqual(rest, { name: 'Error', message: 'oh', file, line: 1, column })
  assert.match(frame, /new Error/)
  app.save('a.mjs', `/* longer */ ${first}`)
  const { frame: newFrame, ...again } = await app.ask('again', [file])
  assert.deepEqual(again, { name: 'Error', message: 'oh', file, line: 1, column: column + '/* longer */ '.length })
  assert.match(newFrame, /new Error/)
  assert.deepEqual(await app.ask('fail', [file]), rest)
})

test('a module that waits for handlers has its place, too', async (t) => {
  const main = `
    import { describeError } from '${pathToFileURL(PACKAGE).href}/lib/runtime/error-place.mjs'
    const load = () => Promise.all(['./a.mjs', './b.mjs'].map((path) => import(path, ${HOT}))).then(() => undefined, (error) => [describeError(error, {}), error.stack])
    await load()
    serve({ load })
  `
  const a = "import.meta.hot.dispose(() => new Promise((resolve) => setTimeout(resolve, 20)))"
  const app = await startApp(t, { files: { 'main.mjs': main, 'a.mjs': a, 'b.mjs': '' } })
  app.save('a.mjs', `${a}; throw new Error('oh')`)
  app.save('b.mjs', 'await 1')
  const [{ line, column }, stack] = await app.ask('load')
  assert.deepEqual([line, column], [1, a.length + '; throw '.length + 1], stack)
})

test('an inline source map of another loader tells the place, whether Node looks at it or not', async (t) => {
  // A source stands one line further down, and its first line further to the right.
  const loader = `
    import { readFileSync } from 'node:fs'
    import { fileURLToPath } from 'node:url'
    export const load = async (url, context, next) => {
      if (!url.includes('.up')) return next(url, context)
      const map = { version: 3, sources: [url], names: [], mappings: ';IAAA' + ';AACA'.repeat(9) }
      const data = Buffer.from(JSON.stringify(map)).toString('base64')
      const source = '\\n    ' + readFileSync(fileURLToPath(url.replace(/[?].*/, '')), 'utf8') + '\\n//# sourceMappingURL=data:application/json;base64,' + data
      return { format: 'module', shortCircuit: true, source }
    }
  `
  const register = "import { register } from 'node:module'; register('./loader.mjs', import.meta.url)"
  for (const before of [[], ['--enable-source-maps']]) {
    const app = await startApp(t, {
      before: [...before, '--no-deprecation', '--import=./register.mjs'],
      files: { 'main.mjs': placesMain, 'loader.mjs': loader, 'register.mjs': register, 'a.up': 'throw new Error("oh")', 'b.up': '\n  throw new Error("oh")' },
    })
    const first = await app.ask('attempt', './a.up', [])
    assert.deepEqual([first.file, first.line, first.column], [app.file('a.up'), 1, 1], JSON.stringify(first))
    const second = await app.ask('attempt', './b.up', [])
    assert.deepEqual([second.file, second.line], [app.file('b.up'), 2], JSON.stringify(second))
  }
})
