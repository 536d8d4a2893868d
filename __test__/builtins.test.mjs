/**
 * An app may replace what JavaScript and Node give it by something that throws. Where plain Node lives on, it does so
 * under hot-hook: imports go through, and what failed is told once.
 */
/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import test from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { HOT, nodeIs, startApp } from './support/app.mjs'

const BROKEN = `() => { throw new Error('broken') }`
const b = (n) => `import './below.mjs'
  import.meta.hot?.dispose(() => {}); import.meta.hot?.prune(() => {}); import.meta.hot?.accept('./below.mjs', () => {})
  import.meta.hot?.on('hot:afterUpdate', () => {}); if (import.meta.hot) import.meta.hot.data.n = ${n}
  export const value = ${n}`
const own = (n) => `import.meta.hot?.accept(); export const value = ${n}`

/** It has all that it needs before the replacement, and saves its modules itself. @param {string} replacement */
const main = (replacement) => `
  import fs from 'node:fs'
  import { createRequire } from 'node:module'
  import { fileURLToPath } from 'node:url'
  const require = createRequire(import.meta.url)
  const { writeFileSync, writeSync } = fs
  const { setTimeout } = globalThis
  const files = ['./b.mjs', './own.mjs'].map((name) => fileURLToPath(new URL(name, import.meta.url)))
  const say = (text) => writeSync(1, text + '\\n')
  const turn = () => ({ then: (resolve) => setTimeout(resolve, 20) })
  const first = (await import('./b.mjs', ${HOT})).value + (await import('./own.mjs')).value
  ${replacement}
  try {
    const others = [(await import('./other.mjs')).value, require('./common.cjs')]
    say('first ' + first + ' ' + others[0] + ' ' + others[1])
    const texts = ${JSON.stringify([2, 3].map((n) => [b(n), own(n)]))}
    for (let at = 0; at < 2; at++) {
      writeFileSync(files[0], texts[at][0])
      writeFileSync(files[1], texts[at][1])
      const { value } = await import('./b.mjs', ${HOT})
      if (value !== 1 && value !== at + 2) say('value ' + value)
      delete require.cache[require.resolve('./common.cjs')]
      if (require('./common.cjs') !== 'common') say('not common')
      await turn()
    }
    say('done')
  } catch (error) {
    say('' + error?.stack)
  }
`
const FILES = {
  'b.mjs': b(1),
  'own.mjs': own(1),
  'below.mjs': '',
  'other.mjs': 'import.meta.hot?.dispose(() => {}); export const value = "other"',
  'common.cjs': 'module.exports = "common"',
}

const METHODS = {
  'Map.prototype': ['get', 'set', 'has', 'delete'],
  'Set.prototype': ['has', 'add'],
  'WeakMap.prototype': ['get', 'has'],
  'Array.prototype': ['includes', 'map', 'filter', 'flatMap', 'forEach', 'some', 'push', 'splice'],
  'String.prototype': ['includes', 'startsWith', 'split', 'slice'],
  'RegExp.prototype': ['exec', 'test'],
  'Promise.prototype': ['catch', 'finally'],
  Promise: ['all', 'race', 'resolve'],
  Object: ['keys', 'values', 'entries', 'assign', 'fromEntries'],
  JSON: ['parse', 'stringify'],
  Reflect: ['apply'],
  Date: ['now'],
  // Node 20 itself dies without `apply`.
  'Function.prototype': nodeIs(22) ? ['call', 'apply'] : ['call'],
}
const GLOBALS = ['Promise', 'Map', 'Set', 'Array', 'Object', 'JSON', 'Reflect', 'URL', 'Buffer', 'process', 'queueMicrotask', 'setTimeout', 'setImmediate', 'AbortController']

const replacements = new Map([
  ...Object.entries(METHODS).map(([owner, names]) => /** @type {const} */ ([owner, names.map((name) => [`${owner}.${name}`, `${owner}.${name} = ${BROKEN}`])])),
  ['iterators', [
    ['of arrays', `Array.prototype[Symbol.iterator] = ${BROKEN}`],
    ['of maps', `Map.prototype[Symbol.iterator] = ${BROKEN}`],
    ['step', `Object.getPrototypeOf([][Symbol.iterator]()).next = ${BROKEN}`],
  ]],
  ['globals', GLOBALS.map((name) => [name, `globalThis.${name} = undefined`])],
])

for (const [group, list] of replacements) {
  test(`what is replaced by something that throws ends no app: ${group}`, async (t) => {
    for (const [name, replacement] of list) {
      const app = await startApp(t, { ipc: false, files: { ...FILES, 'main.mjs': main(replacement) } })
      const exit = await app.exit()
      assert.deepEqual([name, exit, app.output.stdout], [name, { code: 0, signal: null }, 'first 2 other common\ndone\n'], app.known())
      const told = app.output.stderr.match(/^hot-hook: internal error \(.*\); the app goes on without hot reload$/gm) ?? []
      assert.ok(told.length <= 1, app.known())
      // What is told besides is that a change needs a restart, and the hint for it, with code.
      const lines = app.output.stderr.split('\n').filter(Boolean)
      const isOfRestart = (/** @type {string} */ line) => ['hot-hook: restart needed: ', 'hot-hook: hint: ', '  import('].some((start) => line.startsWith(start))
      assert.ok(lines.every((line) => line === told[0] || isOfRestart(line)), app.known())
    }
  })
}

