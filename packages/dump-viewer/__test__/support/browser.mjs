/**
 * A real browser for tests of the page: Debian's `chromium`, or what `CHROMIUM` names.
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

/** Where the browser is; none, if it is not installed, or with `CHROMIUM=none`. */
function findBrowser() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM === 'none' ? undefined : process.env.CHROMIUM
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    const found = (process.env.PATH ?? '').split(path.delimiter).map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file))
    if (found && spawnSync(found, ['--version']).status === 0) return found
  }
  return undefined
}

const executablePath = findBrowser()

/** The options of tests that need it. */
export const needsBrowser = {
  skip: process.env.CHROMIUM === 'none' ? 'CHROMIUM=none' : executablePath ? false : 'there is no browser: install chromium, or set CHROMIUM',
}

/**
 * Starts a browser, and ends it after the test.
 * @param {import('node:test').TestContext} t @param {import('playwright-core').BrowserContextOptions} [options]
 */
export async function openBrowser(t, options = {}) {
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  t.after(() => browser.close())
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  /** What went wrong in it, and what it asked for besides itself. @type {{ problems: string[], requests: string[] }} */
  const seen = { problems: [], requests: [] }
  page.on('pageerror', (error) => seen.problems.push(String(error)))
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && seen.problems.push(message.text()))
  page.on('dialog', (dialog) => (seen.problems.push(`dialog: ${dialog.message()}`), dialog.dismiss()))
  page.on('request', (request) => seen.requests.push(request.url()))
  return { page, seen }
}

/**
 * Opens a page that is a file, as whoever was sent it would.
 * @param {import('node:test').TestContext} t @param {string} html @param {import('playwright-core').BrowserContextOptions & { hash?: string }} [options]
 */
export async function openPage(t, html, { hash = '', ...options } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hot-hook-viewer-'))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  const file = path.join(folder, 'page.html')
  fs.writeFileSync(file, html)
  const { page, seen } = await openBrowser(t, options)
  await page.goto(`${pathToFileURL(file)}${hash}`)
  await page.waitForFunction(`document.documentElement.dataset.ready === 'true'`)
  return { page, seen }
}

/** What is drawn: each node's label and classes, each edge's ends and classes. @param {import('playwright-core').Page} page */
export const drawn = (page) =>
  page.evaluate(() => {
    const { cy } = /** @type {any} */ (globalThis).document.querySelector('#graph')._cyreg
    const toText = (/** @type {any} */ one) => one.classes().join(' ')
    return {
      nodes: Object.fromEntries(cy.nodes().map((/** @type {any} */ node) => [node.id(), { label: node.data('label'), classes: toText(node), ...node.position() }])),
      edges: Object.fromEntries(cy.edges().map((/** @type {any} */ edge) => [`${edge.source().id()} → ${edge.target().id()}`, toText(edge)])),
      view: { ...cy.pan(), zoom: cy.zoom() },
    }
  })

/** Where a node is to be clicked. @param {import('playwright-core').Page} page @param {string} id */
export async function placeOf(page, id) {
  const box = await page.locator('#graph').boundingBox()
  const at = await page.evaluate((name) => {
    const { cy } = /** @type {any} */ (globalThis).document.querySelector('#graph')._cyreg
    return { ...cy.getElementById(name).renderedPosition() }
  }, id)
  return { x: (box?.x ?? 0) + at.x, y: (box?.y ?? 0) + at.y }
}
