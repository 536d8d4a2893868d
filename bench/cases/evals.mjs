/**
 * A repeated `eval` and a repeated `vm.Script` after reloads: they live on V8's compilation cache, which is off while a
 * reloaded module loads.
 */
import { startApp } from '../app.mjs'
import { createFolder } from '../folder.mjs'
import { interleave } from '../rounds.mjs'

const MAIN = `
import fs from 'node:fs'
import vm from 'node:vm'
import { setTimeout as sleep } from 'node:timers/promises'
const text = Array.from({ length: 100 }, (_, at) => '(function f' + at + '() { return ' + at + ' })()').join(';')
const ways = { eval: () => (0, eval)(text), script: () => new vm.Script(text).runInThisContext() }
const load = (version) => import('./boundary.mjs' + (process.env.PLAIN ? '?v=' + version : ''))
serve({
  async reload(version) {
    fs.writeFileSync('boundary.mjs', 'export const value = ' + version)
    for (let tries = 0; tries < 500 && (await load(version)).value !== version; tries++) await sleep(2)
  },
  measure(way, count) {
    const run = ways[way]
    const begin = process.hrtime.bigint()
    for (let i = 0; i < count; i++) run()
    return Number(process.hrtime.bigint() - begin) / 1000 / count
  },
})
await load(0)
`

/** @param {import('../run.mjs').Context} context @returns {Promise<import('../table.mjs').Row[]>} */
export async function run({ node, contenders, rounds, quick }) {
  const files = { 'main.mjs': MAIN, 'boundary.mjs': 'export const value = 0' }
  const apps = await Promise.all(
    contenders.map(async (contender) => {
      const folder = createFolder(contender, files, { boundaries: ['./boundary.mjs'] })
      return { name: contender.name, app: await startApp({ node, contender, folder }) }
    }),
  )
  for (const { app } of apps) for (let version = 1; version <= 10; version++) await app.ask('reload', version)
  const count = quick ? 20 : 1000
  const rows = []
  for (const [way, title] of [['eval', 'a repeated `eval` after ten reloads'], ['script', 'a repeated `vm.Script` after ten reloads']]) {
    await interleave(apps, 3, ({ app }) => app.ask('measure', way, count))
    const samples = await interleave(apps, rounds(20), ({ app }) => app.ask('measure', way, count))
    rows.push({ title, unit: 'µs', target: '1 ×', samples })
  }
  for (const { app } of apps) app.stop()
  return rows
}
