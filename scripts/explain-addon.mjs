/**
 * After `napi build`: binding.js, which it has generated, blames npm whatever keeps the addon from being loaded, and takes any
 * addon that it finds. Here it is told to ask binding-error.cjs what to say, and whether the addon belongs to it.
 */
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'

const FILE = fileURLToPath(new URL('../lib/native/binding.js', import.meta.url))
const { version } = JSON.parse(fs.readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const REQUIRE = 'const require = createRequire(import.meta.url)\n'
const ERRORS = `require('./binding-error.cjs')`
const BLAME = /const error = new Error\(\n\s+`Cannot find native binding[^]+?error\.cause = createLoadErrorChain\(loadErrors\)\n\s+throw error\n/
const FAILED = '  throw new Error(`Failed to load native binding`)\n}\n'
const EXPORTS = /^const \{ (.+) \} = nativeBinding$/m

/** The methods of the classes, each with its class: what lacks one belongs to other sources. */
function methods() {
  const types = fs.readFileSync(FILE.replace(/js$/, 'd.ts'), 'utf8')
  const classes = [...types.matchAll(/^export declare class (\w+) \{\n([^]+?)^\}/gm)]
  const found = classes.flatMap(([, of, body]) => [...body.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => `${of}.${name}`))
  return found.filter((name) => !name.endsWith('.constructor'))
}

const text = fs.readFileSync(FILE, 'utf8')
const names = [...(EXPORTS.exec(text)?.[1] ?? '').split(', '), ...methods()].toSorted()
if (!text.includes(REQUIRE) || !BLAME.test(text) || !text.includes(FAILED) || names.includes('')) {
  throw new Error('napi generates binding.js otherwise than it did: look at what it says where no addon can be loaded, and at its exports')
}
const changed = text
  .replace(BLAME, `throw ${ERRORS}.toLoadError(loadErrors)\n`)
  .replace(FAILED, `${FAILED}const names = ${JSON.stringify(names).replaceAll('"', "'").replaceAll(',', ', ')}
const lacks = (name, [of, method] = name.split('.')) => !(of in nativeBinding) || (method && !(method in nativeBinding[of].prototype))
if (names.some((name) => lacks(name)) || nativeBinding.version() !== '${version}') {
  throw ${ERRORS}.toMismatchError(nativeBinding, '${version}', names.filter((name) => lacks(name)))
}
`)
fs.writeFileSync(FILE, changed)
