/**
 * After `napi build`: binding.js, which it has generated, blames npm whatever keeps the addon from being loaded, and takes any
 * addon that it finds. Here it is told to ask binding-error.mjs what to say, and whether the addon belongs to it.
 */
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'

const FILE = fileURLToPath(new URL('../lib/native/binding.js', import.meta.url))
const { version } = JSON.parse(fs.readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const IMPORT = `import { createRequire } from 'module'\n`
const BLAME = /const error = new Error\(\n\s+`Cannot find native binding[^]+?error\.cause = createLoadErrorChain\(loadErrors\)\n\s+throw error\n/
const FAILED = '  throw new Error(`Failed to load native binding`)\n}\n'
const EXPORTS = /^const \{ (.+) \} = nativeBinding$/m

const text = fs.readFileSync(FILE, 'utf8')
const names = (EXPORTS.exec(text)?.[1] ?? '').split(', ')
if (!text.includes(IMPORT) || !BLAME.test(text) || !text.includes(FAILED) || names[0] === '') {
  throw new Error('napi generates binding.js otherwise than it did: look at what it says where no addon can be loaded, and at its exports')
}
const changed = text
  .replace(IMPORT, `${IMPORT}import { checkAddon, toLoadError } from './binding-error.mjs'\n`)
  .replace(BLAME, 'throw toLoadError(loadErrors)\n')
  .replace(FAILED, `${FAILED}checkAddon(nativeBinding, '${version}', ${JSON.stringify(names).replaceAll('"', "'").replaceAll(',', ', ')})\n`)
fs.writeFileSync(FILE, changed)
