/* `hot-hook doctor`: whether hot-hook can work in a project, and how. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { hasSyncHooks } from '../lib/node/features.mjs'
import { createFolder, isLinux, PACKAGE, startApp } from './support/app.mjs'
import { cli, runtime, skip, temporary } from './support/cli.mjs'

const manifest = (/** @type {object} */ hotHook) => ({ 'package.json': JSON.stringify({ type: 'module', hotHook }) })

/** @param {string} folder @param {Record<string, string>} [env] */
async function examine(folder, env = {}) {
  const { stdout, stderr, code } = await cli(folder, env, 'doctor', '--json')
  assert.equal(stderr, '')
  const found = JSON.parse(stdout)
  assert.equal(found.code, code)
  // What this machine allows is no matter of the project.
  return { ...found, problems: found.problems.filter((/** @type {string} */ one) => !one.startsWith('this user may watch')) }
}

/** Whether a value is as the schema has it, as far as that says. @param {any} value @param {any} of @param {any} schema @param {string} at */
function check(value, of, schema, at) {
  if (of.$ref) return check(value, schema.$defs[of.$ref.replace('#/$defs/', '')], schema, at)
  if (of.enum) assert.ok(of.enum.includes(value), `${at}: ${value}`)
  const type = Number.isInteger(value) ? 'integer' : Array.isArray(value) ? 'array' : typeof value
  if (of.type) assert.equal(type, of.type, at)
  for (const name of of.required ?? []) assert.ok(name in value, `${at}.${name}`)
  if (type === 'array' && of.items) value.forEach((/** @type {any} */ one) => check(one, of.items, schema, `${at}[]`))
  if (type === 'object' && of.properties) {
    for (const [name, one] of Object.entries(value)) {
      assert.ok(of.properties[name], `${at}.${name} is not in the schema`)
      check(one, of.properties[name], schema, `${at}.${name}`)
    }
  }
}

test('nothing is wrong: what this Node can do, by what became of saves, and what the patterns match', async (t) => {
  const files = { ...manifest({ boundaries: ['./pages/*.mjs', '!./pages/two.mjs'], restart: ['./config/**'] }), 'pages/one.mjs': '', 'pages/two.mjs': '', 'config/a.json': '{}', 'main.mjs': '' }
  const folder = createFolder(t, { files })
  const found = await examine(folder)
  assert.deepEqual(found.problems, [])
  check(found, { $ref: '#/$defs/doctor' }, JSON.parse(fs.readFileSync(path.join(PACKAGE, 'cli/schema.json'), 'utf8')), 'doctor')
  const { hooks, esModules, commonJs, releases, requiredEsModules = 'reloads' } = found.probe
  assert.deepEqual({ hooks, esModules, commonJs, releases }, { hooks: hasSyncHooks ? 'sync' : 'thread', esModules: 'reloads', commonJs: 'reloads', releases: true })
  assert.match(requiredEsModules, /^(reloads|restarts)$/)
  if (isLinux) assert.deepEqual(found.watching, { backend: 'inotify', atOnce: true, problems: [] })
  const matched = Object.fromEntries(found.config.patterns.map((/** @type {any} */ one) => [`${one.option} ${one.pattern}`, one.examples.map((/** @type {string} */ file) => path.relative(folder, file))]))
  assert.deepEqual(matched['boundaries ./pages/*.mjs'], ['pages/one.mjs'])
  assert.deepEqual(matched['restart ./config/**'], ['config/a.json'])
  const { stdout, code } = await cli(folder, {}, 'doctor')
  assert.equal(code, found.code)
  assert.ok(/\n(nothing is|1 thing is) wrong\n$/.test(stdout) && stdout.split('\n').length < 25, stdout)
})

test('what is wrong is said, and the exit code is 1', async (t) => {
  const misspelt = createFolder(t, { files: manifest({ boundaries: ['./page/*.mjs'], boundarys: [] }) })
  const { problems, code } = await examine(misspelt)
  assert.equal(code, 1)
  assert.equal(problems.length, 2, problems.join('\n'))
  assert.match(problems[0], /"boundarys" is unknown/)
  assert.match(problems[1], /^boundaries: "\.\/page\/\*\.mjs" matches no file below /)

  const wrong = await examine(createFolder(t, { files: manifest({ boundaries: '+(a|b)' }) }))
  assert.equal(wrong.problems.length, 1)
  assert.match(wrong.problems[0], /package\.json#hotHook/)

  const twice = createFolder(t, { files: { ...manifest({}) } })
  fs.rmSync(path.join(twice, 'node_modules/hot-hook'), { recursive: true, force: true })
  fs.mkdirSync(path.join(twice, 'node_modules/hot-hook'), { recursive: true })
  fs.writeFileSync(path.join(twice, 'node_modules/hot-hook/package.json'), '{ "name": "hot-hook", "version": "1.0.0" }')
  const { copies, problems: [problem] } = await examine(twice)
  assert.deepEqual(copies.map((/** @type {any} */ one) => one.usedBy), [['this command'], ['the app']])
  assert.match(problem, /^there are 2 copies of hot-hook/)
})

test('wrong usage; a folder without package.json', async (t) => {
  const folder = temporary(t)
  assert.equal((await cli(folder, {}, 'doctor', 'x')).code, 64)
  assert.match((await cli(folder, {}, 'doctor')).stdout, /^options {4}no package\.json: the defaults$/m)
})

test('an app that runs is named', { skip }, async (t) => {
  const env = runtime(t)
  const app = await startApp(t, { files: { 'main.mjs': 'serve({})' }, env })
  const folder = path.dirname(app.file('main.mjs'))
  for (const end = Date.now() + 20_000; ; ) {
    const { apps } = await examine(folder, env)
    if (apps.length > 0) return assert.deepEqual(apps.map((/** @type {any} */ one) => [one.entry, one.state]), [[app.file('main.mjs'), 'live']])
    assert.ok(Date.now() < end, app.known())
  }
})
