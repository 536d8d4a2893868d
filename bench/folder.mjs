/**
 * Temporary app folders, made from an object of path → text. They are deleted when the benchmark ends.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'hot-hook-bench-')))
process.on('exit', () => fs.rmSync(base, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))
let count = 0

/**
 * The contender's package is there under the name `hot-hook`, as if it were installed.
 * @param {import('./contenders.mjs').Contender} contender
 * @param {Record<string, string>} files @param {object} [hotHook] `package.json#hotHook`
 */
export function createFolder(contender, files, hotHook = {}) {
  const folder = path.join(base, String(++count))
  fs.mkdirSync(path.join(folder, 'node_modules'), { recursive: true })
  if (contender.folder) fs.symlinkSync(contender.folder, path.join(folder, 'node_modules/hot-hook'), 'dir')
  const all = { 'package.json': JSON.stringify({ name: 'app', type: 'module', hotHook }), ...files }
  for (const [name, text] of Object.entries(all)) {
    const file = path.join(folder, name)
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, text)
  }
  return folder
}
