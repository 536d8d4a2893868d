/* Shifting of source maps over random maps and texts: any text comes back, and each position means what it meant. */
import assert from 'node:assert/strict'
import { SourceMap } from 'node:module'
import test from 'node:test'
import { shiftSourceMap } from '../lib/hooks/source-maps.mjs'
import { createRandom } from './support/fuzz.mjs'

/** `HOT_HOOK_SEED=7 node --test …` repeats a run. */
const seed = Number(process.env.HOT_HOOK_SEED ?? 1)
const ROUNDS = 400
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const NAME = '//# sourceMappingURL='

/** @param {number} number */
function vlq(number) {
  let rest = number < 0 ? (-number << 1) | 1 : number << 1
  let text = ''
  do {
    text += DIGITS[rest > 31 ? (rest & 31) | 32 : rest & 31]
    rest >>>= 5
  } while (rest > 0)
  return text
}

/** A map, and the places that its segments begin at. @param {(end: number) => number} below */
function createMap(below) {
  /** @type {[line: number, column: number][]} */
  const places = []
  const before = { source: 0, line: 0, column: 0, name: 0 }
  const mappings = Array.from({ length: 1 + below(4) }, (_, line) => {
    let column = 0
    return Array.from({ length: below(4) }, () => {
      const step = below(5) === 0 ? below(100_000) : below(20)
      column += step
      places.push([line, column])
      const kind = below(3)
      if (kind === 0) return vlq(step)
      const now = { source: below(2), line: below(2000), column: below(200), name: below(2) }
      const parts = [step, now.source - before.source, now.line - before.line, now.column - before.column]
      if (kind === 2) parts.push(now.name - before.name)
      Object.assign(before, now, kind === 2 ? {} : { name: before.name })
      return parts.map(vlq).join('')
    }).join(',')
  }).join(';')
  return { map: { version: 3, sources: ['a.ts', 'b.ts'], names: ['x', 'y'], mappings }, places }
}

/** @param {object} map */
const inline = (map) => `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`

/** The map that a text bears. @param {string} text */
const read = (text) => JSON.parse(Buffer.from(text.slice(text.lastIndexOf('base64,') + 7), 'base64').toString())

/** What a map says of a place, but the place where its segment begins. @param {any} map @param {number} line @param {number} column */
function meaning(map, line, column) {
  const { generatedLine: _line, generatedColumn: _column, ...entry } = /** @type {any} */ (new SourceMap(map).findEntry(line, column))
  return entry
}

test('each position of a valid map means what it meant, further to the right', () => {
  const random = createRandom(seed)
  const below = (/** @type {number} */ end) => Math.floor(random() * end)
  let count = 0
  for (let round = 0; round < ROUNDS; round++) {
    const { map, places } = createMap(below)
    const [by, line] = [below(3) === 0 ? below(100_000) : below(200), below(3)]
    const shifted = read(shiftSourceMap(`code\n${NAME}${inline(map)}`, 'file:///m.mjs', by, line))
    for (const [at, column] of places) {
      const moved = column + (at === line ? by : 0)
      assert.deepEqual(meaning(shifted, at, moved), meaning(map, at, column), `seed ${seed}, round ${round}: line ${line} by ${by}, at ${at}:${column} of ${map.mappings}`)
      count++
    }
    assert.deepEqual({ ...shifted, mappings: '' }, { ...map, mappings: '' }, 'nothing else is changed')
  }
  assert.ok(count > ROUNDS, `only ${count} positions were compared`)
})

test('any text comes back, with all that is not its map as it was', () => {
  const random = createRandom(seed)
  const some = (/** @type {any[]} */ list) => list[Math.floor(random() * list.length)]
  const below = (/** @type {number} */ end) => Math.floor(random() * end)
  const data = (/** @type {string} */ text) => `data:application/json;base64,${Buffer.from(text).toString('base64')}`
  const parts = [
    NAME, NAME, '//@ sourceMappingURL=', '/*# sourceMappingURL=', 'sourceMappingURL=', '//#\tsourceMappingURL=', '\n', '\r\n', ' ', '*/', 'x', '"', '\u2028', '\ud800', 'm.map', 'data:', 'data:application/json;base64,',
    'data:application/json,{}', '%', ...Array(8).fill('{"mappings":"AAAA;AAAA;AAAA"}').map(data), 'http://[', 'file:///none.map',
    ...['', '{}', 'null', '1', '[]', '{"mappings":1}', '{"mappings":""}', '{"mappings":"gggggggggggg"}', '{"mappings":"+/////D"}', '{"mappings":"AAAA,\u00e9"}', '{"mappings":"g"}', '{"mappings":",A;;A"}', '{"sections":[]}'].map(data),
  ]
  let count = 0
  for (let round = 0; round < ROUNDS * 10; round++) {
    const text = Array.from({ length: below(8) }, () => some(parts)).join('')
    const shifted = shiftSourceMap(text, some(['file:///m.mjs', 'data:text/javascript,1', 'x']), below(200), below(3))
    // One data URL may have become another; all around it stands where it stood.
    const [before, after] = [text, shifted].map((it) => it.replace(/data:application\/json[^\s]*/g, 'data:'))
    assert.equal(after, before, `seed ${seed}, round ${round}: ${JSON.stringify(text)}`)
    count += Number(shifted !== text)
  }
  assert.ok(count > 50, `only ${count} texts had a map that was shifted`)
})
