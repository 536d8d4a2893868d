/* Which changes of files count as saves. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { createSaves } from '../saves.mjs'
import { SERVER, startRunner, value } from './support/runner.mjs'

const soon = { ago: 100, early: false, isLooping: false }
const late = { ago: 5000, early: false, isLooping: false }
const early = { ago: 0, early: true, isLooping: false }

const OWN = { counts: [], own: ['/state.json'] }
const SAVED = { counts: ['/state.json'], own: [] }

test("what changes in each run, or soon after, is the app's own from the third time on, and said in each run", () => {
  const saves = createSaves()
  for (const [n, when] of [early, soon, early, soon, early].entries()) {
    saves.ended()
    assert.deepEqual(saves.judge(['/state.json'], when), n < 2 ? SAVED : OWN, String(n))
  }
  // What it has started goes on to write.
  assert.deepEqual(saves.judge(['/state.json', '/other.yml'], soon), { counts: ['/other.yml'], own: [] })
  saves.ended()
  assert.deepEqual(saves.judge(['/state.json'], soon), OWN)
  // Runs without it: it counts again; and later it is a person who saves, always.
  for (let runs = 0; runs < 4; runs++) saves.ended()
  assert.deepEqual(saves.judge(['/state.json'], soon), SAVED)
  saves.ended()
  assert.deepEqual(saves.judge(['/state.json'], late), SAVED)
})

test('a run in which it is not seen is none against it; more are', () => {
  for (const [gap, expected] of /** @type {const} */ ([[1, OWN], [3, SAVED]])) {
    const saves = createSaves()
    for (const _ of [1, 2]) {
      saves.ended()
      assert.deepEqual(saves.judge(['/state.json'], soon), SAVED)
      for (let n = 0; n < gap; n++) saves.ended()
    }
    saves.ended()
    assert.deepEqual(saves.judge(['/state.json'], soon), expected, String(gap))
  }
})

test('a module counts however fast it is saved, until the app crashes again and again without having lived', () => {
  const saves = createSaves()
  const looping = { ...soon, isLooping: true }
  const isSave = (when) => saves.judge(['/a.mjs', '/b.ts', '/c.cjs', '/d.tsx'], when).counts.length === 4
  for (let n = 0; n < 5; n++) {
    saves.ended()
    assert.ok(isSave(soon))
  }
  assert.ok(!isSave(looping))
  // It was ready once, or was to end for a restart: whoever saves modules is a person.
  saves.lived()
  assert.ok(isSave(looping))
  for (let n = 0; n < 4; n++) {
    saves.ended()
    assert.ok(isSave(looping), String(n))
  }
  saves.ended()
  assert.ok(!isSave(looping))
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
    const starts = () => runner.told('restart').filter(({ path }) => path === file).length
    // A person's save of a module starts it, and in the end only that.
    let count = 0
    await runner.until('it is taken for its own', () => {
      const { event, time } = runner.events.findLast(({ event }) => event !== 'outcome')
      // It has come to rest: what is saved now is no part of a run.
      if (event === 'crash' && Date.now() - time > 300) runner.save(`value${++count}.mjs`, '')
      return runner.told('problem').length > 0
    })
    assert.ok(starts() <= 2, runner.known())
    for (const { text } of runner.told('problem')) assert.ok(text.startsWith(`${file} has changed`), text)
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
