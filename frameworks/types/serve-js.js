// Checked by types.test.mjs: `handler` in JSDoc.
import { createServer } from 'node:http'
import { handler } from 'hot-hook'

const server = createServer(handler(() => import('./apps.js', import.meta.hot?.boundary), 'app'))
server.on('upgrade', handler(() => import('./apps.js', import.meta.hot?.boundary), 'koa').upgrade)
/** @type {import('hot-hook').Handler} */
export const h = handler(() => import('./apps.js', import.meta.hot?.boundary))
// @ts-expect-error -- no such export
handler(() => import('./apps.js'), 'nothing')
/** @typedef {typeof import('./apps.js')} Apps */
import.meta.hot?.accept('./apps.js', (/** @type {Apps} */ { limit }) => limit.toFixed())
