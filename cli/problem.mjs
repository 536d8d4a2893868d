/**
 * How a command ends.
 */

/** The exit codes; the highest of several apps is that of the command. */
export const LIVE = 0
export const BROKEN = 1
export const NOTHING_RUNS = 2
export const RESTART_NEEDED = 3
export const TIMED_OUT = 4
export const USAGE = 64

/** What the user is to be told, with the code to exit with. */
export class Problem extends Error {
  /** @param {string} message @param {number} [code] */
  constructor(message, code = 1) {
    super(message)
    this.code = code
  }
}
