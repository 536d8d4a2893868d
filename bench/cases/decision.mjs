/**
 * The decision in a graph of 100,000 modules, without Node: see ../decision.rs.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { OURS } from '../contenders.mjs'

/** @param {import('../run.mjs').Context} context @returns {Promise<import('../table.mjs').Row[]>} */
export async function run({ quick }) {
  const { status, stdout, stderr, error } = spawnSync(
    'cargo',
    ['bench', '--quiet', '--bench', 'decision', '--', quick ? '1000' : '100000'],
    { cwd: fileURLToPath(new URL('../..', import.meta.url)), encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`cargo bench failed: ${error?.message ?? stderr}`)
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'))
  return lines.map((line) => {
    const { title, samples } = JSON.parse(line)
    return { title, unit: 'ms', target: '< 50 ms', samples: { [OURS]: samples } }
  })
}