const ENDED = { exit: { code: 0, signal: null }, stdout: 'first 2 other common\ndone\n' }

/** Whether an app has run to its end. @param {Awaited<ReturnType<typeof startApp>>} app */
const hasEnded = async (app) => isDeepStrictEqual({ exit: await app.exit(), stdout: app.output.stdout }, ENDED)

for (const [group, list] of replacements) {
  test(`what was replaced before hot-hook starts ends no app that plain Node runs: ${group}`, async (t) => {
    const check = async ([name, replacement]) => {
      const files = { ...FILES, 'main.mjs': main('').replaceAll(`, ${HOT}`, ''), 'before.cjs': replacement }
      const options = { ipc: false, hotHook: { boundaries: ['./b.mjs'] }, files, before: ['--require', './before.cjs'] }
      const app = await startApp(t, options)
      if (!(await hasEnded(app))) {
        const plain = await startApp(t, { ...options, register: false })
        return assert.equal(await hasEnded(plain), false, `${name}: plain Node runs it to its end\n${app.known()}`)
      }
      const lines = app.output.stderr.split('\n').filter(Boolean)
      const told = lines.filter((line) => line.endsWith('; the app goes on without hot reload'))
      assert.ok(told.length <= 1 && lines.every((line) => line === told[0] || line.startsWith('hot-hook: restart needed: ')), app.known())
    }
    for (let at = 0; at < list.length; at += 3) await Promise.all(list.slice(at, at + 3).map(check))
  })
}

test('a `process.send` that throws: the parent is told all the same', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './cold.mjs'
        const { send } = process
        process.send = (message, ...rest) => {
          if (message.type?.startsWith('hot-hook:')) throw new Error('not now')
          return send.call(process, message, ...rest)
        }
        serve({ get: async () => (await import('./b.mjs', ${HOT})).value })`,
      'cold.mjs': '',
      'b.mjs': 'export const value = 1',
    },
  })
  await app.expect('get', 1)
  for (const n of [2, 3]) {
    app.save('b.mjs', `export const value = ${n}`)
    await app.expect('get', n)
  }
  app.save('cold.mjs', '// 2')
  await app.message('full-reload')
  assert.equal(app.told('invalidated').length, 2, app.known())
  assert.equal(app.output.stderr, '')
})

test('a stack that overflows in us overflows in the app, and hot reload goes on', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { createRequire } from 'node:module'
        const require = createRequire(import.meta.url)
        const { deep } = require('./deep.cjs')
        serve({ get: async () => (await import('./b.mjs', ${HOT})).value, deep })`,
      'deep.cjs': `exports.deep = () => {
          const down = () => { module.require('./below.cjs'); down() }
          try { down() } catch (error) { return [error.name, error.message] }
        }`,
      'below.cjs': '',
      'b.mjs': 'export const value = 1',
    },
  })
  await app.expect('get', 1)
  for (const n of [2, 3]) {
    assert.deepEqual(await app.ask('deep'), ['RangeError', 'Maximum call stack size exceeded'])
    app.save('b.mjs', `export const value = ${n}`)
    await app.expect('get', n)
  }
  assert.equal(app.output.stderr, '')
})

test('what loaders throw, and what a user does wrong, is what it was, and no failure', async (t) => {
  const app = await startApp(t, {
    hotHook: { boundaries: ['./b.mjs'], throwWhenBoundariesAreNotDynamicallyImported: true },
    files: {
      'loader.mjs': `import { registerHooks } from 'node:module'
        registerHooks?.({ resolve(specifier, context, next) { if (specifier === 'odd:') throw 'odd'; return next(specifier, context) } })`,
      'main.mjs': `${process.versions.node.startsWith('20') ? '' : `await import('./loader.mjs')`}
        const error = async (specifier) => { try { return [await import(specifier)] } catch (error) { return [String(error?.code ?? error)] } }
        const wrong = [() => import.meta.hot.accept(1), () => import.meta.hot.accept('./none.mjs'), () => import.meta.hot.watch('file://%zz'), () => import.meta.hot.on('nothing', () => {})]
        serve({
          get: async () => (await import('./b.mjs')).value,
          errors: async () => (await Promise.all(['./none.mjs', './static.mjs', './syntax.mjs', 'odd:'].map(error))).flat(),
          wrong: () => wrong.map((call) => { try { call(); return 'nothing' } catch (error) { return error.name } }),
        })`,
      'static.mjs': `import './b.mjs'`,
      'syntax.mjs': 'const',
      'b.mjs': 'export const value = 1',
    },
  })
  await app.expect('get', 1)
  for (const n of [2, 3]) {
    const [missing, isStatic, syntax] = await app.ask('errors')
    assert.deepEqual([missing, isStatic, syntax], ['ERR_MODULE_NOT_FOUND', 'HOT_HOOK_NOT_DYNAMIC', syntax])
    assert.match(syntax, /^SyntaxError/)
    assert.deepEqual(await app.ask('wrong'), ['TypeError', 'Error', 'TypeError', 'TypeError'])
    app.save('b.mjs', `export const value = ${n}`)
    await app.expect('get', n)
  }
  assert.equal(app.output.stderr, '')
})
