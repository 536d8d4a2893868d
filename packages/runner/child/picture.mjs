/**
 * What the viewer wants to know of the app, once somebody looks.
 */
import { hear, tell } from './link.mjs'

/** hot-hook, if the app has it. */
const runtime = () => /** @type {any} */ (globalThis)[Symbol.for('hot-hook')]

/** What was told last. */
let last = ''
let isListening = false

export function tellPictures() {
  hear('hot-runner:look', ({ again }) => {
    const hotHook = runtime()
    if (hotHook && !isListening) listen(hotHook)
    const text = hotHook?.snapshot()
    const isNew = text !== undefined && (again || text !== last)
    last = text ?? last
    tell({ type: 'hot-runner:picture', ...(isNew && { text }) })
  })
}

/** @param {any} hotHook */
function listen({ hot, shown }) {
  isListening = true
  hot.on('hot:beforeUpdate', (/** @type {{ files: string[], versions: Record<string, number> }} */ { files, versions }) =>
    tell({ type: 'hot-runner:update', files: shown(files), paths: shown(Object.keys(versions)) }),
  )
}
