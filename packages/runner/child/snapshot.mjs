/**
 * Sends the graph snapshots and updates of the app to the viewer, once a client is connected.
 */
import { hear, tell } from './link.mjs'

/** hot-hook, if the app has it. */
const runtime = () => /** @type {any} */ (globalThis)[Symbol.for('hot-hook')]

/** The snapshot that was sent last. */
let last = ''
let isListening = false

export function sendSnapshots() {
  hear('hot-runner:look', ({ again }) => {
    const hotHook = runtime()
    if (hotHook && !isListening) listen(hotHook)
    const text = hotHook?.snapshot()
    const isNew = text !== undefined && (again || text !== last)
    last = text ?? last
    tell({ type: 'hot-runner:snapshot', ...(isNew && { text }) })
  })
}

/** @param {any} hotHook */
function listen({ hot, shown }) {
  isListening = true
  hot.on('hot:beforeUpdate', (/** @type {{ files: string[], versions: Record<string, number> }} */ { files, versions }) =>
    tell({ type: 'hot-runner:update', files: shown(files), paths: shown(Object.keys(versions)) }),
  )
}
