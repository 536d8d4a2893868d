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

test('what takes two columns counts as two; a word that is longer than a line stays whole', () => {
  const told = chain(['main.mjs', '設定/データベース設定ファイル.mjs', `${'x'.repeat(100)}.mjs`])
  const lines = toLines(told, how(60))
  assert.ok(lines.some((line) => line.trim() === `${'x'.repeat(100)}.mjs`))
  assert.ok(lines.some((line) => line.includes('設定/データベース設定ファイル.mjs')))
})
