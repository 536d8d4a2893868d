/**
 * Apps that run to their end, and the same app as plain Node runs it: promise 4 of the design is that they are equal.
 */
import fs from 'node:fs'
import path from 'node:path'
import { createFolder, PACKAGE, startApp } from './app.mjs'

/**
 * @typedef {{ code: number | null, signal: string | null, stdout: string, stderr: string }} Run
 */

/**
 * Runs an app to its end.
 * @param {import('node:test').TestContext} t @param {import('./app.mjs').Options} options
 * @returns {Promise<Run>}
 */
export async function run(t, options) {
  const app = await startApp(t, { ipc: false, wait: false, ...options })
  return { ...(await app.exit()), ...app.output }
}

/**
 * The same app as plain Node runs it, and under hot-hook.
 * @param {import('node:test').TestContext} t @param {import('./app.mjs').Options} options
 */
export async function runBoth(t, options) {
  const folder = options.folder ?? createFolder(t, options)
  const [plain, hot] = await Promise.all([
    run(t, { ...options, folder, register: false }),
    run(t, { ...options, folder, register: true }),
  ])
  return { plain, hot, folder }
}

/** Makes packages that this project has installed known to an app. @param {string} folder @param {string[]} names */
export function install(folder, ...names) {
  for (const name of names) {
    fs.symlinkSync(path.join(PACKAGE, 'node_modules', name), path.join(folder, 'node_modules', name), 'dir')
  }
}
