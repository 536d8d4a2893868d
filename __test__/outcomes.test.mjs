/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
/** What became of a save: known at once, without a request, and said with its place. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import test from 'node:test'
import { createFolder, HOT, nodeIs, said, startApp } from './support/app.mjs'
import { install } from './support/runs.mjs'

const get = `import { hot } from 'hot-hook'
  const log = []
  hot.on('hot:outcome', ({ outcome, mended }) => log.push(mended ? [outcome, ...mended] : outcome))
  hot.on('hot:error', ({ path, phase }) => log.push(phase + ' ' + path))
  serve({
    get: async (file) => (await import(file, ${HOT})).value,
    outcomes: () => hot.outcomes(),
    log: () => log.splice(0),
  })`
const value = (n) => `export const value = ${n}`

/** Waits until the last outcome is one that `expected` describes. @param {any} app @param {(outcome: any) => boolean} expected */
const outcome = (app, expected) => app.expect('outcomes', (all) => all.length > 0 && expected(all.at(-1)))

test('what a person sees, without a request', async (t) => {
  const list = (text) => `export const list = () => {\n  return [${text}\n}\n`
  const app = await startApp(t, {
    files: { 'main.mjs': get, 'routes.mjs': `import { list } from './services/users.mjs'; export const value = list()`, 'services/users.mjs': list(']') },
  })
  await app.ask('get', './routes.mjs')
  await app.ask('get', './services/users.mjs')
  app.save('services/users.mjs', list(';'))
  await app.until('it is said', () => app.output.stderr.includes('mended'))
  assert.equal(app.output.stderr, [
    `✗ services/users.mjs:2:11 SyntaxError: Unexpected token ';'`,
    '    1 | export const list = () => {',
    '  > 2 |   return [;',
    '      |           ^',
    '  imports of it fail until it is mended',
    '',
  ].join('\n'))
  app.save('services/users.mjs', list('2]'))
  await app.until('it is said', () => app.output.stderr.includes('✓'))
  assert.ok(app.output.stderr.endsWith('✓ services/users.mjs is mended (and 1 module that imports it)\n'), app.output.stderr)
  assert.deepEqual(await app.ask('get', './routes.mjs'), [2])
})

const importer = (from, attributes = '') => `import users from './services/${from}'${attributes}; export const value = users.value`

/** The same in every language: what is saved, and what is said of it. @type {Record<string, { flags?: string[], install?: string[], skip?: string | false, file: string, importer: string, text: (value: string) => string, said: string[] }>} */
const languages = {
  CommonJS: {
    file: 'services/users.cjs', importer: importer('users.cjs'), text: (value) => `exports.value = [\n  ${value}\n]\n`,
    said: [`✗ services/users.cjs:2:3 SyntaxError: Unexpected token ';'`, '    1 | exports.value = [', '  > 2 |   ;', '      |   ^'],
  },
  JSON: {
    file: 'services/users.json', importer: importer('users.json', ` with { type: 'json' }`), text: (value) => `{\n  "value": [${value}]\n}\n`,
    said: [/^✗ services\/users\.json:2:13 SyntaxError: .*Unexpected token/, '    1 | {', '  > 2 |   "value": [;]', '      |             ^'],
  },
  'TypeScript of Node': {
    flags: ['--disable-warning=ExperimentalWarning'], skip: !nodeIs(22, 18) && 'Node strips types since 22.18',
    file: 'services/users.ts', importer: importer('users.ts'), text: (value) => `interface User {}\nconst all: User[] = [${value}]\nexport default { value: all }\n`,
    said: [/^✗ services\/users\.ts:2:22 SyntaxError: /, '    1 | interface User {}', '  > 2 | const all: User[] = [;]', '      |                      ^'],
  },
  tsx: {
    flags: ['--import=tsx'], install: ['tsx'],
    file: 'services/users.ts', importer: importer('users.ts'), text: (value) => `interface User {}\nconst all: User[] = [${value}]\nexport default { value: all }\n`,
    said: [`✗ services/users.ts:2:22 TransformError: Unexpected ";"`, '    1 | interface User {}', '  > 2 | const all: User[] = [;]', '      |                      ^'],
  },
}

