/**
 * From a save to the message `hot-hook:invalidated`: in a lattice, where the number of paths is 4 to the power of its
 * layers, and of a boundary alone. And the engine's part of it: an `import()` of another module right after the save.
 */
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startApp } from '../app.mjs'
import { onlyHot } from '../contenders.mjs'
import { createFolder } from '../folder.mjs'
import { interleave } from '../rounds.mjs'

const WIDTH = 4
const MAIN = `
import fs from 'node:fs'
const load = () => Promise.all([import('./top.mjs'), import('./alone.mjs'), import('./other.mjs')])
serve({
  load: async () => { await load() },
  async decide(file, text) {
    await load()
    fs.writeFileSync(file, text)
    const begin = performance.now()
    await import('./other.mjs')
    return performance.now() - begin
  },
})
await load()
`

/** @param {number} layers */
function createFiles(layers) {
  /** @type {Record<string, string>} */
  const files = { 'main.mjs': MAIN, 'alone.mjs': 'export const value = 0\n', 'other.mjs': 'export const value = 0\n' }
  const imports = (/** @type {number} */ layer) =>
    layer === layers ? '' : Array.from({ length: WIDTH }, (_, at) => `import './l${layer}m${at}.mjs'\n`).join('')
  files['top.mjs'] = imports(0)
  for (let layer = 0; layer < layers; layer++) {
    for (let at = 0; at < WIDTH; at++) files[`l${layer}m${at}.mjs`] = `${imports(layer + 1)}export const value = 0\n`
  }
  return files
}

let edits = 0
const edit = () => `export const value = ${++edits}\n`

/** @param {import('../app.mjs').App} app @param {string} file @param {number} limit */
async function measureMessage(app, file, limit) {
  await app.ask('load')
  // hot-hook 1.0 loses a save that follows another within 50 ms.
  await sleep(60)
  const told = app.told('hot-hook:invalidated', limit)
  fs.writeFileSync(path.join(app.folder, file), edit())
  const saved = performance.now()
  return ((await told) ?? Number.NaN) - saved
}

/** @param {import('../run.mjs').Context} context @returns {Promise<import('../table.mjs').Row[]>} */
export async function run({ node, contenders, rounds, quick }) {
  const layers = 14
  const limit = quick ? 2000 : 20_000
  const leaf = `l${layers - 1}m0.mjs`
  const boundaries = ['./top.mjs', './alone.mjs', './other.mjs']
  const apps = await Promise.all(
    onlyHot(contenders).map(async (contender) => {
      const folder = createFolder(contender, createFiles(layers), { boundaries })
      return { name: contender.name, app: await startApp({ node, contender, folder }) }
    }),
  )
  const alone = await interleave(apps, rounds(30), ({ app }) => measureMessage(app, 'alone.mjs', limit))
  const lattice = { title: `save → message, ${layers} × ${WIDTH} lattice`, unit: 'ms', target: '< 5 ms', samples: {}, remarks: {} }
  // Those that cannot do it in time are busy for long: they are stopped before the others are measured.
  const able = []
  for (const one of apps) {
    if (Number.isFinite(await measureMessage(one.app, leaf, limit))) able.push(one)
    else {
      one.app.stop()
      Object.assign(lattice.remarks, { [one.name]: `> ${limit / 1000} s` })
    }
  }
  lattice.samples = await interleave(able, rounds(30), ({ app }) => measureMessage(app, leaf, limit))
  const inside = await interleave(able, rounds(30), ({ app }) => app.ask('decide', path.join(app.folder, leaf), edit()))
  for (const { app } of able) app.stop()
  return [
    { title: 'save → message, one module', unit: 'ms', samples: alone },
    lattice,
    { title: '… as seen by an `import()` of another module right after the save', unit: 'ms', samples: inside },
  ]
}
