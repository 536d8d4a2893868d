/**
 * The page: what is chosen, folded and filtered, and what follows for drawing and text.
 */
import { createDrawing } from './drawing.mjs'
import { collectFolders, foldAtFirst, foldersOf, toUnits } from './fold.mjs'
import { addTo, layersOf, layOut } from './layout.mjs'
import { listen } from './live.mjs'
import { createModel, explain } from './model.mjs'
import { createPanel } from './panel.mjs'
import { createSearch } from './search.mjs'
import { byId, element, visible } from './text.mjs'

/** @type {{ picture: import('./model.mjs').Picture, events?: string }} */
const given = JSON.parse(byId('given').textContent ?? '')
let model = createModel(given.picture)
let folders = collectFolders(model.modules)
const folded = foldAtFirst(folders, model.modules.filter(({ path }) => foldersOf(path).length === 0).length)
/** What the user has seen folded or not: what is new among folders is folded only if it is a package. */
const known = new Set(folders.keys())
/** @type {Map<string, import('./layout.mjs').Point>} */
let points = new Map()
/** The path of a module, or `folder …`. @type {string | undefined} */
let chosen
/** @type {ReturnType<typeof toUnits>} */
let shown
/** What imports what among the units. @type {Map<string, Set<string>>} */
let neighbours = new Map()
/** Of the last update. @type {string[]} */
let lit = []

/** Something with a value. */
const field = /** @type {(id: string) => HTMLInputElement} */ (byId)
const drawing = createDrawing(byId('graph'))
const panel = createPanel(byId('panel'), { choose, toggle })
createSearch(field('search'), byId('results'), () => model.modules.map(({ path }) => path), choose)

/** @param {number} at */
function passes(at) {
  const { path, state, root, boundary, accepts, version } = model.modules[at]
  const { value } = field('folder')
  const only = field('only').value
  const flags = /** @type {Record<string, boolean>} */ ({ root, boundary, accepts, changed: version > 0 })
  return field(`state-${state}`).checked && (value === '' || path.startsWith(`${value}/`)) && (only === '' || flags[only])
}

/** @param {string} from @param {string} to */
const arrowId = (from, to) => `${from}\n${to}`

/** @param {{ keep: boolean }} how `keep`: what is there stays where it is, and only what is new finds a place */
function show({ keep }) {
  shown = toUnits(model.modules, folded, passes)
  const { units, unitOf } = shown
  /** @type {Map<string, { from: string, to: string, classes: Set<string> }>} */
  const arrows = new Map()
  neighbours = new Map()
  for (const { from, to, kind, hot, accepted } of model.edges) {
    const [source, target] = [unitOf[from], unitOf[to]]
    if (source === undefined || target === undefined || source === target) continue
    const id = arrowId(source, target)
    const arrow = arrows.get(id) ?? { from: source, to: target, classes: new Set() }
    arrows.set(id, arrow)
    arrow.classes.add(kind)
    if (hot) arrow.classes.add('hot')
    if (accepted) arrow.classes.add('accepted')
    if (!neighbours.has(source)) neighbours.set(source, new Set())
    neighbours.get(source)?.add(target)
  }
  const layers = layersOf(units, neighbours, ({ members }) => members.some((at) => model.modules[at].root))
  if (keep) addTo(points, layers)
  else points = layOut(layers, neighbours)
  drawing.draw(units, arrows, points, model.modules)
  drawing.light(new Set(lit.flatMap((path) => unitOf[model.find(path) ?? -1] ?? [])))
  byId('count').textContent = `${units.size} shown, of ${model.modules.length} modules`
  describe()
}

/** What is chosen, drawn and described. */
function describe() {
  const { units, unitOf } = shown
  const marks = { chain: /** @type {Set<string>} */ (new Set()), affected: /** @type {Set<string>} */ (new Set()) }
  const at = chosen === undefined ? undefined : model.find(chosen)
  const folder = chosen?.startsWith('folder ') ? units.get(chosen) : undefined
  if (at !== undefined) {
    panel.showModule(model, at, foldersOf(model.modules[at].path).map(({ path }) => path))
    const { found, crossed } = model.affected(at)
    const { chain } = explain(model, at)
    add(marks.chain, chain.flatMap(({ from, to }) => [from, to]), chain)
    add(marks.affected, found, crossed)
  } else if (folder) {
    panel.showFolder(model, folder, folder.id.slice('folder '.length))
  } else {
    panel.showAll(model)
  }
  const unit = at === undefined ? folder?.id : unitOf[at]
  drawing.mark(marks, unit, unit === undefined ? new Set() : around(unit))
}

