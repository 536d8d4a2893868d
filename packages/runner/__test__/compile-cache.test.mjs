/* The compile cache that the runner gives to the app. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { createFolder, nodeIs } from '../../../__test__/support/app.mjs'
import { createCompileCache } from '../compile-cache.mjs'
import { ask, CACHE, SERVER, startRunner, value } from './support/runner.mjs'

const skip = !nodeIs(22, 10) && 'this Node has none'
const onlyPosix = process.platform === 'win32' && 'there are no modes'

/** @param {string} folder the app's */
const cacheOf = (folder, home = CACHE) => path.join(home, 'hot-runner', createHash('sha256').update(folder).digest('hex').slice(0, 32))

/** A folder of the user's alone. */
function createHome(t) {
  const home = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'hot-runner-home-'))
  t.after(() => fs.rmSync(home, { recursive: true, force: true }))
  return home
}

/** What an app says of its cache. */
const SAYS = { 'main.mjs': `import module from 'node:module'; console.log('cache:', module.getCompileCacheDir?.()); setInterval(() => {}, 1000)` }

/** @param {string} folder @param {Record<string, string>} files */
function fill(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    fs.writeFileSync(path.join(folder, name), text)
  }
}

/** @param {string} folder */
const entries = (folder) => fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory()).map((entry) => entry.name).toSorted()

/** More than there are modules: the app's, the runner's and ours. */
const VERSIONS = 60

test('the compile cache is there, and keeps no versions', { skip }, async (t) => {
  const runner = await startRunner(t, {
    files: {
      'main.mjs': `import http from 'node:http'
        import module from 'node:module'
        import './value.mjs'
        process.on('SIGTERM', () => process.exit())
        http.createServer(async (_, response) => response.end((await import('./hot.mjs')).value + module.getCompileCacheDir())).listen(0, '127.0.0.1')`,
      'value.mjs': '',
      'hot.mjs': value(0),
    },
    hotHook: { boundaries: ['./hot.mjs'] },
  })
  const cache = cacheOf(runner.folder)
  assert.match(await ask(runner.port()), /^0.*hot-runner/)
  for (let n = 1; n <= VERSIONS; n++) {
    runner.save('hot.mjs', value(n))
    assert.match(await ask(runner.port()), new RegExp(`^${n}/`))
  }
  runner.save('value.mjs', '// 2')
  await runner.event('ready', 2)
  const count = () => entries(cache).length
  await runner.until('only what is current is kept', () => count() > 0 && count() < VERSIONS)
  for (let n = VERSIONS + 1; n <= 2 * VERSIONS; n++) {
    runner.save('hot.mjs', value(n))
    assert.match(await ask(runner.port()), new RegExp(`^${n}/`))
  }
  runner.child.kill('SIGTERM')
  await runner.exit()
  assert.ok(count() < VERSIONS, `${count()} entries`)
})

test('a cache that a repository brings along is not used', { skip }, async (t) => {
  const folder = createFolder(t, { files: SAYS })
  fs.mkdirSync(`${folder}/node_modules/.cache/hot-runner`, { recursive: true })
  const runner = await startRunner(t, { folder, wait: false })
  await runner.says('cache:')
  assert.ok(runner.output.stdout.startsWith(`cache: ${cacheOf(folder)}${path.sep}`), runner.known())
  assert.deepEqual(fs.readdirSync(`${folder}/node_modules/.cache/hot-runner`), [])
  for (const one of [path.join(CACHE, 'hot-runner'), cacheOf(folder)]) assert.equal(fs.statSync(one).mode & 0o777, 0o700)
})

