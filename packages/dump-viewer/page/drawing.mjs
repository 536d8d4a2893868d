/**
 * The graph, drawn by cytoscape: where each thing stands is said here; what it means is said by shape, border and sign as well
 * as by colour.
 */
import cytoscape from 'cytoscape'
import { packageOf } from './fold.mjs'
import { WIDTH } from './layout.mjs'
import { baseName, visible } from './text.mjs'

/** Beyond so many edges they are drawn without arrows and curves, and nodes small, with their names beside them. */
const MANY = 1500
const SMALL = { hot: 'ellipse', cold: 'rectangle', declined: 'triangle', ignored: 'diamond', mixed: 'round-rectangle' }
const SHAPES = { hot: 'round-rectangle', cold: 'rectangle', declined: 'cut-rectangle', ignored: 'barrel', mixed: 'round-rectangle' }
const SIGNS = { hot: '●', cold: '■', declined: '▲', ignored: '◆', mixed: '◐' }
/** So many characters fit into a node. */
const LONGEST = 25
/** The size of a node's text, and the least and the greatest that it has on the screen when all is fitted in. */
const TEXT = 12
const READABLE = 11
const LARGE = 16
/** Around what is fitted in; below there is the legend. */
const MARGIN = { x: 24, top: 20, bottom: 48 }

/** @param {string} name */
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

function createStyle() {
  const text = color('text')
  return /** @type {any} */ ([
    {
      selector: 'node',
      style: {
        'width': WIDTH,
        'height': 24,
        'label': 'data(text)',
        'color': text,
        'font-size': TEXT,
        'font-family': 'system-ui, sans-serif',
        'text-halign': 'center',
        'text-valign': 'center',
        'min-zoomed-font-size': 5,
        'border-width': 1.5,
        'background-color': color('page'),
      },
    },
    ...Object.entries(SHAPES).map(([state, shape]) => ({
      selector: `node.${state}`,
      style: { shape, 'background-color': color(`${state}-fill`), 'border-color': color(state) },
    })),
    {
      selector: 'node.many',
      style: {
        'width': 18,
        'height': 18,
        'text-halign': 'right',
        'text-margin-x': 5,
        'text-background-color': color('page'),
        'text-background-opacity': 0.75,
        'min-zoomed-font-size': 6,
      },
    },
    ...Object.entries(SMALL).map(([state, shape]) => ({ selector: `node.many.${state}`, style: { shape, 'background-color': color(state), 'border-color': text } })),
    { selector: 'node.few.folder, node.few.package, node.few.packages', style: { 'height': 28, 'ghost': 'yes', 'ghost-offset-x': 4, 'ghost-offset-y': 4, 'ghost-opacity': 0.45 } },
    { selector: 'node.boundary', style: { 'border-width': 3, 'border-style': 'dashed' } },
    { selector: 'node.accepts', style: { 'border-width': 3, 'border-style': 'dotted' } },
    { selector: 'node.root', style: { 'border-width': 5, 'border-style': 'double', 'font-weight': 'bold' } },
    { selector: 'node.few.root', style: { height: 25 } },
    { selector: 'node.changed', style: { 'font-weight': 'bold' } },
    { selector: 'node.failed', style: { 'background-color': color('failed-fill'), 'border-color': color('failed'), 'border-width': 3, 'font-weight': 'bold' } },
    { selector: 'node.many.failed', style: { 'background-color': color('failed') } },
    { selector: 'edge', style: { 'width': 1, 'line-color': color('edge'), 'curve-style': 'haystack', 'opacity': 0.5 } },
    {
      selector: 'edge.few',
      style: {
        'curve-style': 'unbundled-bezier',
        'edge-distances': 'endpoints',
        'source-endpoint': 'data(out)',
        'target-endpoint': 'data(in)',
        'control-point-distances': 'data(bends)',
        'control-point-weights': 'data(at)',
        'target-arrow-shape': 'triangle',
        'arrow-scale': 0.8,
        'target-arrow-color': color('edge'),
        'opacity': 0.8,
      },
    },
    { selector: 'edge.dynamic', style: { 'line-style': 'dashed' } },
    { selector: 'edge.require', style: { 'line-style': 'dotted' } },
    { selector: 'edge.hot', style: { 'line-color': color('hot'), 'target-arrow-color': color('hot'), 'width': 2 } },
    { selector: 'edge.taken', style: { 'line-color': color('declined'), 'target-arrow-color': color('declined'), 'target-arrow-shape': 'circle' } },
    { selector: 'edge.accepted', style: { 'target-arrow-shape': 'tee' } },
    { selector: '.faded', style: { opacity: 0.2 } },
    { selector: 'node.chain', style: { 'underlay-color': color('cold'), 'underlay-opacity': 0.45, 'underlay-padding': 6 } },
    { selector: 'edge.chain', style: { 'width': 5, 'line-color': color('cold'), 'target-arrow-color': color('cold'), 'opacity': 1, 'z-index': 9 } },
    { selector: 'node.affected', style: { 'underlay-color': color('hot'), 'underlay-opacity': 0.4, 'underlay-padding': 6 } },
    { selector: 'edge.affected', style: { 'width': 5, 'line-color': color('hot'), 'line-style': 'dashed', 'target-arrow-color': color('hot'), 'opacity': 1, 'z-index': 9 } },
    { selector: 'node.lit', style: { 'underlay-color': color('lit'), 'underlay-opacity': 0.9, 'underlay-padding': 8 } },
    { selector: 'node.chosen', style: { 'outline-width': 3, 'outline-color': text, 'outline-offset': 3, 'font-weight': 'bold', 'z-index': 10 } },
  ])
}

