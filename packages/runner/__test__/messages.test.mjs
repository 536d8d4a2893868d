/* The messages between the runner and the app, and those that do not fit. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import test from 'node:test'
import { createFolder, startApp } from '../../../__test__/support/app.mjs'
import { FROM_APP, FROM_HOT_HOOK, FROM_RUNNER, fits } from '../child/messages.mjs'
import { ask, environment, SERVER, startRunner, value } from './support/runner.mjs'

/** What a field may hold that is not meant to be there. */
const JUNK = [undefined, null, 0, -1, 1.5, '', 'x', true, [], [null], [1], [['x']], {}, { text: 1 }, { length: 1, 0: 'x' }]
const TYPES = [...Object.keys(FROM_APP), ...Object.keys(FROM_HOT_HOOK), ...Object.keys(FROM_RUNNER)]
const FIELDS = [...new Set([FROM_APP, FROM_HOT_HOOK, FROM_RUNNER].flatMap(Object.values).flatMap(Object.keys))]

/** Each type with nothing, and with the same junk in all fields. */
const messages = [
  ...JUNK.slice(1),
  ...JUNK.map((type) => ({ type })),
  ...[...TYPES, '__proto__', 'constructor', 'hot-hook:', 'hot-runner:'].flatMap((type) => [
    { type },
    ...JUNK.map((junk) => ({ type, ...Object.fromEntries(FIELDS.map((field) => [field, junk])) })),
  ]),
]

test('what fits, and what does not', () => {
  const fitting = messages.filter((message) => fits(FROM_HOT_HOOK, message))
  assert.deepEqual(fitting.map(({ type, path, paths, reason }) => [type, path, paths, reason]), [['hot-hook:full-reload', 'x', undefined, undefined]].slice(1))
  assert.ok(fits(FROM_HOT_HOOK, { type: 'hot-hook:full-reload', path: '/x', shouldBeReloadable: false }))
  assert.ok(fits(FROM_HOT_HOOK, { type: 'hot-hook:full-reload', path: '/x', reason: { text: 'x', hint: null, chain: [] } }))
  assert.ok(fits(FROM_HOT_HOOK, { type: 'hot-hook:invalidated', paths: ['/x'] }))
  assert.ok(!fits(FROM_HOT_HOOK, { type: 'hot-hook:invalidated', paths: [] }))
  assert.ok(!fits(FROM_APP, { type: 'hot-hook:invalidated', paths: ['/x'] }))
})

test("nothing that the app sends ends the runner; what is not hot-hook's is the app's own", async (t) => {
  const mine = messages.filter((message) => !['hot-hook:full-reload', 'hot-hook:invalidated'].includes(message?.type) || !fits(FROM_HOT_HOOK, message))
  const runner = await startRunner(t, {
    files: {
      ...SERVER,
      'main.mjs': `${SERVER['main.mjs']}
        const send = (message) => new Promise((resolve) => process.send(message, undefined, {}, resolve))
        for (const message of ${JSON.stringify(mine)}) {
          await send(message)
          if (Object(message) === message && !Array.isArray(message)) await send({ ...message, cmd: 'NODE_HOT_RUNNER' })
        }
        for (const cmd of ['NODE_', 'NODE_HANDLE', 'NODE_HANDLE_ACK', 'NODE_HANDLE_NACK', 'NODE_CLUSTER']) await send({ cmd, type: 'net.Native' })
        console.log('sent')`,
      'value.mjs': value(0),
    },
    options: ['--no-ahead'],
  })
  await runner.says('sent')
  assert.equal(runner.told('restart').length, 0, runner.known())
  runner.save('value.mjs', value(1))
  await runner.event('restart')
  await runner.until('it runs again', () => runner.output.stdout === 'sent\nsent\n')
  const { pid } = runner.told('start')[1]
  assert.ok(pid > 0)
  assert.equal(runner.output.stderr, '')
})

test("nothing that a parent sends in the runner's place harms the app", async (t) => {
  const folder = createFolder(t, {
    files: { 'main.mjs': `process.on('message', (message) => message === 'end' && process.exit(7)); setInterval(() => {}, 1000)` },
  })
  const preload = new URL('../child/preload.mjs', import.meta.url).href
  for (const setup of [{ pid: process.pid, keep: true, handles: 0, signal: 'SIGTERM', drainTimeout: 100, killTimeout: 100 }, { pid: process.pid }, null, 7, 'x']) {
    const child = fork(`${folder}/main.mjs`, { execArgv: [`--import=${preload}`], env: environment({ HOT_RUNNER: JSON.stringify(setup) }), stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    t.after(() => child.kill('SIGKILL'))
    let stderr = ''
    child.stderr?.on('data', (data) => (stderr += data))
    for (const message of messages) {
      if (Object(message) !== message || Array.isArray(message) || fits(FROM_RUNNER, message)) continue
      child.send(message)
      child.send(/** @type {any} */ ({ ...message, cmd: 'NODE_HOT_RUNNER' }))
    }
    child.send('end')
    const [code] = await once(child, 'exit')
    assert.deepEqual({ code, stderr }, { code: 7, stderr: '' })
  }
  const [code] = await once(fork(`${folder}/main.mjs`, { execArgv: [`--import=${preload}`], env: environment({ HOT_RUNNER: 'not JSON' }) }).on('spawn', function () { this.send('end') }), 'exit')
  assert.equal(code, 7)
})

for (const [what, replaced] of [
  ['throws', `() => { throw new Error('x') }`],
  ['is none', 'undefined'],
]) {
  test(`an app whose process.send ${what} lives, and is restarted`, async (t) => {
    const runner = await startRunner(t, {
      files: { ...SERVER, 'main.mjs': `process.send = ${replaced}\nprocess.on('SIGINT', () => console.log('lives'))\n${SERVER['main.mjs']}` },
    })
    process.kill(runner.told('ready')[0].pid, 'SIGINT')
    await runner.says('lives')
    assert.equal(await ask(runner.port()), '0')
    runner.save('value.mjs', value(1))
    await runner.event('ready', 2)
    assert.equal(await ask(runner.port()), '1')
    assert.equal(runner.output.stderr, '')
  })
}

test('an app that takes our names for its own is told of as it is', async (t) => {
  const runner = await startRunner(t, { files: { ...SERVER, 'main.mjs': `process.send({ type: 'hot-hook:full-reload' }); process.send({ type: 'hot-runner:drained' }); ${SERVER['main.mjs']}` } })
  assert.equal(await ask(runner.port()), '0')
})

test('nothing that a parent of hot-hook\'s own contract sends harms the app', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': `serve({ get: async () => (await import('./hot.mjs', { with: { hot: 'true' } })).value })`, 'hot.mjs': value(0) }, env: { HOT_HOOK_WATCH: 'false' } })
  assert.equal(await app.ask('get'), 0)
  for (const path of [...JUNK, 'relative', '\0', '/\0', '\uD800/x', '/x'.repeat(50_000), '/', '.', 'file:///x', app.folder]) {
    for (const action of [...JUNK, 'change', 'unlink']) app.child.send({ type: 'hot-hook:file-changed', path, action })
  }
  for (const message of messages) app.child.send(/** @type {any} */ (message))
  app.save('hot.mjs', value(1))
  app.child.send({ type: 'hot-hook:file-changed', path: app.file('hot.mjs'), action: 'change' })
  await app.until('the new value', async () => (await app.ask('get')) === 1)
  assert.equal(app.output.stderr, '')
})
