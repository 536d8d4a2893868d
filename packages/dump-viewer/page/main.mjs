/**
 * The page: what is chosen, folded and filtered, and what follows for drawing and text.
 */
import { createDrawing } from './drawing.mjs'
import { collectFolders, createFolding, foldAtFirst, foldersOf, packageName, packageOf, PACKAGES, toUnits } from './fold.mjs'
import { addTo, extent, layersOf, layOut } from './layout.mjs'
import { createList } from './list.mjs'
import { listen } from './live.mjs'
import { createModel, explain } from './model.mjs'
import { createPanel } from './panel.mjs'
import { createSearch } from './search.mjs'
import { byId, element, visible } from './text.mjs'

/** How many nodes there may be at first: the most of these of which the text can be read. */
const BUDGETS = [110, 90, 75, 60, 48, 36, 26, 18, 12]
/** How many rows a list has at first. */
const ROWS = 30
/** A folder of more modules that comes later is folded. */
const FEW = 8

/** @type {{ picture: import('./model.mjs').Picture, events?: string, own?: string[] }} */
const given = JSON.parse(byId('given').textContent ?? '')
let model = createModel(given.picture, given.own)
let folders = collectFolders(model)
let folding = createFolding()
/** What the user has seen folded or not. @type {Set<string>} */
let known = new Set()
/** Whether the user has changed what is seen: from then on nothing is folded without being told to. */
let isTouched = false
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
const isList = () => document.body.dataset.view === 'list'
const drawing = createDrawing(byId('graph'))
const panel = createPanel(byId('panel'), { choose, toggle, putBack })
const list = createList(byId('list'), { chooseUnit, toggle })
createSearch(field('search'), byId('results'), () => model.modules.flatMap(({ path }, at) => (model.isDrawn(at) ? [path] : [])), choose)

/** @param {number} at */
function passes(at) {
  const { path, state, root, boundary, accepts, version } = model.modules[at]
  const { value } = field('folder')
  const only = field('only').value
  const flags = /** @type {Record<string, boolean>} */ ({ root, boundary, accepts, changed: version > 0 })
  return model.isDrawn(at) && field(`state-${state}`).checked && (value === '' || path.startsWith(`${value}/`)) && (only === '' || flags[only])
}

/** @param {string} from @param {string} to */
const arrowId = (from, to) => `${from}\n${to}`

/** What imports what among units. @param {ReturnType<typeof toUnits>} seen */
function connect({ unitOf }) {
  /** @type {Map<string, { from: string, to: string, classes: Set<string> }>} */
  const arrows = new Map()
  /** @type {Map<string, Set<string>>} */
  const next = new Map()
  for (const { from, to, kind, hot, accepted, takenOnce } of model.edges) {
    const [source, target] = [unitOf[from], unitOf[to]]
    if (source === undefined || target === undefined || source === target) continue
    const id = arrowId(source, target)
    const arrow = arrows.get(id) ?? { from: source, to: target, classes: new Set() }
    arrows.set(id, arrow)
    arrow.classes.add(kind)
    if (hot) arrow.classes.add('hot')
    if (accepted) arrow.classes.add('accepted')
    if (takenOnce !== undefined) arrow.classes.add('taken')
    if (!next.has(source)) next.set(source, new Set())
    next.get(source)?.add(target)
  }
  return { arrows, next }
}

/** @param {ReturnType<typeof toUnits>['units']} units @param {Map<string, Set<string>>} next */
const layersAmong = (units, next) => layersOf(units, next, ({ members }) => members.some((at) => model.modules[at].root))

/** Folds as little as leaves all of it readable in the room that there is. */
function foldToFit() {
  const loose = model.modules.filter(({ path }, at) => model.isDrawn(at) && foldersOf(path).length === 0).length
  const room = drawing.room()
  for (const budget of isList() ? [ROWS] : BUDGETS) {
    folding = foldAtFirst(folders, loose, budget)
    const seen = toUnits(model.modules, folding, passes)
    const { next } = connect(seen)
    const { width, height } = extent(layOut(layersAmong(seen.units, next), next, room))
    if (width <= room.width && height <= room.height) break
  }
  known = new Set(folders.keys())
}

