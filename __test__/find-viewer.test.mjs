/* Which copy of the viewer is run, and which is not trusted. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { findViewer } from '../lib/find-viewer.mjs'
import { PACKAGE } from './support/app.mjs'
import { temporary } from './support/cli.mjs'
import { NOBODY, needsRoot } from './support/users.mjs'

// What others can write to is not trusted.
process.umask(0o022)

const OURS = path.join(fs.realpathSync(PACKAGE), 'packages/dump-viewer/server.mjs')

/** A copy of the viewer below a folder. @param {string} folder */
function install(folder) {
  const at = path.join(folder, 'node_modules/@hot-hook/dump-viewer')
  fs.mkdirSync(at, { recursive: true })
  fs.writeFileSync(path.join(at, 'package.json'), JSON.stringify({ name: '@hot-hook/dump-viewer', type: 'module', exports: { './server': './server.mjs' } }))
  fs.writeFileSync(path.join(at, 'server.mjs'), '')
  return path.join(at, 'server.mjs')
}

/** @param {string} folder @param {string} [name] */
const lock = (folder, name = 'package-lock.json') => fs.writeFileSync(path.join(folder, name), '')

/** `base`, and a project in it. @param {import('node:test').TestContext} t */
function create(t) {
  const base = fs.realpathSync(temporary(t))
  const project = path.join(base, 'project')
  fs.mkdirSync(path.join(project, 'packages/app'), { recursive: true, mode: 0o755 })
  return { base, project, inside: path.join(project, 'packages/app') }
}

/** @param {string} cwd @param {string} [own] */
const find = (cwd, own = new URL('../cli/view.mjs', import.meta.url).href) => fileURLToPath(findViewer(cwd, own))

test('that of the project that owns the lock file, from any folder of it', (t) => {
  const { project, inside } = create(t)
  const theirs = install(project)
  assert.equal(find(inside), OURS, 'nothing says that this is a project')
  for (const name of ['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'bun.lockb']) {
    lock(project, name)
    for (const folder of [project, inside]) assert.equal(find(folder), theirs, name)
    fs.rmSync(path.join(project, name))
  }
  lock(project)
  const nearer = install(inside)
  assert.equal(find(inside), nearer)
})

test('as pnpm links it', (t) => {
  const { project, inside } = create(t)
  lock(project, 'pnpm-lock.yaml')
  const store = path.join(project, 'node_modules/.pnpm/@hot-hook+dump-viewer@2.0.0')
  const theirs = install(store)
  fs.mkdirSync(path.join(inside, 'node_modules/@hot-hook'), { recursive: true })
  fs.symlinkSync(path.dirname(theirs), path.join(inside, 'node_modules/@hot-hook/dump-viewer'))
  assert.equal(find(inside), theirs)
})

test('not one of a folder above the project, whether it has its own or not', (t) => {
  const { base, project, inside } = create(t)
  install(base)
  lock(project)
  assert.equal(find(inside), OURS)
  const own = path.join(project, 'node_modules/hot-hook/cli/view.mjs')
  fs.mkdirSync(path.dirname(own), { recursive: true })
  assert.throws(() => find(inside, pathToFileURL(own).href), { code: 'MODULE_NOT_FOUND' })
  const beside = install(project)
  assert.equal(find(base, pathToFileURL(own).href), beside)
})

const INSIDE = ['node_modules/@hot-hook', 'node_modules/@hot-hook/dump-viewer', 'node_modules/@hot-hook/dump-viewer/server.mjs']

test('what others can change, or has no name of ours, is not run', (t) => {
  const { project } = create(t)
  lock(project)
  const theirs = install(project)
  for (const name of ['', 'package-lock.json', 'node_modules', ...INSIDE]) {
    const at = path.join(project, name)
    const { mode } = fs.statSync(at)
    for (const bit of [0o002, 0o020]) {
      fs.chmodSync(at, mode | bit)
      assert.equal(find(project), OURS, name)
    }
    fs.chmodSync(at, mode)
  }
  assert.equal(find(project), theirs)
  // Node remembers what it has read of a package.
  const other = create(t).project
  lock(other)
  fs.writeFileSync(path.join(path.dirname(install(other)), 'package.json'), '{"name":"other"}')
  assert.equal(find(other), OURS)
  fs.rmSync(path.join(project, 'node_modules'), { recursive: true })
  fs.writeFileSync(path.join(project, 'node_modules'), '')
  assert.equal(find(project), OURS)
})

test("not another user's, nor where another user could have put it", needsRoot, (t) => {
  for (const name of ['', 'package-lock.json', 'node_modules', ...INSIDE]) {
    const { base, inside } = create(t)
    lock(base)
    const theirs = install(base)
    assert.equal(find(inside), theirs)
    fs.chownSync(path.join(base, name), NOBODY, NOBODY)
    assert.equal(find(inside), OURS, name)
  }
  const { base, inside } = create(t)
  lock(base)
  const folder = path.dirname(install(base))
  fs.renameSync(folder, path.join(base, 'copy'))
  fs.symlinkSync(path.join(base, 'copy'), folder)
  assert.equal(find(inside), path.join(base, 'copy/server.mjs'))
  fs.lchownSync(folder, NOBODY, NOBODY)
  assert.equal(find(inside), OURS)
})
