/**
 * Which changes of files count as saves while the app does not run: not those of files that it writes itself at each start,
 * or what it has started does. Pure: there is no clock and no file here.
 */

/** What an app has started may write a little after its end, in milliseconds. */
const SOON = 2000
const CODE = /\.[cm]?[jt]sx?$/

export function createSaves() {
  /** What changed while the last process ran, or soon after. @type {Set<string>} */
  let now = new Set()
  /** The same for the three before: what one did while it ran is not looked at if a save came at once. @type {Set<string>[]} */
  let before = []
  /** @type {Set<string>} */
  const told = new Set()
  /** How many processes have ended since one was in no loop of crashes. */
  let sinceLived = 0

  /** @param {string} path @param {boolean} isLooping */
  function isOwn(path, isLooping) {
    // Two fixes of a module in quick succession are no less likely than a module that is generated at each start.
    const isGenerated = isLooping && sinceLived > before.length
    return before.some((paths) => paths.has(path)) && (isGenerated || !CODE.test(path))
  }

  return {
    /** A process is ready, or is to end for a restart: it is in no loop of crashes, and whoever saves modules is a person. */
    lived() {
      sinceLived = 0
    },
    /** A process has ended. */
    ended() {
      sinceLived++
      before = [now, ...before].slice(0, 3)
      now = new Set()
    },
    /**
     * @param {string[]} paths that changed
     * @param {{ ago: number, early: boolean, isLooping: boolean }} when how long after the end of the process, in
     * milliseconds, or before it; and whether the app crashes again and again
     * @returns {{ counts: string[], own: string[] }} `own`: those that are found to be the app's own for the first time
     */
    judge(paths, { ago, early, isLooping }) {
      if (!early && ago >= SOON) return { counts: paths, own: [] }
      for (const path of paths) now.add(path)
      const own = paths.filter((path) => isOwn(path, isLooping) && !told.has(path))
      for (const path of own) told.add(path)
      return { counts: paths.filter((path) => !isOwn(path, isLooping)), own }
    },
  }
}
