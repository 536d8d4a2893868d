/**
 * The graph, drawn by cytoscape: what stands where is told here, what it means is told by shape, border and sign as well
 * as by colour.
 */
import cytoscape from 'cytoscape'
import { baseName, visible } from './text.mjs'

/** Beyond so many edges they are drawn without arrows and curves. */
const MANY = 1500
const SHAPES = { hot: 'ellipse', cold: 'rectangle', declined: 'triangle', ignored: 'diamond', mixed: 'round-rectangle' }
/** Of a longer name the end is drawn, which tells more. */
const LONGEST = 26

/** @param {string} name */
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

function createStyle() {
  const text = color('text')
  return /** @type {any} */ ([
    {
      selector: 'node',
      style: {
        'width': 18,
        'height': 18,
        'label': 'data(label)',
        'color': text,
        'font-size': 12,
        'font-family': 'system-ui, sans-serif',
        'text-halign': 'right',
        'text-valign': 'center',
        'text-margin-x': 5,
        'text-background-color': color('page'),
        'text-background-opacity': 0.75,
        'min-zoomed-font-size': 6,
        'border-width': 1,
        'border-color': text,
      },
    },
    ...Object.entries(SHAPES).map(([state, shape]) => ({ selector: `node.${state}`, style: { shape, 'background-color': color(state) } })),
    { selector: 'node.folder, node.package', style: { 'width': 30, 'height': 22, 'border-width': 2, 'border-style': 'double', 'shape': 'round-rectangle' } },
    { selector: 'node.package', style: { shape: 'barrel' } },
    { selector: 'node.boundary', style: { 'border-width': 3, 'border-style': 'dashed' } },
    { selector: 'node.accepts', style: { 'border-width': 3, 'border-style': 'dotted' } },
    { selector: 'node.root', style: { 'border-width': 5, 'border-style': 'double', 'width': 24, 'height': 24, 'font-weight': 'bold' } },
    { selector: 'edge', style: { 'width': 1, 'line-color': color('edge'), 'curve-style': 'haystack', 'opacity': 0.6 } },
    { selector: 'edge.few', style: { 'curve-style': 'straight', 'target-arrow-shape': 'triangle', 'arrow-scale': 0.7, 'target-arrow-color': color('edge') } },
    { selector: 'edge.dynamic', style: { 'line-style': 'dashed' } },
    { selector: 'edge.require', style: { 'line-style': 'dotted' } },
    { selector: 'edge.hot', style: { 'line-color': color('hot'), 'target-arrow-color': color('hot'), 'width': 2 } },
    { selector: 'edge.accepted', style: { 'target-arrow-shape': 'tee' } },
    { selector: '.faded', style: { opacity: 0.15 } },
    { selector: 'node.chain', style: { 'underlay-color': color('cold'), 'underlay-opacity': 0.5, 'underlay-padding': 7 } },
    { selector: 'edge.chain', style: { 'width': 5, 'line-color': color('cold'), 'target-arrow-color': color('cold'), 'opacity': 1, 'z-index': 9 } },
    { selector: 'node.climb', style: { 'underlay-color': color('hot'), 'underlay-opacity': 0.5, 'underlay-padding': 7 } },
    { selector: 'edge.climb', style: { 'width': 5, 'line-color': color('hot'), 'line-style': 'dashed', 'target-arrow-color': color('hot'), 'opacity': 1, 'z-index': 9 } },
    { selector: 'node.lit', style: { 'underlay-color': color('lit'), 'underlay-opacity': 0.9, 'underlay-padding': 9, 'underlay-shape': 'ellipse' } },
    { selector: 'node.chosen', style: { 'outline-width': 3, 'outline-color': text, 'outline-offset': 3, 'font-weight': 'bold', 'z-index': 10 } },
  ])
}

/** @param {string} text */
const short = (text) => (text.length > LONGEST ? `…${text.slice(1 - LONGEST)}` : text)

/**
 * What a unit's node says, and what it looks like.
 * @param {import('./fold.mjs').Unit} unit @param {import('./model.mjs').Module[]} modules
 */
function face({ kind, name, members }, modules) {
  const inside = members.map((at) => modules[at])
  const states = new Set(inside.map(({ state }) => state))
  const has = (/** @type {'root' | 'boundary' | 'accepts' | 'declines'} */ flag) => inside.some((module) => module[flag])
  const version = Math.max(...inside.map((module) => module.version))
  const signs = [has('root') && '▶', has('boundary') && '⇥', has('accepts') && '↻', has('declines') && '✖'].filter(Boolean)
  const flags = [has('root') && 'root', has('boundary') && 'boundary', has('accepts') && 'accepts'].filter(Boolean)
  const label = kind === 'module' ? baseName(name) : `${name} (${members.length})`
  return {
    label: [...signs, short(visible(label)), ...(version > 0 ? [`✎${version}`] : [])].join(' '),
    classes: [kind, states.size === 1 ? [...states][0] : 'mixed', ...(kind === 'module' ? flags : [])].join(' '),
  }
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
   * @param {import('./model.mjs').Module[]} modules
   */
  function draw(units, arrows, points, modules) {
    cy.batch(() => {
      cy.elements().filter((one) => !units.has(one.id()) && !arrows.has(one.id())).remove()
      /** @type {import('cytoscape').ElementDefinition[]} */
      const added = []
      for (const unit of units.values()) {
        const { label, classes } = face(unit, modules)
        const node = cy.getElementById(unit.id)
        const position = { .../** @type {import('./layout.mjs').Point} */ (points.get(unit.id)) }
        if (node.empty()) added.push({ group: 'nodes', data: { id: unit.id, label }, classes, position })
        else node.data('label', label).classes(classes).position(position)
      }
      const few = arrows.size <= MANY ? ['few'] : []
      for (const [id, { from, to, classes }] of arrows) {
        const all = [...classes, ...few].join(' ')
        const edge = cy.getElementById(id)
        if (edge.empty()) added.push({ group: 'edges', data: { id, source: from, target: to }, classes: all })
        else edge.classes(all)
      }
      cy.add(added)
    })
  }

  return {
    cy,
    draw,
    /** Draws attention to these, and away from the others. @param {Record<'chain' | 'climb', Set<string>>} marks @param {string | undefined} chosen @param {Set<string>} near */
    mark(marks, chosen, near) {
      cy.batch(() => {
        cy.elements().removeClass('chain climb faded chosen')
        if (chosen === undefined) return
        const kept = new Set([chosen, ...near, ...marks.chain, ...marks.climb])
        cy.elements().forEach((one) => void (kept.has(one.id()) || one.addClass('faded')))
        for (const name of /** @type {const} */ (['chain', 'climb'])) for (const id of marks[name]) cy.getElementById(id).addClass(name)
        cy.getElementById(chosen).addClass('chosen')
      })
    },
    /** @param {Set<string>} ids */
    light(ids) {
      cy.batch(() => {
        cy.nodes().removeClass('lit')
        for (const id of ids) cy.getElementById(id).addClass('lit')
      })
    },
    fit: () => void cy.fit(undefined, 30),
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
