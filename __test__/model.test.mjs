/* Random operations on random graphs, against a naive oracle: see model/. More of it: `npm run test:soak`. */
import test from 'node:test'
import { run } from './model/run.mjs'
import { shrink } from './model/shrink.mjs'

const STEPS = 60
const SEEDS = [1, 2, 3, 4, 5, 6]
/** How long a failing sequence is shortened, in milliseconds. */
const SHRINK = 30_000

for (const seed of SEEDS) {
  test(`${STEPS} random operations, seed ${seed}`, async () => {
    try {
      await run({ seed, steps: STEPS })
    } catch (error) {
      const first = /** @type {import('./model/run.mjs').Mismatch} */ (error)
      const { only, error: shorter } = await shrink(seed, STEPS, first, SHRINK)
      const command = `node __test__/model/soak.mjs --seed ${seed} --each ${STEPS} --only ${only.join(',')}`
      throw new Error(`seed ${seed}, step ${first.step}:\n${first.message}\n\nshortest (${only}):\n${shorter.message}\n\nto see it again:\n  ${command}`, {
        cause: error,
      })
    }
  })
}