/** @param {{ keep: boolean }} how `keep`: what is there stays where it is, and only what is new finds a place */
function show({ keep }) {
  shown = toUnits(model.modules, folding, passes)
  const { units, unitOf } = shown
  const { arrows, next } = connect(shown)
  neighbours = next
  const layers = layersAmong(units, neighbours)
  if (keep) addTo(points, layers)
  else points = layOut(layers, neighbours, drawing.room())
  drawing.draw(units, arrows, points, model)
  drawing.light(new Set(lit.flatMap((path) => unitOf[model.find(path) ?? -1] ?? [])))
  byId('count').textContent = `${units.size} shown, of ${model.size} modules`
  if (!keep) drawing.fit()
  describe()
}

/** The folder that is chosen, folded or not. */
function chosenFolder() {
  if (!chosen?.startsWith('folder ')) return undefined
  const path = chosen.slice('folder '.length)
  const unit = shown.units.get(chosen)
  /** @type {import('./fold.mjs').Kind} */
  const kind = folders.get(path)?.kind ?? 'packages'
  const isInside = (/** @type {number} */ at) => passes(at) && (kind === 'packages' ? packageOf(model.modules[at].path) !== undefined : model.modules[at].path.startsWith(`${path}/`))
  const members = unit?.members ?? model.modules.flatMap((_, at) => (isInside(at) ? [at] : []))
  const name = unit?.name ?? (kind === 'packages' ? 'packages' : kind === 'package' ? packageName(path) : `${path}/`)
  return members.length > 0 ? { id: chosen, path, kind, name, members, isFolded: unit !== undefined } : undefined
}

/** The packages that the user's own modules import. */
function directPackages() {
  /** @type {Set<string>} */
  const found = new Set()
  for (const { from, to } of model.edges) {
    const inside = packageOf(model.modules[to].path)
    if (inside !== undefined && model.isDrawn(from) && model.isDrawn(to) && packageOf(model.modules[from].path) === undefined) found.add(inside)
  }
  return [...found].toSorted((a, b) => (packageName(a) < packageName(b) ? -1 : 1))
}

/** What is chosen, drawn and described. */
function describe() {
  const { unitOf } = shown
  const marks = { chain: /** @type {Set<string>} */ (new Set()), affected: /** @type {Set<string>} */ (new Set()) }
  const at = chosen === undefined ? undefined : model.find(chosen)
  const folder = chosenFolder()
  if (at !== undefined) {
    panel.showModule(model, at, foldersOf(model.modules[at].path))
    const { found, crossed } = model.affected(at)
    const { chain } = explain(model, at)
    add(marks.chain, chain.flatMap(({ from, to }) => [from, to]), chain)
    add(marks.affected, found, crossed)
  } else if (folder) {
    panel.showFolder(model, folder, directPackages().filter((path) => !folding.apart.has(path)))
  } else {
    panel.showAll(model)
  }
  const here = new Set(at === undefined ? (folder?.members ?? []).flatMap((one) => unitOf[one] ?? []) : (unitOf[at] ?? []) && [unitOf[at] ?? ''])
  const near = new Set([...here].flatMap((unit) => (here.size > 1 ? [] : [...around(unit)])))
  drawing.mark(marks, [...here], near)
  if (isList()) list.show(model, shown.units, folding, here)
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
  if (at === undefined || !model.isDrawn(at)) return
  isTouched = true
  const { folded, open, apart } = folding
  const inside = packageOf(path)
  const isApart = inside === undefined || apart.has(inside)
  if (inside !== undefined) apart.add(inside)
  const hiding = shown.unitOf[at] === `module ${path}` ? [] : foldersOf(path).filter((folder) => folded.has(folder))
  for (const folder of hiding) {
    folded.delete(folder)
    open.delete(folder)
  }
  const isFiltered = shown.unitOf[at] === undefined
  if (isFiltered) showAllStates()
  chosen = path
  if (hiding.length > 0 || isFiltered || !isApart) show({ keep: false })
  else describe()
  drawing.reveal(shown.unitOf[at] ?? '')
  history.replaceState(null, '', `#${path.split('/').map(encodeURIComponent).join('/')}`)
  if (isList()) byId('panel').scrollIntoView({ block: 'start' })
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
  isTouched = true
  chosen = unit
  describe()
  drawing.reveal(unit)
  if (isList()) byId('panel').scrollIntoView({ block: 'start' })
  return say(`${members?.length} modules, folded`, name ?? '')
}

