/**
 * A hub: one leaf below 200 boundaries is saved, and all of them are imported again. Plain Node, which cannot import anew what
 * is below a module, imports 200 new URLs.
 */
import { startApp } from '../app.mjs'
import { createFolder } from '../folder.mjs'
import { interleave } from '../rounds.mjs'

const BOUNDARIES = 200
const MAIN = `
import fs from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
const load = (version) => Promise.all(Array.from({ length: ${BOUNDARIES} }, (_, at) =>
  import('./boundaries/b' + at + '.mjs' + (process.env.PLAIN ? '?v=' + version : ''))))
serve({
  async reload(version) {
    // hot-hook 1.0 loses a save that follows another within 50 ms.
    await sleep(60)
    const begin = performance.now()
    for (let tries = 0; ; tries++) {
      if (tries % 200 === 0) fs.writeFileSync('leaf.mjs', 'export const leaf = ' + version + '//' + tries)
      const all = await load(version)
      if (process.env.PLAIN || all.every(({ leaf }) => leaf === version)) return performance.now() - begin
      await sleep(1)
    }
  },
})
await load(0)
`

/** @param {import('../run.mjs').Context} context @returns {Promise<import('../table.mjs').Row[]>} */
export async function run({ node, contenders, rounds }) {
  /** @type {Record<string, string>} */
  const files = { 'main.mjs': MAIN, 'leaf.mjs': 'export const leaf = 0' }
  for (let at = 0; at < BOUNDARIES; at++) files[`boundaries/b${at}.mjs`] = `export { leaf } from '../leaf.mjs'\nexport const handle = () => ${at}\n`
  const apps = await Promise.all(
    contenders.map(async (contender) => {
      const folder = createFolder(contender, files, { boundaries: ['./boundaries/*.mjs'] })
      return { name: contender.name, app: await startApp({ node, contender, folder }) }
    }),
  )
  let version = 0
  await interleave(apps, rounds(3), ({ app }) => app.ask('reload', ++version))
  const samples = await interleave(apps, rounds(20), ({ app }) => app.ask('reload', ++version))
  for (const { app } of apps) app.stop()
  return [{ title: `a leaf below ${BOUNDARIES} boundaries saved → all imported again`, unit: 'ms', samples }]
}
