/* The next process, which waits with the app linked. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { ADDON, copyPackage, createFolder, isSteady, nodeIs, startApp } from '../../../__test__/support/app.mjs'
import { ask, isAlive, startRunner, value } from './support/runner.mjs'

/** Answers with what all modules hold, and how often each has run. */
const SERVER = (imports, texts) => `import http from 'node:http'
  ${imports}
  globalThis.runs ??= []
  http.createServer((_, response) => response.end(${texts})).listen(0, '127.0.0.1')`
const FILES = {
  'main.mjs': SERVER(`import { a } from './a.mjs'; import { other } from './other.mjs'`, `[a, other, globalThis.runs, import.meta.url.includes('?'), process.argv.length, globalThis.process.env.HOT_RUNNER].join()`),
  'a.mjs': `import { value } from './value.mjs'; (globalThis.runs ??= []).push('a'); export const a = 'a' + value`,
  'other.mjs': `(globalThis.runs ??= []).push('other'); export const other = 'other'`,
  'value.mjs': value(0),
}

/** Whether the nth process was started ahead. */
const isAhead = (runner, n) => runner.told('start')[n - 1].isAhead

test('the next process waits before it is needed, and runs what the files hold then', async (t) => {
  const runner = await startRunner(t, { files: FILES })
  assert.equal(await ask(runner.port()), 'a0,other,a,other,false,2,')
  for (let n = 1; n <= 3; n++) {
    const { pid } = await runner.event('waiting', n)
    assert.ok(isAlive(pid))
    runner.save('value.mjs', value(n))
    await runner.event('ready', n + 1)
    assert.equal(await ask(runner.port()), `a${n},other,a,other,false,2,`, runner.known())
    assert.deepEqual(runner.told('start')[n], { ...runner.told('start')[n], pid, isRestart: true, isAhead: true })
  }
  assert.deepEqual(runner.told('restart').map(({ reason }) => reason.text), Array(3).fill('value.mjs changed, which no boundary makes hot: main.mjs ─static→ a.mjs ─static→ value.mjs'))
})

