/**
 * Random saves, a fifth of them broken in random ways: every outcome, and every place, against an oracle. More of them, or others:
 * `OUTCOMES_SAVES=5000 OUTCOMES_SEED=7 node --test __test__/outcomes-random.test.mjs`.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HOT, nodeIs, startApp } from './support/app.mjs'

const SAVES = Number(process.env.OUTCOMES_SAVES ?? 120)
const SEED = Number(process.env.OUTCOMES_SEED ?? 1)

/** What each file imports; those that `main.mjs` imports hot come first. */
const IMPORTS = {
  'b0.mjs': ['m0.mjs', 'm1.mjs'],
  'b1.mjs': ['m1.mjs', 'm2.mjs', 'd.json'],
  'b2.mjs': ['m3.mjs'],
  'm0.mjs': ['m4.mjs'],
  'm1.mjs': ['m4.mjs', 'm5.mjs'],
  'm2.mjs': ['m5.mjs'],
  'm3.mjs': ['m5.mjs', 'c.cjs'],
  'm4.mjs': [],
  'm5.mjs': [],
  'd.json': [],
  'c.cjs': [],
  'cold.mjs': ['m6.mjs'],
  'm6.mjs': [],
  'alone.mjs': [],
}
/** Nobody imports the last one, unless what it has not is to be missing. */
const NAMES = Object.keys(IMPORTS).slice(0, -1)
const BOUNDARIES = ['b0.mjs', 'b1.mjs', 'b2.mjs']
const COLD = new Set(['cold.mjs', 'm6.mjs'])

const main = `import { hot } from 'hot-hook'
  import './cold.mjs'
  serve({
    get: async (file) => (await import(file, ${HOT})).value,
    outcomes: () => hot.outcomes(),
  })`

/** @param {number} seed */
function random(seed) {
  let state = seed * 2654435761 % 2147483647 || 1
  return (/** @type {number} */ below) => Math.floor(((state = (state * 48271) % 2147483647) / 2147483647) * below)
}

/** Everything below a file, and the file. @param {string} name @returns {string[]} */
const below = (name) => [...new Set([name, ...IMPORTS[name].flatMap(below)])]

/** How a file may be broken: its text, with a mark where the place of the error is; in which file, if in another. */
const BREAKS = {
  syntax: { of: (name) => name.endsWith('js'), text: (text) => `${text}\nconst x = ‸;` },
  'a missing file': { of: (name) => name.endsWith('.mjs'), text: (text, n) => `import ‸'./gone-${n}.mjs'\n${text}` },
  'a missing export, here': { of: (name) => name.endsWith('.mjs'), text: (text) => `import { ‸nope } from './alone.mjs'\n${text}` },
  'a missing export, above': { of: (name) => ['m0.mjs', 'm2.mjs', 'm4.mjs'].includes(name), text: (text) => text.replace('export const value =', 'export const other ='), isAbove: true },
  'bad JSON': { of: (name) => name.endsWith('.json'), text: (text) => text.replace('}', ' ‸"b": 1 }') },
  'a throw': { of: (name) => name.endsWith('js'), text: (text) => `${text}\n  throw new RangeError('oops') // ‸`, isThrow: true },
}

/** The text of a file that is whole: its value is its number and what it imports. @param {string} name @param {number} value */
function textOf(name, value) {
  if (name.endsWith('.json')) return `{\n  "value": ${value} }`
  if (name.endsWith('.cjs')) return `exports.value = ${value}`
  const imports = IMPORTS[name].map((of, n) => {
    if (of.endsWith('.json')) return `import { default as v${n} } from './${of}' with { type: 'json' }`
    return of.endsWith('.cjs') ? `import v${n} from './${of}'` : `import { value as v${n} } from './${of}'`
  })
  const parts = IMPORTS[name].map((of, n) => (of.endsWith('.json') || of.endsWith('.cjs') ? `v${n}.value` : `v${n}`))
  return [...imports, `export const value = [${[value, ...parts].join(', ')}].flat()`].join('\n')
}

/** The place of the mark, and the text without it. @param {string} marked */
function unmark(marked) {
  const before = marked.slice(0, Math.max(0, marked.indexOf('‸'))).split('\n')
  return { text: marked.replace('‸', ''), line: before.length, column: /** @type {string} */ (before.at(-1)).length + 1 }
}

class World {
  /** @type {Record<string, { value: number, kind?: string, places: string[] }>} */
  files = Object.fromEntries(Object.keys(IMPORTS).map((name) => [name, { value: 0, places: [] }]))
  /** The text of each. @type {Record<string, string>} */
  texts = Object.fromEntries(Object.keys(IMPORTS).map((name) => [name, textOf(name, 0)]))

  /** @param {string} name @param {number} value @param {string} [kind] */
  write(name, value, kind) {
    let marked = textOf(name, value)
    if (kind) marked = BREAKS[kind].text(marked, value)
    const { text, line, column } = unmark(marked)
    const places = kind === undefined ? [] : BREAKS[kind].isAbove ? this.importing(name) : BREAKS[kind].isThrow ? [`${name}:${line}:9`] : [`${name}:${line}:${column}`]
    this.files[name] = { value, kind, places }
    this.texts[name] = text
  }

  /** Where those that import a file name its value. @param {string} name */
  importing(name) {
    const importers = NAMES.filter((importer) => IMPORTS[importer].includes(name))
    return importers.flatMap((importer) => {
      const at = this.texts[importer].split('\n').findIndex((line) => line.endsWith(`'./${name}'`))
      return at === -1 ? [] : [`${importer}:${at + 1}:10`]
    })
  }

