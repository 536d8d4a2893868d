/**
 * Folders and packages: which are there, which are folded, and what of the graph is therefore to be seen.
 *
 * ```text
 *   src/ ── features/ ── orders/ ── routes.js      the user's folders: unfolded as far as there is room
 *   packages ── express ── lib/router.js           all packages are one node; each can be shown apart
 * ```
 *
 * @typedef {'module' | 'folder' | 'package' | 'packages'} Kind
 * @typedef {{ id: string, kind: Kind, name: string, members: number[] }} Unit
 * @typedef {{ path: string, kind: 'folder' | 'package', parent: string | undefined, folders: Set<string>, modules: number[], boundaries: number, size: number }} Folder
 * @typedef {ReturnType<typeof createFolding>} Folding
 */

/** The path that stands for all packages. */
export const PACKAGES = 'node_modules'

const PACKAGE = /^(.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//
const OWN = /^(?:.*\/)?node_modules\/(?:hot-hook|@hot-hook\/[^/]+)\//

/** Whether a module is hot-hook's own, which is no part of the user's app. @param {string} path @param {string[]} own the folders of linked packages */
export const isOwn = (path, own) => OWN.test(path) || own.some((folder) => path.startsWith(`${folder}/`))

/** The package that a module is in. @param {string} path */
export const packageOf = (path) => PACKAGE.exec(path)?.[0].slice(0, -1)

/** What a package is called. @param {string} path */
export const packageName = (path) => path.replace(/^.*node_modules\//, '')

/** The user's folders that a module is in, outermost first; or the package, whatever is in it. @param {string} path @returns {string[]} */
export function foldersOf(path) {
  const inside = packageOf(path)
  if (inside !== undefined) return [inside]
  const folders = []
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    const folder = path.slice(0, at)
    if (!/(^|\/)\.\.$|^$/.test(folder)) folders.push(folder)
  }
  return folders
}

/** @param {import('./model.mjs').Model} model @returns {Map<string, Folder>} */
export function collectFolders({ modules, isDrawn }) {
  /** @type {Map<string, Folder>} */
  const folders = new Map()
  modules.forEach(({ path, boundary }, at) => {
    if (!isDrawn(at)) return
    const kind = packageOf(path) === undefined ? 'folder' : 'package'
    /** @type {string | undefined} */
    let parent
    for (const folder of foldersOf(path)) {
      if (!folders.has(folder)) folders.set(folder, { path: folder, kind, parent, folders: new Set(), modules: [], boundaries: 0, size: 0 })
      if (parent !== undefined) folders.get(parent)?.folders.add(folder)
      const found = /** @type {Folder} */ (folders.get(folder))
      found.size++
      if (boundary) found.boundaries++
      parent = folder
    }
    if (parent !== undefined) folders.get(parent)?.modules.push(at)
  })
  return folders
}

/** What is folded, and what stands apart. */
export function createFolding() {
  return {
    /** Folders and packages that are one node. @type {Set<string>} */
    folded: new Set(),
    /** Folded folders whose boundaries stand beside them. @type {Set<string>} */
    open: new Set(),
    /** Packages that do not stand in the one node of all packages. @type {Set<string>} */
    apart: new Set(),
  }
}

/** @param {Folder[]} folders */
const sizeOf = (folders) => folders.reduce((sum, { size }) => sum + size, 0)

/** Those that stand side by side. @param {Folder[]} folders */
function byParent(folders) {
  /** @type {Map<string, Folder[]>} */
  const groups = new Map()
  for (const folder of folders) groups.set(folder.parent ?? '', [...(groups.get(folder.parent ?? '') ?? []), folder])
  return [...groups.values()]
}

/**
 * What is folded at first: packages, and the user's folders as far as there would be too much to be seen. First those that
 * hold folders are unfolded, then the boundaries of the others are shown beside them, then what else fits is unfolded.
 * @param {Map<string, Folder>} folders @param {number} loose how many modules are in no folder @param {number} budget how many nodes there may be
 * @returns {Folding}
 */
export function foldAtFirst(folders, loose, budget) {
  const folding = createFolding()
  const { folded, open } = folding
  for (const { path } of folders.values()) folded.add(path)
  const own = [...folders.values()].filter(({ kind }) => kind === 'folder')
  let seen = loose + own.filter(({ parent }) => parent === undefined).length + (own.length < folders.size ? 1 : 0)

  const all = own.filter(({ parent }) => parent === undefined).reduce((sum, { size }) => sum + size, 0)

  /** How many nodes it adds to unfold one. @param {Folder} folder */
  const moreOf = ({ path, folders: inner, modules, boundaries }) => inner.size + modules.length - 1 - (open.has(path) && inner.size === 0 ? boundaries : 0)

  const isSeen = (/** @type {Folder} */ { path, parent }) => folded.has(path) && (parent === undefined || !folded.has(parent))

  /**
   * Unfolds as long as there is room: of folders that stand side by side all or none, because it is not known which of them would be
   * of more interest.
   * @param {(folder: Folder) => boolean} isWanted
   */
  function unfold(isWanted) {
    for (;;) {
      const fits = (/** @type {Folder[]} */ group) => seen + group.reduce((sum, one) => sum + moreOf(one), 0) <= budget
      const group = byParent(own.filter((one) => isSeen(one) && isWanted(one))).toSorted((a, b) => sizeOf(a) - sizeOf(b)).find(fits)
      if (group === undefined) return
      for (const folder of group) {
        seen += moreOf(folder)
        folded.delete(folder.path)
        open.delete(folder.path)
      }
    }
  }

  unfold(({ folders: inner, modules, size }) => (inner.size > 0 && inner.size >= modules.length) || size * 2 > all)
  // One whose modules are boundaries all is not told twice.
  const opened = own.filter((folder) => isSeen(folder) && folder.boundaries > 0 && folder.boundaries <= 3 && folder.boundaries < folder.size)
  const beside = opened.reduce((sum, { boundaries }) => sum + boundaries, 0)
  if (seen + beside <= budget) {
    seen += beside
    for (const { path } of opened) open.add(path)
  }
  unfold(() => true)
  return folding
}

/**
 * What is to be seen of the modules that pass the filter.
 * @param {import('./model.mjs').Module[]} modules @param {Folding} folding @param {(at: number) => boolean} passes
 */
export function toUnits(modules, { folded, open, apart }, passes) {
  /** @type {Map<string, Unit>} */
  const units = new Map()

  /** @param {string} path @param {boolean} boundary @returns {[id: string, kind: Kind, name: string]} */
  function unitFor(path, boundary) {
    const inside = packageOf(path)
    if (inside !== undefined) {
      if (!apart.has(inside)) return [`folder ${PACKAGES}`, 'packages', 'packages']
      return folded.has(inside) ? [`folder ${inside}`, 'package', packageName(inside)] : [`module ${path}`, 'module', path]
    }
    const folder = foldersOf(path).find((one) => folded.has(one))
    if (folder === undefined || (boundary && open.has(folder))) return [`module ${path}`, 'module', path]
    return [`folder ${folder}`, 'folder', `${folder}/`]
  }

  /** @type {Array<string | undefined>} */
  const unitOf = modules.map(({ path, boundary }, at) => {
    if (!passes(at)) return undefined
    const [id, kind, name] = unitFor(path, boundary)
    if (!units.has(id)) units.set(id, { id, kind, name, members: [] })
    units.get(id)?.members.push(at)
    return id
  })
  return { units, unitOf }
}
