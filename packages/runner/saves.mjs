/**
 * Which changes of files count as saves while the app does not run: not those of files that it writes itself at each start,
 * or what it has started does. Pure: there is no clock and no file here.
 */

/** What an app has started may write a little after its end, in milliseconds. */
const SOON = 2000
/** In so many of the runs before a file must have changed to be taken for the app's own: once, a person may have saved it. */
const OWN = 2
/** So many runs count: in every second one it is not seen that a file is written, because a save had come before that. */
const RUNS = 2 * OWN
const CODE = /\.[cm]?[jt]sx?$/

export function createSaves() {
  /** What changed while the last process ran, or soon after. @type {Set<string>} */
  let now = new Set()
  /** The same for the runs before, the last one first. @type {Set<string>[]} */
  let before = []
  /** What was told since the last process has ended: what it has started may write on and on. @type {Set<string>} */
  let told = new Set()
  /** How many processes have ended since one was in no loop of crashes. */
  let sinceLived = 0

  /** @param {string} path @param {boolean} isLooping */
  function isOwn(path, isLooping) {
    // Two fixes of a module in quick succession are no less likely than a module that is generated at each start.
    const isGenerated = isLooping && sinceLived > before.length
    return before.filter((paths) => paths.has(path)).length >= OWN && (isGenerated || !CODE.test(path))
  }

  return {
    /** A process is ready, or is to end for a restart: it is in no loop of crashes, and modules are saved by a person. */
    lived() {
      sinceLived = 0
    },
    /** A process has ended. */
    ended() {
      sinceLived++
      before = [now, ...before].slice(0, RUNS)
      now = new Set()
      told = new Set()
    },
    /**
     * @param {string[]} paths that changed
     * @param {{ ago: number, early: boolean, isLooping: boolean }} when how long after the end of the process, in
     * milliseconds, or before it; and whether the app crashes again and again
     * @returns {{ counts: string[], own: string[] }} `own`: those that do not, to be told
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
