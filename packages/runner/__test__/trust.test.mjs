import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { NOBODY, needsRoot } from '../../../__test__/support/users.mjs'
import { ask, SERVER, startRunner, value } from './support/runner.mjs'

/** A folder that everybody can write to, with a hot-hook of somebody's in it, and a project that has none. @param {import('node:test').TestContext} t */
function create(t) {
  const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'hot-runner-')))
  t.after(() => fs.rmSync(base, { recursive: true, force: true, maxRetries: 3 }))
  const folder = path.join(base, 'app')
  fs.mkdirSync(folder)
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ type: 'module', hotHook: { restart: ['value.mjs'] } }))
  for (const [name, text] of Object.entries(SERVER)) fs.writeFileSync(path.join(folder, name), text)
  const theirs = path.join(base, 'node_modules/hot-hook')
  fs.mkdirSync(theirs, { recursive: true })
  fs.writeFileSync(path.join(theirs, 'package.json'), JSON.stringify({ type: 'module', exports: { './register': './register.mjs' } }))
  fs.writeFileSync(path.join(theirs, 'register.mjs'), `console.log('theirs')`)
  return { base, folder, theirs }
}

test("hot-hook is not another user's, from a folder above the project", needsRoot, async (t) => {
  const { folder, theirs } = create(t)
  for (const name of ['', 'register.mjs', 'package.json']) fs.chownSync(path.join(theirs, name), NOBODY, NOBODY)
  const runner = await startRunner(t, { folder })
  assert.equal(await ask(runner.port()), '0')
  runner.save('value.mjs', value(1))
  await runner.event('ready', 2)
  assert.equal(await ask(runner.port()), '1')
  assert.equal(runner.output.stdout, '')
})

test('hot-hook is that of a folder above, if it is the same user\'s', async (t) => {
  const { folder } = create(t)
  const runner = await startRunner(t, { folder })
  assert.match(runner.output.stdout, /^(theirs\n)+$/)
})
