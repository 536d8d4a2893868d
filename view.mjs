/**
 * `hot-hook view`: the import graph of a running app on a port of 127.0.0.1, by `@hot-hook/dump-viewer`.
 */
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const NAME = '@hot-hook/dump-viewer/server'

/** The project's own, else ours. @param {string} cwd */
function findViewer(cwd) {
  try {
    return pathToFileURL(createRequire(path.join(cwd, '_')).resolve(NAME)).href
  } catch {
    return import.meta.resolve(NAME)
  }
}

/**
 * Serves the page until the process is ended; an app that is started again is followed.
 * @param {() => Promise<{ app: { pid: number }, answer: object }>} ask asks the running app for its graph
 * @param {number} port
 * @returns {Promise<string>} where the page is
 */
export async function view(ask, port) {
  let { app, answer } = await ask()
  const source = {
    app: () => String(app.pid),
    async picture() {
      try {
        ;({ app, answer } = await ask())
      } catch {
        // It does not run just now: what it was last is shown.
      }
      return JSON.stringify(answer)
    },
    // That a version counts is seen in the picture.
    subscribe: () => () => {},
  }
  const { serve } = await import(findViewer(process.cwd()))
  const { url } = await serve({ source, port })
  // The server keeps nothing alive.
  setInterval(() => {}, 2 ** 30)
  return url
}
