import { setInterval } from 'node:timers/promises'
import { report } from './report.mjs'

const { data, signal } = import.meta.hot ?? { data: {} }
// The count goes on where the instance before left it.
data.count ??= 0

async function work() {
  for await (const _ of setInterval(Number(process.env.INTERVAL ?? 1000), undefined, { signal })) report(++data.count)
}

// The signal ends the loop when this instance is superseded.
work().catch((error) => {
  if (error.name !== 'AbortError') throw error
})

// Whatever changes below, or here: this module runs again at once.
import.meta.hot?.accept()
