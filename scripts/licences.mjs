/**
 * The licences of what is compiled into the addon: `node scripts/licences.mjs` writes them beside each platform's manifest in
 * `npm/`, to be published with it.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** The file in each platform's package. */
export const LICENCES = 'THIRD-PARTY-LICENSES.txt'

/** Those under which a crate may be compiled in: none asks more of users than that its text comes with it. */
const ALLOWED = new Set(['MIT', 'Apache-2.0', 'Apache-2.0 WITH LLVM-exception', 'ISC', 'Zlib', 'BSL-1.0', 'Unlicense', 'Unicode-3.0', 'BSD-2-Clause', 'BSD-3-Clause', 'CC0-1.0'])
const FILE = /^(?:licen[cs]e|copying|unlicense|notice)/i

/** For crates that say their licence, and forget its text. @param {string[]} authors */
const mit = (authors) => `MIT License

Copyright (c) ${authors.join(', ') || 'its authors'}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`

/** @typedef {{ name: string, version: string, license: string | null, authors: string[], manifest_path: string, targets: { kind: string[] }[] }} Crate */

/** The crates that are compiled in for a target; not those that only run at the build. @param {string} target @returns {Crate[]} */
export function cratesFor(target) {
  const text = execFileSync('cargo', ['metadata', '--locked', '--format-version', '1', '--filter-platform', target], { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'] })
  const { packages, resolve } = JSON.parse(text)
  const crates = new Map(packages.map((/** @type {any} */ one) => [one.id, one]))
  const nodes = new Map(resolve.nodes.map((/** @type {any} */ one) => [one.id, one]))
  const found = new Set()
  const visit = (/** @type {string} */ id) => {
    const isMacro = crates.get(id).targets.some((/** @type {any} */ one) => one.kind.includes('proc-macro'))
    if (found.has(id) || isMacro) return
    found.add(id)
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) if (kinds.some((/** @type {any} */ one) => one.kind === null)) visit(pkg)
  }
  visit(resolve.root)
  found.delete(resolve.root)
  return [...found].map((id) => crates.get(id)).toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** Whether one may be compiled in: of `A OR B` one is enough, of `A AND B` all are needed. @param {string | null} license */
export function isAllowed(license) {
  const parts = (license ?? '').replaceAll('/', ' OR ').replace(/[()]/g, '').split(' AND ')
  return parts.every((part) => part.split(' OR ').some((one) => ALLOWED.has(one.trim())))
}

/** The texts of the licence under which a crate is taken: MIT, where that is one of several. @param {Crate} crate @returns {string[]} */
function textsOf({ name, version, license, authors, manifest_path: manifest }) {
  const folder = path.dirname(manifest)
  const files = fs.readdirSync(folder).filter((file) => FILE.test(file) && fs.statSync(path.join(folder, file)).isFile())
  const isMit = /(?:^|OR |\/)MIT(?:$| OR|\/)/.test(license ?? '') && !/ AND /.test(license ?? '')
  const own = files.filter((file) => /mit/i.test(file))
  const chosen = isMit && own.length > 0 ? own : files
  if (chosen.length > 0) return chosen.map((file) => fs.readFileSync(path.join(folder, file), 'utf8').trim())
  if (!isMit) throw new Error(`${name} ${version} comes without the text of its licence, ${license}`)
  return [mit(authors).trim()]
}

/** All in one text. Throws if a crate may not be compiled in. @param {string} target */
export function licencesFor(target) {
  const crates = cratesFor(target)
  const refused = crates.filter(({ license }) => !isAllowed(license)).map(({ name, license }) => `${name} (${license})`)
  if (refused.length > 0) throw new Error(`licences that are not known to be fine: ${refused.join(', ')}; see ALLOWED in scripts/licences.mjs`)
  const parts = crates.map((crate) => {
    const head = `${'='.repeat(80)}\n${crate.name} ${crate.version}: ${crate.license}\n${'='.repeat(80)}`
    return [head, ...textsOf(crate)].join('\n\n')
  })
  return `What is compiled into this package, for ${target}, with its licences.\n\n${parts.join('\n\n')}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { targets, binaryName } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')).napi
  const { parseTriple } = await import('@napi-rs/cli')
  for (const target of targets) {
    const { platformArchABI } = parseTriple(target)
    fs.writeFileSync(path.join(ROOT, 'npm', platformArchABI, LICENCES), licencesFor(target))
    console.log(`npm/${platformArchABI}/${LICENCES}: beside ${binaryName}.${platformArchABI}.node`)
  }
}
