import assert from 'node:assert/strict'
import test from 'node:test'
import { createSaves } from '../saves.mjs'
import { SERVER, startRunner, value } from './support/runner.mjs'

const soon = { ago: 100, early: false, isLooping: false }
const late = { ago: 5000, early: false, isLooping: false }
const early = { ago: 0, early: true, isLooping: false }

test('what changes in each run, or soon after, is the app\'s own from the second time on, and said once', () => {
  const saves = createSaves()
  for (const [n, when] of [early, soon, early, soon].entries()) {
    saves.ended()
    assert.deepEqual(saves.judge(['/state.json'], when), { counts: n === 0 ? ['/state.json'] : [], own: n === 1 ? ['/state.json'] : [] }, String(n))
  }
  assert.deepEqual(saves.judge(['/state.json', '/other.yml'], soon).counts, ['/other.yml'])
  // Three runs without it: it counts again; and later it is a person who saves, always.
  for (let runs = 0; runs < 4; runs++) saves.ended()
  assert.deepEqual(saves.judge(['/state.json'], soon).counts, ['/state.json'])
  saves.ended()
  assert.deepEqual(saves.judge(['/state.json'], late).counts, ['/state.json'])
})

test('a module counts however fast it is saved, until the app crashes again and again', () => {
  const saves = createSaves()
  for (let n = 0; n < 4; n++) {
    saves.ended()
    for (const path of ['/a.mjs', '/b.ts', '/c.cjs', '/d.tsx']) assert.deepEqual(saves.judge([path], soon).counts, [path])
  }
  assert.deepEqual(saves.judge(['/a.mjs'], { ...soon, isLooping: true }).counts, [])
})

const CRASH = `throw new Error('x')`
for (const [what, main] of [
  ['the app itself', `import fs from 'node:fs'; fs.writeFileSync('state.json', String(Date.now())); ${CRASH}`],
  ['what it has started', `import { spawn } from 'node:child_process'; spawn('sh', ['-c', 'sleep 0.1; date +%s%N > state.json'], { detached: true, stdio: 'ignore' }).unref(); ${CRASH}`],
]) {
  test(`a file that ${what} writes at each start does not start it for ever`, async (t) => {
    const runner = await startRunner(t, { files: { 'main.mjs': main }, wait: false })
    await runner.event('crash', 2)
    const file = runner.file('state.json')
    // A person's save of a module starts it, and only that.
    runner.save('main.mjs', `${main} // 2`)
    await runner.event('crash', 3)
    runner.save('value.mjs', '')
    await runner.event('crash', 4)
    const saved = runner.told('restart').map(({ path }) => path)
    assert.deepEqual(saved.filter((path) => path === file).length, 1, runner.known())
  })
}

test('after a crash neither logs, nor journals, nor notes of editors start the app', async (t) => {
  const runner = await startRunner(t, { files: { ...SERVER, 'value.mjs': CRASH }, wait: false })
  await runner.event('crash')
  for (const name of ['app.log', 'app.log.1', 'data.db-journal', 'data.sqlite-wal', '.value.mjs.swp', 'value.mjs~', '#value.mjs#', '4913', 'value.mjs.tmp', 'value.mjs.Xa3bQz']) runner.save(name, 'x')
  runner.save('value.mjs', value(1))
  await runner.event('ready')
  assert.deepEqual(runner.told('restart').map(({ path }) => path), [runner.file('value.mjs')])
})
