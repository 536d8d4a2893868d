/* The texts that the runner prints. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { createPaint, toLines } from '../report.mjs'

const how = (columns, isColoured = false) => ({ level: /** @type {const} */ ('normal'), cwd: '/app', script: 'main.mjs', paint: createPaint(isColoured), columns })
const chain = (names) => ({ event: 'restart', cause: 'change', path: '/app/x', reason: { text: `${names.at(-1)} changed, which no boundary makes hot: ${names.join(' ─static→ ')}` } })

test('a long chain is broken between words, for terminals alone', () => {
  const told = chain(['main.mjs', 'services/users/index.mjs', 'services/users/repository.mjs', 'config/database.mjs'])
  assert.deepEqual(toLines(told, how(undefined)).length, 1)
  const lines = toLines(told, how(60))
  assert.deepEqual(lines, [
    'hot-runner restart: config/database.mjs changed, which no',
    '           boundary makes hot: main.mjs ─static→',
    '           services/users/index.mjs ─static→',
    '           services/users/repository.mjs ─static→',
    '           config/database.mjs',
  ])
  for (const columns of [20, 40, 80, 81, 120, 1000]) {
    const all = toLines(told, how(columns))
    assert.equal(all.map((line) => line.trim()).join(' '), toLines(told, how(undefined))[0])
    assert.ok(all.every((line) => line.length <= columns || !line.trim().includes(' ') || columns === 20), all.join('\n'))
    assert.deepEqual(toLines(told, how(columns, true)).map((line) => stripVTControlCharacters(line)), all)
  }
})

test('the code of a hint stands as it is to be written', () => {
  const hint = `app.js is imported statically by server.js:2: write instead:\n  const app = handler(() => import('./app.js'), 'app')\nIt then runs again \u001b[31m`
  const told = { event: 'restart', cause: 'change', path: '/app/x', reason: { text: 'x changed', hint } }
  assert.deepEqual(toLines(told, how(50)), [
    'hot-runner restart: x changed',
    'hot-runner hint: app.js is imported statically by',
    '           server.js:2: write instead:',
    `  const app = handler(() => import('./app.js'), 'app')`,
    String.raw`It then runs again \u{1b}[31m`,
  ])
})

test('what takes two columns counts as two; a word that is longer than a line stays whole', () => {
  const told = chain(['main.mjs', '設定/データベース設定ファイル.mjs', `${'x'.repeat(100)}.mjs`])
  const lines = toLines(told, how(60))
  assert.ok(lines.some((line) => line.trim() === `${'x'.repeat(100)}.mjs`))
  assert.ok(lines.some((line) => line.includes('設定/データベース設定ファイル.mjs')))
})

test('what became of a save: nothing broken or stale hides under a green line', () => {
  const plain = { level: /** @type {const} */ ('normal'), cwd: '/app', script: 'main.mjs', paint: createPaint(false) }
  const told = { event: 'outcome', outcome: 'applied', files: ['/app/c.mjs'], modules: ['/app/c.mjs', '/app/b.mjs'], boundaries: ['/app/b.mjs'], pending: [] }
  const stale = [{ path: '/app/b.mjs', by: '/app/main.mjs' }]
  const stays = 'hot-runner stale b.mjs: main.mjs took it when it ran; only a restart brings it in'
  const error = { phase: 'link', file: '/app/c.mjs', line: 2, name: 'SyntaxError', message: 'no' }
  assert.deepEqual(toLines({ event: 'invalidated', paths: ['/app/c.mjs', '/app/b.mjs'] }, plain), [])
  assert.deepEqual(toLines(told, plain), ['hot-runner reloads c.mjs (and 1 module that imports it)'])
  assert.deepEqual(toLines({ ...told, text: '✓ c.mjs is mended' }, plain), ['hot-runner reloads c.mjs (and 1 module that imports it)', '✓ c.mjs is mended'])
  assert.deepEqual(toLines({ ...told, again: true, text: '✓ c.mjs is mended' }, plain), ['✓ c.mjs is mended'])
  assert.deepEqual(toLines({ ...told, stale }, plain), [stays])
  assert.deepEqual(toLines({ ...told, stale, boundaries: ['/app/b.mjs', '/app/c.mjs'] }, plain), ['hot-runner reloads c.mjs (and 1 module that imports it)', stays])
  assert.deepEqual(toLines({ ...told, outcome: 'failed', errors: [error], text: '✗ c.mjs:2:1 no' }, plain), ['✗ c.mjs:2:1 no'])
  assert.deepEqual(toLines({ ...told, outcome: 'failed', errors: [error] }, plain), ['hot-runner still broken: c.mjs:2'])
  assert.deepEqual(toLines({ ...told, outcome: 'failed', errors: [{ ...error, phase: 'dispose' }] }, plain), [])
  assert.deepEqual(toLines({ ...told, outcome: 'unchanged', modules: [], boundaries: [] }, plain), [])
})
