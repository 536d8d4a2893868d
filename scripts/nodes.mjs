/**
 * `npm run test:nodes [-- --builds whole,short,24.8.0] [-- --parts safety,kit]`: the builds of Node that nodes.json lists,
 * each with the scenarios of safety, the conformance kit and those of our tests that say what holds on every Node. A whole
 * run writes the table of docs/compatibility.md.
 */
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { builds, nodeBinary } from './node-binary.mjs'
import { writeRegion } from './regions.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PAGE = path.join(ROOT, 'docs/compatibility.md')
const KIT = path.join(ROOT, '../shared/conformance/run.mjs')
const REPORTER = path.join(ROOT, 'scripts/node-reporter.mjs')

/** Those of our tests that say what holds on every listed Node. */
const TESTS = ['boundaries', 'commonjs', 'dispose', 'failure', 'freshness', 'kinds', 'threads', 'typescript']

/** @typedef {{ name: string, skip?: string | boolean, error?: string }} Result */

/** What can be run on a build. @type {Record<string, { title: string, run: (node: string) => AsyncIterable<Result> }>} */
const PARTS = {
  safety: { title: 'safety', run: (node) => runTests(node, ['safety']) },
  tests: { title: 'tests', run: (node) => runTests(node, TESTS) },
  'take-away': { title: 'take-away', run: (node) => runTests(node, ['take-away'], { HOT_HOOK_TAKE_AWAY: 'ways' }) },
  documented: { title: 'kit, what 1.0 documents', run: (node) => runKit(node, ['--kind', 'doc', '--jobs', '4', '--deadline', '15000']) },
  kit: { title: 'kit', run: (node) => runKit(node, ['--jobs', '3']) },
}
/** A whole run. */
const WHOLE = ['safety', 'tests', 'kit']

/**
 * What does not hold, and why: because Node itself cannot do it, or because a scenario of the kit expects something else than
 * what is meant. `builds` are those on which the scenario of `parts` fails for that reason; `*` are all.
 * @type {{ parts: string[], name: string, builds: string[], reason: string }[]}
 */
const limits = JSON.parse(fs.readFileSync(new URL('node-limits.json', import.meta.url), 'utf8'))

/** @param {string} build @param {string} part @param {string} name */
const limitOf = (build, part, name) =>
  limits.find((one) => one.parts.includes(part) && one.name === name && (one.builds.includes('*') || one.builds.includes(build)))

/** @param {string} node @param {string[]} files @param {Record<string, string>} [env] */
async function* runTests(node, files, env = {}) {
  const names = files.map((name) => `__test__/${name}.test.mjs`)
  // Node 20.6 does not know that option.
  const concurrency = names.length > 1 ? ['--test-concurrency=2'] : []
  const args = ['--test', ...concurrency, `--test-reporter=${REPORTER}`, ...names]
  yield* ended(spawn(node, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } }), (line) => JSON.parse(line))
}

/** @param {string} node @param {string[]} args */
async function* runKit(node, args) {
  if (!fs.existsSync(KIT)) return
  yield* ended(spawn(process.execPath, [KIT, '--impl', ROOT, '--node', node, ...args], { stdio: ['ignore', 'pipe', 'inherit'] }), (line) => {
    const [, status, name, , reason] = /^(PASS|FAIL|SKIP) \[\w+\] (\S+)( - (.*))? \(\d+ ms\)$/.exec(line) ?? []
    if (!name) return undefined
    return { name, skip: status === 'SKIP' ? reason : undefined, error: status === 'FAIL' ? reason : undefined }
  })
}

/**
 * The results that a process prints, a line each.
 * @param {import('node:child_process').ChildProcessByStdio<null, import('node:stream').Readable, null>} child
 * @param {(line: string) => Result | undefined} parse
 */
async function* ended(child, parse) {
  const closed = new Promise((resolve) => child.once('close', resolve))
  let hasFailed = false
  for await (const line of createInterface(child.stdout)) {
    const result = parse(line)
    if (result) yield result
    hasFailed ||= result?.error !== undefined
  }
  const code = await closed
  // What ends before its tests do reports none of them.
  if (code !== 0 && !hasFailed) yield { name: 'the run', error: `ended with ${code}` }
}

/** @typedef {Record<'passed' | 'skipped' | 'limited' | 'failed', string[]>} Outcome names of scenarios */

