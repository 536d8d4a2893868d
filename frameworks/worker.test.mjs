/* Worker threads, as their recipe sets them up. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { start } from './support/app.mjs'
import { recipe } from './support/recipe.mjs'

test('a worker thread: the handler of its jobs, and what that imports', async (t) => {
  const { env, ...rest } = recipe('worker')
  const app = await start(t, { ...rest, env: { ...env, INTERVAL: '20' } })
  const says = (regexp) => app.until(String(regexp), () => regexp.test(app.output.stdout))

  await says(/job 2 is done\n/)
  app.edit('text.js', 'is done', 'is over')
  await says(/job \d+ is over\n/)
  app.edit('jobs/report.js', 'textOf(job)', 'textOf(job).toUpperCase()')
  await says(/JOB \d+ IS OVER\n/)
  app.edit('text.js', '({ id })', '({ id )')
  await says(/job \d+ failed: /)
  app.edit('text.js', '({ id )', '({ id })')
  await says(/failed[^]+JOB \d+ IS OVER\n/)
  const numbers = [...app.output.stdout.matchAll(/^job (\d+)/gim)].map(([, n]) => Number(n))
  assert.deepEqual(numbers, numbers.map((_, index) => index + 1), 'each job once, in order')
  assert.deepEqual(app.restarts(), [], app.known())
  app.edit('worker.js', 'failed', 'has failed')
  await app.until('a restart for the worker', () => app.restarts().includes('worker.js'))
})
