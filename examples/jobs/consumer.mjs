import { handle } from './handle.mjs'
import { queue } from './queue.mjs'

const signal = import.meta.hot?.signal

async function consume() {
  for (let job; (job = await queue.take(signal)); ) await handle(job)
}

const consuming = consume()

import.meta.hot?.accept()
// The next consumer begins when this one has finished the job that it has.
import.meta.hot?.dispose(() => consuming)
