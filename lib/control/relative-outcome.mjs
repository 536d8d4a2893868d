/**
 * An outcome with the paths of people: for the viewer, whose paths are relative to the project.
 */

/**
 * @param {any} outcome as `hot:outcome` has it @param {(path: string) => string} show
 * @returns {any}
 */
export function relativeOutcome({ id, time, outcome, files, ms, errors, mended, stale, modules, boundaries, pending, reason, hint }, show) {
  const all = (/** @type {string[] | undefined} */ paths) => (paths ?? []).map(show)
  return {
    id, time, outcome, ms, reason, hint,
    files: all(files),
    modules: all(modules),
    boundaries: all(boundaries),
    pending: all(pending),
    ...(mended?.length > 0 && { mended: all(mended) }),
    ...(stale?.length > 0 && { stale: stale.map((/** @type {{ path: string, by: string }} */ { path, by }) => ({ path: show(path), by: show(by) })) }),
    ...(errors?.length > 0 && { errors: errors.map((/** @type {any} */ error) => ({ ...error, ...(error.file && { file: show(error.file) }) })) }),
  }
}
