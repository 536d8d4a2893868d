/**
 * `hot-hook view`: the import graph of a running app on a port of 127.0.0.1, by `@hot-hook/dump-viewer`.
 */
import { findViewer } from '../lib/find-viewer.mjs'

/** @typedef {{ pid: number, socket: string }} App */
/** @typedef {(event: any) => void} Listener */

/**
 * Serves the page until the process is ended; an app that is started again is followed.
 * @param {object} app
 * @param {() => Promise<{ app: App, response: object }>} app.ask asks the running app for its graph
 * @param {(app: App, tell: Listener) => Promise<{ over: Promise<void> }>} app.follow hears what happens in it, as long as it runs
 * @param {number} port
 * @returns {Promise<{ url: string, createOneTimeUrl: () => string }>} where the page is; for a browser's command, whose arguments others can
 *   read, a URL that works once
 */
export async function view({ ask, follow }, port) {
  const { serve } = await import(findViewer(process.cwd(), import.meta.url))
  let { app, response } = await ask()
  /** @type {Set<Listener>} */
  const listeners = new Set()
  const tell = (/** @type {any} */ event) => listeners.forEach((listener) => listener(event))
  let isFollowing = false

  async function attend() {
    if (isFollowing) return
    const { over } = await follow(app, tell)
    isFollowing = true
    void over.then(() => {
      isFollowing = false
      tell({ event: 'end', data: {} })
    })
  }

  const source = {
    app: () => String(app.pid),
    async picture() {
      try {
        ;({ app, response } = await ask())
        await attend()
      } catch {
        // It does not run just now: what it was last is shown.
      }
      return JSON.stringify(response)
    },
    /** @param {Listener} listener */
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  const { url, createOneTimeUrl } = await serve({ source, port })
  // If it has just ended, the page asks again.
  await attend().catch(() => {})
  // The server keeps nothing alive.
  setInterval(() => {}, 2 ** 30)
  return { url, createOneTimeUrl }
}
