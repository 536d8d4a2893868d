/* What README and the pages in docs/ say of files, options and commands is true. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'node:test'
import { PACKAGE } from './support/app.mjs'

const read = (/** @type {string} */ name) => fs.readFileSync(path.join(PACKAGE, name), 'utf8')
const README = 'README.md'
const readme = read(README)
/** What users read: README, and the pages that it leads to. The recipes have a test of their own. */
const PAGES = fs.readdirSync(path.join(PACKAGE, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)
const manual = [README, ...PAGES].map(read).join('\n')
const isNamed = (/** @type {string} */ name) => manual.includes(`\`${name}\``)

test('README is short, says how to test, and leads to every page, recipe and example', () => {
  assert.ok(readme.split('\n').length <= 251, 'at most 250 lines')
  assert.ok(readme.includes('\nnpm test '))
  const list = (/** @type {string} */ folder) => fs.readdirSync(path.join(PACKAGE, folder))
  const recipes = list('docs/recipes').map((name) => `docs/recipes/${name}`)
  const examples = list('examples').map((name) => `examples/${name}/README.md`).filter((page) => fs.existsSync(path.join(PACKAGE, page)))
  assert.ok(recipes.includes('docs/recipes/express.md') && examples.includes('examples/express/README.md') && PAGES.includes('docs/options.md'))
  assert.deepEqual([...PAGES, ...recipes, ...examples].filter((page) => !readme.includes(`](${page})`)), [])
})

test('the manual names every option', () => {
  const [, list] = /const OPTIONS: \[&str; \d+\] = \[([^\]]+)\]/.exec(read('src/config.rs')) ?? assert.fail('config.rs has no OPTIONS')
  const options = list.match(/\w+/g) ?? []
  assert.ok(options.includes('boundaries'))
  assert.deepEqual(options.filter((option) => !manual.includes(`\n| \`${option}\` |`)), [])
})

test('the manual names every entry point of the package', () => {
  const { name, exports } = JSON.parse(read('package.json'))
  assert.deepEqual(Object.keys(exports).map((entry) => path.posix.join(name, entry)).filter((entry) => !isNamed(entry)), [])
})

test('the manual names every member of import.meta.hot and of hot, and every event; all are typed', () => {
  const own = [...read('lib/runtime/import-meta-hot.mjs').matchAll(/^  get (\w+)\(/gm)].map(([, name]) => name)
  const [, typed] = /interface ImportMetaHot<[^]*?\{\n([^]*?)^\}/m.exec(read('import-meta.d.ts')) ?? assert.fail('ImportMetaHot')
  const members = new Set([...typed.matchAll(/^  (?:readonly )?(\w+)[(<:]/gm)].map(([, name]) => name))
  assert.deepEqual(own.toSorted(), [...members].toSorted())
  assert.deepEqual(own.filter((name) => !new RegExp(`\n\\| \`${name}[\`(]`).test(manual)), [])
  const [, hot] = /interface Hot \{\n([^]*?)^\}/m.exec(read('index.d.ts')) ?? assert.fail('Hot')
  const functions = [...hot.matchAll(/^  (\w+)[(<]/gm)].map(([, name]) => name)
  assert.ok(functions.includes('keep'))
  assert.deepEqual(functions.filter((name) => !manual.includes(`hot.${name}(`)), [])
  const events = [...read('index.d.ts').matchAll(/^  'hot:(\w+)':/gm)].map(([, name]) => name)
  assert.equal(events.length, 7)
  assert.deepEqual(events.filter((name) => !manual.includes(`\n| \`hot:${name}\` |`)), [])
})

test('the manual names every public error code', () => {
  const codes = new Set(read('index.d.ts').match(/HOT_HOOK_[A-Z_]+/g))
  for (const variable of ['HOT_HOOK_WATCH', 'HOT_HOOK_REASON']) codes.delete(variable)
  assert.equal(codes.size, 2)
  assert.deepEqual([...codes].filter((code) => !isNamed(code)), [])
})

test('the examples of README and of the pages parse', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hot-hook-'))
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }))
  const blocks = [...manual.matchAll(/^( *)```js\n *\/\/ file: (\S+)\n([^]*?)^\1```$/gm)]
  assert.ok(blocks.length > 0)
  assert.equal(blocks.length, manual.split('```js\n').length - 1, 'every example says its file')
  blocks.forEach(([, , name, text], index) => {
    const file = path.join(folder, `${index}.mjs`)
    fs.writeFileSync(file, text)
    const { status, stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' })
    assert.equal(status, 0, `${name}\n${stderr}`)
  })
})

/** The anchor that GitHub gives a heading. @param {string} heading */
const anchor = (heading) => `#${heading.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-')}`

/** The headings of a page, as anchors. @type {Map<string, Set<string>>} */
const anchorsOf = new Map()
/** @param {string} page */
function anchors(page) {
  const known = anchorsOf.get(page)
  if (known) return known
  const text = read(page).replace(/^```[^]*?^```$/gm, '')
  const found = new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchor(heading)))
  anchorsOf.set(page, found)
  return found
}

test('links between our pages lead somewhere', () => {
  const { stdout } = spawnSync('git', ['ls-files', '-z', '*.md'], { cwd: PACKAGE, encoding: 'utf8' })
  const listed = stdout.split('\0').filter((page) => page !== '' && fs.existsSync(path.join(PACKAGE, page)))
  const pages = new Set([README, ...PAGES, ...listed])
  const dead = [...pages].flatMap((page) =>
    [...read(page).replace(/^```[^]*?^```$/gm, '').replace(/`[^`\n]*`/g, '').matchAll(/\]\(([^)\s]+)\)/g)]
      .filter(([, link]) => !/^[a-z]+:/.test(link) && !leads(page, link))
      .map(([, link]) => `${page}: ${link}`),
  )
  assert.deepEqual(dead, [])
  assert.equal(leads(README, 'docs/nowhere.md'), false)
  assert.equal(leads(README, 'docs/options.md#nowhere'), false)
})

/** @param {string} page @param {string} link */
function leads(page, link) {
  const [target, fragment] = link.split('#')
  const file = target === '' ? page : path.posix.join(path.posix.dirname(page), target)
  if (!fs.existsSync(path.join(PACKAGE, file))) return false
  return fragment === undefined || (file.endsWith('.md') && anchors(file).has(`#${fragment}`))
}
