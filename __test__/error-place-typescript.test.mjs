/*
 * The place of an error in TypeScript: that of the source, whatever makes JavaScript of it. The mark ‸ says where the error is.
 */
import test from 'node:test'
import { createFolder, nodeIs, startApp } from './support/app.mjs'
import { checkPlace, placesMain } from './support/places.mjs'
import { install } from './support/runs.mjs'

const tsconfig = JSON.stringify({
  compilerOptions: { module: 'nodenext', target: 'es2022', strict: false, sourceMap: true, verbatimModuleSyntax: true },
  'ts-node': { transpileOnly: true },
})
// Node 26 deprecates what ts-node-maintained calls.
const quiet = nodeIs(25) ? ['--no-deprecation'] : []

const isLate = nodeIs(24, 11) || (nodeIs(22, 22) && !nodeIs(23))

const types = 'interface Gone {\n  a: number\n}\n'

/** What all of them say. @type {Record<string, import('./support/places.mjs').Case>} */
const common = {
  'a syntax error': { files: { 'a.ts': `${types}export const list = (): number => {\n  return [‸;\n}\n` }, message: /^Unexpected|^Expression( or comma)? expected/ },
  'a syntax error on the first line': { files: { 'a.ts': 'import.meta.url; const é: string = "𝒳"; const b: number = ‸;' }, message: /^Unexpected|^Expression( or comma)? expected/ },
  'a syntax error behind tabs': { files: { 'a.ts': `${types}\t\tconst é: string = "\t漢"; const b: number = ‸;` }, message: /^Unexpected|^Expression( or comma)? expected/ },
  'a syntax error deep below': { files: { 'a.ts': "import './b.ts'", 'b.ts': `${types}let x: number = 1\nconst y = (‸]` }, message: /^Unexpected|^Expected|^Expression expected/ },
  'the end comes too early': { files: { 'a.ts': `${types}export const a = {\n‸` }, message: /^Unexpected|^Expected identifier but found end of file|expected/ },
  'a missing module': { files: { 'a.ts': `${types}import { x } from ‸'./no.ts'\nexport const y: number = x` }, message: /Cannot find module/ },
  'a missing export': { files: { 'a.ts': `${types}import { x, ‸y as z } from './b.ts'\nexport const w: number = z + x`, 'b.ts': 'export const x: number = 1' }, message: /named 'y'/ },
  'a throw': { files: { 'a.ts': `${types}const f = (x: number): never => { const y: string = ''; throw ‸new Error('oh' + y) }\nf(1)` }, message: /^oh$/ },
  'a throw on the first line': { files: { 'a.ts': "import.meta.url; const f = (x: number): never => { throw ‸new Error('oh') }; f(1)" }, message: /^oh$/ },
}

/** @type {Record<string, { flags: string[], skip?: string | false, cases?: typeof common, without?: string[] }>} */
const loaders = {
  native: {
    flags: ['--disable-warning=ExperimentalWarning'],
    skip: !nodeIs(22, 18) && 'Node strips types since 22.18',
    cases: {
      'what is no type': { files: { 'a.ts': `${types}\n  ‸enum X { A }` }, message: /enum is not supported/ },
      'what is no type, on the first line': { files: { 'a.ts': 'import.meta.url; ‸enum X { A }' }, message: /enum is not supported/ },
      'declared twice': { files: { 'a.ts': `${types}let x: number = 1;\nlet ‸x: number = 2` }, message: /already been declared/ },
      // Others say that the text has ended.
      ...(isLate && { 'a template that does not end': { files: { 'a.ts': `${types}let x: number = ‸\`\n\n` }, message: /Unterminated template|eof/ } }),
    },
  },
  tsx: {
    flags: ['--import=tsx'],
    cases: {
      'a syntax error of CommonJS': { files: { 'a.cts': `${types}const y: number = (‸]` }, message: /^Unexpected/ },
      'a syntax error of CommonJS below an ES module': { files: { 'a.ts': "import './b.cts'", 'b.cts': `${types}const y: number = (‸]` }, message: /^Unexpected/ },
// Others map no stack of CommonJS that was loaded once more.
      ...(isLate && { 'a throw of CommonJS': { files: { 'a.cts': "const f = (x: number): never => { throw ‸new Error('oh') }; f(1)" }, message: /^oh$/ } }),
      'a missing module of CommonJS': { files: { 'a.cts': `${types}const x: number = require(‸'./no.cjs')` }, message: /Cannot find module/ },
    },
  },
  'ts-node-maintained': { flags: [...quiet, '--import=ts-node-maintained/register/esm'] },
}

for (const [loader, { flags, skip = false, cases = {} }] of Object.entries(loaders)) {
  test(loader, { skip }, async (t) => {
    const folder = createFolder(t, { files: { 'tsconfig.json': tsconfig, 'main.ts': placesMain } })
    install(folder, 'tsx', 'ts-node-maintained', 'typescript')
    const app = await startApp(t, { folder, entry: 'main.ts', before: flags })
    for (const [index, [name, given]] of Object.entries({ ...common, ...cases }).entries()) {
      await t.test(name, () => checkPlace(app, `first-${index}`, given, true))
      await t.test(`${name}, again`, () => checkPlace(app, `again-${index}`, given, false))
    }
  })
}
