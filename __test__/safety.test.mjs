/* Thirty apps of which no more is asked than safety: see safety/app.mjs. They hold on every Node, also on one that nobody has seen. */
import { describe, test } from 'node:test'
import { availableParallelism } from 'node:os'
import { startSafely } from './safety/app.mjs'
import { commonjs } from './safety/commonjs.mjs'
import { esModules } from './safety/es-modules.mjs'
import { others } from './safety/others.mjs'

describe('safety', { concurrency: availableParallelism() + 1 }, () => {
  for (const { name, skip = false, todo = false, setting, run } of [...esModules, ...commonjs, ...others]) {
    test(name, { skip, todo }, async (t) => {
      const app = await startSafely(t, setting)
      await run(app)
      const restarts = await app.finish()
      if (restarts > 0) t.diagnostic(`${restarts} restarts`)
    })
  }
})