/** @param {Set<string>} marks @param {number[]} modules @param {import('./model.mjs').Edge[]} edges */
function add(marks, modules, edges) {
  const { unitOf } = shown
  for (const at of modules) marks.add(unitOf[at] ?? '')
  for (const { from, to } of edges) marks.add(arrowId(unitOf[from] ?? '', unitOf[to] ?? ''))
}

/** A unit's importers and imports, and the arrows between. @param {string} unit */
function around(unit) {
  /** @type {Set<string>} */
  const near = new Set()
  for (const [from, targets] of neighbours) {
    for (const to of targets) {
      if (from === unit || to === unit) for (const id of [from, to, arrowId(from, to)]) near.add(id)
    }
  }
  return near
}

/** @param {string} path */
function choose(path) {
  const at = model.find(path)
  if (at === undefined) return
  const hiding = foldersOf(path).filter((folder) => folded.has(folder.path))
  for (const folder of hiding) folded.delete(folder.path)
  if (shown.unitOf[at] === undefined) showAllStates()
  chosen = path
  if (hiding.length > 0 || shown.unitOf[at] === undefined) show({ keep: false })
  else describe()
  drawing.reveal(shown.unitOf[at] ?? '')
  history.replaceState(null, '', `#${path.split('/').map(encodeURIComponent).join('/')}`)
  say(byId('panel').querySelector('.verdict p')?.textContent ?? '', path)
}

function showAllStates() {
  for (const box of document.querySelectorAll('#states input')) /** @type {HTMLInputElement} */ (box).checked = true
  for (const id of ['folder', 'only']) field(id).value = ''
}

/** @param {string} unit */
function chooseUnit(unit) {
  const { kind, name, members } = shown.units.get(unit) ?? {}
  if (kind === 'module') return choose(model.modules[/** @type {number[]} */ (members)[0]].path)
  chosen = unit
  describe()
  drawing.reveal(unit)
  return say(`${members?.length} modules, folded`, name ?? '')
}

/** Folds or unfolds; it stays where it is on the screen. @param {string} folder */
function toggle(folder) {
  const isFolding = !folded.has(folder)
  const unit = `folder ${folder}`
  const anchor = isFolding ? shown.unitOf[model.modules.findIndex(({ path }) => path.startsWith(`${folder}/`))] : unit
  const before = drawing.place(anchor ?? '')
  if (isFolding) folded.add(folder)
  else folded.delete(folder)
  if (isFolding) chosen = unit
  else chosen = undefined
  show({ keep: false })
  const first = folders.get(folder)?.modules[0]
  const after = drawing.place(isFolding ? unit : (first === undefined ? '' : shown.unitOf[first] ?? ''))
  if (Number.isFinite(before.x) && Number.isFinite(after.x)) drawing.pan({ x: before.x - after.x, y: before.y - after.y })
  say(isFolding ? 'folded' : 'unfolded', folder)
}

/** For people who do not see it. @param {string} text @param {string} name */
function say(text, name) {
  byId('status').replaceChildren(element('bdi', { textContent: visible(name) }), `: ${text}`)
}

/** @param {boolean} all */
function foldAll(all) {
  folded.clear()
  for (const { path, kind } of folders.values()) if (all || kind === 'package') folded.add(path)
  show({ keep: false })
  drawing.fit()
}

/** The current unit, for the keyboard. */
function current() {
  const at = chosen === undefined ? undefined : model.find(chosen)
  return at === undefined ? chosen : shown.unitOf[at]
}

/** @param {KeyboardEvent} event */
function press(event) {
  const here = current()
  const { key } = event
  if (event.ctrlKey || event.metaKey || event.altKey) return
  if (key === '+' || key === '=') drawing.zoom(1.3)
  else if (key === '-') drawing.zoom(1 / 1.3)
  else if (key === '0') drawing.fit()
  else if (key === 'Escape') choosesNothing()
  else if (key === 'Enter' && here?.startsWith('folder ')) toggle(here.slice('folder '.length))
  else if (key.startsWith('Arrow')) move(key, here)
  else return
  event.preventDefault()
}

