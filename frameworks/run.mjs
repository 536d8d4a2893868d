/**
 * `npm run test:frameworks [-- --node 24] [-- --only express,koa]`: real frameworks, installed from the npm registry, on each
 * Node. A whole run writes docs/compatibility.md.
 */
import { execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const PAGE = path.join(HERE, '../docs/compatibility.md')
const VERSIONS = ['20', '22', '24', '26']

const { values } = parseArgs({ options: { node: { type: 'string', multiple: true }, only: { type: 'string' } } })
const versions = values.node ?? VERSIONS
const wanted = values.only?.split(',')
const files = fs
  .readdirSync(HERE)
  .filter((name) => name.endsWith('.test.mjs') && (!wanted || wanted.includes(name.slice(0, -'.test.mjs'.length))))

/** @typedef {{ name: string, skip?: string | boolean, file: string, error?: string }} Result */

/** @param {string} version @returns {Promise<Result[]>} */
async function runOn(version) {
  const node = execFileSync(process.execPath, [path.join(HERE, '../scripts/node-binary.mjs'), version], { encoding: 'utf8' }).trim()
  const args = ['--test', '--test-concurrency=1', `--test-reporter=${path.join(HERE, 'support/reporter.mjs')}`, ...files]
  const child = spawn(node, args, { cwd: HERE, stdio: ['ignore', 'pipe', 'inherit'] })
  /** @type {Result[]} */
  const results = []
  for await (const line of createInterface(child.stdout)) {
    const result = JSON.parse(line)
    results.push(result)
    console.log(`Node ${version}: ${result.error ? 'FAIL' : result.skip ? 'skip' : 'pass'} ${result.name}`)
    if (result.error) console.log(result.error)
  }
  return results
}

/** @type {Map<string, Map<string, Result>>} */
const table = new Map()
let failed = 0
let passed = 0
for (const version of versions) {
  const results = await runOn(version)
  for (const result of results) {
    if (result.error) failed++
    else if (!result.skip) passed++
    const row = table.get(result.name) ?? new Map()
    table.set(result.name, row.set(version, result))
  }
  if (results.length === 0) failed++
}

/** @param {Result | undefined} result */
const cell = (result) => (!result ? '' : result.error ? '**fails**' : result.skip ? '–' : 'works')

if (!wanted && versions.join() === VERSIONS.join()) {
  const rows = [...table].map(([name, row]) => `| ${name} | ${versions.map((version) => cell(row.get(version))).join(' | ')} |`)
  const reasons = new Set([...table.values()].flatMap((row) => [...row.values()]).flatMap(({ skip }) => (typeof skip === 'string' ? [skip] : [])))
  const text = [
    '# Compatibility',
    '',
    'Written by `npm run test:frameworks`: each line is a test that edits the app while it runs. The newest versions from the npm',
    'registry, of the major versions that are named.',
    '',
    `| | ${versions.map((version) => `Node ${version}`).join(' | ')} |`,
    `| --- | ${versions.map(() => '---').join(' | ')} |`,
    ...rows,
    '',
    ...(reasons.size > 0 ? [`–: ${[...reasons].join('; ')}.`, ''] : []),
  ]
  fs.mkdirSync(path.dirname(PAGE), { recursive: true })
  fs.writeFileSync(PAGE, text.join('\n'))
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
