/**
 * `hot-hook run`: starts `hot-runner`, where `@hot-hook/runner` is installed.
 */
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { isFoundSafely } from '../lib/find-viewer.mjs'
import { currentFolder } from './apps.mjs'
import { Problem } from './problem.mjs'

const NAME = '@hot-hook/runner'

/** @param {string[]} args */
export async function run(args) {
  const found = findRunner()
  if (!found) throw new Problem(`run needs ${NAME}: npm i -D ${NAME}`)
  // It reads its own arguments.
  process.argv.splice(1, process.argv.length, found, ...args)
  await import(pathToFileURL(found).href)
}

/** Where it is: as the project sees it, else beside us. */
function findRunner() {
  for (const from of [currentFolder(), import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname)]) {
    try {
      const manifest = createRequire(path.join(from, '_')).resolve(`${NAME}/package.json`)
      if (isFoundSafely(manifest, NAME, from)) return path.join(path.dirname(manifest), 'cli.mjs')
    } catch {
      // It is not there.
    }
  }
  return undefined
}
