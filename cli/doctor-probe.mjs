/**
 * What `hot-hook doctor` runs under hot-hook, in a folder of its own: reloads what there is to reload, and tells what became of it.
 */
import fs from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { hot } from '../lib/main.mjs'
import { canRequireModules, hasSyncHooks, untested } from '../lib/node/features.mjs'

/** So long a save may take to be known, where file events come late. */
const PATIENCE = 5000
/** How often it is looked whether it is. */
const LOOK = 20
/** So many collections what was superseded may need. */
const COLLECTIONS = 50

/** So many texts each module gets: V8 may hold its last instances a while. */
const SAVES = 4

/** Of each kind of module: its text, and what imports it. @type {Record<string, { file: string, text: (n: number) => string, from?: string }>} */
const KINDS = {
  esModules: { file: 'es.mjs', text: (n) => `export const value = { n: ${n} }\n` },
  commonJs: { file: 'common.cjs', text: (n) => `exports.value = { n: ${n} }\n`, from: `import common from './common.cjs'\nexport const { value } = common\n` },
  ...(canRequireModules && {
    requiredEsModules: {
      file: 'required.mjs',
      text: (/** @type {number} */ n) => `export const value = { n: ${n} }\n`,
      from: `import { createRequire } from 'node:module'\nexport const { value } = createRequire(import.meta.url)('./required.mjs')\n`,
    },
  }),
}

let restarts = 0
hot.on('hot:beforeFullReload', () => void restarts++)

/** What becomes of a save of a module. @param {string} name @returns {Promise<{ becomes: string, first?: WeakRef<object> }>} */
async function reload(name) {
  const { file, text, from } = KINDS[name]
  const boundary = from ? `${name}.mjs` : file
  fs.writeFileSync(file, text(1))
  if (from) fs.writeFileSync(boundary, from)
  const take = async () => (await import(pathToFileURL(boundary).href, { with: { hot: 'true' } })).value
  const first = new WeakRef(await take())
  for (let n = 2; n <= SAVES; n++) {
    const before = restarts
    fs.writeFileSync(file, text(n))
    const end = Date.now() + PATIENCE
    while ((await take()).n !== n) {
      if (restarts > before) return { becomes: 'restarts' }
      if (Date.now() > end) return { becomes: 'stays as it was' }
      await sleep(LOOK)
    }
  }
  return { becomes: 'reloads', first }
}

/** Whether what was superseded leaves memory. @param {WeakRef<object> | undefined} superseded */
async function isReleased(superseded) {
  for (let left = COLLECTIONS; superseded?.deref() && left > 0; left--) {
    // What was looked at stays until the next turn.
    await sleep(1)
    globalThis.gc?.()
  }
  return superseded !== undefined && superseded.deref() === undefined
}

/** @type {Record<string, unknown>} */
const found = { hooks: hasSyncHooks ? 'sync' : 'thread', requireModules: canRequireModules, note: untested }
for (const name of Object.keys(KINDS)) {
  try {
    const { becomes, first } = await reload(name)
    found[name] = becomes
    if (name === 'esModules') found.releases = await isReleased(first)
  } catch (error) {
    found[name] = `fails: ${/** @type {Error} */ (error).message}`
  }
}
fs.writeFileSync('found.json', JSON.stringify(found))
process.exit()
