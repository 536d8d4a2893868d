import { queue } from './queue.mjs'
import './consumer.mjs'

// Somebody makes work.
let id = 0
setInterval(() => queue.add({ id: ++id }), Number(process.env.INTERVAL ?? 500))
