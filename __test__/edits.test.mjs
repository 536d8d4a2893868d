/*
 * Random edits of random files of a random graph, each followed at once by a request: no answer is stale, none mixes two
 * instances of a module, no edit is lost. The number is small here; `HOT_HOOK_EDITS=10000` is the full size.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { createRandom } from './model/random.mjs'
import { HOT, said, startApp } from './support/app.mjs'

const EDITS = Number(process.env.HOT_HOOK_EDITS ?? 300)
const MODULES = 40
const BOUNDARIES = 4
const SEED = 20261122

const random = createRandom(SEED)
const name = (at) => `d${at % 5}/m${at}.mjs`
/** What each module imports: modules after it, so that there is no cycle. */
const imports = Array.from({ length: MODULES }, (_, at) =>
  at === MODULES - 1 ? [] : [...new Set(Array.from({ length: 1 + random.below(3) }, () => at + 1 + random.below(Math.min(12, MODULES - 1 - at))))],
)
/** All that a module depends on, with itself. @param {number} at @returns {Set<number>} */
const closure = (at) => new Set([at, ...imports[at].flatMap((below) => [...closure(below)])])
const closures = Array.from({ length: BOUNDARIES }, (_, at) => closure(at))
const reached = [...new Set(closures.flatMap((all) => [...all]))]

/** A module tells its version and those of all below it, each with the number of the instance that it is linked to. */
const text = (at, version) =>
  [
    ...imports[at].map((below) => `import * as m${below} from '../${name(below)}'`),
    `export const seen = merge(${at}, ${version}, [${imports[at].map((below) => `m${below}.seen`)}])`,
  ].join('\n')

const main = `
  import fs from 'node:fs'
  let instances = 0
  globalThis.merge = (at, version, others) => {
    const seen = { [at]: [version, ++instances] }
    for (const other of others) {
      for (const [at, found] of Object.entries(other)) {
        if (seen[at] && seen[at][1] !== found[1]) throw new Error('two instances of ' + at + ': ' + [seen[at], found])
        seen[at] = found
      }
    }
    return seen
  }
  const get = async (at) => (await import('./d' + at % 5 + '/m' + at + '.mjs', ${HOT})).seen
  serve({ get, save: (file, text, at) => (fs.writeFileSync(file, text), get(at)) })`

test(`${EDITS} edits of random files of a random graph`, async (t) => {
  const versions = Array(MODULES).fill(0)
  const files = Object.fromEntries(versions.map((_, at) => [name(at), text(at, 0)]))
  const app = await startApp(t, { files: { 'main.mjs': main, ...files } })
  const ways = {
    write: (file, source) => fs.writeFileSync(file, source),
    rename(file, source) {
      fs.writeFileSync(`${file}.tmp`, source)
      fs.renameSync(`${file}.tmp`, file)
    },
    recreate(file, source) {
      fs.rmSync(file)
      fs.writeFileSync(file, source)
    },
  }
  for (let edit = 0; edit < EDITS; edit++) {
    const at = random.pick(reached)
    const boundary = random.pick(closures.flatMap((all, boundary) => (all.has(at) ? [boundary] : [])))
    const source = text(at, ++versions[at])
    const file = path.join(app.folder, name(at))
    const way = random.pick([...Object.keys(ways), 'app'])
    if (way !== 'app') ways[way](file, source)
    const seen = await (way === 'app' ? app.ask('save', file, source, boundary) : app.ask('get', boundary))
    const found = Object.fromEntries(Object.entries(seen).map(([at, [version]]) => [at, version]))
    const expected = Object.fromEntries([...closures[boundary]].toSorted((a, b) => a - b).map((at) => [at, versions[at]]))
    assert.deepEqual(found, expected, `edit ${edit} of ${name(at)} by ${way}, seed ${SEED}`)
  }
  await app.message('invalidated')
  assert.deepEqual(app.told('full-reload'), [])
  assert.equal(said(app), '')
})
