/*
 * What hot-hook reaches inside Node is hidden from it, or has another shape; and the flags that restrict Node. The scenarios
 * of safety hold all the same. As a rule, those that rest on internals, and a quarter of the ways on each line of Node; with
 * HOT_HOOK_TAKE_AWAY=ways all of these, with HOT_HOOK_TAKE_AWAY=all every scenario in all of them.
 */
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startSafely } from './safety/app.mjs'
import { commonjs } from './safety/commonjs.mjs'
import { esModules } from './safety/es-modules.mjs'
import { others } from './safety/others.mjs'
import { nodeIs } from './support/app.mjs'

const SCRIPT = fileURLToPath(new URL('safety/take-away.cjs', import.meta.url))
/** @type {string[]} */
const ways = createRequire(import.meta.url)(SCRIPT)
/** Several ways at once, on every line: those that the script names last. */
const isTogether = (/** @type {string} */ way) => way.startsWith('all of it')

const extent = process.env.HOT_HOOK_TAKE_AWAY
const line = [20, 22, 24, 26].indexOf(Number(process.versions.node.split('.', 1)[0]))
const isOfThisLine = (/** @type {string} */ way, /** @type {number} */ index) => index % 4 === line % 4 || isTogether(way)

const PERMISSIONS = ['--allow-fs-read=*', '--allow-fs-write=*', '--allow-worker', ...(process.allowedNodeEnvironmentFlags.has('--allow-addons') ? ['--allow-addons'] : [])]
/** @type {Record<string, string[]>} */
const FLAGS = {
  'the permission model': [nodeIs(23, 5) ? '--permission' : '--experimental-permission', ...PERMISSIONS],
  'frozen intrinsics': ['--frozen-intrinsics'],
  'no compiler': ['--jitless'],
  'a __proto__ that throws': ['--disable-proto=throw'],
  'no __proto__': ['--disable-proto=delete'],
}

/** Those that rest on internals of Node; the others are the same whatever these are. */
const RESTS = /lowest of a chain|throws, one that|exports what it requires|shortened names|requires an ES module|required and imported: it is one/
const scenarios = [...esModules, ...commonjs, ...others].filter(({ name }) => extent === 'all' || RESTS.test(name))
const chosen = [...ways, ...Object.keys(FLAGS)].filter((way, index) => extent !== undefined || isOfThisLine(way, index))

for (const way of chosen) {
  describe(way, { concurrency: availableParallelism() + 1 }, () => {
    const flags = FLAGS[way] ?? ['--require', SCRIPT]
    for (const { name, skip = false, todo = false, setting, run } of scenarios) {
      test(`${way}: ${name}`, { skip, todo }, async (t) => {
        const before = ['--no-warnings', ...flags, ...(setting.before ?? [])]
        const app = await startSafely(t, { ...setting, before, env: { ...setting.env, TAKE_AWAY: way } })
        await run(app)
        await app.finish()
      })
    }
  })
}
