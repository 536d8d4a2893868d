/**
 * Makes the pictures in `docs/` anew: `node packages/dump-viewer/__test__/support/screenshots.mjs`.
 */
import { dumpViewer } from '@hot-hook/dump-viewer'
import { fileURLToPath } from 'node:url'
import { openPage } from './browser.mjs'
import { appOf, small, sourceOf } from './pictures.mjs'

const folder = fileURLToPath(new URL('../../../../docs/', import.meta.url))

for (const [name, picture, options] of /** @type {const} */ ([
  ['small', small, { hash: '#src/config.mjs', colorScheme: 'light' }],
  ['300', appOf(300), { hash: '#src/features/area-3/feature-3/view-7.mjs', colorScheme: 'dark' }],
  ['5000', appOf(5000), { colorScheme: 'light' }],
])) {
  /** @type {Array<() => unknown>} */
  const afterwards = []
  const t = /** @type {any} */ ({ after: (/** @type {() => unknown} */ callback) => afterwards.push(callback) })
  const { page } = await openPage(t, await dumpViewer({ source: sourceOf(picture) }), { ...options, viewport: { width: 1200, height: 640 } })
  // A graph is drawn with the next frames.
  await page.waitForTimeout(500)
  await page.click('#fit')
  await page.waitForTimeout(300)
  await page.screenshot({ path: `${folder}viewer-${name}.png` })
  for (const callback of afterwards) await callback()
}
