// Pins the table of src/glob.rs to picomatch, whose rules hot-hook 1.0 followed. Rows marked
// `differs` must really differ: a row that no longer does is an error here.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import picomatch from 'picomatch'

const table = readFileSync(new URL('../src/glob/cases.tsv', import.meta.url), 'utf8')

/** What hot-hook 1.0 did to a pattern. */
const resolve = (pattern) =>
  pattern.startsWith('**') ? pattern : path.posix.resolve('/project', pattern)

for (const row of table.trimEnd().split('\n')) {
  const [patterns, file, expected, differs] = row.split('\t')
  test(`${patterns} ${expected === 'true' ? 'matches' : 'does not match'} ${file}`, () => {
    assert.ok(differs === undefined || /^differs: ./.test(differs), row)
    const isMatch = picomatch(patterns.split(';;').map(resolve), { dot: true, posixSlashes: true })
    assert.equal(isMatch(file), differs ? expected !== 'true' : expected === 'true', differs)
  })
}
