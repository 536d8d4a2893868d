/**
 * What `check` gains and costs: a request 100 ms after a save, for which 40 modules below the boundary are linked ahead or not;
 * and a save that nobody asks for.
 */
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startApp } from '../app.mjs'
import { OURS } from '../contenders.mjs'
import { createFolder } from '../folder.mjs'
import { interleave, median } from '../rounds.mjs'

const BELOW = 40
const WITHOUT = 'without check'
const MAIN = `
import http from 'node:http'
const server = http.createServer(async (request, response) => response.end(String((await import('./boundary.mjs')).value)))
server.listen(0, '127.0.0.1', () => serve({ port: () => server.address().port, heap: async () => {
  for (let i = 0; i < 6; i++) { gc(); await new Promise(setImmediate) }
  return process.memoryUsage().heapUsed
} }))
`
const leaf = (/** @type {number} */ n) => `export const value = ${n}\n`
const files = {
  'main.mjs': MAIN,
  'boundary.mjs': `export { value } from './m0.mjs'\n`,
  ...Object.fromEntries(Array.from({ length: BELOW }, (_, at) => [`m${at}.mjs`, at === BELOW - 1 ? leaf(0) : `export { value } from './m${at + 1}.mjs'\n`])),
}

/** @param {number} port @returns {Promise<string>} */
const get = (port) =>
  new Promise((resolve, reject) => {
    http.get({ port, host: '127.0.0.1' }, (response) => {
      let text = ''
      response.on('data', (data) => (text += data)).on('end', () => resolve(text))
    }).on('error', reject)
  })

/** @param {import('../run.mjs').Context} context @returns {Promise<import('../table.mjs').Row[]>} */
export async function run({ node, contenders, rounds, quick }) {
  const ours = contenders.filter(({ name }) => name === OURS)
  const kinds = ours.flatMap((contender) => [{ contender, name: OURS, check: true }, { contender, name: WITHOUT, check: false }])
  const servers = await Promise.all(
    kinds.map(async ({ contender, name, check }) => {
      const folder = createFolder(contender, files, { boundaries: ['./boundary.mjs'], check })
      const app = await startApp({ node, contender, folder, args: ['--expose-gc'] })
      const port = await app.ask('port')
      await get(port)
      return { name, app, port }
    }),
  )
  let version = 0
  const save = (/** @type {typeof servers[number]} */ { app }) => fs.writeFileSync(path.join(app.folder, `m${BELOW - 1}.mjs`), leaf(++version))
  const request = await interleave(servers, rounds(40), async (server) => {
    save(server)
    await sleep(100)
    const begin = performance.now()
    const text = await get(server.port)
    if (text !== String(version)) throw new Error(`stale: ${text} instead of ${version}`)
    return performance.now() - begin
  })
  const saves = quick ? 20 : 2000
  const heap = await interleave(servers, 1, async (server) => {
    const before = await server.app.ask('heap')
    for (let n = 0; n < saves; n++) {
      save(server)
      await sleep(2)
    }
    await sleep(500)
    return ((await server.app.ask('heap')) - before) / saves
  })
  for (const { app } of servers) app.stop()
  const row = (/** @type {string} */ title, /** @type {string} */ unit, /** @type {Record<string, number[]>} */ samples) => ({
    title, unit, samples: { [OURS]: samples[OURS] }, remarks: { [OURS]: `${median(samples[WITHOUT]).toFixed(1)} ${unit} ${WITHOUT}` },
  })
  return [row(`save, 100 ms, then a request: ${BELOW} modules below`, 'ms', request), row('memory of a save that nobody asks for', 'bytes', heap)]
}
