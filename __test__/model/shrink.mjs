/** A failing sequence of operations becomes a shorter one that fails too. */
import { run } from './run.mjs'

/** @param {number} seed @param {number} steps @param {number[]} only @returns {Promise<import('./run.mjs').Mismatch | undefined>} */
const failure = (seed, steps, only) => run({ seed, steps, only }).then(() => undefined, (error) => error)

/**
 * Leaves out ever smaller pieces, as long as there is time.
 * @param {number} seed @param {number} steps @param {import('./run.mjs').Mismatch} first @param {number} milliseconds
 */
export async function shrink(seed, steps, first, milliseconds) {
  const end = Date.now() + milliseconds
  let only = Array.from({ length: first.step + 1 }, (_, index) => index)
  let found = first
  for (let size = Math.ceil(only.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < only.length && only.length > 1 && Date.now() < end; ) {
      const fewer = [...only.slice(0, from), ...only.slice(from + size)]
      const error = fewer.length > 0 ? await failure(seed, steps, fewer) : undefined
      if (error) {
        found = error
        only = fewer.slice(0, fewer.indexOf(error.step) + 1 || fewer.length)
      } else from += size
    }
  }
  return { only, error: found }
}
