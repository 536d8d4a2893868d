/**
 * A module is saved that has many others above it: how long it takes until all of that has run again, where the boundaries accept
 * themselves, and where the app imports them again itself. Plain Node cannot.
 *
 * - 5,000 modules, 250 boundaries with overlapping graphs: most of it is what Node takes to link them, which grows with their number
 *   and size. Plain Node takes 33 s and 2.4 GB to start 10,000 modules of this kind. HOT_HOOK_ACCEPT_MODULES=10000 measures another size.
 * - 20,000 modules, 25 boundaries, each with a tree of its own, all of which lead to the module that is saved.
 */
import fs from 'node:fs'
import path from 'node:path'
import { startApp } from '../app.mjs'
import { OURS } from '../contenders.mjs'
import { createFolder } from '../folder.mjs'
import { interleave, ratio } from '../rounds.mjs'

/** How far below a module what it imports may be numbered. */
const REACH = 400

const MAIN = (/** @type {number} */ boundaries, /** @type {boolean} */ accepts) => `
const load = () => Promise.all(Array.from({ length: ${boundaries} }, (_, n) => import('./m' + n + '.mjs'${accepts ? '' : ', import.meta.hot?.boundary'})))
globalThis.ran = 0
let resolve, wanted
globalThis.count = () => { if (++ran === wanted) resolve() }
await load()
serve({
  all: () => ran,
  /** What follows a save runs that many modules again. */
  prepare(modules) { ran = 0; wanted = modules; globalThis.end = new Promise((done) => (resolve = done)) },
  async reload() { ${accepts ? '' : 'await load(); '}await end },
})
`

/** The imports of each module; the same at each run. @param {number} size @param {number} boundaries */
function createOverlapping(size, boundaries) {
  let seed = 7
  const random = (/** @type {number} */ below) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below
  return Array.from({ length: size }, (_, n) => {
    const first = n < boundaries ? boundaries : n + 1
    const reach = n < boundaries ? size - boundaries : Math.min(size - first, REACH)
    return new Set(Array.from({ length: reach > 0 ? (n < boundaries ? 8 : 2) : 0 }, () => first + random(reach)))
  })
}

/** A binary tree below each boundary, whose leaves import the last module. @param {number} size @param {number} boundaries */
function createTrees(size, boundaries) {
  const each = Math.floor((size - 1 - boundaries) / boundaries)
  /** @type {Set<number>[]} */
  const graph = Array.from({ length: size }, () => new Set())
  for (let boundary = 0; boundary < boundaries; boundary++) {
    const nodes = [boundary, ...Array.from({ length: each }, (_, n) => boundaries + boundary * each + n)]
    nodes.forEach((node, at) => (graph[node] = new Set(nodes.slice(2 * at + 1, 2 * at + 3))))
    for (const node of nodes) if (graph[node].size === 0) graph[node].add(size - 1)
  }
  return graph
}

/** How many modules that run are above a module, with itself. @param {Set<number>[]} graph @param {number} boundaries @param {number} target */
function countAbove(graph, boundaries, target) {
  const runs = new Set(Array.from({ length: boundaries }, (_, n) => n))
  for (const n of runs) for (const to of graph[n]) runs.add(to)
  const above = new Set([target])
  for (let n = graph.length - 1; n >= 0; n--) if ([...graph[n]].some((to) => above.has(to))) above.add(n)
  return runs.has(target) ? [...above].filter((n) => runs.has(n)).length : 0
}

/** @param {import('../run.mjs').Context} context @returns {Promise<import('../table.mjs').Row[]>} */
export async function run(context) {
  const size = Number(process.env.HOT_HOOK_ACCEPT_MODULES) || (context.quick ? 200 : 5000)
  const overlapping = createOverlapping(size, size / 20)
  const targets = Array.from({ length: 60 }, (_, n) => size - 30 - n * Math.floor(size / 70)).filter((n) => n >= size / 20)
  const [large, trees] = context.quick ? [200, 5] : [20_000, 25]
  return [
    await measure(context, overlapping, size / 20, targets, size / 5),
    await measure(context, createTrees(large, trees), trees, [large - 1], large),
  ]
}

/**
 * @param {import('../run.mjs').Context} context @param {Set<number>[]} graph @param {number} boundaries
 * @param {number[]} targets what may be saved @param {number} wanted how many modules are best above it
 * @returns {Promise<import('../table.mjs').Row>}
 */
async function measure({ node, contenders, rounds }, graph, boundaries, targets, wanted) {
  const counts = targets.map((target) => countAbove(graph, boundaries, target))
  const [best] = targets.map((_, at) => at).toSorted((a, b) => Math.abs(counts[a] - wanted) - Math.abs(counts[b] - wanted))
  const [target, above] = [targets[best], counts[best]]
  const text = (/** @type {number} */ n, /** @type {boolean} */ accepts, edit = 0) =>
    [...graph[n]].map((to) => `import './m${to}.mjs'\n`).join('') + `globalThis.count() // ${edit}\n${accepts && n < boundaries ? 'import.meta.hot?.accept()\n' : ''}`
  const contender = contenders.find(({ name }) => name === OURS) ?? contenders[0]
  const ways = [
    { name: 'accept', accepts: true },
    { name: 'import()', accepts: false },
  ]
  const apps = []
  for (const { name, accepts } of ways) {
    const files = { 'main.mjs': MAIN(boundaries, accepts), ...Object.fromEntries(graph.map((_, n) => [`m${n}.mjs`, text(n, accepts)])) }
    const folder = createFolder(contender, files)
    apps.push({ name, accepts, app: await startApp({ node, contender, folder }) })
  }
  let edit = 0
  const samples = await interleave(apps, rounds(5), async ({ app, accepts }) => {
    await app.ask('prepare', above)
    const begin = performance.now()
    fs.writeFileSync(path.join(app.folder, `m${target}.mjs`), text(target, accepts, ++edit))
    await app.ask('reload')
    return performance.now() - begin
  })
  for (const { app } of apps) app.stop()
  const times = ratio(samples.accept, samples['import()']).median.toFixed(2)
  return {
    title: `a module below ${boundaries} boundaries that accept themselves saved → ${above} of ${graph.length.toLocaleString('en')} modules have run again`,
    unit: 'ms',
    target: '≤ 1.3 × the same without accept',
    samples: { [OURS]: samples.accept },
    remarks: { [OURS]: `${times} × without accept` },
  }
}
