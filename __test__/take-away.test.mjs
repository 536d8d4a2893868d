/*
 * What hot-hook reaches inside Node is hidden from it, or has another shape; and the flags that restrict Node. The scenarios
 * of safety hold all the same. Here those that need most of it; with HOT_HOOK_TAKE_AWAY=all, every scenario with every way.
 */
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { hasSyncHooks } from '../node.mjs'
import { startSafely } from './safety/app.mjs'
import { commonjs } from './safety/commonjs.mjs'
import { esModules } from './safety/es-modules.mjs'
import { others } from './safety/others.mjs'
import { nodeIs } from './support/app.mjs'

const SCRIPT = fileURLToPath(new URL('safety/take-away.cjs', import.meta.url))
/** @type {string[]} */
const ways = createRequire(import.meta.url)(SCRIPT)
const ALL = process.env.HOT_HOOK_TAKE_AWAY === 'all'

const PERMISSIONS = ['--allow-fs-read=*', '--allow-fs-write=*', '--allow-worker', ...(nodeIs(22) ? ['--allow-addons'] : [])]
/** @type {Record<string, string[]>} */
const FLAGS = {
  'the permission model': [nodeIs(23, 5) ? '--permission' : '--experimental-permission', ...PERMISSIONS],
  'frozen intrinsics': ['--frozen-intrinsics'],
  'no compiler': ['--jitless'],
  'a __proto__ that throws': ['--disable-proto=throw'],
  'no __proto__': ['--disable-proto=delete'],
}

/** What does not hold yet. @type {Record<string, string | false>} */
const KNOWN = {
  'a flag of V8 that cannot be set': 'each reload throws',
  'all of it': 'a flag of V8 that cannot be set',
  'a _pathCache that is frozen': 'what is imported throws',
  'a load cache that is a copy': 'required ES modules go stale',
  'no registerHooks': hasSyncHooks && 'imports stall there, and what is required goes stale',
}

/** Those that rest on internals of Node; the others are the same whatever these are. */
const NEEDS = /lowest of a chain|throws, one that|are missing|queries|exports what it requires|shortened names|requires an ES module|required and imported: it is one|by hand/
const scenarios = [...esModules, ...commonjs, ...others].filter(({ name }) => ALL || NEEDS.test(name))

for (const way of [...ways, ...Object.keys(FLAGS)]) {
  describe(way, { concurrency: availableParallelism() + 1 }, () => {
    const flags = FLAGS[way] ?? ['--require', SCRIPT]
    for (const { name, skip = false, todo = false, setting, run } of scenarios) {
      test(`${way}: ${name}`, { skip, todo: todo || KNOWN[way] || false }, async (t) => {
        const before = ['--no-warnings', ...flags, ...(setting.before ?? [])]
        const app = await startSafely(t, { ...setting, before, env: { ...setting.env, TAKE_AWAY: way } })
        await run(app)
        await app.finish()
      })
    }
  })
}
