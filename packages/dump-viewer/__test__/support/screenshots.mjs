/**
 * Makes the pictures in `docs/` anew, of real Express apps: `node packages/dump-viewer/__test__/support/screenshots.mjs`. With a
 * folder as its argument it makes all there, of each app: small and large screens, light and dark, at first, after a save, with a
 * failure, with a cold module chosen; and prints how long drawing took.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openBrowser } from './browser.mjs'
import { createApp } from './real-apps.mjs'

const DOCS = fileURLToPath(new URL('../../../../docs/', import.meta.url))
const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const DESK = { width: 1440, height: 900 }
const PHONE = { width: 390, height: 844 }

/** @type {Array<() => unknown>} */
const afterwards = []
const t = /** @type {any} */ ({ after: (/** @type {() => unknown} */ callback) => afterwards.unshift(callback) })

/** Runs a command until it prints a URL. @param {string[]} args @param {string} cwd @param {Record<string, string>} env */
async function start(args, cwd, env) {
  const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(async () => child.kill() && (await once(child, 'exit')))
  let text = ''
  for await (const part of child.stdout) {
    text += part
    const url = /http:\/\/\S+/.exec(text)
    if (url) return url[0]
  }
  throw new Error(`no URL came from ${args.join(' ')}: ${text}`)
}

/** @param {number} size of the app @param {(name: string) => string | undefined} fileFor where a picture goes, if it is wanted */
async function take(size, fileFor) {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'shop-')))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  const { entry, routes, hot, cold } = createApp(folder, size)
  const env = { PORT: '0', XDG_RUNTIME_DIR: path.join(folder, 'node_modules/.run'), XDG_STATE_HOME: path.join(folder, 'node_modules/.state') }
  fs.mkdirSync(env.XDG_RUNTIME_DIR, { mode: 0o700 })
  const app = await start(['--import=hot-hook/register', entry], folder, env)
  const ask = async (/** @type {string[]} */ paths) => {
    for (const one of paths) await fetch(app + one).then((response) => response.text())
  }
  await ask(routes)
  await sleep(1000)
  const url = await start([path.join(ROOT, 'cli/main.mjs'), 'view', '--no-open', '--port=0'], folder, env)

  /** @param {import('playwright-core').BrowserContextOptions} options */
  async function open(options) {
    const { page } = await openBrowser(t, options)
    const begin = performance.now()
    await page.goto(url)
    await page.waitForFunction(`document.documentElement.dataset.ready === 'true'`)
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))')
    console.log(`${size} files: drawn ${Math.round(performance.now() - begin)} ms after the page was asked for`)
    return page
  }

  for (const [screen, viewport] of Object.entries({ desk: DESK, phone: PHONE })) {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      const shots = ['first', 'saved', 'failed', 'cold'].map((name) => [name, fileFor(`${size}-${screen}-${colorScheme}-${name}`)])
      if (shots.every(([, file]) => file === undefined)) continue
      const page = await open({ viewport, colorScheme })
      const choose = (/** @type {string} */ to) => page.evaluate((hash) => void (/** @type {any} */ (globalThis).location.hash = hash), to)
      const steps = /** @type {Record<string, () => unknown>} */ ({
        first: () => {},
        async saved() {
          fs.appendFileSync(path.join(folder, hot), '// saved\n')
          await sleep(500)
          await ask(routes)
          await choose(hot)
        },
        async failed() {
          fs.appendFileSync(path.join(folder, hot), 'const = 1\n')
          await sleep(500)
          await ask(routes)
          await choose(hot)
        },
        async cold() {
          fs.writeFileSync(path.join(folder, hot), fs.readFileSync(path.join(folder, hot), 'utf8').replaceAll(/const = 1\n/g, ''))
          await sleep(500)
          await ask(routes)
          await choose(cold)
        },
      })
      for (const [name, file] of shots) {
        if (file === undefined) continue
        await steps[/** @type {string} */ (name)]()
        await sleep(1200)
        await page.screenshot({ path: file, fullPage: screen === 'phone' })
        // A third of the size, where it is installed.
        spawnSync('pngquant', ['--force', '--ext', '.png', '--strip', '48', file])
      }
      await page.context().browser()?.close()
    }
  }
}

const [folder] = process.argv.slice(2)
/** @type {Record<string, string>} */
const docs = { '4-desk-light-saved': 'viewer-small', '300-desk-dark-failed': 'viewer-failed', '300-desk-light-cold': 'viewer-300', '5000-desk-light-first': 'viewer-5000' }
if (folder) fs.mkdirSync(folder, { recursive: true })
try {
  for (const size of [4, 300, 5000]) await take(size, (name) => (folder ? path.join(folder, `${name}.png`) : docs[name] && `${DOCS}${docs[name]}.png`))
} finally {
  for (const callback of afterwards) await callback()
}
