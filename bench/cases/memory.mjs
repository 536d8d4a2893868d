/**
 * What a reload leaves behind: live heap after a collection, over many reloads of a boundary of 20 KB, by a save of the
 * boundary and by one of the lowest of ten modules below it. Plain Node imports a new URL of the boundary.
 */
import { startApp } from '../app.mjs'
import { createFolder } from '../folder.mjs'

const BELOW = 10
const MAIN = `
import fs from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
let version = 0
const load = () => import('./boundary.mjs' + (process.env.PLAIN ? '?v=' + version : ''))
async function heap() {
  for (let i = 0; i < 4; i++) { gc(); await sleep(20) }
  return process.memoryUsage().heapUsed
}
async function reload(file, name) {
  const text = fs.readFileSync(file, 'utf8').replace(/version = \\d+/, 'version = ' + ++version)
  fs.writeFileSync(file, text)
  for (let tries = 1; (await load())[name] !== version; tries++) {
    if (process.env.PLAIN && tries > 1) throw new Error('stale')
    await sleep(2)
    if (tries % 100 === 0) fs.writeFileSync(file, text + '//' + tries)
  }
}
serve({
  async grow(file, name, count) {
    for (let i = 0; i < 20; i++) await reload(file, name)
    const before = await heap()
    for (let i = 0; i < count; i++) await reload(file, name)
    return ((await heap()) - before) / 1024 / count
  },
})
await load()
`

/** @returns {Record<string, string>} */
function createFiles() {
  const lines = Array.from({ length: 200 }, (_, at) => `export function handler${at}(input) { return { ...input, handled: [${at}, 'by the handler ${at}'] } }\n`)
  const text = lines.join('')
  const below = Array.from({ length: BELOW }, (_, at) => [
    `below${at}.mjs`,
    at === BELOW - 1 ? 'export const lowest = () => 0\nexport const version = 0\n' : `export { version } from './below${at + 1}.mjs'\n`,
  ])
  const imports = "import { version as lowest } from './below0.mjs'\nexport const version = 0\nexport { lowest }\n"
  return { 'main.mjs': MAIN, 'boundary.mjs': imports + text.slice(0, 20 * 1024), ...Object.fromEntries(below) }
}

/** @param {string} title @param {string} file what is saved @param {string} name what tells that it runs */
function createRow(title, file, name) {
  return { title, file, name, unit: 'KB', target: '< 1 KB', samples: /** @type {Record<string, number[]>} */ ({}) }
}

/** @param {import('../run.mjs').Context} context @returns {Promise<import('../table.mjs').Row[]>} */
export async function run({ node, contenders, quick }) {
  const rows = [
    createRow('live heap per reload of a 20 KB boundary', 'boundary.mjs', 'version'),
    createRow('… by a save of the lowest of ten modules below it', `below${BELOW - 1}.mjs`, 'lowest'),
  ]
  for (const contender of contenders) {
    for (const row of rows) {
      // Plain Node cannot import anew what is below a boundary.
      if (!contender.folder && row.name === 'lowest') continue
      const folder = createFolder(contender, createFiles(), { boundaries: ['./boundary.mjs'] })
      const app = await startApp({ node, contender, folder, args: ['--expose-gc'] })
      // hot-hook 1.0 needs up to 100 ms a reload.
      const count = quick ? 10 : contender.name === 'hot-hook 1.0' ? 100 : 500
      row.samples[contender.name] = [await app.ask('grow', row.file, row.name, count)]
      app.stop()
    }
  }
  return rows
}