for (const [what, spoil] of [
  ['that others can write to', (home, folder) => fs.chmodSync(cacheOf(folder, home), 0o777)],
  ['that others can read', (home, folder) => fs.chmodSync(cacheOf(folder, home), 0o755)],
  ['that others can write to, above', (home) => fs.chmodSync(`${home}/hot-runner`, 0o770)],
  ['in a folder that others can write to', (home) => fs.chmodSync(home, 0o777)],
  ['that is a link', (home, folder) => {
    fs.renameSync(cacheOf(folder, home), `${home}/other`)
    fs.symlinkSync(`${home}/other`, cacheOf(folder, home))
  }],
  ['that is a file', (home, folder) => {
    fs.rmSync(cacheOf(folder, home), { recursive: true })
    fs.writeFileSync(cacheOf(folder, home), '')
  }],
  ['of another user', (home, folder) => process.getuid?.() === 0 && fs.chownSync(cacheOf(folder, home), 1234, 1234)],
]) {
  test(`a cache ${what} is not used`, { skip: onlyPosix }, (t) => {
    const home = createHome(t)
    const folder = createFolder(t, {})
    const env = { XDG_CACHE_HOME: home }
    assert.equal(createCompileCache(folder, env).folder, cacheOf(folder, home))
    if (spoil(home, folder) === false) return t.skip('only root can give it away')
    assert.equal(createCompileCache(folder, env).folder, undefined)
    return undefined
  })
}

test('where it is: XDG_CACHE_HOME if that is a path, else the home folder; the choice of the user', (t) => {
  const folder = createFolder(t, {})
  const home = createHome(t)
  const real = process.env.HOME
  process.env.HOME = home
  t.after(() => (real === undefined ? delete process.env.HOME : (process.env.HOME = real)))
  if (process.platform !== 'win32') {
    for (const given of [undefined, '', 'relative', './x']) assert.equal(createCompileCache(folder, { XDG_CACHE_HOME: given }).folder, cacheOf(folder, `${home}/.cache`))
  }
  for (const name of ['NODE_COMPILE_CACHE', 'NODE_DISABLE_COMPILE_CACHE']) assert.equal(createCompileCache(folder, { [name]: '1' }).folder, undefined)
})

for (const home of ['/proc/none', '/dev/null/x']) {
  test(`an app starts where there can be no cache: ${home}`, { skip: process.platform !== 'linux' && 'only Linux has /proc' }, async (t) => {
    const runner = await startRunner(t, { files: SERVER, env: { XDG_CACHE_HOME: home, HOME: home } })
    assert.equal(await ask(runner.port()), '0')
    assert.deepEqual([runner.told('problem'), runner.output.stderr], [[], ''])
  })
}

test('an app starts in a folder in which nothing can be written', { skip: process.platform !== 'linux' && 'only Linux has /proc' }, async (t) => {
  // Root may write anywhere but there.
  const folder = createFolder(t, { files: SERVER })
  const runner = await startRunner(t, { folder, cwd: '/proc', entry: `${folder}/main.mjs` })
  assert.equal(await ask(runner.port()), '0')
})

/** @type {Record<string, string>} */
const NODES = { 'v24.22.3-x64-964aae3f-0/f94bfafe': '1', 'v24.22.3-x64-964aae3f-0/f94bfafe.a1B2c3': '1', 'v27.0.0-nightly20261101abc-arm64-964aae3f/00000000': '1', '964aae3f/12345678': '1' }
/** @type {Record<string, string>} */
const OTHERS = { 'readme': 'x', 'f94bfafe': 'x', 'src/f94bfafe': 'x', 'v24/f94bfafe': 'x', 'v24.22.3-x64-964aae3f-0/deep/f94bfafe': 'x', 'v24.22.3-x64-964aae3f-0/f94bfafe.js': 'x', 'v24.22.3-x64-964aae3f-0/F94BFAFE': 'x', 'v24.22.3-x64-964aae3f-0/main.mjs': 'x' }

test('only what Node writes is ever deleted, and never through a link', (t) => {
  const folder = createFolder(t, {})
  const home = createHome(t)
  const env = { XDG_CACHE_HOME: home }
  const cache = createCompileCache(folder, env)
  const mine = /** @type {string} */ (cache.folder)
  const outside = path.join(home, 'outside')
  fill(mine, { ...NODES, ...OTHERS })
  fill(outside, { f94bfafe: 'x', 'v1.2.3-x64-964aae3f-0/f94bfafe': 'x' })
  fs.symlinkSync(outside, path.join(mine, 'v1.2.3-x64-00000000-0'))
  fs.symlinkSync(path.join(outside, 'f94bfafe'), path.join(mine, 'v24.22.3-x64-964aae3f-0/11111111'))
  const before = entries(home).length
  cache.clear()
  assert.equal(entries(home).length, before - Object.keys(NODES).length)
  for (const name of Object.keys(OTHERS)) assert.equal(fs.readFileSync(path.join(mine, name), 'utf8'), 'x', name)
  for (const name of Object.keys(NODES)) assert.ok(!fs.existsSync(path.join(mine, name)), name)
  assert.deepEqual(entries(outside), ['f94bfafe', 'f94bfafe'])
})

