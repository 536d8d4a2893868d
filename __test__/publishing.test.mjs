/* What publishes and describes the packages knows all of them: the workflows, and the schema of package.json. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { PACKAGE } from './support/app.mjs'

const read = (/** @type {string} */ file) => fs.readFileSync(path.join(PACKAGE, file), 'utf8')
const manifest = JSON.parse(read('package.json'))

test('each platform is built and tested for a release', () => {
  const [, build, tests] = /\n  build:\n([^]*?)\n  test:\n([^]*)/.exec(read('.github/workflows/release.yml')) ?? assert.fail('no jobs')
  const targets = (/** @type {string} */ text) => [...text.matchAll(/\{ target: (\S+),/g)].map(([, target]) => target).toSorted()
  assert.deepEqual(targets(build), manifest.napi.targets.toSorted())
  assert.deepEqual(targets(tests), manifest.napi.targets.toSorted())
  // It cannot be `npm run build`, to which no target can be given.
  const [own] = manifest.scripts.build.split(' && ')
  assert.ok(build.includes(`npx ${own} --target `), 'it is built as by npm run build')
})

test('what the workflows run is there', () => {
  const folder = '.github/workflows'
  for (const name of fs.readdirSync(path.join(PACKAGE, folder))) {
    const text = read(`${folder}/${name}`)
    const scripts = [...text.matchAll(/npm (?:run )?(test(?::\w+)?|release:\w+|docs(?::\w+)?)\b/g)].map(([, script]) => script)
    assert.deepEqual(scripts.filter((script) => !(script in manifest.scripts)), [], name)
    const files = [...text.matchAll(/(?:node|run:) ((?:scripts|\.ci)\/[\w./-]+)/g)].map(([, file]) => file)
    assert.deepEqual(files.filter((file) => !fs.existsSync(path.join(PACKAGE, file))), [], name)
  }
})

test('the schema of package.json has every option that JSON can hold', () => {
  const [, list] = /const OPTIONS: \[&str; \d+\] = \[([^\]]+)\]/.exec(read('src/config.rs')) ?? assert.fail('config.rs has no OPTIONS')
  const options = (list.match(/\w+/g) ?? []).filter((option) => option !== 'onFullReloadAsked')
  const { properties } = JSON.parse(read('package.schema.json'))
  assert.deepEqual(Object.keys(properties.hotHook.properties).toSorted(), options.toSorted())
})
