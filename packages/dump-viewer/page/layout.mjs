/**
 * Where units stand: in layers by their distance from the roots, from left to right, within the room that there is.
 *
 * @typedef {{ x: number, y: number }} Point
 * @typedef {{ width: number, height: number }} Room
 */

/** Of a node. */
export const WIDTH = 180
const ROW = 34
/** From one column of a layer to the next. */
const COLUMN = 200
/** From a layer to the next: where there is room, and where there is little. */
const LAYER = { wide: 290, narrow: 218 }

/**
 * The distance of each unit from the roots.
 * @param {Map<string, import('./fold.mjs').Unit>} units @param {Map<string, Set<string>>} arrows @param {(unit: import('./fold.mjs').Unit) => boolean} isRoot
 */
export function layersOf(units, arrows, isRoot) {
  /** @type {Map<string, number>} */
  const layers = new Map()
  const isPackage = (/** @type {string} */ id) => (units.get(id)?.kind ?? '').startsWith('package')
  const queue = [...units.values()].filter((unit) => !isPackage(unit.id) && isRoot(unit)).map(({ id }) => id)
  for (const id of queue) layers.set(id, 0)
  // What of the user's no root reaches stands left, too: there its own imports begin. A package never does.
  for (const rest of ['', ...units.keys()]) {
    if (rest !== '' && !layers.has(rest) && !isPackage(rest)) {
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
  for (const id of units.keys()) if (!layers.has(id)) layers.set(id, 1)
  return layers
}

/**
 * In as many layers as there is room for: what is further away from the roots stands in the last one.
 * @param {Map<string, number>} layers @param {Map<string, Set<string>>} arrows @param {Room} room @returns {Map<string, Point>}
 */
export function layOut(layers, arrows, room) {
  const deepest = [...layers.values()].reduce((most, layer) => Math.max(most, layer), 0)
  const caps = Array.from({ length: deepest }, (_, at) => deepest - at)
  const all = caps.length > 0 ? caps : [0]
  const columns = (/** @type {number} */ cap) => columnsOf(layers, cap)
  const rows = rowsFor(layers.size, room)
  const narrow = (/** @type {number} */ one) => widthOf(columns(one), rows, LAYER.narrow)
  const cap = all.find((one) => narrow(one) <= room.width) ?? all.reduce((best, one) => (narrow(one) < narrow(best) ? one : best))
  const used = columns(cap)
  for (const column of used) column.sort()
  order(used, arrows, layers)
  const inner = widthOf(used, rows, 0)
  const step = used.length < 2 ? 0 : Math.min(LAYER.wide, Math.max(LAYER.narrow, (room.width - inner) / (used.length - 1)))
  /** @type {Map<string, Point>} */
  const points = new Map()
  let x = 0
  for (const column of used) {
    const width = Math.ceil(column.length / rows)
    // Columns of one layer are of one length.
    const height = Math.ceil(column.length / width)
    column.forEach((id, at) => {
      points.set(id, { x: x + Math.floor(at / height) * COLUMN, y: ((at % height) - (height - 1) / 2) * ROW })
    })
    x += (width - 1) * COLUMN + step
  }
  return points
}

/** @param {Map<string, number>} layers @param {number} cap the last layer */
function columnsOf(layers, cap) {
  /** @type {string[][]} */
  const columns = []
  for (const [id, layer] of layers) (columns[Math.min(layer, cap)] ??= []).push(id)
  return columns.filter(Boolean)
}

/** @param {string[][]} columns @param {number} rows @param {number} step from layer to layer */
const widthOf = (columns, rows, step) => WIDTH + columns.reduce((sum, column) => sum + (Math.ceil(column.length / rows) - 1) * COLUMN, (columns.length - 1) * step)

/** How many rows there are: as many as fit, or more, if what is to be seen would be too wide. @param {number} count @param {Room} room */
function rowsFor(count, room) {
  const wanted = Math.ceil(Math.sqrt((count * COLUMN) / ROW / (room.width / room.height)))
  return Math.max(Math.floor(room.height / ROW), wanted)
}

/** How much room a layout takes. @param {Map<string, Point>} points @returns {Room} */
export function extent(points) {
  const [xs, ys] = [[...points.values()].map(({ x }) => x), [...points.values()].map(({ y }) => y)]
  const span = (/** @type {number[]} */ all) => (all.length > 0 ? all.reduce((a, b) => Math.max(a, b)) - all.reduce((a, b) => Math.min(a, b)) : 0)
  return { width: span(xs) + WIDTH, height: span(ys) + ROW }
}

/** Each unit is put near the middle of what imports it. @param {string[][]} columns @param {Map<string, Set<string>>} arrows @param {Map<string, number>} layers */
function order(columns, arrows, layers) {
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
      // Packages stand last.
      return (sum / count) + (/(^| |\/)node_modules(\/|$)/.test(id) ? 1e6 : 0)
    }
    const layer = (/** @type {string} */ id) => layers.get(id) ?? 0
    columns[at].sort((a, b) => layer(a) - layer(b) || middle(a) - middle(b))
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
    const point = last ? { x: last.x, y: last.y + ROW } : { x: right + LAYER.wide, y: 0 }
    while (taken.has(`${Math.round(point.x / 10)} ${Math.round(point.y / 10)}`)) point.y += ROW
    taken.add(`${Math.round(point.x / 10)} ${Math.round(point.y / 10)}`)
    points.set(id, point)
    lowest.set(layer, point)
  }
}