test('while it waits, its thread wakes for nothing', { skip: process.platform !== 'linux' && 'it reads /proc' }, async (t) => {
  const runner = await startRunner(t, { files: FILES })
  const { pid } = await runner.event('waiting')
  const tasks = fs.readdirSync(`/proc/${pid}/task`).filter((task) => fs.readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').startsWith('hot-hook'))
  assert.equal(tasks.length, 1)
  const switches = () => /^voluntary_ctxt_switches:\s*(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/task/${tasks[0]}/status`, 'utf8'))?.[1]
  await runner.until('it is at rest', isSteady(switches))
  runner.save('value.mjs', value(1))
  await runner.event('ready', 2)
  assert.equal(await ask(runner.port()), 'a1,other,a,other,false,2,', runner.known())
})

test('whatever else has changed meanwhile: a module that is new, one that is gone, the entry', async (t) => {
  const runner = await startRunner(t, { files: FILES })
  await runner.event('waiting')
  runner.save('fresh.mjs', `(globalThis.runs ??= []).push('fresh'); export const value = 'fresh'`)
  runner.save('a.mjs', FILES['a.mjs'].replace('./value.mjs', './fresh.mjs'))
  await runner.event('ready', 2)
  assert.equal(await ask(runner.port()), 'afresh,other,fresh,a,other,false,2,')
  await runner.event('waiting', 2)
  runner.save('main.mjs', FILES['main.mjs'].replace(`import { other } from './other.mjs'`, `const other = 'none'`))
  fs.rmSync(runner.file('other.mjs'))
  await runner.event('ready', 3)
  assert.equal(await ask(runner.port()), 'afresh,none,fresh,a,false,2,')
  assert.ok(isAhead(runner, 2) && isAhead(runner, 3))
})

test('what can be swapped is swapped as after any start, and what cannot asks for a restart', async (t) => {
  const runner = await startRunner(t, {
    files: {
      ...FILES,
      'main.mjs': SERVER(`import { other } from './other.mjs'`, `await import('./a.mjs').then(({ a }) => [a, other].join())`).replace('(_, response)', 'async (_, response)'),
    },
    hotHook: { boundaries: ['./a.mjs'] },
  })
  for (let round = 1; round <= 2; round++) {
    assert.match(await ask(runner.port()), /other/)
    for (let n = 1; n <= 2; n++) {
      runner.save('value.mjs', value(`${round}${n}`))
      assert.equal(await ask(runner.port()), `a${round}${n},other${round === 1 ? '' : 1}`)
    }
    await runner.event('waiting', round)
    runner.save('other.mjs', `export const other = 'other${round}'`)
    await runner.event('ready', round + 1)
    assert.equal(await ask(runner.port()), `a${round}2,other${round}`)
    assert.ok(isAhead(runner, round + 1))
  }
  assert.equal(runner.told('restart').length, 2, runner.known())
})

const PACKAGE = { 'node_modules/dep/package.json': '{"type":"module","exports":"./index.js"}', 'node_modules/dep/index.js': `export const other = 'dep'` }

for (const [name, change] of [
  ['a package', { 'node_modules/dep/index.js': `export const other = 'new'` }],
  ['a manifest', { 'node_modules/dep/package.json': '{"type":"module","exports":"./new.js"}', 'node_modules/dep/new.js': `export const other = 'new'` }],
  ['CommonJS', { 'old.cjs': `exports.cjs = 'new'` }],
  ['JSON', { 'data.json': '{"json":"new"}' }],
]) {
  test(`${name} has changed, which a process cannot load again: it is another that runs`, async (t) => {
    const runner = await startRunner(t, {
      files: {
        ...FILES,
        ...PACKAGE,
        'main.mjs': SERVER(`import { a } from './a.mjs'; import { other } from 'dep'; import { cjs } from './old.cjs'; import data from './data.json' with { type: 'json' }`, `[a, other, cjs, data.json].join()`),
        'old.cjs': `exports.cjs = 'old'`,
        'data.json': '{"json":"old"}',
      },
    })
    assert.equal(await ask(runner.port()), 'a0,dep,old,old')
    await runner.event('waiting')
    for (const [file, text] of Object.entries(change)) runner.save(file, text)
    runner.save('value.mjs', value(1))
    await runner.until('the new code answers', async () => (await ask(runner.port())).startsWith('a1'))
    const answer = await ask(runner.port())
    const now = { 'a package': 'a1,new,old,old', 'a manifest': 'a1,new,old,old', CommonJS: 'a1,dep,new,old', JSON: 'a1,dep,old,new' }[name]
    assert.equal(answer, now, runner.known())
    assert.equal(runner.told('start').at(-1).isAhead, false, runner.known())
  })
}

test('a syntax error and its mending; an app that cannot be linked ahead', async (t) => {
  const runner = await startRunner(t, { files: FILES })
  for (let n = 1; n <= 2; n++) {
    await runner.event('waiting', n)
    runner.save('value.mjs', 'export const value =')
    await runner.event('crash', n)
    runner.save('value.mjs', value(n))
    await runner.event('ready', n + 1)
    assert.match(await ask(runner.port()), new RegExp(`^a${n},`))
  }
  // It does not link while the app runs, which has what it needs.
  runner.save('main.mjs', `import http from 'node:http'; import fs from 'node:fs'; fs.renameSync('a.mjs', 'b.mjs')
    const { a } = await import('./b.mjs'); http.createServer((_, response) => response.end(a)).listen(0, '127.0.0.1')`)
  await runner.event('ready', 4)
  fs.renameSync(runner.file('b.mjs'), runner.file('a.mjs'))
})

test('nothing of the user runs ahead: not what --import loads, and not the app', async (t) => {
  const count = (file) => `import fs from 'node:fs'; fs.appendFileSync('${file}', 'x')`
  const runner = await startRunner(t, {
    files: { ...FILES, 'setup.mjs': count('setup.txt'), 'a.mjs': `${count('a.txt')}\n${FILES['a.mjs']}` },
    options: ['--import=./setup.mjs'],
  })
  for (let n = 1; n <= 2; n++) {
    await runner.event('waiting', n)
    assert.deepEqual(['setup.txt', 'a.txt'].map((name) => fs.readFileSync(runner.file(name), 'utf8').length), [n, n])
    runner.save('value.mjs', value(n))
    await runner.event('ready', n + 1)
    assert.match(await ask(runner.port()), new RegExp(`^a${n},`))
    assert.ok(isAhead(runner, n + 1))
  }
})

for (const [name, options, env] of [
  ['--no-ahead', ['--no-ahead'], {}],
  ['NODE_OPTIONS, which may load anything', [], { NODE_OPTIONS: '--require=./setup.cjs' }],
  ['a flag that opens something', ['--inspect=0'], {}],
]) {
  test(`no process waits: ${name}`, async (t) => {
    const runner = await startRunner(t, { files: { ...FILES, 'setup.cjs': '' }, options, env })
    runner.save('value.mjs', value(1))
    await runner.event('ready', 2)
    assert.equal(await ask(runner.port()), 'a1,other,a,other,false,2,')
    assert.equal(isAhead(runner, 2), false)
    assert.deepEqual(runner.told('waiting'), [])
  })
}

for (const entry of ['main.mjs', 'main.cjs']) {
  test(`to \`hot-hook explain\` only the app that runs is there: ${entry}`, async (t) => {
    const runner = await startRunner(t, {
      entry,
      files: { ...FILES, 'main.cjs': `require('./value.cjs'); require('node:http').createServer((_, response) => response.end('x')).listen(0, '127.0.0.1')`, 'value.cjs': '', 'later.mjs': 'serve({})' },
    })
    const pids = () => fs.readdirSync(runner.file('node_modules/.cache/hot-hook')).map((name) => Number.parseInt(name, 10))
    for (let n = 1; n <= 2; n++) {
      const { pid } = await runner.event('waiting', n)
      const running = runner.told('start')[n - 1].pid
      await runner.until('the app is known', () => fs.existsSync(runner.file('node_modules/.cache/hot-hook')) && pids().includes(running))
      // A socket is opened a while after the start: by now that of a process which was started later is open.
      const later = await startApp(t, { folder: runner.folder, entry: 'later.mjs' })
      await runner.until('a later app is known', () => pids().includes(/** @type {number} */ (later.child.pid)))
      await later.kill()
      assert.ok(!pids().includes(pid), runner.known())
      runner.save(entry === 'main.mjs' ? 'value.mjs' : 'value.cjs', `// ${n}\nexport const value = ${n}`.slice(0, entry === 'main.mjs' ? undefined : 4))
      await runner.event('ready', n + 1)
      assert.ok(isAhead(runner, n + 1), runner.known())
    }
  })
}

test('environment files are read anew', async (t) => {
  const runner = await startRunner(t, {
    files: { ...FILES, '.env.dev': 'NAME=one', 'main.mjs': SERVER('', `process.env.NAME`) },
    options: ['--env-file=.env.dev'],
  })
  await runner.event('waiting')
  runner.save('.env.dev', 'NAME=two')
  await runner.event('ready', 2)
  assert.equal(await ask(runner.port()), 'two')
})

for (const signal of ['SIGTERM', 'SIGKILL']) {
  test(`whoever waits ends with the runner: ${signal}`, async (t) => {
    const runner = await startRunner(t, { files: FILES })
    const { pid } = await runner.event('waiting')
    runner.child.kill(signal)
    await runner.exit()
    await runner.until('it has ended', () => !isAlive(pid))
  })
}

test('one that waits and is killed is not missed', async (t) => {
  const runner = await startRunner(t, { files: FILES })
  const { pid } = await runner.event('waiting')
  process.kill(pid, 'SIGKILL')
  await runner.until('it has ended', () => !isAlive(pid))
  runner.save('value.mjs', value(1))
  await runner.event('ready', 2)
  assert.match(await ask(runner.port()), /^a1,/)
})

for (const [what, options] of [
  ['that is linked', []],
  ['that has only started', ['--import=data:text/javascript,0']],
]) {
  test(`what a process ${what} would print while it waits is printed when it runs, and not before`, async (t) => {
    const hasTypes = nodeIs(22, 10) && !nodeIs(26)
    const entry = hasTypes ? 'main.mts' : 'main.mjs'
    const runner = await startRunner(t, {
      files: {
        [entry]: `import './value.mjs'; ${hasTypes ? `enum Kind { up }; console.log(Kind[0])` : `console.log('up')`}; setInterval(() => {}, 1000)`,
        'value.mjs': `process.emitWarning('of the app')`,
      },
      // hot-hook says so as it starts; and Node has a warning for types.
      hotHook: { frobnicate: true },
      options: [...options, ...(hasTypes ? ['--experimental-transform-types'] : [])],
      entry,
    })
    const count = (text) => runner.output.stderr.split(text).length - 1
    const warnings = ['frobnicate', 'of the app', ...(hasTypes ? ['Transform Types'] : [])]
    for (const runs of [1, 2]) {
      await runner.event('waiting', runs)
      for (const text of warnings) assert.equal(count(text), runs, `${text}\n${runner.known()}`)
      if (runs > 1) break
      runner.save('value.mjs', `process.emitWarning('of the app') // ${runs}`)
      await runner.until('it runs again', () => runner.output.stdout === 'up\nup\n')
      assert.equal(runner.told('start')[1].isAhead, true)
    }
  })
}

/** hot-hook as it is while an installation rewrites it: `broken` throws, and leaves word. @param {string} folder of the app @param {string} broken */
function installBroken(folder, broken) {
  const copy = path.join(folder, 'node_modules/hot-hook')
  fs.rmSync(copy, { recursive: true, force: true })
  copyPackage(copy)
  fs.copyFileSync(ADDON, path.join(copy, 'lib/native', path.basename(ADDON)))
  fs.writeFileSync(path.join(copy, broken), `import fs from 'node:fs'; fs.appendFileSync(${JSON.stringify(path.join(folder, 'tried'))}, 'x'); throw new Error('cannot be loaded')`)
}

test('a process ahead that cannot load what is ours is none, and says nothing', async (t) => {
  const folder = createFolder(t, { files: FILES })
  installBroken(folder, 'lib/runtime/prelink.mjs')
  const runner = await startRunner(t, { folder })
  for (let n = 1; n <= 2; n++) {
    await runner.until('one was started ahead', () => fs.existsSync(`${folder}/tried`) && fs.readFileSync(`${folder}/tried`, 'utf8').length >= n)
    runner.save('value.mjs', value(n))
    await runner.event('ready', n + 1)
    assert.equal(await ask(runner.port()), `a${n},other,a,other,false,2,`, runner.known())
  }
  assert.deepEqual(runner.told('waiting'), [])
  assert.doesNotMatch(runner.output.stderr, /ahead|cannot be loaded/)
})
