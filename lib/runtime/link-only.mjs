/**
 * Links modules without evaluating them: what is linked runs later, when it is imported.
 */
import { hasLinked, linkOnlyUrls, reuse } from '../hooks/link-only.mjs'
import * as engine from '../native/binding.js'
import { evictNow } from '../node/esm-cache.mjs'
import { guarded } from './guard.mjs'

/**
 * @param {string} target a URL
 * @param {Parameters<typeof linkOnlyUrls>[1]} how
 * @param {(urls: string[]) => void} leave called if something is left in Node's cache, with the URLs
 * @returns {Promise<{ cause: unknown } | undefined>} why it does not link; nothing if it does
 */
export async function linkOnly(target, how, leave) {
  const urls = linkOnlyUrls(target, how)
  try {
    await import(urls[0])
    return { cause: new Error('hot-hook: the hooks are not in place') }
  } catch (cause) {
    return hasLinked(cause) ? undefined : { cause }
  } finally {
    if (guarded(() => engine.releases()) && urls.every(evictNow)) reuse(urls)
    else leave(urls)
  }
}
