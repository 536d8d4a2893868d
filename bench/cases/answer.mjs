/**
 * From a save to the first fresh answer over HTTP. Plain Node imports a new URL of the same module instead.
 */
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startApp } from '../app.mjs'
import { createFolder } from '../folder.mjs'
import { interleave } from '../rounds.mjs'

const MAIN = `
import http from 'node:http'
const load = process.env.PLAIN ? (url) => import('./controller.mjs' + url.slice(1)) : () => import('./controller.mjs')
const server = http.createServer(async (request, response) => {
  const { answer } = await load(request.url)
  response.end(String(answer()))
})
server.listen(0, '127.0.0.1', () => serve({ port: () => server.address().port }))
`

/** @param {number} version */
function controller(version) {
  const lines = Array.from({ length: 30 }, (_, at) => `export const helper${at} = (value) => value.filter(({ id }) => id > ${at})`)
  return `${lines.join('\n')}\nexport const answer = () => ${version}\n`
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })

/** @param {number} port @param {string} url @returns {Promise<string>} */
function get(port, url) {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, agent, host: '127.0.0.1', path: url }, (response) => {
      let text = ''
      response.on('data', (data) => (text += data)).on('end', () => resolve(text))
    })
    request.on('error', reject)
  })
}

/** How long hot-hook 1.0 is given before the save counts as lost and is repeated. */
const PATIENCE = 2000

/** @param {Server} server @param {number} version */
async function measure(server, version) {
  const file = path.join(server.app.folder, 'controller.mjs')
  for (;;) {
    // hot-hook 1.0 loses a save that follows another within 50 ms.
    await sleep(60)
    fs.writeFileSync(file, controller(version))
    const saved = performance.now()
    while (performance.now() - saved < PATIENCE) {
      const text = await get(server.port, `/?v=${version}`)
      if (text === String(version)) return performance.now() - saved
      server.stale++
      await sleep(1)
    }
    server.lost++
  }
}

/** @typedef {{ name: string, app: import('../app.mjs').App, port: number, stale: number, lost: number }} Server */

/** @param {import('../run.mjs').Context} context @returns {Promise<import('../table.mjs').Row[]>} */
export async function run({ node, contenders, rounds }) {
  const servers = await Promise.all(
    contenders.map(async (contender) => {
      const folder = createFolder(contender, { 'main.mjs': MAIN, 'controller.mjs': controller(0) }, { boundaries: ['./controller.mjs'] })
      const app = await startApp({ node, contender, folder })
      const port = await app.ask('port')
      await get(port, '/?v=0')
      return { name: contender.name, app, port, stale: 0, lost: 0 }
    }),
  )
  let version = 0
  await interleave(servers, rounds(10), (server) => measure(server, ++version))
  for (const server of servers) server.stale = server.lost = 0
  const samples = await interleave(servers, rounds(100), (server) => measure(server, ++version))
  for (const { app } of servers) app.stop()
  agent.destroy()
  const bad = servers.filter(({ stale, lost }) => stale + lost > 0)
  const remarks = Object.fromEntries(bad.map(({ name, stale, lost }) => [name, `${stale} stale answers, ${lost} lost saves`]))
  return [{ title: 'save → first fresh HTTP answer', unit: 'ms', target: '≤ 1.5 ×', samples, remarks }]
}
