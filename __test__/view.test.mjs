/* `hot-hook view`: the viewer for an app that runs. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { commandsFor } from '../cli/open-browser.mjs'
import { drawn, needsBrowser, openBrowser } from '../packages/dump-viewer/__test__/support/browser.mjs'
import { copyPackage, startApp } from './support/app.mjs'
import { createRandom, createRequests, send } from './support/fuzz.mjs'
import { cli, runCli, runScript, runtime, skip, start, temporary, until } from './support/cli.mjs'

/** A command for `BROWSER` that notes what it is given. @param {import('node:test').TestContext} t */
function fakeBrowser(t, text = '') {
  const folder = temporary(t)
  const command = path.join(folder, 'a browser')
  const opened = path.join(folder, 'opened')
  fs.writeFileSync(command, `#!/bin/sh\nprintf '%s|' "$@" >> '${opened}'\n${text}`, { mode: 0o755 })
  return { command, opened: () => (fs.existsSync(opened) ? fs.readFileSync(opened, 'utf8') : '') }
}

test('it prints where the page is, and opens the browser', { skip }, async (t) => {
  const { app, env, folder } = await start(t)
  const browser = fakeBrowser(t)
  const output = runCli(t, folder, { ...env, BROWSER: browser.command }, 'view')
  await until(() => browser.opened() !== '')
  assert.match(output.stdout, /^http:\/\/127\.0\.0\.1:\d+\/\?token=\S+\n$/)
  // Other users can read a command's arguments: what is in them works once, for the browser.
  const opened = browser.opened().slice(0, -1)
  const { port, searchParams } = new URL(output.stdout)
  assert.match(opened, new RegExp(`^http://127\\.0\\.0\\.1:${port}/\\?once=[\\w-]{24}$`))
  assert.ok(!opened.includes(searchParams.get('token') ?? assert.fail()))
  const followed = await fetch(opened)
  assert.deepEqual([followed.status, followed.url], [200, output.stdout.trim()])
  assert.equal((await fetch(opened)).status, 403)
  const page = async () => {
    const html = await (await fetch(output.stdout.trim())).text()
    const { picture } = JSON.parse(/<script [^>]*id="given">(.*?)<\/script>/.exec(html)?.[1] ?? assert.fail('no picture'))
    return Object.fromEntries(picture.modules.map((/** @type {any} */ { path, version }) => [path, version]))
  }
  assert.equal((await page())['part.mjs'], 0)
  app.save('part.mjs', 'export const value = 2')
  await until(async () => (await page())['part.mjs'] === 1)
  assert.deepEqual({ stderr: output.stderr, code: output.code }, { stderr: '', code: null })
})

test('without a browser, a display, or the wish for one the URL is there all the same', { skip }, async (t) => {
  const { env, folder } = await start(t)
  const broken = fakeBrowser(t, 'exit 3')
  const none = { DISPLAY: '', WAYLAND_DISPLAY: '', WSL_DISTRO_NAME: '' }
  for (const [args, more, problem] of /** @type {[string[], Record<string, string>, string | undefined][]} */ ([
    [['--no-open'], { BROWSER: broken.command }, undefined],
    [[], { BROWSER: broken.command }, `${broken.command} ended with 3`],
    [[], { BROWSER: '/no/such/browser' }, 'there is no /no/such/browser'],
    [[], { BROWSER: 'none' }, 'BROWSER=none forbids it'],
    ...(process.platform === 'linux' ? [[[], { BROWSER: '', ...none }, 'there is no display'], [[], { BROWSER: ' ', ...none }, 'there is no display']] : []),
  ])) {
    const output = runCli(t, folder, { ...env, ...more }, 'view', ...args)
    await until(() => output.stdout.includes('\n') && (problem === undefined || output.stderr.includes('\n')))
    assert.equal(output.stderr, problem === undefined ? '' : `hot-hook: no browser was opened (${problem}): open the URL yourself\n`)
    assert.equal((await fetch(output.stdout.trim())).status, 200)
    assert.equal(output.code, null)
  }
  assert.match(broken.opened(), /^http:[^|]*\|$/, 'once')
})

