/**
 * Side by side: every round measures each contender once, in an order that rotates, so that what else the machine does
 * falls on all of them.
 */

/**
 * @template {{ name: string }} T
 * @param {T[]} contenders @param {number} rounds
 * @param {(contender: T, round: number) => Promise<number>} measure
 * @returns {Promise<Record<string, number[]>>} a sample per round, by contender
 */
export async function interleave(contenders, rounds, measure) {
  /** @type {Record<string, number[]>} */
  const samples = Object.fromEntries(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(round + turn) % contenders.length]
      samples[contender.name].push(await measure(contender, round))
    }
  }
  return samples
}

/** @param {number[]} values @param {number} part 0.5 is the median */
export function quantile(values, part) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * part
  const low = Math.floor(at)
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low])
}

/** @param {number[]} values */
export const median = (values) => quantile(values, 0.5)

/**
 * How many times the baseline a contender takes: the median over rounds, with its quartiles.
 * @param {number[]} values @param {number[]} baseline
 */
export function ratio(values, baseline) {
  const ratios = values.map((value, round) => value / baseline[round])
  return { median: median(ratios), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) }
}
