/**
 * The import graph of this process, as a page. See index.d.ts.
 */
import { createStream } from './live.mjs'
import { createPage, EMPTY } from './page.mjs'
import { serve } from './server.mjs'
import { thisApp } from './source.mjs'

/** @param {import('./index.d.ts').DumpViewerOptions} [options] @returns {Promise<string>} */
export async function dumpViewer({ events, source = thisApp } = {}) {
  if (events !== undefined && (typeof events !== 'string' || events === '')) {
    throw new TypeError(`dumpViewer({ events }): must be the path of a route, such as '/graph/events', got ${String(events)}`)
  }
  return createPage((await source.picture()) ?? EMPTY, events, source.own?.())
}

/** @param {import('./index.d.ts').Source} [source] */
export const liveEvents = (source = thisApp) => createStream(source)

/** @param {import('./index.d.ts').ServeOptions} [options] */
export const serveViewer = (options = {}) => serve({ project: options.source ? undefined : process.cwd(), ...options, source: options.source ?? thisApp })
