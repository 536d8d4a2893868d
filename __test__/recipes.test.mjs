/**
 * What can be said of the recipes without their packages. They run in `npm run test:frameworks`.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { recipe } from '../frameworks/support/recipe.mjs'
import { PACKAGE } from './support/app.mjs'

const PAGES = path.join(PACKAGE, 'docs/recipes')
const TESTS = path.join(PACKAGE, 'frameworks')
const names = fs.readdirSync(PAGES).map((name) => path.basename(name, '.md')).filter((name) => name !== 'README')

test('each recipe is run by a test, and is in the index', () => {
  assert.ok(names.includes('express'))
  const tests = fs.readdirSync(TESTS).filter((name) => name.endsWith('.test.mjs')).map((name) => fs.readFileSync(path.join(TESTS, name), 'utf8')).join('\n')
  const index = fs.readFileSync(path.join(PAGES, 'README.md'), 'utf8')
  assert.deepEqual(names.filter((name) => !tests.includes(`recipe('${name}')`)), [], 'without a test')
  assert.deepEqual(names.filter((name) => !index.includes(`](${name}.md)`)), [], 'not in the index')
})

for (const name of names) {
  test(`the recipe ${name} has at most twenty lines of code, all of them in files`, () => {
    const { files } = recipe(name)
    const lines = Object.entries(files).flatMap(([file, text]) => (file === 'package.json' ? [] : text.split('\n').slice(1).filter(Boolean)))
    assert.ok(lines.length >= 5 && lines.length <= 20, `${lines.length} lines`)
  })
}