/** @param {string} build @param {string} part @returns {Promise<Outcome>} */
async function runPart(build, part) {
  /** @type {Outcome} */
  const outcome = { passed: [], skipped: [], limited: [], failed: [] }
  for await (const { name, skip, error } of PARTS[part].run(await nodeBinary(build))) {
    const limit = limitOf(build, part, name)
    const kind = skip ? 'skipped' : !error ? 'passed' : limit ? 'limited' : 'failed'
    outcome[kind].push(name)
    if (kind === 'failed') console.log(`Node ${build}: ${PARTS[part].title}: FAIL ${name}\n  ${error?.replaceAll('\n', '\n  ')}`)
  }
  return outcome
}

/** @param {Map<string, Record<string, Outcome>>} results */
function table(results) {
  /** @type {string[]} */
  const reasons = []
  const note = (/** @type {string} */ reason) => (reasons.includes(reason) ? reasons.indexOf(reason) : reasons.push(reason) - 1) + 1
  const rows = [...results].map(([build, parts]) => {
    const cells = WHOLE.map((part) => {
      const { passed, limited } = parts[part] ?? { passed: [], limited: [] }
      if (passed.length === 0) return ''
      const notes = limited.map((name) => note(limitOf(build, part, name)?.reason ?? ''))
      return [passed.length, ...[...new Set(notes)].map((n) => `(${n})`)].join(' ')
    })
    return `| ${build} | ${cells.join(' | ')} |`
  })
  return [
    '## Node',
    '',
    'Written by `npm run test:nodes`: how many scenarios and tests pass on each build of Node; none fails. What a build does not',
    'have is not run there. Builds without other figures are not supported: there, no value is stale and nothing hangs or dies; what',
    'cannot be reloaded asks for a restart.',
    '',
    '| Node | safety | tests | conformance kit |',
    '| --- | ---: | ---: | ---: |',
    ...rows,
    ...(reasons.length > 0 ? [''] : []),
    ...reasons.map((reason, index) => `${index + 1}. ${reason}.`),
  ].join('\n')
}

const { values } = parseArgs({ options: { builds: { type: 'string' }, parts: { type: 'string' } } })
const groups = /** @type {Record<string, string[]>} */ (builds)
const everything = Object.values(builds).flat()
const compare = (/** @type {string} */ a, /** @type {string} */ b) => a.localeCompare(b, 'en', { numeric: true })
const wanted = (values.builds?.split(',').flatMap((name) => groups[name] ?? [name]) ?? everything).toSorted(compare)

/** Builds that are not listed must only be safe. @param {string} build */
function partsOf(build) {
  if (values.parts) return values.parts.split(',')
  if (builds.unlisted.includes(build)) return ['safety']
  return builds.whole.includes(build) ? [...WHOLE, 'take-away'] : WHOLE
}

const hasKit = fs.existsSync(KIT)
if (!hasKit) console.log('The conformance kit is not beside this folder: only our own part runs.')
/** @type {Map<string, Record<string, Outcome>>} */
const results = new Map()
let failed = 0
for (const [index, build] of wanted.entries()) {
  await nodeBinary(build)
  // What comes next is installed meanwhile; if that fails, it says so when its turn has come.
  if (wanted[index + 1]) nodeBinary(wanted[index + 1]).catch(() => {})
  /** @type {Record<string, Outcome>} */
  const parts = {}
  for (const part of partsOf(build)) {
    if (!PARTS[part]) throw new Error(`there is no part ${part}; there are ${Object.keys(PARTS).join(', ')}`)
    const began = Date.now()
    const outcome = (parts[part] = await runPart(build, part))
    failed += outcome.failed.length
    const counts = Object.entries(outcome).flatMap(([kind, names]) => (names.length > 0 ? `${names.length} ${kind}` : []))
    console.log(`Node ${build}: ${PARTS[part].title}: ${counts.join(', ') || 'nothing'} (${Math.round((Date.now() - began) / 1000)} s)`)
    const isExpected = hasKit || (part !== 'kit' && part !== 'documented')
    if (counts.length === 0 && isExpected) failed++
  }
  results.set(build, parts)
}
const isWhole = !values.builds && !values.parts && hasKit
if (isWhole && failed === 0) writeRegion(PAGE, 'nodes', table(results))
if (failed > 0) console.log(`${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
