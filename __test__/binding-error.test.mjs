import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { nodeIs, PACKAGE } from './support/app.mjs'
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
  const refused = /^Error: hot-hook: it is a native addon, and this Node loads none: start it without --no-addons, or with --allow-addons if it has --permission$/m
  assertSaid(await run(t, { files, before: ['--no-addons'] }), refused)
  assertSaid(await run(t, { files, env: { NODE_OPTIONS: '--no-addons' } }), refused)
  if (nodeIs(22, 13)) assertSaid(await run(t, { files, before: ['--permission', '--allow-fs-read=*'] }), refused)
})

test('an addon that is missing or broken is said to be that', async (t) => {
  const copy = path.join(temporary(t), 'hot-hook')
  fs.mkdirSync(copy)
  for (const name of fs.readdirSync(PACKAGE)) if (/\.mjs$|^package\.json$|^binding\.js$/.test(name)) fs.copyFileSync(path.join(PACKAGE, name), path.join(copy, name))
  const before = [`--import=${pathToFileURL(path.join(copy, 'register.mjs'))}`]
  const start = () => run(t, { files, register: false, before })
  assertSaid(await start(), /^Error: hot-hook: its addon for \w+ \w+, @hot-hook\/binding-[\w-]+, is not installed: install again, /m)
  const addon = fs.readdirSync(PACKAGE).find((name) => /^hot-hook\..*\.node$/.test(name)) ?? assert.fail('no addon')
  for (const bytes of ['', 'garbage']) {
    fs.writeFileSync(path.join(copy, addon), bytes)
    assertSaid(await start(), /^Error: hot-hook: its addon cannot be loaded: [^]*hot-hook\./m)
  }
})

test('what needs no addon does without', async (t) => {
  const { stdout, stderr } = await run(t, { files: { 'main.mjs': `const { lazy } = await import('hot-hook/lazy'); console.log(typeof lazy)` }, register: false, before: ['--no-addons'] })
  assert.deepEqual({ stdout, stderr }, { stdout: 'function\n', stderr: '' })
})
