/**
 * Who is measured: plain Node, the published hot-hook 1.0, this working tree, and other checkouts of it.
 */
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const PACKAGE = fileURLToPath(new URL('..', import.meta.url))

/** The name of the one that all others are compared with. */
export const PLAIN = 'plain Node'
export const V1 = 'hot-hook 1.0'
export const OURS = 'this hot-hook'

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {string} [folder] of its package; plain Node has none
 */

/** @param {string[]} checkouts folders of other builds of this package, to see what a change gains @returns {Contender[]} */
export function listContenders(checkouts) {
  return [
    { name: PLAIN },
    { name: V1, folder: fs.realpathSync(path.join(PACKAGE, 'node_modules/hot-hook-v1')) },
    { name: OURS, folder: PACKAGE },
    ...checkouts.map((folder) => ({ name: path.basename(folder), folder: path.resolve(folder) })),
  ]
}

/** The ones for whom a save means something. @param {Contender[]} contenders */
export const onlyHot = (contenders) => contenders.filter(({ folder }) => folder)
