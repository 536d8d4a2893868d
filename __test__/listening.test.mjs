/* What a server that begins to listen shows: who stays, and what the exports are that it imports. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { startApp } from './support/app.mjs'

/** A server that is told by `serve` when it listens. @param {string} imports @param {string} [first] what its body does before */
const server = (imports, first = '') => `import { createServer } from 'node:http'
  import { hot } from 'hot-hook'
  ${imports}
  ${first}
  const server = createServer(app).listen(0, '127.0.0.1', () => serve({ explain: (file) => hot.explain(file), evaluated: () => globalThis.evaluated, close: () => server.close() }))`

const APP = `import { list } from './list.mjs'; globalThis.evaluated = (globalThis.evaluated ?? 0) + 1; export const app = (request, response) => response.end(list())`
const LIST = `export const list = () => 'one'`

test('the module that listens stays, wherever it is: the cut is below it', async (t) => {
  const files = { 'main.mjs': `import './server.mjs'`, 'server.mjs': server(`import { app } from './app.mjs'`), 'app.mjs': APP, 'list.mjs': LIST }
  const app = await startApp(t, { files })
  const { hint } = await app.expect('explain', ({ hint }) => hint?.includes('handler'), app.file('list.mjs'))
  assert.match(hint, /^app\.mjs is imported statically by server\.mjs:3: [^]*\n {2}const app = handler\(\(\) => import\('\.\/app\.mjs', import\.meta\.hot\?\.boundary\), 'app'\)\n/)
  assert.equal((await app.ask('explain', app.file('server.mjs'))).hint, undefined)
  assert.equal(await app.ask('evaluated'), 1)
})

test('what only holds data has no hint: its exports are looked at, and no getter is called', async (t) => {
  const files = {
    'main.mjs': server(`import { app } from './app.mjs'; import config, { port } from './config.mjs'; import { services } from './services.mjs'; void [config, port, services]`),
    'app.mjs': APP,
    'list.mjs': LIST,
    // By its text it may export functions.
    'config.mjs': `const number = (text) => Number(text); export const port = number('0'); export default { port, hosts: ['a', 'b'], since: new Date(0) }`,
    'services.mjs': `export const services = { get users() { globalThis.evaluated = 'a getter' } }`,
  }
  const app = await startApp(t, { files })
  await app.expect('explain', ({ hint }) => hint === undefined, app.file('config.mjs'))
  await app.expect('explain', ({ hint }) => hint === undefined, app.file('services.mjs'))
  assert.equal(await app.ask('evaluated'), 1)
})

test('a router of CommonJS, and a function: what each of several names is written with', async (t) => {
  const files = {
    'main.mjs': server(`import { createRequire } from 'node:module'; const { app } = await import('./app.cjs')`),
    'app.cjs': `exports.app = Object.assign((request, response) => response.end('one'), { handle() {} })`,
  }
  const app = await startApp(t, { files })
  const { hint } = await app.expect('explain', ({ hint }) => hint?.includes('handler'), app.file('app.cjs'))
  assert.match(hint, /^imported by main\.mjs:3 while that starts, once: [^]*\n {2}const app = handler\(\(\) => import\('\.\/app\.cjs', import\.meta\.hot\?\.boundary\), 'app'\)\n/)
})

const frozen = {
  '--frozen-intrinsics': { flags: ['--no-warnings', '--frozen-intrinsics'], first: '' },
  'Error is frozen': { flags: [], first: 'Object.freeze(Error)' },
  'there is no Error': { flags: [], first: 'globalThis.Error = undefined' },
  'Error.captureStackTrace throws': { flags: [], first: `Error.captureStackTrace = () => { throw 'no' }` },
}
for (const [name, { flags, first }] of Object.entries(frozen)) {
  test(`a server listens where it cannot be told who calls: ${name}`, async (t) => {
    const main = server(`const app = async (request, response) => response.end((await import('./list.mjs', { with: { hot: 'true' } })).list())`, first).replace('serve({', 'serve({ port: () => server.address().port,')
    const app = await startApp(t, { before: flags, files: { 'main.mjs': main, 'list.mjs': LIST } })
    const url = `http://127.0.0.1:${await app.ask('port')}`
    const read = async () => (await fetch(url)).text()
    assert.equal(await read(), 'one')
    app.save('list.mjs', LIST.replace('one', 'two'))
    assert.equal(await read(), 'two')
    assert.equal(app.output.stderr, '')
  })
}