test('which command opens it', () => {
  const url = 'http://127.0.0.1:1/?token=x'
  const linux = (/** @type {Record<string, string>} */ env) => commandsFor(url, env, 'linux')
  assert.deepEqual(linux({ DISPLAY: ':0' }), [['xdg-open', url]])
  assert.deepEqual(linux({ WAYLAND_DISPLAY: 'wayland-0' }), [['xdg-open', url]])
  assert.deepEqual(linux({ WSL_DISTRO_NAME: 'Debian' }), [['wslview', url], ['xdg-open', url]])
  assert.equal(linux({}), 'there is no display')
  assert.deepEqual(linux({ BROWSER: 'firefox -P dev:w3m %s -x' }), [['firefox', '-P', 'dev', url], ['w3m', url, '-x']])
  assert.deepEqual(linux({ BROWSER: ' : w3m ' }), [['w3m', url]])
  assert.deepEqual(commandsFor(url, {}, 'darwin'), [['open', url]])
  assert.deepEqual(commandsFor(url, {}, 'win32'), [['cmd', '/c', 'start', '""', url]])
  assert.deepEqual(commandsFor(url, { BROWSER: 'C:\\firefox.exe' }, 'win32'), [['C:\\firefox.exe', url]])
})

test('the page is live: saves, versions, restarts with their reasons, the next process', { skip: skip || needsBrowser.skip }, async (t) => {
  const { app, env, folder } = await start(t)
  const output = runCli(t, folder, env, 'view', '--no-open')
  await until(() => output.stdout.includes('\n'))
  const { page, seen } = await openBrowser(t)
  await page.goto(output.stdout.trim())
  await page.getByText('live', { exact: true }).waitFor()

  app.save('part.mjs', 'export const value = 2')
  await page.locator('#log', { hasText: 'saved part.mjs: 2 modules run again' }).waitFor()
  await app.until('versions count', async () => (await drawn(page)).nodes['module part.mjs'].label === 'part.mjs ✎1')
  const lit = Object.entries((await drawn(page)).nodes).filter(([, { classes }]) => classes.split(' ').includes('lit'))
  assert.deepEqual(lit.map(([id]) => id).toSorted(), ['module page.mjs', 'module part.mjs'])

  app.save('config.mjs', 'export const limit = () => 2')
  await page.locator('#log .restart', { hasText: 'config.mjs changed, which no boundary makes hot: main.mjs ─static→ config.mjs' }).waitFor()
  await app.kill()
  await page.locator('#log .end').waitFor()
  await page.getByText('the app does not run').waitFor()

  const next = await startApp(t, { folder, env })
  await page.locator('#log .started', { hasText: 'started again' }).waitFor()
  await next.ask('page')
  next.save('part.mjs', 'export const value = 3')
  await page.locator('#log .update').nth(1).waitFor()
  assert.deepEqual(seen.problems, [])
})

test('whatever a web page or another program sends, it goes on', { skip }, async (t) => {
  const { env, folder } = await start(t)
  const output = runCli(t, folder, env, 'view', '--no-open')
  await until(() => output.stdout.includes('\n'))
  const port = Number(new URL(output.stdout).port)
  for (const bytes of createRequests(port, createRandom(13), 100)) assert.doesNotMatch(await send({ host: '127.0.0.1', port }, bytes), /^HTTP\/1\.1 [235]|main\.mjs/, String(bytes))
  assert.equal((await fetch(output.stdout.trim())).status, 200)
  assert.deepEqual({ stderr: output.stderr, code: output.code }, { stderr: '', code: null })
})

test('what is wrong is a clear sentence', { skip }, async (t) => {
  const { ask, env, folder } = await start(t)
  const output = runCli(t, folder, env, 'view', '--no-open')
  await until(() => output.stdout.includes('\n'))
  const { port } = new URL(output.stdout)
  const taken = await ask('view', '--port', port)
  assert.deepEqual(taken, { stdout: '', stderr: `hot-hook: port ${port} is taken: give another one with --port\n`, code: 1 })
  for (const port of ['x', '-1', '65536']) assert.deepEqual(await ask('view', `--port=${port}`), { stdout: '', stderr: 'hot-hook: usage: hot-hook view [--port NUMBER] [--no-open]\n', code: 64 })
  const empty = runtime(t)
  const { code, stderr } = await cli(empty.XDG_RUNTIME_DIR, empty, 'view')
  assert.deepEqual({ code, stderr }, { code: 2, stderr: `hot-hook: no app runs under hot-hook in ${fs.realpathSync(empty.XDG_RUNTIME_DIR)}\n` })
})

test('without @hot-hook/dump-viewer: what to install', { skip }, async (t) => {
  const { env, folder } = await start(t)
  // Another copy of the package, which finds nothing but itself.
  const copy = path.join(temporary(t), 'node_modules/hot-hook')
  copyPackage(copy)
  const found = await runScript(path.join(copy, 'cli/main.mjs'), folder, env, 'view')
  assert.deepEqual(found, { stdout: '', stderr: 'hot-hook: view needs @hot-hook/dump-viewer: npm i -D @hot-hook/dump-viewer\n', code: 1 })
})
