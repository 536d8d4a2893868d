import { parentPort } from 'node:worker_threads'
import { lazy } from 'hot-hook/lazy'

// The thread stays, with all that waits for it; each job runs the newest code.
const work = lazy(() => import('./jobs/prime.js', import.meta.hot?.boundary))

parentPort.on('message', async ({ id, ...job }) => {
  const result = await work(job).catch((error) => `failed: ${error.message}`)
  parentPort.postMessage({ id, result })
})
