/**
 * Where graph snapshots come from: this process.
 */
import { hot } from 'hot-hook'
import { relativeOutcome, shown, snapshot } from 'hot-hook/internal'
import { fileURLToPath } from 'node:url'

const app = `${process.pid} ${performance.timeOrigin}`

/** @type {import('./index.d.ts').Source} */
export const thisApp = {
  app: () => app,
  picture: async () => snapshot(),
  own: () => shown([fileURLToPath(new URL('.', import.meta.url)).replace(/[\\/]$/, '')]),
  subscribe(listener) {
    const updated = (/** @type {any} */ { files, versions }) =>
      listener({ event: 'update', data: { files: shown(files), paths: shown(Object.keys(versions)) } })
    const asked = (/** @type {any} */ { path, text, hint }) =>
      listener({ event: 'restart', data: { path: shown([path])[0], text, hint } })
    const became = (/** @type {any} */ outcome) => listener({ event: 'outcome', data: relativeOutcome(outcome, (path) => shown([path])[0]) })
    hot.on('hot:outcome', became)
    hot.on('hot:beforeUpdate', updated)
    hot.on('hot:beforeFullReload', asked)
    return () => {
      hot.off('hot:outcome', became)
      hot.off('hot:beforeUpdate', updated)
      hot.off('hot:beforeFullReload', asked)
    }
  },
}
