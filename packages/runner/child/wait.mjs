/**
 * A process that was started ahead, while the one before it still runs, waits until it is its turn. Nothing of the app has
 * run in it.
 */
import { next, tell } from './link.mjs'
import { releaseOutput } from './output.mjs'
import { watchStart } from './rest.mjs'

/**
 * @param {object} [work]
 * @param {() => Promise<boolean>} [work.link] does what can be done ahead
 * @param {() => boolean} [work.prepare] whether that can still be used
 */
export async function wait({ link = async () => true, prepare = () => true } = {}) {
  const go = next('hot-runner:go')
  if (!(await link())) await leave()
  tell({ type: 'hot-runner:waits' })
  const { handles } = await go
  if (!prepare()) await leave()
  tell({ type: 'hot-runner:goes' })
  releaseOutput()
  if (handles > 0) await next('hot-runner:handles')
  watchStart()
}

/** Another process runs the app. */
function leave() {
  tell({ type: 'hot-runner:stale' }, undefined, () => process.exit())
  return new Promise(() => {})
}
