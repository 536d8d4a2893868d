/* The viewer that the runner serves. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import http from 'node:http'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { HOT } from '../../../__test__/support/app.mjs'
import { createRandom, createRequests, send } from '../../../__test__/support/fuzz.mjs'
import { ask, CLI, startRunner } from './support/runner.mjs'

const files = {
  'main.mjs': `import http from 'node:http'
    import { limit } from './config.mjs'
    http.createServer(async (request, response) => response.end(String((await import('./value.mjs', ${HOT})).value))).listen(0, '127.0.0.1')`,
  'config.mjs': 'export const limit = () => 1',
  'value.mjs': 'export const value = 1',
}

/** What the page hears. @param {import('node:test').TestContext} t @param {URL} url */
function listen(t, url) {
  let text = ''
  const asked = http.get(url, (response) => response.setEncoding('utf8').on('data', (part) => (text += part)))
  t.after(() => asked.destroy())
  const all = () => text.split('\n\n').map((frame) => /^event: (.*)\ndata: (.*)$/.exec(frame)).filter(Boolean)
  return (/** @type {string} */ name) => all().filter(([, event]) => event === name).map(([, , data]) => JSON.parse(data))
}

test('--viewer: the page, and what happens, over a restart', async (t) => {
  const runner = await startRunner(t, { files, options: ['--viewer'] })
  const { url } = await runner.event('viewer')
  const page = await fetch(url).then((response) => response.text())
  assert.match(page, /^<!doctype html>[^]*"path":"main\.mjs"/)
  const heard = listen(t, new URL(/"events":"([^"]*)"/.exec(page)[1], url))
  const versions = () => Object.fromEntries((heard('picture').at(-1)?.modules ?? []).map(({ path, version }) => [path, version]))

  assert.equal(await ask(runner.port()), '1')
  await runner.until('the boundary is seen', () => versions()['value.mjs'] === 0)
  runner.save('value.mjs', 'export const value = 2')
  await runner.until('the save is told', () => heard('update').length > 0)
  assert.deepEqual(heard('update'), [{ files: ['value.mjs'], paths: ['value.mjs'] }])
  await runner.until('its version counts', () => versions()['value.mjs'] === 1)

  runner.save('config.mjs', 'export const limit = () => 2')
  await runner.event('ready', 2)
  await runner.until('the restart is told', () => heard('restart').length > 0)
  const [{ path, text, hint }] = heard('restart')
  assert.equal(path, 'config.mjs')
  assert.match(text, /^config\.mjs changed, which no boundary makes hot: main\.mjs ─static→ config\.mjs$/)
  assert.match(hint, /^imported statically by main\.mjs/)
  await runner.until('another process is told', () => new Set(heard('hello').map(({ app }) => app)).size === 2)
  await runner.until('its graph is shown', () => versions()['main.mjs'] === 0 && !('value.mjs' in versions()))
  assert.equal(await ask(runner.port()), '2')
  await runner.until('the boundary is seen again', () => versions()['value.mjs'] === 0)
})

test('--viewer: whatever a web page or another program sends, the runner and the app go on', async (t) => {
  const runner = await startRunner(t, { files, options: ['--viewer'] })
  const { url } = await runner.event('viewer')
  const port = Number(new URL(url).port)
  for (const bytes of createRequests(port, createRandom(12), 100)) assert.doesNotMatch(await send({ host: '127.0.0.1', port }, bytes), /^HTTP\/1\.1 [235]|main\.mjs/, String(bytes))
  assert.equal((await fetch(url)).status, 200)
  assert.equal(await ask(runner.port()), '1')
  assert.deepEqual([runner.told('crash'), runner.told('restart'), runner.output.stderr], [[], [], ''])
})

test('--viewer with a port, and one that is taken', async (t) => {
  const taken = http.createServer().listen(0, '127.0.0.1')
  t.after(() => taken.close())
  await new Promise((resolve) => taken.once('listening', resolve))
  const { port } = /** @type {import('node:net').AddressInfo} */ (taken.address())
  const runner = await startRunner(t, { files, options: ['--viewer', String(port)] })
  const { text } = await runner.event('problem')
  assert.match(text, /^--viewer: .*EADDRINUSE/)
  assert.equal(await ask(runner.port()), '1')
})

test('--viewer without @hot-hook/dump-viewer: what to install, and the app runs', async (t) => {
  const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'hot-runner-'))
  t.after(() => fs.rmSync(copy, { recursive: true, force: true }))
  const packages = path.join(copy, 'node_modules/@hot-hook')
  fs.mkdirSync(packages, { recursive: true })
  fs.cpSync(path.dirname(CLI), path.join(packages, 'runner'), { recursive: true })
  fs.symlinkSync(path.join(path.dirname(CLI), '../..'), path.join(copy, 'node_modules/hot-hook'), 'dir')
  const runner = await startRunner(t, { files, runner: [path.join(packages, 'runner/cli.mjs'), '--json', '--viewer', 'main.mjs'] })
  const { text } = await runner.event('problem')
  assert.equal(text, '--viewer needs @hot-hook/dump-viewer: npm i -D @hot-hook/dump-viewer')
  assert.equal(await ask(runner.port()), '1')
})

test('an app without hot-hook has an empty graph', async (t) => {
  const runner = await startRunner(t, { files: { 'main.mjs': 'setInterval(() => {}, 1000)' }, options: ['--no-register', '--viewer=0'] })
  const { url } = await runner.event('viewer')
  assert.match(await fetch(url).then((response) => response.text()), /"picture":\{"modules":\[\],"edges":\[\]\}/)
})
