/**
 * What is published, as a package manager installs it: the tarballs of `npm pack`, with the binary in a package of its own, in a
 * workspace. A linked package of the workspace is edited; one in node_modules is not reloaded.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'
import { startApp, write } from '../__test__/support/app.mjs'
import { install, record, start, tryInstall } from './support/app.mjs'
import { commandOf, MANAGERS, pack } from './support/managers.mjs'

const run = promisify(execFile)

/** @param {string} link how the app names the other package of the workspace @param {Record<string, string>} tarballs */
const workspace = (link, tarballs) => ({
  'package.json': JSON.stringify({ name: 'root', version: '1.0.0', private: true, workspaces: ['app', 'packages/*'], overrides: tarballs, resolutions: tarballs }),
  'packages/greeting/package.json': JSON.stringify({ name: '@own/greeting', version: '1.0.0', type: 'module', exports: './index.js' }),
  'packages/greeting/index.js': `export const greet = (name) => 'Hello, ' + name\n`,
  'app/package.json': JSON.stringify({
    name: 'app', version: '1.0.0', private: true, type: 'module', hotHook: { boundaries: ['./controller.js'] },
    dependencies: { 'hot-hook': tarballs['hot-hook'], '@hot-hook/runner': tarballs['@hot-hook/runner'], '@own/greeting': link, ms: '2.1.3' },
  }),
  'app/controller.js': `import { greet } from '@own/greeting'
import ms from 'ms'

export const show = () => greet('controller 1') + ' for ' + ms(1000)
`,
  'app/main.js': `serve({ look: async () => (await import('./controller.js')).show() })\n`,
  'app/server.js': `import { createServer } from 'node:http'

const prefix = 'server 1'
const server = createServer(async (request, response) => response.end(prefix + ': ' + (await import('./controller.js')).show()))
server.listen(0, () => console.log('http://localhost:' + server.address().port))
`,
})

/** @type {Promise<Record<string, string>> | undefined} */
let packed
const base = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'hot-hook-packed-'))
test.after(() => fs.rmSync(base, { recursive: true, force: true, maxRetries: 3 }))

for (const { name, tool, command, link, args, files } of MANAGERS) {
  test(`${name}: the app, its workspace, and hot-runner`, async (t) => {
    const tarballs = await (packed ??= pack(base))
    const root = fs.mkdtempSync(path.join(base, 'workspace-'))
    for (const [file, text] of Object.entries({ ...workspace(link, tarballs), ...files(tarballs) })) write(root, file, text)
    const [program, ...first] = command(await install(tool))
    const env = { ...process.env, CI: '', YARN_IGNORE_PATH: '1' }
    await tryInstall(program, [...first, ...args], { cwd: root, env })
    if (program === 'npm') record({ npm: (await run('npm', ['--version'])).stdout.trim() })
    const folder = path.join(root, 'app')
    const greeting = path.join(root, 'packages/greeting/index.js')

    const app = await startApp(t, { folder, entry: 'main.js' })
    assert.equal(await app.ask('look'), 'Hello, controller 1 for 1s')
    app.save('controller.js', fs.readFileSync(app.file('controller.js'), 'utf8').replace('controller 1', 'controller 2'))
    assert.equal(await app.ask('look'), 'Hello, controller 2 for 1s')
    fs.writeFileSync(greeting, `export const greet = (name) => 'Hi, ' + name\n`)
    assert.equal(await app.ask('look'), 'Hi, controller 2 for 1s')
    const installed = createRequire(app.file('package.json')).resolve('ms')
    const text = fs.readFileSync(installed, 'utf8')
    // It may be a hard link to the manager's store.
    fs.rmSync(installed)
    fs.writeFileSync(installed, text.replace('module.exports =', 'module.exports = () => 0; const unused ='))
    fs.writeFileSync(greeting, `export const greet = (name) => 'Hey, ' + name\n`)
    assert.equal(await app.ask('look'), 'Hey, controller 2 for 1s')
    fs.writeFileSync(greeting, `export const greet = (name) => 'Hi, ' + name\n`)
    assert.equal(await app.ask('look'), 'Hi, controller 2 for 1s')
    fs.writeFileSync(installed, text)
    assert.deepEqual(app.told('full-reload').map((message) => message.path), [])
    assert.ok(app.told('invalidated').some(({ paths }) => paths[0] === greeting), app.known())

    const runner = await start(t, { folder, args: [commandOf(folder, '@hot-hook/runner', 'hot-runner'), '--no-stdin', 'server.js'] })
    const url = await runner.url()
    const read = async () => (await fetch(url)).text()
    assert.equal(await read(), 'server 1: Hi, controller 2 for 1s')
    fs.writeFileSync(greeting, `export const greet = (name) => 'Welcome, ' + name\n`)
    assert.equal(await read(), 'server 1: Welcome, controller 2 for 1s')
    write(folder, 'server.js', workspace(link, tarballs)['app/server.js'].replace('server 1', 'server 2'))
    await runner.until('it has restarted', async () => (await read().catch(() => '')) === 'server 2: Welcome, controller 2 for 1s')
  })
}
