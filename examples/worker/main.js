import { Worker } from 'node:worker_threads'

const worker = new Worker(new URL('./worker.js', import.meta.url))
worker.on('message', ({ id, result }) => console.log(`job ${id}: ${result}`))

// Somebody makes work.
let id = 0
setInterval(() => worker.postMessage({ id: ++id, from: id * 1000 }), Number(process.env.INTERVAL ?? 1000))
