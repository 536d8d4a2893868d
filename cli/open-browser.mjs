/**
 * Opens a page in the user's browser, if there is one.
 */
import { spawn } from 'node:child_process'
import fs from 'node:fs'

/** After so long, in milliseconds, a command that still runs is the browser itself. */
const PATIENCE = 2000

/** @typedef {[command: string, ...args: string[]]} Command */

/** One of what `BROWSER` names: `%s` stands for the URL. @param {string} text @param {string} url @returns {Command} */
function parse(text, url) {
  const words = fs.existsSync(text) ? [text] : text.trim().split(/\s+/)
  const args = words.map((word) => word.replaceAll('%s', () => url))
  return /** @type {Command} */ (text.includes('%s') ? args : [...args, url])
}

/**
 * What to try, one after the other; or why there is nothing to try.
 * @param {string} url @param {NodeJS.ProcessEnv} env @param {NodeJS.Platform} platform
 * @returns {Command[] | string}
 */
export function commandsFor(url, env, platform) {
  const BROWSER = env.BROWSER?.trim()
  if (BROWSER === 'none') return 'BROWSER=none forbids it'
  if (BROWSER) return (platform === 'win32' ? [BROWSER] : BROWSER.split(':').filter((text) => text.trim() !== '')).map((text) => parse(text, url))
  if (platform === 'darwin') return [['open', url]]
  // The quotes are the window's title.
  if (platform === 'win32') return [['cmd', '/c', 'start', '""', url]]
  if (env.WSL_DISTRO_NAME) return [['wslview', url], ['xdg-open', url]]
  if (!env.DISPLAY && !env.WAYLAND_DISPLAY) return 'there is no display'
  return [['xdg-open', url]]
}

/** Runs a command that goes on without us. @param {Command} command @returns {Promise<string | undefined>} what is wrong */
function launch([command, ...args]) {
  return new Promise((resolve) => {
    /** @type {import('node:child_process').ChildProcess} */
    let child
    try {
      child = spawn(command, args, { stdio: 'ignore', detached: true, windowsVerbatimArguments: true })
    } catch (error) {
      // Not every failure comes as an event.
      return resolve(/** @type {Error} */ (error).message)
    }
    child.on('error', (error) => resolve(/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT' ? `there is no ${command}` : error.message))
    child.on('exit', (code, signal) => resolve(code === 0 ? undefined : `${command} ended with ${signal ?? code}`))
    child.unref()
    setTimeout(() => resolve(undefined), PATIENCE).unref()
    return undefined
  })
}

/**
 * Opens `url`.
 * @param {string} url
 * @returns {Promise<string | undefined>} why that could not be
 */
export async function openBrowser(url) {
  const commands = commandsFor(url, process.env, process.platform)
  if (typeof commands === 'string') return commands
  const problems = []
  for (const command of commands) {
    const problem = await launch(command)
    if (problem === undefined) return undefined
    problems.push(problem)
  }
  return problems.join(', ')
}
