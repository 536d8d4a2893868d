/**
 * Where graph snapshots come from: this process.
 */
import { hot } from 'hot-hook'
import { shown, snapshot } from 'hot-hook/internal'

const app = `${process.pid} ${performance.timeOrigin}`

/** @type {import('./index.d.ts').Source} */
export const thisApp = {
  app: () => app,
  picture: async () => snapshot(),
  subscribe(listener) {
    const updated = (/** @type {any} */ { files, versions }) =>
      listener({ event: 'update', data: { files: shown(files), paths: shown(Object.keys(versions)) } })
    const asked = (/** @type {any} */ { path, text, hint }) =>
      listener({ event: 'restart', data: { path: shown([path])[0], text, hint } })
    hot.on('hot:beforeUpdate', updated)
    hot.on('hot:beforeFullReload', asked)
    return () => {
      hot.off('hot:beforeUpdate', updated)
      hot.off('hot:beforeFullReload', asked)
    }
  },
}
