/* Positions through source maps, inline and in files of their own: those of plain Node, and those of today. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { hasSyncHooks } from '../lib/node/features.mjs'
import { HOT, startApp } from './support/app.mjs'
import { runBoth } from './support/runs.mjs'

const before = ['--enable-source-maps']
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
/** @param {number} number */
function vlq(number) {
  let rest = number < 0 ? (-number << 1) | 1 : number << 1
  let text = ''
  do {
    text += DIGITS[rest > 31 ? (rest & 31) | 32 : rest & 31]
    rest >>= 5
  } while (rest > 0)
  return text
}

/**
 * The map of a text each of whose words `at` stands on a line of its own in the source, from `first` on.
 * @param {string} text @param {number} [first] @param {object} [more]
 */
function mapOf(text, first = 0, more = {}) {
  let line = 0
  const mappings = text.split('\n').map((generated) => {
    let column = 0
    return [...generated.matchAll(/at\(/g)].map(({ index }) => {
      const segment = vlq(index - column) + vlq(0) + vlq(first - line) + vlq(0)
      column = index
      line = first++
      return segment
    }).join(',')
  })
  return { version: 3, sources: ['source.ts'], names: [], mappings: mappings.join(';'), ...more }
}

/** @param {object} map */
const inline = (map) => `data:application/json;charset=utf-8;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`
const at = `const at = () => { const found = new Error('at').stack.match(/\\S*source.ts:\\d+:\\d+/)?.[0]; console.log(found); return found };`
const one = `import.meta.url; ${at} at(); { at() } export const value = 1, again = () => at();`
const three = `${one}\n;at()\n  ;at()`

/** Files by the case's name; `m.mjs` is what is mapped. @type {Record<string, Record<string, string>>} */
const cases = {
  'inline': { 'm.mjs': `${one}\n//# sourceMappingURL=${inline(mapOf(one))}` },
  'inline, at the end of a line': { 'm.mjs': `${one} //# sourceMappingURL=${inline(mapOf(one))}` },
  'inline, with white space after it': { 'm.mjs': `${three}\n//# sourceMappingURL=${inline(mapOf(three))}  \n\n` },
  'inline, of several lines': { 'm.mjs': `${three}\n//# sourceMappingURL=${inline(mapOf(three))}\n` },
  'inline, after a hashbang': { 'm.mjs': `#!/usr/bin/env node\n${one}\n//# sourceMappingURL=${inline(mapOf(`\n${one}`))}` },
  'inline, the last of two': { 'm.mjs': `${one}\n//# sourceMappingURL=nothing.map\n//# sourceMappingURL=${inline(mapOf(one))}` },
  'in a file': { 'm.mjs': `${one}\n//# sourceMappingURL=m.mjs.map`, 'm.mjs.map': JSON.stringify(mapOf(one)) },
  'in a file, at the end of a line': { 'm.mjs': `${one}//# sourceMappingURL=m.mjs.map\n`, 'm.mjs.map': JSON.stringify(mapOf(one)) },
  'in a file, of several lines': { 'm.mjs': `${three}\n//# sourceMappingURL=./m.mjs.map\n`, 'm.mjs.map': JSON.stringify(mapOf(three)) },
  'in a file elsewhere, with a source root': { 'm.mjs': `${one}\n//# sourceMappingURL=maps/m%20m.map`, 'maps/m m.map': JSON.stringify(mapOf(one, 3, { sourceRoot: '../src' })) },
  'in a file elsewhere, with sources of its own folder': { 'm.mjs': `${one}\n//# sourceMappingURL=maps/m.map`, 'maps/m.map': JSON.stringify(mapOf(one, 3, { sources: ['../lib/source.ts'] })) },
  'in a file that is not there': { 'm.mjs': `${one}\n//# sourceMappingURL=m.mjs.map` },
  'in a file that is no map': { 'm.mjs': `${one}\n//# sourceMappingURL=m.mjs.map`, 'm.mjs.map': '<html>' },
}
for (const [name, files] of Object.entries(cases)) {
  test(`as plain Node: a map ${name}`, async (t) => {
    const { plain, hot } = await runBoth(t, { before, files: { ...files, 'main.mjs': `const m = await import('./m.mjs'); m.again()` } })
    assert.deepEqual(hot, plain)
    assert.equal(plain.code, 0)
    if (!name.includes(' no')) assert.match(plain.stdout, /source\.ts:\d+:1\n/)
  })
}

const malformed = ['g', '!!!', 'A!', 'gggggggggggggggggggggggggggggg', '+/+/+/+/', ';', ',', '', ' ', 'D', 'é', 1, null, {}, ['A'], true]
test('malformed maps are left as they are', async (t) => {
  const maps = [
    ...malformed.map((mappings) => ({ version: 3, sources: ['source.ts'], names: [], mappings })),
    ...malformed.map((sections) => ({ version: 3, sections })),
    ...malformed.map((mappings) => ({ version: 3, sections: [{ offset: { line: 0, column: 0 }, map: { mappings } }] })),
    { version: 3, sections: [null, {}, { offset: null }, { offset: { line: 'x', column: {} }, map: null }] },
    null, 1, [], 'text', {},
  ]
  const urls = [...maps.map(inline), 'data:application/json;base64,', 'data:application/json;base64,!!!', 'data:application/json;base64,AAAA', 'data:application/json,{"version":3}', 'data:', 'data:,', '', '//', 'http://[', 'file://host/x', '%']
  const files = Object.fromEntries(urls.map((url, index) => [`m${index}.mjs`, `import.meta.url; export const value = 1\n//# sourceMappingURL=${url}`]))
  const app = await startApp(t, { files: { ...files, 'main.mjs': `serve({ get: async (name) => (await import('./' + name, ${HOT})).value })` } })
  for (const name in files) assert.equal(await app.ask('get', name), 1, files[name])
  for (const name in files) app.save(name, files[name].replace('value = 1', 'value = 2'))
  for (const name in files) assert.equal(await app.ask('get', name), 2, files[name])
  assert.equal(app.output.stderr, '')
})

/** A module of two functions, and the same under a map that moves them. @param {number} first */
const compiled = (first) => ({ text: `${one}\n//# sourceMappingURL=m.js.map\n`, map: JSON.stringify(mapOf(one, first)) })
const line = (/** @type {string} */ position) => Number(position.match(/source\.ts:(\d+):1$/)?.[1])

for (const [name, options] of Object.entries({ '': { before }, ', switched on while it runs': { before: [], on: true } })) {
  const skip = options.on && !hasSyncHooks && 'hooks in another thread are not told'
  test(`the same JavaScript with another map is another module${name}`, { skip }, async (t) => {
    const main = `${options.on ? 'process.setSourceMapsEnabled(true);' : ''} serve({ get: async (file = './m.js') => { const m = await import(file, ${HOT}); return (m.again ?? m.default.again)() } })`
    const required = `import m from './m.cjs'; export const again = m.again, value = 2`
    const app = await startApp(t, {
      before: options.before,
      files: {
        'main.mjs': main, 'm.js': compiled(0).text, 'm.js.map': compiled(0).map,
        'm.cjs': `${at} exports.again = () => at()\n//# sourceMappingURL=maps/m.map`, 'maps/m.map': JSON.stringify(mapOf(`${at} exports.again = () => at()`)), 'r.mjs': required,
      },
    })
    for (const [count, first] of [0, 7, 3].entries()) {
      app.save('m.js', compiled(first).text)
      app.save('m.js.map', compiled(first).map)
      app.save('maps/m.map', JSON.stringify(mapOf(`${at} exports.again = () => at()`, first)))
      assert.equal(line(await app.ask('get')), first + 3, `${count}: ${app.known()}`)
      assert.equal(line(await app.ask('get', './r.mjs')), first + 1, `${count}: ${app.known()}`)
    }
    const told = () => app.told('invalidated').flatMap(({ paths }) => paths).filter((file) => file.endsWith('.map')).toSorted()
    const expected = ['m.js.map', 'm.js.map', 'maps/m.map', 'maps/m.map'].map((file) => app.file(file))
    await app.until('all changes are told', () => told().length >= expected.length)
    app.save('m.js.map', compiled(3).map)
    await app.ask('get')
    assert.deepEqual(told(), expected)
    assert.deepEqual(app.told('full-reload'), [])
  })
}

test('a new map of cold JavaScript asks for a restart; without a look at maps it says nothing', async (t) => {
  const files = { 'main.mjs': `import './m.js'; serve({})`, 'm.js': compiled(0).text, 'm.js.map': compiled(0).map, 'other.mjs': '' }
  const [on, off] = await Promise.all([startApp(t, { before, files, env: { HOT_HOOK_REASON: '1' } }), startApp(t, { files: { ...files, 'main.mjs': `import './other.mjs'; ${files['main.mjs']}` } })])
  for (const app of [on, off]) app.save('m.js.map', compiled(5).map)
  const { path, reason } = await on.message('full-reload')
  assert.equal(path, on.file('m.js.map'))
  assert.match(reason.text, /m\.js\.map changed.*m\.js/)
  off.save('other.mjs', '// changed')
  assert.equal((await off.message('full-reload')).path, off.file('other.mjs'))
})