for (const [name, { flags = [], install: packages = [], skip = false, file, importer: routes, text, said: lines }] of Object.entries(languages)) {
  test(`what a person sees, without a request: ${name}`, { skip }, async (t) => {
    const options = { before: flags, files: { 'main.mjs': get, 'routes.mjs': routes, [file]: text('1') } }
    const folder = createFolder(t, options)
    install(folder, ...packages)
    const app = await startApp(t, { ...options, folder })
    assert.deepEqual(await app.ask('get', './routes.mjs'), [1])
    for (const n of [2, 3]) {
      const before = app.output.stderr.length
      app.save(file, text(';'))
      await app.until('it is said', () => app.output.stderr.slice(before).includes('until it is mended\n'))
      const all = app.output.stderr.slice(before).split('\n')
      for (const [at, line] of lines.entries()) {
        if (line instanceof RegExp) assert.match(all[at], line)
        else assert.equal(all[at], line)
      }
      assert.deepEqual(all.slice(lines.length), ['  imports of it fail until it is mended', ''], app.known())
      app.save(file, text(String(n)))
      await app.until('it is said', () => app.output.stderr.endsWith(`✓ ${file} is mended (and 1 module that imports it)\n`))
      assert.deepEqual(await app.ask('get', './routes.mjs'), [n])
    }
  })
}

test('every outcome, and its fields', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': `import './cold.mjs'; ${get}`, 'cold.mjs': value(0), 'b.mjs': `export { value } from './c.mjs'`, 'c.mjs': value(1) },
  })
  assert.equal(await app.ask('get', './b.mjs'), 1)
  app.save('c.mjs', value(2))
  await outcome(app, (it) => it.outcome === 'applied')
  app.save('c.mjs', 'export const other = 1')
  await outcome(app, (it) => it.outcome === 'failed')
  app.save('c.mjs', value(3))
  await outcome(app, (it) => it.outcome === 'applied' && it.mended)
  app.save('c.mjs', value(3))
  await outcome(app, (it) => it.outcome === 'unchanged')
  app.save('cold.mjs', value(1))
  await outcome(app, (it) => it.outcome === 'restart-needed')
  const all = await app.ask('outcomes')
  assert.deepEqual(all.map((it) => it.outcome), ['applied', 'failed', 'applied', 'unchanged', 'restart-needed'])
  assert.equal(new Set(all.map((it) => it.id)).size, 5)
  const [applied, failed, mended, unchanged, cold] = all
  const paths = ['c.mjs', 'b.mjs'].map(app.file)
  assert.deepEqual([applied.files, applied.modules, applied.boundaries, applied.pending], [[app.file('c.mjs')], paths, [app.file('b.mjs')], []])
  assert.ok(applied.ms >= 0 && applied.time > 1e12)
  assert.equal(failed.errors.length, 1)
  const [{ phase, name, file, line, column, frame }] = failed.errors
  assert.deepEqual([phase, name, file, line, column], ['link', 'SyntaxError', app.file('b.mjs'), 1, 10])
  assert.match(frame, /> 1 \| export \{ value \}/)
  assert.deepEqual(mended.mended, [app.file('b.mjs')])
  assert.deepEqual([unchanged.files, unchanged.modules], [[app.file('c.mjs')], []])
  assert.match(cold.reason, /cold\.mjs changed/)
  assert.deepEqual(cold.chain.map((step) => step.kind), ['root', 'static'])
  const file2 = app.file('b.mjs')
  assert.deepEqual(await app.ask('log'), ['applied', `link ${file2}`, 'failed', ['applied', file2], 'unchanged', 'restart-needed'])
})

test('an import that throws makes the outcome failed; the next one that does not says that it is mended', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': get, 'b.mjs': `export { value } from './c.mjs'`, 'c.mjs': value(1) } })
  await app.ask('get', './b.mjs')
  app.save('c.mjs', `throw new RangeError('oops')\n${value(2)}`)
  await outcome(app, (it) => it.outcome === 'applied')
  assert.equal((await app.askError('get', './b.mjs')).message, 'oops')
  const [{ errors }] = await outcome(app, (it) => it.outcome === 'failed')
  assert.deepEqual(errors.map(({ phase, file, line, column }) => [phase, file, line, column]), [['evaluate', app.file('c.mjs'), 1, 7]])
  assert.equal((await app.askError('get', './b.mjs')).message, 'oops')
  app.save('c.mjs', value(3))
  await outcome(app, (it) => it.outcome === 'applied')
  assert.equal(app.output.stderr.match(/✗/g)?.length, 1, app.output.stderr)
  assert.equal(await app.ask('get', './b.mjs'), 3)
  await app.until('it is mended', () => app.output.stderr.includes('✓ c.mjs is mended'))
})

test('a module with handlers that throws again is no mend', async (t) => {
  const throwing = (n) => `import.meta.hot?.dispose(() => {})\nthrow new RangeError('oops') // ${n}`
  const app = await startApp(t, { files: { 'main.mjs': get, 'b.mjs': value(1) } })
  await app.ask('get', './b.mjs')
  for (let n = 1; n <= 3; n++) {
    app.save('b.mjs', throwing(n))
    assert.equal((await app.askError('get', './b.mjs')).message, 'oops')
    const all = await outcome(app, (it) => it.outcome === 'failed')
    assert.deepEqual(all.flatMap(({ mended = [] }) => mended), [], app.known())
  }
  assert.doesNotMatch(app.output.stderr, /✓/)
  assert.equal(app.output.stderr.match(/✗/g)?.length, 1, app.known())
})