/**
 * Which way an edge goes: out of a node's right side into the left one of what stands to the right, in a soft S; around what
 * stands in the same column.
 * @param {import('./layout.mjs').Point} from @param {import('./layout.mjs').Point} to
 */
function wayOf(from, to) {
  if (from.x === to.x) return { out: '50% 0', in: '50% 0', bends: String(from.y < to.y ? -36 : 36), at: '0.5' }
  const side = from.x < to.x ? 1 : -1
  const [x, y] = [to.x - from.x - side * WIDTH, to.y - from.y]
  const squared = x * x + y * y
  // Where the corners of that S lie along the straight line, and how far from it.
  const bend = (x * y) / 2 / Math.sqrt(squared)
  return {
    out: `${side * 50}% 0`,
    in: `${side * -50}% 0`,
    bends: `${-bend} ${bend}`,
    at: `${(x * x) / 2 / squared} ${((x * x) / 2 + y * y) / squared}`,
  }
}

/** Of what is too long the end, which tells more: whole folders of it, if that can be. @param {string} text @param {number} length */
function short(text, length) {
  if (text.length <= length) return text
  const end = text.slice(2 - length)
  const at = end.indexOf('/')
  return at >= 0 && at < end.length - 1 && !end.startsWith('/ (', at) ? `…${end.slice(at)}` : `…${text.slice(1 - length)}`
}

/** What modules are called: by their folder, too, where several have one name. @param {Iterable<import('./fold.mjs').Unit>} units */
function namesOf(units) {
  const modules = [...units].filter(({ kind }) => kind === 'module').map(({ name }) => name)
  /** @type {Map<string, number>} */
  const counts = new Map()
  for (const name of modules) counts.set(baseName(name), (counts.get(baseName(name)) ?? 0) + 1)
  const last = (/** @type {string} */ name) => name.split('/').slice(-2).join('/')
  return (/** @type {string} */ name) => ((counts.get(baseName(name)) ?? 0) > 1 ? last(name) : baseName(name))
}

/**
 * What a unit's node says, and what it looks like.
 * @param {import('./fold.mjs').Unit} unit @param {import('./model.mjs').Model} model @param {(name: string) => string} [nameOf] a module is called
 */
export function face({ kind, name, members }, { modules, isTakenOnce }, nameOf) {
  const whole = nameOf === undefined
  const inside = members.map((at) => modules[at])
  const states = new Set(inside.map(({ state }) => state))
  const has = (/** @type {'root' | 'boundary' | 'accepts' | 'declines'} */ flag) => inside.some((module) => module[flag])
  const version = inside.reduce((most, module) => Math.max(most, module.version), 0)
  const isPackage = kind === 'package' || kind === 'packages'
  const isTaken = members.some(isTakenOnce)
  const hasFailed = inside.some(({ errors }) => errors !== undefined)
  const signs = [hasFailed && '✗', has('root') && !isPackage && '▶', has('boundary') && '⇥', has('accepts') && '↻', has('declines') && '✖', isTaken && '1×'].filter(Boolean)
  const flags = [has('root') && 'root', has('boundary') && 'boundary', has('accepts') && 'accepts', version > 0 && 'changed'].filter(Boolean)
  const count = kind === 'packages' ? new Set(inside.map(({ path }) => packageOf(path))).size : members.length
  const shownName = kind !== 'module' ? `${name} (${count})` : nameOf?.(name) ?? name
  const state = states.size === 1 ? [...states][0] : 'mixed'
  const marks = version > 0 ? [`✎${version}`] : []
  const room = LONGEST - 2 * signs.length - (marks[0]?.length ?? -1) - 1
  const label = [...signs, whole ? visible(shownName) : short(visible(shownName), room), ...marks].join(' ')
  const text = `${SIGNS[state]} ${label}`
  if (whole) return { label: text, text, state: hasFailed ? 'failed' : state, classes: '' }
  return { label, state, text, classes: [kind, state, ...(kind === 'module' ? flags : []), ...(hasFailed ? ['failed'] : [])].join(' ') }
}

