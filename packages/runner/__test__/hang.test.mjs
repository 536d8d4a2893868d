import assert from 'node:assert/strict'
import test from 'node:test'
import { DEADLINE } from '../../../__test__/support/app.mjs'
import { ask, SERVER, startRunner, value } from './support/runner.mjs'

const skip = process.platform === 'win32' && 'hot-hook answers nobody there while the app hangs'
const LOOP = `export const value = -1; import fs from 'node:fs'; fs.writeSync(1, 'loops\\n'); for (;;);`

test('an app that loops as it starts is started again at a save', { skip }, async (t) => {
  const runner = await startRunner(t, { files: { ...SERVER, 'value.mjs': LOOP, 'other.mjs': '' }, wait: false })
  await runner.says('loops')
  runner.save('other.mjs', '// it does not run that')
  runner.save('value.mjs', value(1))
  await runner.event('ready')
  assert.deepEqual(runner.told('restart').map(({ cause, path }) => [cause, path]), [['hung', runner.file('value.mjs')]])
  assert.equal(await ask(runner.port()), '1')
})

test('an app in which an import of a boundary loops is started again at a save', { skip }, async (t) => {
  const runner = await startRunner(t, {
    files: { 'main.mjs': `import http from 'node:http'; http.createServer(async (_, response) => response.end(String((await import('./hot.mjs')).value))).listen(0, '127.0.0.1')`, 'hot.mjs': value(0) },
    hotHook: { boundaries: ['./hot.mjs'] },
  })
  assert.equal(await ask(runner.port()), '0')
  runner.save('hot.mjs', LOOP)
  const hanging = ask(runner.port()).catch(() => {})
  await runner.says('loops')
  runner.save('hot.mjs', value(2))
  await runner.event('ready', 2)
  assert.equal(runner.told('restart').at(-1).cause, 'hung')
  assert.equal(await ask(runner.port()), '2')
  await hanging
})

test('an app that is only busy, and writes files, is left alone; a save is then seen as ever', { skip }, async (t) => {
  const runner = await startRunner(t, {
    files: { ...SERVER, 'main.mjs': `import fs from 'node:fs'; ${SERVER['main.mjs']}; if (value === 0) for (const end = Date.now() + 6000; Date.now() < end;) fs.writeFileSync('made.mjs', String(Date.now())); fs.writeSync(1, 'done')` },
    wait: false,
  })
  // Besides being busy it has to start.
  await runner.until('it is done', () => runner.output.stdout === 'done', 2 * DEADLINE)
  await runner.event('ready')
  assert.deepEqual(runner.told('restart'), [])
  runner.save('value.mjs', value(1))
  assert.equal((await runner.event('restart')).cause, 'change')
})