test('CommonJS that a handler of somebody translates, or that runs as an ES module, is not said to be broken', async (t) => {
  const app = await startApp(t, {
    before: ['--no-warnings', '--require', './translate.cjs'],
    files: {
      'translate.cjs': `const { extensions } = { extensions: require('node:module')._extensions }
        const fs = require('node:fs')
        extensions['.cjs'] = extensions['.js'] = (module, file) => module._compile(fs.readFileSync(file, 'utf8').replaceAll('<one/>', '1'), file)`,
      'main.mjs': get,
      'b.mjs': `import c from './c.cjs'; export const { value } = c`,
      'c.cjs': 'exports.value = require("./d.cjs").value',
      'd.cjs': 'exports.value = 0',
    },
  })
  assert.equal(await app.ask('get', './b.mjs'), 0)
  app.save('d.cjs', 'exports.value = <one/>')
  await outcome(app, (it) => it.outcome === 'applied')
  assert.equal(await app.ask('get', './b.mjs'), 1)
  assert.equal(said(app), '')
})

for (const [name, broken, fixed, line] of [
  ['c.cjs', 'exports.value = = 1', 'exports.value = 2', '1:17'],
  ['c.json', '{ "value": 1', '{ "value": 2 }', undefined],
]) {
  test(`what is required: ${name}`, async (t) => {
    const app = await startApp(t, {
      before: ['--no-warnings'],
      files: { 'main.mjs': get, 'b.mjs': `import c from './b.cjs'; export const { value } = c`, 'b.cjs': `module.exports = require('./${name}')`, [name]: fixed.replace('2', '1') },
    })
    assert.equal(await app.ask('get', './b.mjs'), 1)
    app.save(name, broken)
    const all = await outcome(app, (it) => it.outcome === 'failed')
    assert.equal(all.at(-1).errors[0].file, app.file(name))
    if (line) assert.equal(`${all.at(-1).errors[0].line}:${all.at(-1).errors[0].column}`, line)
    app.save(name, fixed)
    await outcome(app, (it) => it.outcome === 'applied' && it.mended?.[0] === app.file(name))
    assert.equal(await app.ask('get', './b.mjs'), 2)
  })
}

test('check: false links nothing', async (t) => {
  const app = await startApp(t, { hotHook: { check: false }, files: { 'main.mjs': get, 'b.mjs': value(1) } })
  await app.ask('get', './b.mjs')
  app.save('b.mjs', 'export const = 1')
  const all = await outcome(app, (it) => it.outcome === 'applied')
  assert.deepEqual(all.at(-1).pending, [app.file('b.mjs')])
  assert.equal(app.output.stderr, '')
  assert.equal((await app.askError('get', './b.mjs')).name, 'SyntaxError')
  await outcome(app, (it) => it.outcome === 'failed')
})

test('what is linked ahead does not run, and is what the next import runs', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': get, 'b.mjs': value(1) } })
  await app.ask('get', './b.mjs')
  app.save('b.mjs', `console.log('runs'); ${value(2)}`)
  const all = await outcome(app, (it) => it.outcome === 'applied' && it.pending.length === 0)
  assert.deepEqual([all.length, app.output.stdout], [1, ''])
  assert.equal(await app.ask('get', './b.mjs'), 2)
  await app.until('it has run', () => app.output.stdout === 'runs\n')
})

test('a check keeps no process alive', async (t) => {
  const app = await startApp(t, {
    ipc: false,
    wait: false,
    files: {
      'main.mjs': `import fs from 'node:fs'
        const save = () => {
          fs.writeFileSync(new URL('./b.mjs', import.meta.url), "console.log('runs', import.meta.url.split('/').at(-1))")
          setTimeout(() => {}, 300)
        }
        setImmediate(() => import('./b.mjs', ${HOT}).then(save))`,
      'b.mjs': `console.log('runs')`,
    },
  })
  await app.until('it ends', () => app.known().includes('exit: { code: 0') || app.known().includes('code: 0'))
  assert.equal(app.output.stdout, 'runs\n')
  assert.equal(app.output.stderr, '')
})

test('a boundary that is deleted, and comes back', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': get, 'b.mjs': value(1) } })
  await app.ask('get', './b.mjs')
  fs.rmSync(app.file('b.mjs'))
  const all = await outcome(app, (it) => it.outcome === 'applied')
  assert.deepEqual(all.at(-1).pending, [app.file('b.mjs')])
  app.save('b.mjs', value(2))
  await outcome(app, (it) => it.outcome === 'applied')
  assert.equal(await app.ask('get', './b.mjs'), 2)
  assert.equal(said(app), '')
})
