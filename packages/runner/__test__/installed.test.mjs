/* A crash because a package is missing: the app starts again when it is there. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test from 'node:test'
import { nodeIs } from '../../../__test__/support/app.mjs'
import { ask, CACHE, SERVER, startRunner } from './support/runner.mjs'

/** Whether the file system says when a file was last read: not if it is mounted with `noatime`. */
const tellsReads = await (async () => {
  const file = path.join(CACHE, 'read')
  fs.mkdirSync(CACHE, { recursive: true })
  fs.writeFileSync(file, 'x')
  for (let looks = 0; looks < 100; looks++) {
    fs.readFileSync(file)
    if (fs.statSync(file).atimeMs > fs.statSync(file).mtimeMs) return true
    await sleep(10)
  }
  return false
})()

/** A condition to wait for: what was just written to a file has been read. @param {string} file */
function isRead(file) {
  const wroteAt = fs.statSync(file).mtimeMs
  return () => !tellsReads || fs.statSync(file).atimeMs > wroteAt
}

/** How the app wants `left`. */
const WAYS = {
  'an import': { start: `import left from 'left'` },
  'an import below': { start: `import left from './below.mjs'`, files: { 'below.mjs': `export { default } from 'left'` } },
  'an import() at the top level': { start: `const { default: left } = await import('left')` },
  'a path in it': { start: `import left from 'left/main.js'` },
  'a name of `imports`': { start: `import left from '#left'`, manifest: { imports: { '#left': 'left' } } },
  'a require': { start: `import left from './below.cjs'`, files: { 'below.cjs': `module.exports = require('left')` }, skip: !nodeIs(22, 15) && 'no hook sees it in time' },
}

/** A server that needs it. @param {string} start */
const main = (start) => `${start}
  import http from 'node:http'
  http.createServer((request, response) => response.end(left)).listen(0, '127.0.0.1')`

for (const [name, { start, files = {}, manifest = {}, skip = false }] of Object.entries(WAYS)) {
  test(`${name}: the app starts again when the package is there, not before`, { skip }, async (t) => {
    const packageJson = { type: 'module', ...manifest }
    const runner = await startRunner(t, { files: { 'main.mjs': main(start), 'package.json': JSON.stringify(packageJson), ...files }, wait: false })
    const crash = await runner.event('crash')
    assert.deepEqual(crash.missing, [start.includes('/main.js') ? 'left/main.js' : manifest.imports ? '#left' : 'left'])
    // As a package manager does it: in the project first, and piece by piece.
    runner.save('package.json', JSON.stringify({ ...packageJson, dependencies: { left: '1' } }))
    runner.save('package-lock.json', '{}')
    fs.mkdirSync(runner.file('node_modules/left'), { recursive: true })
    runner.save('node_modules/left/package.json', '{ "name": "left", "ma')
    await runner.until('the runner has looked', isRead(runner.file('node_modules/left/package.json')))
    runner.save('node_modules/left/package.json', '{ "name": "left", "main": "main.js" }')
    await runner.until('the runner has looked', isRead(runner.file('node_modules/left/package.json')))
    assert.equal(runner.told('restart').length, 0, 'it cannot be resolved yet')
    runner.save('node_modules/left/main.js', `module.exports = 'it is there'`)
    await runner.event('ready')
    assert.equal(await ask(runner.port()), 'it is there')
    assert.deepEqual(runner.told('restart').map(({ cause, path }) => ({ cause, path })), [{ cause: 'installed', path: crash.missing[0] }])
    assert.equal(runner.told('crash').length, 1)
  })
}

test('whoever writes the import anew need not wait for the package', async (t) => {
  const runner = await startRunner(t, { files: { ...SERVER, 'main.mjs': main(`import left from 'left'`) }, wait: false })
  await runner.event('crash')
  runner.save('main.mjs', main(`const left = 'right'`))
  await runner.event('ready')
  assert.equal(await ask(runner.port()), 'right')
  assert.equal(runner.told('restart')[0].cause, 'save')
})