/** Folds or unfolds; what is chosen stays so, or is what it is folded into. @param {string} folder */
function toggle(folder) {
  isTouched = true
  const { folded, open, apart } = folding
  const kind = folders.get(folder)?.kind
  let isFolding = false
  if (kind === undefined) {
    // All packages.
    const direct = directPackages().filter((path) => !apart.has(path))
    isFolding = direct.length === 0
    if (isFolding) apart.clear()
    for (const path of direct) apart.add(path)
  } else if (kind === 'package' && !apart.has(folder)) {
    apart.add(folder)
    chosen = `folder ${folder}`
  } else if (folded.delete(folder)) {
    open.delete(folder)
  } else {
    isFolding = true
    folded.add(folder)
    open.delete(folder)
    chosen = `folder ${folder}`
  }
  show({ keep: false })
  say(isFolding ? 'folded' : 'unfolded', folder)
}

/** A package stands among all packages again. @param {string} path */
function putBack(path) {
  folding.apart.delete(path)
  folding.folded.add(path)
  chosen = `folder ${PACKAGES}`
  show({ keep: false })
}

/** For people who do not see it. @param {string} text @param {string} name */
function say(text, name) {
  byId('status').replaceChildren(element('bdi', { textContent: visible(name) }), `: ${text}`)
}

/** @param {boolean} all */
function foldAll(all) {
  isTouched = true
  folding = createFolding()
  for (const { path, kind } of folders.values()) if (all || kind === 'package') folding.folded.add(path)
  show({ keep: false })
}

/** The current unit, for the keyboard. */
function current() {
  const at = chosen === undefined ? chosenFolder()?.members[0] : (model.find(chosen) ?? chosenFolder()?.members[0])
  return at === undefined ? undefined : shown.unitOf[at]
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
  model = createModel(picture, given.own)
  folders = collectFolders(model)
  for (const { path, kind, size } of folders.values()) {
    if (!known.has(path) && (kind === 'package' || size > FEW)) {
      folding.folded.add(path)
      folding.open.add(path)
    }
    known.add(path)
  }
  const counted = model.modules.filter(({ path, version }) => version > (versions.get(path) ?? version)).map(({ path }) => path)
  if (counted.length > 0) lit = counted
  fillFolders()
  const isFirst = points.size === 0
  if (isFirst) foldToFit()
  show({ keep: !isFirst })
  const [room, taken] = [drawing.room(), extent(points)]
  if (!isTouched && !isFirst && (taken.width > room.width || taken.height > room.height)) showAnew()
  // The link may be to what has only come now.
  if (chosen === undefined) chooseByHash()
}

/** As at first. */
function showAnew() {
  foldToFit()
  show({ keep: false })
}

/** @param {'list' | 'graph'} view */
function switchTo(view) {
  document.body.dataset.view = view
  byId('view').textContent = view === 'list' ? 'Graph' : 'List'
  drawing.resize()
  if (isTouched) show({ keep: false })
  else showAnew()
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
drawing.cy.on('dbltap', 'node.folder, node.package, node.packages', ({ target }) => toggle(target.id().slice('folder '.length)))
drawing.cy.on('dragpan pinchzoom scrollzoom', () => (isTouched = true))
byId('graph').addEventListener('keydown', press)
byId('fit').addEventListener('click', drawing.fit)
byId('fold').addEventListener('click', () => foldAll(true))
byId('unfold').addEventListener('click', () => foldAll(false))
for (const id of ['states', 'folder', 'only']) byId(id).addEventListener('change', () => show({ keep: false }))
addEventListener('hashchange', chooseByHash)

byId('view').addEventListener('click', () => switchTo(isList() ? 'graph' : 'list'))
addEventListener('resize', () => {
  drawing.resize()
  if (!isTouched) showAnew()
})

byId('timeline').hidden = given.events === undefined
fillFolders()
switchTo(matchMedia('(max-width: 640px)').matches ? 'list' : 'graph')
chooseByHash()
if (given.events !== undefined) listen(given.events, { replace, choose, knows: (path) => model.isDrawn(model.find(path) ?? -1) })
document.documentElement.dataset.ready = 'true'
