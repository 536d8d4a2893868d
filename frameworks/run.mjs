/**
 * `npm run test:frameworks [-- --node 24] [-- --only express,koa]`: real frameworks, loaders and package managers, installed from
 * the npm registry, on each Node. A whole run writes its part of docs/compatibility.md.
 */
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { nodeBinary } from '../scripts/node-binary.mjs'
import { writeRegion } from '../scripts/regions.mjs'
import { page } from './support/page.mjs'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const PAGE = path.join(HERE, '../docs/compatibility.md')
const VERSIONS = ['20', '22', '24', '26']

const { values } = parseArgs({ options: { node: { type: 'string', multiple: true }, only: { type: 'string' } } })
const versions = values.node ?? VERSIONS
const wanted = values.only?.split(',')
const files = fs
  .readdirSync(HERE)
  .filter((name) => name.endsWith('.test.mjs') && (!wanted || wanted.includes(name.slice(0, -'.test.mjs'.length))))

const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'hot-hook-tested-'))
const TESTED = path.join(temporary, 'versions')
fs.writeFileSync(TESTED, '')

/** @param {string} version @returns {Promise<import('./support/page.mjs').Result[]>} */
async function runOn(version) {
  const node = await nodeBinary(version)
  const args = ['--test', '--test-concurrency=2', `--test-reporter=${path.join(HERE, 'support/reporter.mjs')}`, ...files]
  const child = spawn(node, args, { cwd: HERE, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, HOT_HOOK_TESTED: TESTED } })
  const closed = new Promise((resolve) => child.once('close', resolve))
  /** @type {import('./support/page.mjs').Result[]} */
  const results = []
  for await (const line of createInterface(child.stdout)) {
    const result = { ...JSON.parse(line), node: version }
    results.push(result)
    console.log(`Node ${version}: ${result.error ? 'FAIL' : result.skip ? 'skip' : 'pass'} ${result.name}`)
    if (result.error) console.log(result.error)
  }
  const code = await closed
  // A file that ends before its tests do reports none of them.
  if (code !== 0 && !results.some(({ error }) => error)) results.push({ name: 'the run', file: '', node: version, error: `ended with ${code}` })
  return results
}

/** @type {import('./support/page.mjs').Result[]} */
const results = []
for (const version of versions) {
  const began = Date.now()
  results.push(...(await runOn(version)))
  console.log(`Node ${version}: ${Math.round((Date.now() - began) / 1000)} s`)
}
const failed = results.filter(({ error }) => error)
const passed = results.filter(({ error, skip }) => !error && !skip)
const isWhole = !wanted && versions.join() === VERSIONS.join()
if (isWhole && failed.length === 0) writeRegion(PAGE, 'frameworks', page(VERSIONS, results, fs.readFileSync(TESTED, 'utf8')))
const isUnreachable = fs.existsSync(`${TESTED}.unreachable`)
fs.rmSync(temporary, { recursive: true })
for (const { node, name } of failed) console.log(`failed on Node ${node}: ${name}`)
console.log(`${passed.length} passed, ${failed.length} failed`)
if (isUnreachable) console.log('The npm registry was not within reach: what is not installed yet could not be tested.')
process.exitCode = failed.length > 0 || passed.length === 0 ? 1 : 0
