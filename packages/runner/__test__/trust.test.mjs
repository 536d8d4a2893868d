/* Whose copy of hot-hook the runner loads. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { NOBODY, needsRoot } from '../../../__test__/support/users.mjs'
import { ask, SERVER, startRunner, value } from './support/runner.mjs'

// What others can write to is not trusted.
process.umask(0o022)

/** A folder with a hot-hook of somebody's in it, and a project that has none. @param {import('node:test').TestContext} t */
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

/** Where hot-hook would be found although another user can change what is found there. @type {Record<string, (made: ReturnType<typeof create>) => void>} */
const ways = {
  'in a node_modules of theirs': ({ theirs }) => fs.chownSync(path.dirname(theirs), NOBODY, NOBODY),
  'in a folder of theirs, whose files are links to mine': ({ theirs }) => fs.chownSync(theirs, NOBODY, NOBODY),
  'by a link of theirs to mine': ({ base, theirs }) => {
    fs.renameSync(theirs, path.join(base, 'copy'))
    fs.symlinkSync('../copy', theirs)
    fs.lchownSync(theirs, NOBODY, NOBODY)
  },
  'in a folder of theirs above it': ({ base }) => fs.chownSync(base, NOBODY, NOBODY),
}
for (const [name, change] of Object.entries(ways)) {
  test(`hot-hook is not found ${name}`, needsRoot, async (t) => {
    const made = create(t)
    change(made)
    const runner = await startRunner(t, { folder: made.folder })
    assert.equal(runner.output.stdout, '')
  })
}

for (const name of ['', 'node_modules', 'node_modules/hot-hook', 'node_modules/hot-hook/register.mjs']) {
  test(`hot-hook is not found where a group can write: ${name || 'above it'}`, { skip: process.platform === 'win32' && 'modes mean nothing there' }, async (t) => {
    const { base, folder } = create(t)
    fs.chmodSync(path.join(base, name), 0o775)
    const runner = await startRunner(t, { folder })
    assert.equal(runner.output.stdout, '')
  })
}

for (const isLinked of [false, true]) test(`hot-hook is that of a folder above, if it is the same user's${isLinked ? ', also by a link' : ''}`, async (t) => {
  const { base, folder, theirs } = create(t)
  if (isLinked) {
    fs.renameSync(theirs, path.join(base, 'copy'))
    fs.symlinkSync('../copy', theirs)
  }
  const runner = await startRunner(t, { folder })
  assert.match(runner.output.stdout, /^(theirs\n)+$/)
})
