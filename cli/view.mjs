/**
 * `hot-hook view`: the import graph of a running app on a port of 127.0.0.1, by `@hot-hook/dump-viewer`.
 */
import path from 'node:path'
import { follow } from '../lib/control/client.mjs'
import { relativeOutcome } from '../lib/control/relative-outcome.mjs'
import { findViewer } from '../lib/find-viewer.mjs'
import { visible } from '../lib/runtime/visible.mjs'
import { askOne } from './apps.mjs'
import { openBrowser } from './open-browser.mjs'
import { Problem } from './problem.mjs'

/**
 * Shows it, and prints where.
 * @param {string | undefined} pid @param {number} port @param {boolean} opens
 */
export async function show(pid, port, opens) {
  const hear = async (/** @type {App} */ app, /** @type {Listener} */ tell) => {
    const show = (/** @type {string} */ file) => shorten(app.root, file)
    const graph = await follow(app, { ask: 'follow' }, tell)
    // Of what became of saves before, the page has what is still broken.
    const outcomes = await follow(app, { ask: 'log', last: 0, follow: true }, ({ event, data }) => tell({ event, data: relativeOutcome(data, show) })).catch(() => undefined)
    return { over: graph.over.then(() => outcomes?.close()) }
  }
  const { url, createOneTimeUrl } = await view({ ask: () => askOne({ ask: 'graph' }, pid), follow: hear }, port).catch((error) => {
    if (error instanceof Problem) throw error
    if (error.code === 'EADDRINUSE') throw new Problem(`port ${port} is taken: give another one with --port`)
    const isMissing = error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND'
    throw new Problem(isMissing ? 'view needs @hot-hook/dump-viewer: npm i -D @hot-hook/dump-viewer' : error.message)
  })
  console.log(url)
  const problem = opens ? await openBrowser(createOneTimeUrl()) : undefined
  if (problem !== undefined) console.error(`hot-hook: no browser was opened (${visible(problem)}): open the URL yourself`)
}

/** A path as the graph has it. @param {string} root @param {string} file */
function shorten(root, file) {
  const relative = path.relative(root, file)
  return relative.startsWith('..') ? file : relative.replaceAll(path.sep, '/')
}

/** @typedef {import('../lib/control/pointers.mjs').App} App */
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
async function view({ ask, follow }, port) {
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
  const { url, createOneTimeUrl } = await serve({ source, port, project: app.root })
  // If it has just ended, the page asks again.
  await attend().catch(() => {})
  // The server keeps nothing alive.
  setInterval(() => {}, 2 ** 30)
  return { url, createOneTimeUrl }
}
