/**
 * Random operations on random graphs, as many as are asked for: `--steps 10000 --seed 1`.
 *
 * A seed gives a graph and its operations; after `--each` steps (default 250) comes the next seed. `--only 3,7` runs some
 * operations of the first seed, and `--keep` goes on after a mismatch.
 */
import { parseArgs } from 'node:util'
import { run } from './run.mjs'
import { shrink } from './shrink.mjs'

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    each: { type: 'string', default: '250' },
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
    shrink: { type: 'string', default: '60' },
  },
})
const [steps, first, each] = [values.steps, values.seed, values.each].map(Number)
const only = values.only?.split(',').map(Number)

const command = (/** @type {number} */ seed, /** @type {number[]} */ list) =>
  `node __test__/model/soak.mjs --seed ${seed} --each ${each} --only ${list.join(',')}`

/** @param {number} seed @param {number} count @returns {Promise<boolean>} whether nothing differs */
async function soak(seed, count) {
  try {
    await run({ seed, steps: count, only })
    return true
  } catch (error) {
    console.log(`seed ${seed}, step ${/** @type {any} */ (error).step}:\n${/** @type {Error} */ (error).message}`)
    if (only) return false
    const { only: list, error: shorter } = await shrink(seed, count, /** @type {any} */ (error), Number(values.shrink) * 1000)
    console.log(`\nSHORTEST (${list.length} operations):\n${shorter.message}\n\nto see it again:\n  ${command(seed, list)}\n`)
    return false
  }
}

console.log(`Node ${process.version}, seeds from ${first}, ${steps} steps`)
const begun = Date.now()
let [done, failures, seed] = [0, 0, first]
for (; done < steps && (failures === 0 || values.keep); seed++) {
  const count = only ? each : Math.min(each, steps - done)
  if (!(await soak(seed, count))) failures++
  done += count
  if (only) break
  console.log(`${done} steps, seeds ${first} to ${seed}, ${failures} mismatches, ${Math.round((Date.now() - begun) / 1000)} s`)
}
process.exitCode = failures > 0 ? 1 : 0
