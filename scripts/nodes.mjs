/**
 * `npm run test:nodes [-- --builds whole,short,24.8.0] [-- --parts safety,kit] [-- --resume [FILE]]`: the builds of Node that
 * nodes.json lists, each with the scenarios of safety, the conformance kit and those of our tests that say what holds on every
 * Node. What is found is kept in `.cache/nodes-results.json`, or in FILE. With `--resume`, what was found there with the same
 * sources and was fine is not run again. When all is there, and fine, the table of docs/compatibility.md is written.
 */
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { builds, nodeBinary } from './node-binary.mjs'
import { isFine, keyOf, limitOf, readResults, staleLimits, writeResults } from './nodes-results.mjs'
import { writeRegion } from './regions.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PAGE = path.join(ROOT, 'docs/compatibility.md')
const KIT = path.join(ROOT, '../shared/conformance/run.mjs')
const REPORTER = path.join(ROOT, 'scripts/node-reporter.mjs')

/** Those of our tests that say what holds on every listed Node. */
const TESTS = ['boundaries', 'commonjs', 'dispose', 'failure', 'freshness', 'kinds', 'release', 'threads', 'typescript']

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
 * @type {import('./nodes-results.mjs').Limit[]}
 */
const limits = JSON.parse(fs.readFileSync(new URL('node-limits.json', import.meta.url), 'utf8'))

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

/** @typedef {import('./nodes-results.mjs').Outcome} Outcome */

/** @param {string} build @param {string} part @returns {Promise<Outcome>} */
async function runPart(build, part) {
  /** @type {Outcome} */
  const outcome = { passed: [], skipped: [], limited: [], failed: [] }
  for await (const { name, skip, error } of PARTS[part].run(await nodeBinary(build))) {
    const limit = limitOf(limits, build, part, name)
    const kind = skip ? 'skipped' : !error ? 'passed' : limit ? 'limited' : 'failed'
    outcome[kind].push(name)
    if (kind === 'failed') console.log(`Node ${build}: ${PARTS[part].title}: FAIL ${name}\n  ${error?.replaceAll('\n', '\n  ')}`)
  }
  return outcome
}

/** @param {import('./nodes-results.mjs').Results} results */
function table(results) {
  /** @type {string[]} */
  const reasons = []
  const note = (/** @type {string} */ reason) => (reasons.includes(reason) ? reasons.indexOf(reason) : reasons.push(reason) - 1) + 1
  const rows = everything.map((build) => {
    const cells = WHOLE.map((part) => {
      const { passed, limited } = results[build]?.[part] ?? { passed: [], limited: [] }
      if (passed.length === 0) return ''
      const notes = limited.map((name) => note(limitOf(limits, build, part, name)?.reason ?? ''))
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

/** @param {string} build @param {string} part @param {Outcome} outcome @param {number} began */
function show(build, part, outcome, began) {
  const counts = Object.entries(outcome).flatMap(([kind, names]) => (names.length > 0 ? `${names.length} ${kind}` : []))
  console.log(`Node ${build}: ${PARTS[part].title}: ${counts.join(', ') || 'nothing'} (${Math.round((Date.now() - began) / 1000)} s)`)
}

const RESULTS = path.join(ROOT, '.cache/nodes-results.json')
const args = process.argv.slice(2)
// The file may be left out.
const at = args.indexOf('--resume')
if (at >= 0 && (args[at + 1] ?? '--').startsWith('--')) args.splice(at + 1, 0, RESULTS)
const { values } = parseArgs({ args, options: { builds: { type: 'string' }, parts: { type: 'string' }, resume: { type: 'string' } } })
const groups = /** @type {Record<string, string[]>} */ (builds)
const compare = (/** @type {string} */ a, /** @type {string} */ b) => a.localeCompare(b, 'en', { numeric: true })
const everything = Object.values(builds).flat().toSorted(compare)
const wanted = (values.builds?.split(',').flatMap((name) => groups[name] ?? [name]) ?? everything).toSorted(compare)
const chosen = values.parts?.split(',')
for (const part of chosen ?? []) if (!PARTS[part]) throw new Error(`there is no part ${part}; there are ${Object.keys(PARTS).join(', ')}`)

/** What a whole run runs. Builds that are not listed must only be safe. @param {string} build */
function wholePartsOf(build) {
  if (builds.unlisted.includes(build)) return ['safety']
  return builds.whole.includes(build) ? [...WHOLE, 'take-away'] : WHOLE
}

const hasKit = fs.existsSync(KIT)
if (!hasKit) console.log('The conformance kit is not beside this folder: only our own part runs.')
const isRun = (/** @type {string} */ part) => hasKit || (part !== 'kit' && part !== 'documented')

const file = values.resume ?? RESULTS
const key = keyOf(ROOT)
/** All that is known. */
const results = values.resume ? readResults(file, key) : {}
/** What this run is about. @type {import('./nodes-results.mjs').Results} */
const asked = {}

for (const [index, build] of wanted.entries()) {
  await nodeBinary(build)
  // What comes next is installed meanwhile; if that fails, it says so when its turn has come.
  if (wanted[index + 1]) nodeBinary(wanted[index + 1]).catch(() => {})
  const parts = (results[build] ??= {})
  asked[build] = {}
  for (const part of (chosen ?? wholePartsOf(build)).filter(isRun)) {
    if (!isFine(parts[part])) {
      const began = Date.now()
      parts[part] = await runPart(build, part)
      show(build, part, parts[part], began)
      writeResults(file, key, results)
    }
    asked[build][part] = parts[part]
  }
}

const failures = Object.entries(asked).flatMap(([build, parts]) =>
  Object.keys(parts).filter((part) => !isFine(parts[part])).map((part) => `Node ${build}: ${PARTS[part].title}: ${parts[part].failed.length > 0 ? `${parts[part].failed.length} failed` : 'nothing has run'}`))
failures.push(...staleLimits(limits, asked))
for (const failure of failures) console.log(failure)
const isWhole = hasKit && everything.every((build) => wholePartsOf(build).every((part) => isFine(results[build]?.[part])))
if (isWhole && failures.length === 0 && keyOf(ROOT) === key) writeRegion(PAGE, 'nodes', table(results))
process.exitCode = failures.length > 0 ? 1 : 0