  /** Where the link of a boundary may fail; empty if it does not. @param {string} boundary */
  linkErrors(boundary) {
    return below(boundary).flatMap((name) => {
      const { kind } = this.files[name]
      if (!kind || BREAKS[kind].isThrow) return []
      return BREAKS[kind].isAbove ? this.importing(name).filter((place) => below(boundary).includes(place.split(':')[0])) : this.files[name].places
    })
  }

  /** Where the evaluation of a boundary may fail. @param {string} boundary */
  throws(boundary) {
    return below(boundary).flatMap((name) => (this.files[name].kind === 'a throw' ? this.files[name].places : []))
  }

  /** @param {string} name @returns {number[]} */
  valueOf(name) {
    return [this.files[name].value, ...IMPORTS[name].flatMap((of) => this.valueOf(of))]
  }
}

test(`${SAVES} random saves, seed ${SEED}: every outcome and every place is right`, { skip: !nodeIs(20, 10) && 'this Node has no import attributes', timeout: 60_000 + SAVES * 1000 }, async (t) => {
  const below_ = random(SEED)
  const world = new World()
  const app = await startApp(t, { before: ['--no-warnings'], files: { 'main.mjs': main, ...world.texts } })
  const said = []
  const relative = (/** @type {string} */ file) => file.replace(`${app.folder}/`, '')
  const place = (error) => `${error.file && relative(error.file)}:${error.line}:${error.column}`
  const know = () => app.known()
  for (const boundary of BOUNDARIES) assert.deepEqual(await app.ask('get', `./${boundary}`), world.valueOf(boundary))

  /** Imports a boundary as a request would. @param {string} boundary */
  async function request(boundary) {
    const [link, throws] = [world.linkErrors(boundary), world.throws(boundary)]
    said.push(`request ${boundary}`)
    if (link.length + throws.length === 0) return assert.deepEqual(await app.ask('get', `./${boundary}`), world.valueOf(boundary), know())
    await app.askError('get', `./${boundary}`)
    // CommonJS runs when it is linked with what imports it, and throws then.
    await app.expect('outcomes', (all) => {
      const errors = all.findLast(({ boundaries }) => boundaries.includes(app.file(boundary)))?.errors?.map(place)
      return all.some(({ errors: some }) => some?.some((error) => [...link, ...throws].includes(place(error)))) || errors?.length > 0
    })
    return undefined
  }

  let seen = 0
  let broken = 0

  /** @param {number} n */
  async function step(n) {
    const isSame = below_(20) === 0
    const name = NAMES[below_(NAMES.length)]
    const kinds = Object.keys(BREAKS).filter((kind) => BREAKS[kind].of(name))
    const kind = !COLD.has(name) && kinds.length > 0 && below_(5) === 0 ? kinds[below_(kinds.length)] : undefined
    // An importer whose import is to be missing must stand as it is.
    if (!isSame) world.write(name, n, kind)
    if (kind && !isSame) broken++
    said.push(`save ${n}: ${name}${isSame ? ' as it is' : ''} ${kind ?? ''}`)
    app.save(name, world.texts[name])
    const all = await app.expect('outcomes', (list) => list.some(({ id, files }) => Number(id.split('-').at(-1)) > seen && files.some((file) => relative(file) === name)))
    seen = Number(all.at(-1).id.split('-').at(-1))
    const last = all.at(-1)
    said.push(`  ${last.outcome} ${last.boundaries.map(relative)} ${(last.errors ?? []).map(place)} pending ${last.pending.map(relative)} mended ${(last.mended ?? []).map(relative)} ${Math.round(last.ms)} ms`)
    if (COLD.has(name)) {
      assert.equal(last.outcome, isSame ? 'unchanged' : 'restart-needed', know())
      return
    }
    const affected = BOUNDARIES.filter((boundary) => below(boundary).includes(name))
    if (affected.length === 0 || (isSame && last.outcome === 'unchanged')) {
      assert.equal(last.outcome, 'unchanged', know())
      return
    }
    // What fails may be tried again, and fails.
    if (isSame) assert.ok(last.outcome === 'failed' && world.files[name].kind, know())
    const failing = affected.filter((boundary) => world.linkErrors(boundary).length > 0 && !last.pending.map(relative).includes(boundary))
    const places = (last.errors ?? []).map(place)
    const possible = affected.flatMap((boundary) => world.linkErrors(boundary))
    for (const one of places) assert.ok(possible.includes(one), `${one} is none of ${possible}\n${know()}`)
    if (failing.length > 0) {
      assert.equal(last.outcome, 'failed', know())
      for (const boundary of failing) assert.ok(world.linkErrors(boundary).some((one) => places.includes(one)), `${boundary}: ${places}\n${know()}`)
    } else if (possible.length === 0) {
      assert.equal(last.outcome, 'applied', know())
    }
    if (below_(3) === 0) for (const boundary of BOUNDARIES) await request(boundary)
  }

  for (let n = 1; n <= SAVES; n++) await step(n).catch((error) => Promise.reject(new Error(`${said.slice(-(process.env.OUTCOMES_ALL ? 1000 : 16)).join('\n')}\n${error.actual} instead of ${error.expected}\n${JSON.stringify(world.files)}\n${error.message}`)))
  for (const name of NAMES) {
    world.write(name, SAVES + 1)
    app.save(name, world.texts[name])
  }
  for (const boundary of BOUNDARIES) await app.expect('get', (value) => JSON.stringify(value) === JSON.stringify(world.valueOf(boundary)), `./${boundary}`)
  t.diagnostic(`${SAVES} saves, ${broken} broken`)
})