test('what has grown without bound begins anew; what was not used for long goes', (t) => {
  const [folder, other] = [createFolder(t, {}), createFolder(t, {})]
  const home = createHome(t)
  const env = { XDG_CACHE_HOME: home }
  const old = cacheOf(other, home)
  createCompileCache(folder, env)
  createCompileCache(other, env)
  fill(old, { 'v24.22.3-x64-964aae3f-0/f94bfafe': '1' })
  fill(`${home}/hot-runner`, { 'mine/v24.22.3-x64-964aae3f-0/f94bfafe': 'x' })
  const ago = new Date(Date.now() - 100 * 24 * 60 * 60 * 1000)
  for (const one of [old, `${home}/hot-runner/mine`]) fs.utimesSync(one, ago, ago)
  createCompileCache(folder, env)
  assert.ok(!fs.existsSync(old))
  assert.deepEqual(entries(`${home}/hot-runner/mine`), ['f94bfafe'])

  const [many, few] = ['v24.22.3-x64-964aae3f-0', 'v26.12.1-x64-964aae3f-0'].map((name) => path.join(cacheOf(folder, home), name))
  fill(few, { f94bfafe: '1' })
  fs.mkdirSync(many)
  for (let n = 0; n <= 10; n++) fs.closeSync(fs.openSync(path.join(many, n.toString(16).padStart(8, '0')), 'w'))
  createCompileCache(folder, env, 10)
  assert.deepEqual([entries(many), entries(few)], [[], ['f94bfafe']])
})

for (const signal of ['SIGSEGV', 'SIGTRAP']) {
  test(`${signal} at the start: the cache is emptied, and it is tried once more`, { skip: onlyPosix }, async (t) => {
    const folder = createFolder(t, { files: { ...SERVER, 'main.mjs': `import fs from 'node:fs'; fs.appendFileSync('starts', '.'); if (fs.existsSync('bad')) { if (fs.readFileSync('bad', 'utf8') === '1') fs.rmSync('bad'); process.kill(process.pid, '${signal}') }; ${SERVER['main.mjs']}`, bad: '1' } })
    const home = createHome(t)
    const cache = /** @type {string} */ (createCompileCache(folder, { XDG_CACHE_HOME: home }).folder)
    fill(cache, NODES)
    const runner = await startRunner(t, { folder, env: { XDG_CACHE_HOME: home } })
    assert.deepEqual(runner.told('retry').map(({ code, signal: by }) => [code, by]), [[null, signal]])
    assert.equal(await ask(runner.port()), '0')
    assert.equal(fs.readFileSync(`${folder}/starts`, 'utf8'), '..')
    for (const name of Object.keys(NODES)) assert.ok(!fs.existsSync(path.join(cache, name)), name)
  })
}

test('a second such crash is a crash, and so is one of an app that runs', { skip: onlyPosix }, async (t) => {
  const runner = await startRunner(t, { files: { 'main.mjs': 'process.abort()' }, wait: false })
  assert.equal((await runner.event('crash')).signal, 'SIGABRT')
  assert.deepEqual([runner.told('retry').length, runner.told('start').length], [1, 2])
  runner.save('main.mjs', `${SERVER['main.mjs'].replace('(request, response) =>', '(request, response) => request.url === "/end" ? process.abort() :').replace(/import .*value.*\n/, '').replace('String(value)', "'x'")}`)
  await runner.event('ready')
  await ask(runner.port(), { path: '/end' }).catch(() => {})
  assert.equal((await runner.event('crash', 2)).signal, 'SIGABRT')
  assert.equal(runner.told('retry').length, 1)
})
