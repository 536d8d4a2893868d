/** A seeded source of randomness: the same seed, the same numbers, on every Node. */

/** @param {number} seed */
export function createRandom(seed) {
  let state = seed >>> 0
  /** Mulberry32: at least 0, less than 1. */
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = (/** @type {number} */ n) => Math.floor(next() * n)
  return {
    below,
    chance: (/** @type {number} */ p) => next() < p,
    /** @template T @param {readonly T[]} list @returns {T} */
    pick: (list) => list[below(list.length)],
    /** Picks a key of `weights`, as often as its weight says. @template {string} K @param {Record<K, number>} weights @returns {K} */
    weighted(weights) {
      const entries = /** @type {[K, number][]} */ (Object.entries(weights))
      let at = next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
      for (const [key, weight] of entries) if ((at -= weight) < 0) return key
      return entries[0][0]
    },
  }
}

/** @typedef {ReturnType<typeof createRandom>} Random */
