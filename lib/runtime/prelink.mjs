/**
 * For a process that is started before it is needed: the app is linked, and runs later, with what its files hold then.
 */
import { thread } from '../native/thread.mjs'
import { guarded } from './guard.mjs'
import { appBegins } from './hot.mjs'
import { evictNow, loadCache } from '../node/esm-cache.mjs'
import { linkOnly } from './link-only.mjs'

/**
 * Links the app; nothing of it runs.
 * @param {string} entry the URL of its entry
 * @returns {Promise<boolean>} whether {@link prepare} may make something of it
 */
export async function link(entry) {
  if (!loadCache()) return false
  let isLeft = false
  const error = await linkOnly(entry, { entry: true }, () => (isLeft = true))
  return !error && !isLeft
}

/** An app that cannot be linked is to run now. */
export function letGo() {
  guarded(() => thread.dropStalePrelink(''))
  guarded(appBegins)
}

/**
 * The app is to run now, by Node's own hand: what was changed since is forgotten.
 * @param {string} entry
 * @returns {boolean} false: only another process can run it
 */
export function prepare(entry) {
  const stale = guarded(() => thread.dropStalePrelink(entry))
  if (stale == null || !stale.every(evictNow)) return false
  guarded(appBegins)
  return true
}
