/* What is said where our addon cannot be used. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { ADDON, copyPackage, HOT, nodeIs, PACKAGE } from './support/app.mjs'
import { temporary } from './support/cli.mjs'
import { run } from './support/runs.mjs'

const files = { 'main.mjs': `console.log('up')` }

/** It ends with our sentence, and blames nobody else. @param {import('./support/runs.mjs').Run} found @param {RegExp} sentence */
function assertSaid({ code, stdout, stderr }, sentence) {
  assert.deepEqual({ code, stdout }, { code: 1, stdout: '' }, stderr)
  assert.match(stderr, sentence)
  assert.doesNotMatch(stderr, /npm has a bug|wasi/i)
}

test('a Node that loads no addons is said to be one', async (t) => {
  const refused = /^Error: hot-hook: it needs its native addon, and this Node loads no addons: start Node without --no-addons, or with --allow-addons if it has --permission$/m
  assertSaid(await run(t, { files, before: ['--no-addons'] }), refused)
  assertSaid(await run(t, { files, env: { NODE_OPTIONS: '--no-addons' } }), refused)
  if (nodeIs(22, 13)) assertSaid(await run(t, { files, before: ['--permission', '--allow-fs-read=*'] }), refused)
})

test('an addon that is missing or broken is said to be that', async (t) => {
  const copy = path.join(temporary(t), 'hot-hook')
  copyPackage(copy)
  const before = [`--import=${pathToFileURL(path.join(copy, 'lib/runtime/register.mjs'))}`]
  const start = () => run(t, { files, register: false, before })
  assertSaid(await start(), /^Error: hot-hook: its addon for \w+ \w+, @hot-hook\/binding-[\w-]+, is not installed: install again, /m)
  for (const bytes of ['', 'garbage']) {
    fs.writeFileSync(path.join(copy, 'lib/native', path.basename(ADDON)), bytes)
    assertSaid(await start(), /^Error: hot-hook: its addon cannot be loaded: [^]*hot-hook\./m)
  }
})

test('what needs no addon does without', async (t) => {
  const { stdout, stderr } = await run(t, { files: { 'main.mjs': `const { lazy } = await import('hot-hook/lazy'); console.log(typeof lazy)` }, register: false, before: ['--no-addons'] })
  assert.deepEqual({ stdout, stderr }, { stdout: 'function\n', stderr: '' })
})

/** The addon, changed: binding.js loads what this variable names. @param {import('node:test').TestContext} t @param {string} change of `addon` */
function changedAddon(t, change) {
  const file = path.join(temporary(t), 'addon.cjs')
  fs.writeFileSync(file, `const addon = { ...require(${JSON.stringify(ADDON)}) }; ${change}; module.exports = addon`)
  return { file, env: { NAPI_RS_NATIVE_LIBRARY_PATH: file } }
}

test('an addon of another version is said to be one: which, where, and what to do', async (t) => {
  const { version } = JSON.parse(fs.readFileSync(path.join(PACKAGE, 'package.json'), 'utf8'))
  const changes = {
    'delete addon.isFirstThread; delete addon.snapshot': 'it lacks isFirstThread, snapshot',
    'addon.Thread = class { drain() {} }': 'it lacks Thread.addFirstLayer, Thread.addLayer, ',
    'delete addon.version': 'it lacks version',
    [`addon.version = () => '1.9.0'`]: `it is of version 1.9.0, and ${version} is needed`,
  }
  for (const [change, reason] of Object.entries(changes)) {
    const { file, env } = changedAddon(t, change)
    const found = await run(t, { files, env })
    assertSaid(found, /^Error: hot-hook: its addon does not belong to it: /m)
    const where = reason.endsWith(', ') ? '' : ` (${file}): install again, so that hot-hook and @hot-hook/binding-`
    assert.ok(found.stderr.includes(reason + where), found.stderr)
    assert.ok(found.stderr.includes(`(${file}): install again, so that hot-hook and @hot-hook/binding-`), found.stderr)
  }
})

test('where the addon cannot even tell that it fails, each thread tells it all the same, once, and the app goes on', async (t) => {
  const app = { 'main.mjs': `console.log((await import('./b.mjs', ${HOT})).value, (await import('./c.mjs')).value)`, 'b.mjs': 'export const value = 1', 'c.mjs': 'export const value = 2' }
  const broken = ['print', 'hasReader', 'shouldReportFailure', 'giveUp', 'takeDegraded', 'notes']
  for (const names of [broken, ['giveUp'], ['shouldReportFailure'], ['print']]) {
    const { env } = changedAddon(t, `const fail = () => { throw new TypeError('another addon') }
      addon.Thread = class extends addon.Thread {}
      for (const name of ${JSON.stringify(['resolve', ...names])}) (name in addon ? addon : addon.Thread.prototype)[name] = fail`)
    const { code, stdout, stderr } = await run(t, { files: app, env })
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '1 2\n' }, stderr)
    const lines = stderr.split('\n').slice(0, -1)
    assert.match(lines[0], /^hot-hook: internal error \(TypeError: another addon at .*\); the app goes on without hot reload$/)
    // With hooks in a thread of their own there are two that fail.
    assert.ok(lines.length <= 2 && lines.every((line) => line.includes('another addon at') && line.endsWith('; the app goes on without hot reload')), stderr)
  }
})
