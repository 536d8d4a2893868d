/**
 * Loaded after hot-hook into a process that was started ahead: the app is linked, and waits.
 */
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { setup } from './link.mjs'
import { wait } from './wait.mjs'

/** The URL that Node will give the entry, if that is surely an ES module. @param {string | undefined} script */
function entryOf(script) {
  if (!script || !/\.m?[jt]s$/.test(script)) return undefined
  try {
    const file = fs.realpathSync(script)
    return /\.m[jt]s$/.test(file) || isOfModules(path.dirname(file)) ? pathToFileURL(file).href : undefined
  } catch {
    return undefined
  }
}

/** Whether the files of a folder are ES modules. @param {string} folder @returns {boolean} */
function isOfModules(folder) {
  const file = path.join(folder, 'package.json')
  if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8')).type === 'module'
  return path.dirname(folder) !== folder && isOfModules(path.dirname(folder))
}

async function waitLinked() {
  const entry = entryOf(process.argv[1])
  let hotHook
  try {
    hotHook = await /** @type {any} */ (globalThis)[Symbol.for('hot-hook')]?.ahead?.()
  } catch {
    // hot-hook's own files may be rewritten by an installation just now: another process will run the app.
    return wait({ link: async () => false })
  }
  if (!hotHook) return wait()
  if (!entry) return wait({ prepare: () => (hotHook.letGo(), true) })
  return wait({ link: () => hotHook.link(entry), prepare: () => hotHook.prepare(entry) })
}

if (setup?.ahead === 'link') await waitLinked()
