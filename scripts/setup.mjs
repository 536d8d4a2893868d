/**
 * What `npm start` and `npm test` need: dependencies installed, the addon built, the package linked by its own name.
 * Does nothing that is done already.
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

const root = path.dirname(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname))

/** @param {string} command @param {string[]} args */
function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (status === 0) return
  console.error(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`)
  process.exit(status ?? 1)
}

/** When a file, or the newest file of a folder, was last changed; 0 if there is none. @param {string} name @returns {number} */
function changed(name) {
  const file = path.join(root, name)
  const stat = fs.statSync(file, { throwIfNoEntry: false })
  if (!stat?.isDirectory()) return stat?.mtimeMs ?? 0
  return Math.max(stat.mtimeMs, ...fs.readdirSync(file).map((entry) => changed(path.join(name, entry))))
}

// Not `npm ci`: it insists on optional packages for other platforms that the registry may not have.
if (changed('node_modules/.package-lock.json') < changed('package-lock.json')) run('npm', ['install', '--no-audit', '--no-fund'])

const addons = fs.readdirSync(path.join(root, 'lib/native')).filter((name) => name.endsWith('.node'))
const built = Math.min(...['binding.js', ...addons].map((name) => changed(path.join('lib/native', name))))
if (addons.length === 0 || ['src', 'Cargo.toml', 'Cargo.lock', 'build.rs'].some((name) => changed(name) > built)) run('npm', ['run', 'build'])

// Examples, tests and the packages of this repository use each other by name, as an app would.
for (const [name, target] of [['hot-hook', '..'], ['@hot-hook/runner', '../../packages/runner'], ['@hot-hook/dump-viewer', '../../packages/dump-viewer']]) {
  const link = path.join(root, 'node_modules', name)
  fs.mkdirSync(path.dirname(link), { recursive: true })
  if (!fs.existsSync(link)) fs.symlinkSync(target, link, 'dir')
}

// As npm does it for a package that has been installed: for the scripts of examples.
const runner = path.join(root, 'node_modules/.bin/hot-runner')
if (process.platform !== 'win32' && !fs.existsSync(runner)) fs.symlinkSync('../@hot-hook/runner/cli.mjs', runner)

// The viewer's page goes out as text: it is bundled beforehand, with the graph library.
const viewer = 'packages/dump-viewer'
if (changed(`${viewer}/dist/page.js`) < Math.max(...['page', 'build.mjs', '../../lib/runtime/visible.mjs', '../../package-lock.json'].map((name) => changed(`${viewer}/${name}`)))) {
  run(process.execPath, [`${viewer}/build.mjs`])
}
