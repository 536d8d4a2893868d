/**
 * The apps that are meant, and what they answer.
 */
import { ask, isGone } from '../lib/control/client.mjs'
import { findApps } from '../lib/control/pointers.mjs'
import { visible } from '../lib/runtime/visible.mjs'
import { NOTHING_RUNS, Problem } from './problem.mjs'

/** @typedef {import('../lib/control/pointers.mjs').App} App */
/** @typedef {import('../lib/control/client.mjs').Request} Request */

/** The current folder, which may have been deleted. */
export function currentFolder() {
  try {
    return process.cwd()
  } catch {
    throw new Problem('the current folder is no more')
  }
}

/** Those that may run here. @param {string | undefined} name what `--pid` says */
export function find(name) {
  if (process.platform === 'win32') throw new Problem('on Windows an app cannot be asked yet; in its code, hot.explain(path), hot.outcomes() and dumpViewer() can')
  const folder = currentFolder()
  const { apps: all, elsewhere } = findApps(folder)
  const apps = all.filter((app) => name === undefined || app.name === name || app.others?.includes(name))
  return { apps, nothing: () => nothingRuns(folder, name, elsewhere) }
}

/** @param {string} folder @param {string | undefined} name @param {boolean} elsewhere */
function nothingRuns(folder, name, elsewhere) {
  const which = name === undefined ? '' : ` with the pid ${visible(name)}`
  const hint = elsewhere ? '; one that runs in another container, if it still does, has to be asked there' : ''
  return new Problem(`no app${which} runs under hot-hook in ${visible(folder)}${hint}`, NOTHING_RUNS)
}

/** What went wrong with an app. @param {App} app @param {unknown} error */
export const problemOf = (app, error) => new Problem(`the app with the pid ${app.pid} does not answer: ${/** @type {Error} */ (error).message}`)

/**
 * What an app answers, or why it does not; `undefined` if it runs no more.
 * @param {App} app @param {Request} request @returns {Promise<any>}
 */
async function answerOf(app, request) {
  try {
    return await ask(app, request)
  } catch (error) {
    return isGone(error) ? undefined : problemOf(app, error)
  }
}

/** Asks the one app that is meant. @param {Request} request @param {string | undefined} name @returns {Promise<{ app: App, response: any }>} */
export async function askOne(request, name) {
  const { apps, nothing } = find(name)
  const asked = await Promise.all(apps.map(async (app) => ({ app, response: await answerOf(app, request) })))
  const responses = asked.filter(({ response }) => response !== undefined)
  if (responses.length === 0) throw nothing()
  if (responses.length > 1) {
    const list = responses.map(({ app }) => `  --pid ${app.name}   ${visible(app.entry)}`)
    throw new Problem(`${responses.length} apps run here; say which is meant:\n${list.join('\n')}`)
  }
  const [{ app, response }] = responses
  if (response instanceof Problem) throw response
  if (response.error !== undefined) throw new Problem(visible(response.error), response.code)
  return { app, response }
}
