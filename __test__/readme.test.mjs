/* What README and ARCHITECTURE say of files, options and commands is true. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { PACKAGE } from './support/app.mjs'

const read = (/** @type {string} */ name) => fs.readFileSync(path.join(PACKAGE, name), 'utf8')
const readme = read('README.md')
const isNamed = (/** @type {string} */ name) => readme.includes(`\`${name}\``)

test('README names every option', () => {
  const [, list] = /const OPTIONS: \[&str; \d+\] = \[([^\]]+)\]/.exec(read('src/config.rs')) ?? assert.fail('config.rs has no OPTIONS')
  const options = list.match(/\w+/g) ?? []
  assert.ok(options.includes('boundaries'))
  assert.deepEqual(options.filter((option) => !readme.includes(`\n| \`${option}\` |`)), [])
})

test('README names every entry point of the package', () => {
  const { name, exports } = JSON.parse(read('package.json'))
  assert.deepEqual(Object.keys(exports).map((entry) => path.posix.join(name, entry)).filter((entry) => !isNamed(entry)), [])
})

test('README names every member of import.meta.hot and of hot, and every event; all are typed', () => {
  const own = [...read('lib/runtime/import-meta-hot.mjs').matchAll(/^  get (\w+)\(/gm)].map(([, name]) => name)
  const [, typed] = /interface ImportMetaHot<[^]*?\{\n([^]*?)^\}/m.exec(read('import-meta.d.ts')) ?? assert.fail('ImportMetaHot')
  const members = new Set([...typed.matchAll(/^  (?:readonly )?(\w+)[(<:]/gm)].map(([, name]) => name))
  assert.deepEqual(own.toSorted(), [...members].toSorted())
  assert.deepEqual(own.filter((name) => !new RegExp(`\n\\| \`${name}[\`(]`).test(readme)), [])
  const [, hot] = /interface Hot \{\n([^]*?)^\}/m.exec(read('index.d.ts')) ?? assert.fail('Hot')
  const functions = [...hot.matchAll(/^  (\w+)[(<]/gm)].map(([, name]) => name)
  assert.ok(functions.includes('keep'))
  assert.deepEqual(functions.filter((name) => !readme.includes(`hot.${name}(`)), [])
  const events = [...read('index.d.ts').matchAll(/^  'hot:(\w+)':/gm)].map(([, name]) => name)
  assert.equal(events.length, 7)
  assert.deepEqual(events.filter((name) => !readme.includes(`\n| \`hot:${name}\` |`)), [])
})

test('README names every public error code', () => {
  const codes = new Set(read('index.d.ts').match(/HOT_HOOK_[A-Z_]+/g))
  for (const variable of ['HOT_HOOK_WATCH', 'HOT_HOOK_REASON']) codes.delete(variable)
  assert.equal(codes.size, 2)
  assert.deepEqual([...codes].filter((code) => !isNamed(code)), [])
})

test("README's examples parse", (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hot-hook-'))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  const blocks = [...readme.matchAll(/^```js\n\/\/ file: (\S+)\n([^]*?)^```$/gm)]
  assert.ok(blocks.length > 0)
  assert.equal(blocks.length, readme.split('```js\n').length - 1, 'every example says its file')
  blocks.forEach(([, name, text], index) => {
    const file = path.join(folder, `${index}.mjs`)
    fs.writeFileSync(file, text)
    const { status, stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' })
    assert.equal(status, 0, `${name}\n${stderr}`)
  })
})

/** The anchor that GitHub gives a heading. @param {string} heading */
const anchor = (heading) => `#${heading.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-')}`

test('README leads to every recipe and every example', () => {
  const list = (/** @type {string} */ folder) => fs.readdirSync(path.join(PACKAGE, folder))
  const recipes = list('docs/recipes').map((name) => `docs/recipes/${name}`).filter((page) => !page.endsWith('README.md'))
  const examples = list('examples').map((name) => `examples/${name}/README.md`).filter((page) => fs.existsSync(path.join(PACKAGE, page)))
  assert.ok(recipes.includes('docs/recipes/express.md') && examples.includes('examples/express/README.md'))
  assert.deepEqual([...recipes, ...examples].filter((page) => !readme.includes(`](${page})`)), [])
})

test("README's links lead somewhere", () => {
  const anchors = new Set([...readme.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading)))
  for (const [, target] of readme.matchAll(/\]\(([^)]+)\)/g)) {
    assert.ok(target.startsWith('#') ? anchors.has(target) : fs.existsSync(path.join(PACKAGE, target)), target)
  }
})
