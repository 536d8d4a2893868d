/**
 * A repeated `import()` of a boundary that did not change: what every request pays. Also after one reload, when its
 * URL carries a version; plain Node then imports the same URL as users would write it.
 */
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startApp } from '../app.mjs'
import { createFolder } from '../folder.mjs'
import { interleave } from '../rounds.mjs'

const MAIN = `
let load = () => import('./boundary.mjs')
async function measure(count) {
  const begin = process.hrtime.bigint()
  for (let i = 0; i < count; i++) await load()
  return Number(process.hrtime.bigint() - begin) / 1000 / count
}
serve({
  measure,
  value: async () => (await load()).value,
  version() { if (process.env.PLAIN) load = () => import('./boundary.mjs?v=1') },
})
await load()
`
const boundary = (/** @type {number} */ value) => `export const value = ${value}\nexport function handle() { return value }\n`

/** How long one sample takes, in microseconds: long enough for its clock, short enough for many rounds. */
const SAMPLE = 40_000

/** @param {import('../run.mjs').Context} context @returns {Promise<import('../table.mjs').Row[]>} */
export async function run({ node, contenders, rounds, quick }) {
  const files = { 'main.mjs': MAIN, 'boundary.mjs': boundary(0) }
  const apps = await Promise.all(
    contenders.map(async (contender) => {
      const folder = createFolder(contender, files, { boundaries: ['./boundary.mjs'] })
      return { name: contender.name, count: 0, app: await startApp({ node, contender, folder }) }
    }),
  )
  const measureAll = async () => {
    for (const one of apps) await warm(one, quick)
    return interleave(apps, rounds(60), ({ app, count }) => app.ask('measure', count))
  }
  const target = '≤ 1.15 × (with registerHooks)'
  const rows = [{ title: 'repeated `import()`, unchanged', unit: 'µs', target, samples: await measureAll() }]
  await Promise.all(apps.map(({ app }) => reload(app)))
  rows.push({ title: '… after one reload (`?v=1`)', unit: 'µs', target, samples: await measureAll() })
  for (const { app } of apps) app.stop()
  return rows
}

/** Until the compiler has done its work; then `count` is what fits into a sample. @param {{ app: import('../app.mjs').App, count: number }} one @param {boolean} quick */
async function warm(one, quick) {
  for (let i = 0; i < (quick ? 1 : 6); i++) {
    const each = await one.app.ask('measure', one.count || 200)
    one.count = Math.max(20, Math.round((quick ? 2000 : SAMPLE) / each))
  }
}

/** @param {import('../app.mjs').App} app */
async function reload(app) {
  const file = path.join(app.folder, 'boundary.mjs')
  fs.writeFileSync(file, boundary(1))
  await app.ask('version')
  // hot-hook 1.0 needs time, and may lose a save.
  for (let tries = 1; (await app.ask('value')) !== 1; tries++) {
    await sleep(10)
    if (tries % 50 === 0) fs.writeFileSync(file, `${boundary(1)}// ${tries}\n`)
  }
}
