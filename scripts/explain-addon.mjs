/**
 * After `napi build`: binding.js, which it has generated, blames npm whatever keeps the addon from being loaded. Here it is told to
 * ask binding-error.mjs what to say.
 */
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'

const FILE = fileURLToPath(new URL('../binding.js', import.meta.url))
const IMPORT = `import { createRequire } from 'module'\n`
const BLAME = /const error = new Error\(\n\s+`Cannot find native binding[^]+?error\.cause = createLoadErrorChain\(loadErrors\)\n\s+throw error\n/

const text = fs.readFileSync(FILE, 'utf8')
if (!text.includes(IMPORT) || !BLAME.test(text)) throw new Error('napi generates binding.js otherwise than it did: look at what it says where no addon can be loaded')
fs.writeFileSync(FILE, text.replace(IMPORT, `${IMPORT}import { toLoadError } from './binding-error.mjs'\n`).replace(BLAME, 'throw toLoadError(loadErrors)\n'))