/** @param {HTMLElement} container */
export function createDrawing(container) {
  const cy = cytoscape({
    container,
    style: createStyle(),
    layout: { name: 'preset' },
    minZoom: 0.03,
    maxZoom: 3,
    // While it is dragged, a picture of it is: thousands of nodes need not be drawn anew for each frame.
    textureOnViewport: true,
    pixelRatio: 'auto',
    boxSelectionEnabled: false,
    autoungrabify: true,
  })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => cy.style(createStyle()))

  /**
   * Draws these units, and what imports what; what is there already stays.
   * @param {Map<string, import('./fold.mjs').Unit>} units
   * @param {Map<string, { from: string, to: string, classes: Set<string> }>} arrows
   * @param {Map<string, import('./layout.mjs').Point>} points
   * @param {import('./model.mjs').Model} model
   */
  function draw(units, arrows, points, model) {
    cy.batch(() => {
      cy.elements().filter((one) => !units.has(one.id()) && !arrows.has(one.id())).remove()
      /** @type {import('cytoscape').ElementDefinition[]} */
      const added = []
      const amount = arrows.size > MANY ? 'many' : 'few'
      const nameOf = namesOf(units.values())
      for (const unit of units.values()) {
        const { label, text, classes: own } = face(unit, model, nameOf)
        const classes = `${own} ${amount}`
        const node = cy.getElementById(unit.id)
        const position = { .../** @type {import('./layout.mjs').Point} */ (points.get(unit.id)) }
        if (node.empty()) added.push({ group: 'nodes', data: { id: unit.id, label, text }, classes, position })
        else node.data({ label, text }).classes(classes).position(position)
      }
      const origin = { x: 0, y: 0 }
      for (const [id, { from, to, classes }] of arrows) {
        const way = wayOf(points.get(from) ?? origin, points.get(to) ?? origin)
        const all = [...classes, amount].join(' ')
        const edge = cy.getElementById(id)
        if (edge.empty()) added.push({ group: 'edges', data: { id, source: from, target: to, ...way }, classes: all })
        else edge.data(way).classes(all)
      }
      cy.add(added)
    })
  }

  return {
    cy,
    draw,
    /** Draws attention to these, and away from the others. @param {Record<'chain' | 'affected', Set<string>>} marks @param {string[]} chosen @param {Set<string>} near */
    mark(marks, chosen, near) {
      cy.batch(() => {
        cy.elements().removeClass('chain affected faded chosen')
        if (chosen.length === 0) return
        const kept = new Set([...chosen, ...near, ...marks.chain, ...marks.affected])
        cy.elements().forEach((one) => void (kept.has(one.id()) || one.addClass('faded')))
        for (const name of /** @type {const} */ (['chain', 'affected'])) for (const id of marks[name]) cy.getElementById(id).addClass(name)
        for (const id of chosen) cy.getElementById(id).addClass('chosen')
      })
    },
    /** @param {Set<string>} ids */
    light(ids) {
      cy.batch(() => {
        cy.nodes().removeClass('lit')
        for (const id of ids) cy.getElementById(id).addClass('lit')
      })
    },
    /** The room for a layout whose text is readable when all of it is fitted in. @returns {import('./layout.mjs').Room} */
    room() {
      const scale = READABLE / TEXT
      const [width, height] = [cy.width() - 2 * MARGIN.x, cy.height() - MARGIN.top - MARGIN.bottom]
      return { width: Math.max(300, width / scale), height: Math.max(200, height / scale) }
    },
    fit() {
      const { x1, y1, w, h } = cy.elements().boundingBox({ includeUnderlays: false, includeOverlays: false })
      if (cy.nodes().empty()) return
      const [width, height] = [cy.width() - 2 * MARGIN.x, cy.height() - MARGIN.top - MARGIN.bottom]
      cy.zoom(Math.min(width / w, height / h, LARGE / TEXT))
      const zoom = cy.zoom()
      cy.pan({ x: MARGIN.x + (width - w * zoom) / 2 - x1 * zoom, y: MARGIN.top + (height - h * zoom) / 2 - y1 * zoom })
    },
    /** The container is of another size. */
    resize: () => void cy.resize(),
    /** Brings a node into view, if it is not. @param {string} id */
    reveal(id) {
      const node = cy.getElementById(id)
      if (node.empty()) return
      const { x1, x2, y1, y2 } = node.renderedBoundingBox({})
      const isSeen = x1 > 0 && y1 > 0 && x2 < cy.width() && y2 < cy.height()
      if (isSeen && cy.zoom() > 0.5) return
      cy.zoom(Math.max(cy.zoom(), 0.8))
      cy.center(node)
    },
    /** Where a node is on the screen. @param {string} id */
    place: (id) => ({ ...cy.getElementById(id).renderedPosition() }),
    /** @param {import('./layout.mjs').Point} by */
    pan: (by) => void cy.panBy(by),
    /** @param {number} factor */
    zoom: (factor) => void cy.zoom({ level: cy.zoom() * factor, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } }),
  }
}