function choosesNothing() {
  chosen = undefined
  history.replaceState(null, '', '#')
  describe()
}

/** To what imports it, what it imports, or what stands above or below it. @param {string} key @param {string | undefined} here */
function move(key, here) {
  const from = here === undefined ? undefined : points.get(here)
  if (here === undefined || !from) {
    const [first] = [...shown.units.keys()].filter((id) => points.has(id)).toSorted(before)
    return first === undefined ? undefined : chooseUnit(first)
  }
  const candidates = {
    ArrowLeft: () => [...neighbours].filter(([, targets]) => targets.has(here)).map(([id]) => id),
    ArrowRight: () => [...(neighbours.get(here) ?? [])],
    ArrowUp: () => inColumn(from, -1),
    ArrowDown: () => inColumn(from, 1),
  }
  const distance = (/** @type {string} */ id) => Math.abs((points.get(id)?.y ?? 0) - from.y)
  const [next] = candidates[/** @type {keyof typeof candidates} */ (key)]().toSorted((a, b) => distance(a) - distance(b))
  return next === undefined ? undefined : chooseUnit(next)
}

/** @param {string} a @param {string} b */
function before(a, b) {
  const [left, right] = [points.get(a) ?? { x: 0, y: 0 }, points.get(b) ?? { x: 0, y: 0 }]
  return left.x - right.x || left.y - right.y
}

/** @param {import('./layout.mjs').Point} from @param {number} side */
const inColumn = (from, side) =>
  [...shown.units.keys()].filter((id) => {
    const point = points.get(id)
    return point !== undefined && point.x === from.x && (point.y - from.y) * side > 0
  })

/** @param {import('./model.mjs').Picture} picture */
function replace(picture) {
  const versions = new Map(model.modules.map(({ path, version }) => [path, version]))
  model = createModel(picture)
  folders = collectFolders(model.modules)
  for (const { path, kind } of folders.values()) {
    if (!known.has(path) && kind === 'package') folded.add(path)
    known.add(path)
  }
  const counted = model.modules.filter(({ path, version }) => version > (versions.get(path) ?? version)).map(({ path }) => path)
  if (counted.length > 0) lit = counted
  fillFolders()
  const isFirst = points.size === 0
  show({ keep: !isFirst })
  if (isFirst) drawing.fit()
  // The link may be to what has only come now.
  if (chosen === undefined) chooseByHash()
}

function fillFolders() {
  const select = field('folder')
  const { value } = select
  const names = [...folders.values()].filter(({ kind, parent }) => kind === 'folder' && (!parent || !folders.get(parent)?.parent)).map(({ path }) => path)
  const options = names.toSorted().map((path) => element('option', { value: path, textContent: `${visible(path)}/` }))
  select.replaceChildren(element('option', { value: '', textContent: 'all folders' }), ...options)
  select.value = names.includes(value) ? value : ''
}

function chooseByHash() {
  try {
    const path = decodeURIComponent(location.hash.slice(1))
    if (path !== '' && path !== chosen) choose(path)
  } catch {
    // The link was written by hand.
  }
}

drawing.cy.on('tap', 'node', ({ target }) => chooseUnit(target.id()))
drawing.cy.on('dbltap', 'node.folder, node.package', ({ target }) => toggle(target.id().slice('folder '.length)))
byId('graph').addEventListener('keydown', press)
byId('fit').addEventListener('click', drawing.fit)
byId('fold').addEventListener('click', () => foldAll(true))
byId('unfold').addEventListener('click', () => foldAll(false))
for (const id of ['states', 'folder', 'only']) byId(id).addEventListener('change', () => show({ keep: false }))
addEventListener('hashchange', chooseByHash)

fillFolders()
show({ keep: false })
drawing.fit()
chooseByHash()
if (given.events !== undefined) listen(given.events, { replace, choose, knows: (path) => model.find(path) !== undefined })
document.documentElement.dataset.ready = 'true'
