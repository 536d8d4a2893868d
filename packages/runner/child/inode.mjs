/** Identifies the file of a Unix socket. */
import fs from 'node:fs'

/** Tells the file of a Unix socket from another of the same name. @param {string} file */
export function inodeOf(file) {
  try {
    const found = fs.lstatSync(file, { bigint: true })
    return found.isSocket() ? `${found.dev}:${found.ino}` : undefined
  } catch {
    return undefined
  }
}
