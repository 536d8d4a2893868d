/**
 * Folders and packages: which are there, which are folded, and what of the graph is therefore to be seen.
 *
 * @typedef {{ id: string, kind: 'module' | 'folder' | 'package', name: string, members: number[] }} Unit
 * @typedef {{ path: string, kind: 'folder' | 'package', parent: string | undefined, folders: Set<string>, modules: number[], size: number }} Folder
 */

/** So many are drawn at first, at most, if that can be: what is more is folded. */
const FEW = 70

const PACKAGE = /^(.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//

/** The folders that a module is in, outermost first; a package is one, whatever is in it. @param {string} path */
export function foldersOf(path) {
  const inside = PACKAGE.exec(path)
  const above = inside ? (inside[1] ?? '').split('/') : path.split('/')
  /** @type {Array<{ path: string, kind: 'folder' | 'package' }>} */
  const folders = []
  for (let count = 1; count < above.length; count++) {
    const folder = above.slice(0, count).join('/')
    if (!/(^|\/)\.\.$|^$/.test(folder)) folders.push({ path: folder, kind: 'folder' })
  }
  if (inside) folders.push({ path: inside[0].slice(0, -1), kind: 'package' })
  return folders
}

/** @param {import('./model.mjs').Module[]} modules @returns {Map<string, Folder>} */
export function collectFolders(modules) {
  /** @type {Map<string, Folder>} */
  const folders = new Map()
  modules.forEach(({ path }, at) => {
    /** @type {string | undefined} */
    let parent
    for (const { path: folder, kind } of foldersOf(path)) {
      if (!folders.has(folder)) folders.set(folder, { path: folder, kind, parent, folders: new Set(), modules: [], size: 0 })
      if (parent !== undefined) folders.get(parent)?.folders.add(folder)
      const found = folders.get(folder)
      if (found) found.size++
      parent = folder
    }
    if (parent !== undefined) folders.get(parent)?.modules.push(at)
  })
  return folders
}

/**
 * What is folded at first: packages, and folders as far as there would be too many modules to be seen; the largest that
 * fit are unfolded.
 * @param {Map<string, Folder>} folders @param {number} loose how many modules are in no folder
 */
export function foldAtFirst(folders, loose) {
  const folded = new Set(folders.keys())
  const tops = [...folders.values()].filter(({ parent }) => parent === undefined)
  let seen = loose + tops.length
  const queue = tops.filter(({ kind }) => kind === 'folder')
  while (queue.length > 0) {
    queue.sort((a, b) => a.size - b.size)
    const next = /** @type {Folder} */ (queue.pop())
    const more = next.folders.size + next.modules.length - 1
    if (seen + more > FEW) continue
    seen += more
    folded.delete(next.path)
    for (const inner of next.folders) {
      const folder = folders.get(inner)
      if (folder?.kind === 'folder') queue.push(folder)
    }
  }
  return folded
}

/**
 * What is to be seen of the modules that pass the filter.
 * @param {import('./model.mjs').Module[]} modules @param {Set<string>} folded @param {(at: number) => boolean} passes
 */
export function toUnits(modules, folded, passes) {
  /** @type {Map<string, Unit>} */
  const units = new Map()
  /** @type {Array<string | undefined>} */
  const unitOf = modules.map(({ path }, at) => {
    if (!passes(at)) return undefined
    const folder = foldersOf(path).find(({ path }) => folded.has(path))
    const id = folder ? `folder ${folder.path}` : `module ${path}`
    const name = folder ? (folder.kind === 'package' ? folder.path.replace(/^.*node_modules\//, '') : `${folder.path}/`) : path
    if (!units.has(id)) units.set(id, { id, kind: folder?.kind ?? 'module', name, members: [] })
    units.get(id)?.members.push(at)
    return id
  })
  return { units, unitOf }
}
