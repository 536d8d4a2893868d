/*
 * What hot-hook reaches inside Node is hidden from it, or has another shape; and the flags that restrict Node. The scenarios
 * of safety hold all the same. As a rule, those that rest on internals, and a quarter of the ways on each line of Node; with
 * HOT_HOOK_TAKE_AWAY=ways all of these, with HOT_HOOK_TAKE_AWAY=all every scenario in all of them.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startSafely } from './safety/app.mjs'
import { commonjs } from './safety/commonjs.mjs'
import { esModules } from './safety/es-modules.mjs'
import { others } from './safety/others.mjs'
import { hasSyncHooks } from '../lib/node/features.mjs'
import { nodeIs } from './support/app.mjs'

const SCRIPT = fileURLToPath(new URL('safety/take-away.cjs', import.meta.url))
/** @type {{ ways: string[], partsOf: (way: string) => string[] }} */
const { ways, partsOf } = createRequire(import.meta.url)(SCRIPT)
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
const RESTS = /lowest of a chain|throws, one that|exports what it requires|exports 'module.exports'|shortened names|requires an ES module|required and imported: it is one/
const scenarios = [...esModules, ...commonjs, ...others].filter(({ name }) => extent === 'all' || RESTS.test(name))
const chosen = [...ways, ...Object.keys(FLAGS)].filter((way, index) => extent !== undefined || isOfThisLine(way, index))

const folder = fs.mkdtempSync(path.join(tmpdir(), 'hot-hook-take-away-'))
after(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))

/** What hot-hook does not use where its hooks run in the app's thread, and what it uses only there. */
const OF_HOOKS_THREAD = ['no validated URLs']
const OF_APP_THREAD = ['hooks without a number']
/** What it does not come to where other parts of a combination keep it from there. */
const SHADOWED = 'no _pathCache'

/** Whether hot-hook cannot meet here what is taken away. @param {string} part @param {string} way that it is a part of */
const isIdleHere = (part, way) =>
  (hasSyncHooks ? OF_HOOKS_THREAD : OF_APP_THREAD).includes(part) || (isTogether(way) && part === SHADOWED)

for (const way of chosen) {
  describe(way, { concurrency: availableParallelism() + 1 }, () => {
    const flags = FLAGS[way] ?? ['--require', SCRIPT]
    const log = path.join(folder, `${chosen.indexOf(way)}.log`)
    let hasRun = false
    after(() => {
      if (way in FLAGS || !hasRun) return
      const met = fs.existsSync(log) ? fs.readFileSync(log, 'utf8').split('\n') : []
      const idle = partsOf(way).filter((part) => !met.includes(part) && !isIdleHere(part, way))
      assert.deepEqual(idle, [], 'hot-hook has met nothing that this takes away')
    })
    for (const { name, skip = false, todo = false, setting, run } of scenarios) {
      test(`${way}: ${name}`, { skip, todo }, async (t) => {
        const before = ['--no-warnings', ...flags, ...(setting.before ?? [])]
        const app = await startSafely(t, { ...setting, before, env: { ...setting.env, TAKE_AWAY: way, TAKE_AWAY_LOG: log } })
        await run(app)
        await app.finish()
        hasRun = true
      })
    }
  })
}
