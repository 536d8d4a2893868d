/**
 * Where units stand: in layers by their distance from the roots, from left to right.
 *
 * @typedef {{ x: number, y: number }} Point
 */

const COLUMN = 200
const ROW = 38
/** Between layers there is more room than between the columns of one. */
const GAP = 80

/**
 * The distance of each unit from the roots.
 * @param {Map<string, import('./fold.mjs').Unit>} units @param {Map<string, Set<string>>} arrows @param {(unit: import('./fold.mjs').Unit) => boolean} isRoot
 */
export function layersOf(units, arrows, isRoot) {
  /** @type {Map<string, number>} */
  const layers = new Map()
  const queue = [...units.values()].filter(isRoot).map(({ id }) => id)
  for (const id of queue) layers.set(id, 0)
  // What no root reaches stands left, too: there its own imports begin.
  for (const rest of ['', ...units.keys()]) {
    if (rest !== '' && !layers.has(rest)) {
      layers.set(rest, 0)
      queue.push(rest)
    }
    for (let at = 0; at < queue.length; at++) {
      for (const next of arrows.get(queue[at]) ?? []) {
        if (layers.has(next)) continue
        layers.set(next, /** @type {number} */ (layers.get(queue[at])) + 1)
        queue.push(next)
      }
    }
    queue.length = 0
  }
  return layers
}

/**
 * @param {Map<string, number>} layers @param {Map<string, Set<string>>} arrows @returns {Map<string, Point>}
 */
export function layOut(layers, arrows) {
  /** @type {string[][]} */
  const columns = []
  for (const [id, layer] of layers) (columns[layer] ??= []).push(id)
  for (const column of columns) column.sort()
  order(columns, arrows)
  const rows = Math.max(14, Math.ceil(Math.sqrt(layers.size) * 2.4))
  /** @type {Map<string, Point>} */
  const points = new Map()
  let x = 0
  for (const column of columns) {
    const height = Math.min(rows, column.length)
    column.forEach((id, at) => {
      points.set(id, { x: x + Math.floor(at / rows) * COLUMN, y: ((at % rows) - (height - 1) / 2) * ROW })
    })
    x += Math.ceil(column.length / rows) * COLUMN + GAP
  }
  return points
}

/** Each unit is put near the middle of what imports it. @param {string[][]} columns @param {Map<string, Set<string>>} arrows */
function order(columns, arrows) {
  for (let at = 1; at < columns.length; at++) {
    /** @type {Map<string, { sum: number, count: number }>} */
    const weights = new Map()
    columns[at - 1].forEach((id, place) => {
      for (const next of arrows.get(id) ?? []) {
        const weight = weights.get(next) ?? { sum: 0, count: 0 }
        weight.sum += place
        weight.count++
        weights.set(next, weight)
      }
    })
    const middle = (/** @type {string} */ id) => {
      const { sum, count } = weights.get(id) ?? { sum: 0, count: 1 }
      return sum / count
    }
    columns[at].sort((a, b) => middle(a) - middle(b))
  }
}

/**
 * Finds room for what is new beside what is there, which stays where it is.
 * @param {Map<string, Point>} points @param {Map<string, number>} layers
 */
export function addTo(points, layers) {
  const taken = new Set([...points.values()].map(({ x, y }) => `${Math.round(x / 10)} ${Math.round(y / 10)}`))
  /** @type {Map<number, Point>} the lowest of each layer, in its first column */
  const lowest = new Map()
  for (const [id, layer] of layers) {
    const point = points.get(id)
    const last = lowest.get(layer)
    if (point && (!last || point.x < last.x || (point.x === last.x && point.y > last.y))) lowest.set(layer, point)
  }
  const right = Math.max(0, ...[...points.values()].map(({ x }) => x))
  for (const [id, layer] of layers) {
    if (points.has(id)) continue
    const last = lowest.get(layer)
    const point = last ? { x: last.x, y: last.y + ROW } : { x: right + COLUMN + GAP, y: 0 }
    while (taken.has(`${Math.round(point.x / 10)} ${Math.round(point.y / 10)}`)) point.y += ROW
    taken.add(`${Math.round(point.x / 10)} ${Math.round(point.y / 10)}`)
    points.set(id, point)
    lowest.set(layer, point)
  }
}
