/**
 * `npm run example NAME`: sets up what is missing, of hot-hook and of the example, and runs it in its folder as its own
 * `npm start` would. NAME may also be the path of a copy.
 */
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const EXAMPLES = fileURLToPath(new URL('../examples', import.meta.url))
const [name, ...args] = process.argv.slice(2)

/** @param {string[]} lines @returns {never} */
function fail(...lines) {
  for (const line of lines) console.error(line)
  process.exit(2)
}

/** The folders in which Node looks for packages. @param {string} from @returns {string[]} */
function packageFolders(from) {
  const parent = path.dirname(from)
  return [path.join(from, 'node_modules'), ...(parent === from ? [] : packageFolders(parent))]
}

const names = fs.readdirSync(EXAMPLES).filter((entry) => fs.existsSync(path.join(EXAMPLES, entry, 'package.json')))
const folder = names.includes(name) ? path.join(EXAMPLES, name) : name && path.resolve(name)
if (!folder || !fs.existsSync(path.join(folder, 'package.json'))) {
  fail(name ? `There is no example ${name}.` : 'Which one?', `npm run example ${names.join('|')}`)
}

const { engines = {}, dependencies = {}, devDependencies = {}, scripts } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'))
const needed = Number(/^>=(\d+)/.exec(engines.node ?? '')?.[1] ?? 0)
if (needed > parseInt(process.versions.node, 10)) {
  fail(`The example ${path.basename(folder)} needs Node ${needed} or later; this is ${process.version}.`)
}

await import('./setup.mjs')
const places = packageFolders(fs.realpathSync(folder))
const missing = Object.keys({ ...dependencies, ...devDependencies }).filter((dependency) => !places.some((place) => fs.existsSync(path.join(place, dependency))))
if (missing.length > 0) {
  // No lock file: it would name the registry of the machine on which the example ran first.
  const { status } = spawnSync('npm', ['install', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) fail(`npm install failed in ${folder}.`)
}

// `exec`: no shell stays between us and the example.
const child = spawn(`exec ${scripts.start} ${args.join(' ')}`, {
  cwd: folder,
  shell: true,
  stdio: 'inherit',
  env: { ...process.env, PATH: [...places.map((place) => path.join(place, '.bin')), process.env.PATH].join(path.delimiter) },
})
// A terminal's Ctrl-C goes to the example as well: it ends by itself, and we with it.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)))
