/**
 * `npm run bench -- [options]`: hot-hook side by side with plain Node and hot-hook 1.0.
 *
 * --only NAME     one case; several times for several
 * --node PATH     the Node to measure; several times for a table each (default: the one that runs this)
 * --compare PATH  another build of this package as a further contender
 * --rounds N      in the place of each case's own number
 * --quick         tiny sizes, to see that all works
 * --json FILE     the results, with all samples
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { parseArgs } from 'node:util'
import * as accept from './cases/accept.mjs'
import * as answer from './cases/answer.mjs'
import * as calls from './cases/calls.mjs'
import * as check from './cases/check.mjs'
import * as decision from './cases/decision.mjs'
import * as evals from './cases/evals.mjs'
import * as hub from './cases/hub.mjs'
import * as imports from './cases/import.mjs'
import * as memory from './cases/memory.mjs'
import * as message from './cases/message.mjs'
import * as runner from './cases/runner.mjs'
import * as start from './cases/start.mjs'
import { listContenders } from './contenders.mjs'
import { toJson, toMarkdown } from './table.mjs'

/**
 * @typedef {object} Context
 * @property {string} node
 * @property {import('./contenders.mjs').Contender[]} contenders
 * @property {(usual: number) => number} rounds
 * @property {boolean} quick
 */

/** @type {Record<string, { run: (context: Context) => Promise<import('./table.mjs').Row[]> }>} */
const CASES = { import: imports, start, message, answer, check, hub, accept, evals, calls, memory }

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    node: { type: 'string', multiple: true, default: [process.execPath] },
    compare: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})
const known = [...Object.keys(CASES), 'runner', 'decision']
const only = options.only ?? []
const unknown = only.find((name) => !known.includes(name))
if (unknown !== undefined) throw new Error(`no case ${JSON.stringify(unknown)}: there are ${known.join(', ')}`)
const isWanted = (/** @type {string} */ name) => only.length === 0 || only.includes(name)

const quick = options.quick ?? false
const contenders = listContenders(options.compare ?? [])
const names = contenders.map(({ name }) => name)
const rounds = (/** @type {number} */ usual) => Number(options.rounds ?? (quick ? 3 : usual))
/** @type {Array<{ title: string, rows: unknown[] }>} */
const results = []

/** @param {string} title @param {string[]} names @param {import('./table.mjs').Row[]} rows */
function report(title, names, rows) {
  console.log(toMarkdown(title, names, rows))
  results.push({ title, rows: toJson(rows) })
}

for (const node of options.node ?? []) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
  const rows = []
  for (const [name, { run }] of Object.entries(CASES)) {
    if (!isWanted(name)) continue
    process.stderr.write(`Node ${version}: ${name}\n`)
    rows.push(...(await run({ node, contenders, rounds, quick })))
  }
  if (rows.length > 0) report(`Node ${version}`, names, rows)
  if (!isWanted('runner')) continue
  process.stderr.write(`Node ${version}: runner\n`)
  const supervisors = await runner.run({ node, contenders, rounds, quick })
  report(`Restarts, Node ${version}`, supervisors.names, supervisors.rows)
}
if (isWanted('decision')) {
  const rows = await decision.run({ node: '', contenders, rounds, quick })
  report('The engine alone', Object.keys(rows[0].samples), rows)
}
if (options.json) fs.writeFileSync(options.json, `${JSON.stringify(results, undefined, 2)}\n`)
