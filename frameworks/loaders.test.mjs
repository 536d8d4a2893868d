/**
 * Each loader on each Node, before hot-hook and after it: edits are live, restarts are asked for, errors are errors, and the
 * stack traces of what was reloaded point into the source.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import test from 'node:test'
import { promisify } from 'node:util'
import { nodeIs, startApp } from '../__test__/support/app.mjs'
import { createApp, ends } from './support/app.mjs'

const swc = { '@swc-node/register': '1', '@swc/core': '1', typescript: '5' }
const iitm = { 'import-in-the-middle': '3', tsx: '4' }
const TS_NODE = `data:text/javascript,import{register}from'node:module';register('ts-node/esm','file://'+process.cwd()+'/')`

/**
 * @typedef {object} Loader
 * @property {string} name
 * @property {Record<string, string>} packages
 * @property {string[]} [flags] what registers it; nothing for Node itself
 * @property {string} [require] the same, for CommonJS
 * @property {boolean} [isStripping] it does no more than to take types away: imports name `.ts`, and CommonJS is written as such
 * @property {boolean} [keepsMaps] in CommonJS it looks source maps up once for each file, and keeps the first
 * @property {string} [preload] a module that is loaded besides
 */

/** @type {Loader[]} */
const LOADERS = [
  { name: 'tsx', packages: { tsx: '4' }, flags: ['--import=tsx'], require: 'tsx/cjs' },
  { name: 'ts-node', packages: { 'ts-node': '10', typescript: '5' }, flags: [`--import=${TS_NODE}`], require: 'ts-node/register', keepsMaps: true },
  { name: 'ts-node-maintained', packages: { 'ts-node-maintained': '10', typescript: '5' }, flags: ['--import=ts-node-maintained/register/esm'], require: 'ts-node-maintained/register', keepsMaps: true },
  { name: '@swc-node/register', packages: swc, flags: ['--import=@swc-node/register/esm-register'], require: '@swc-node/register' },
  { name: '@poppinss/ts-exec', packages: { '@poppinss/ts-exec': '^1.4', typescript: '5' }, flags: ['--import=@poppinss/ts-exec'] },
  { name: 'esbuild-register', packages: { 'esbuild-register': '3', esbuild: '0' }, require: 'esbuild-register' },
  { name: 'Node itself', packages: {}, flags: [], require: 'node:module', isStripping: true },
  {
    name: 'import-in-the-middle, by module.register, with tsx',
    packages: iitm,
    flags: ['--import=./otel.mjs', '--import=tsx'],
    preload: `import { register } from 'node:module'\nregister('import-in-the-middle/hook.mjs', import.meta.url)\n`,
  },
  {
    name: 'import-in-the-middle, by module.registerHooks, with tsx',
    packages: iitm,
    flags: ['--import=./otel.mjs', '--import=tsx'],
    preload: `import { register } from 'import-in-the-middle/register-hooks.mjs'\nregister()\n`,
  },
]

const tsconfig = JSON.stringify({
  compilerOptions: { target: 'es2022', module: 'nodenext', moduleResolution: 'nodenext', sourceMap: true, strict: true },
  'ts-node': { transpileOnly: true },
})

/** Types above the code: their lines are gone in what a compiler makes of it. */
const TYPES = `interface User {
  id: number
  name: string
}

`

/** @param {Loader} loader */
const modules = ({ isStripping, preload = '' }) => {
  const ext = isStripping ? 'ts' : 'js'
  return {
    'package.json': JSON.stringify({ type: 'module', hotHook: { boundaries: ['./controller.*'] } }),
    'tsconfig.json': tsconfig,
    'otel.mjs': `${preload}
import { Hook } from 'import-in-the-middle'
Hook(['node:os'], (os) => { globalThis.isHooked = Boolean(os.platform) })
`,
    'main.ts': `import { greeting } from './root.${ext}'
declare const serve: (handlers: object) => void

const load = () => import('./controller.${ext}')
serve({ look: async (): Promise<string> => (await load()).show(greeting), where: async () => (await load()).where() })
`,
    'root.ts': `import os from 'node:os'
${TYPES}export const greeting: string = os.EOL === '?' ? '' : 'root 1'
`,
    'controller.ts': `import { nameOf, where } from './service.${ext}'

export const show = (greeting: string): string => greeting + ', controller 1, ' + nameOf()
export { where }
`,
    'service.ts': `${TYPES}export const nameOf = (user?: User): string => user?.name ?? 'service 1'
export function where(): { url: string, stack: string } {
  return { url: import.meta.url, stack: String(new Error('here').stack) }
}
`,
  }
}

/** @param {Loader} loader @param {boolean} isFirst */
const commonjs = ({ require, isStripping }, isFirst) => {
  const [from, to] = isStripping ? [/^export (?:const|function) (\w+)( =)?/gm, 'exports.$1 ='] : [/^\0/gm, '']
  const text = (/** @type {string} */ code) => code.replaceAll(from, to).replaceAll(/^(exports\.where =)/gm, '$1 function')
  return {
    'package.json': JSON.stringify({ hotHook: { boundaries: ['./controller.*'] } }),
    'tsconfig.json': tsconfig.replaceAll('nodenext', 'node16'),
    'main.cjs': `${isFirst ? '' : `require('${require}')\n`}const { greeting } = require('./root.ts')
const load = () => import('./controller.cjs')
serve({ look: async () => (await load()).show(greeting), where: async () => (await load()).where() })
`,
    'root.ts': text(`${TYPES}export const greeting = 'root 1' as string\n`),
    'controller.cjs': `const { nameOf, where } = require('./service.ts')

exports.show = (greeting) => greeting + ', controller 1, ' + nameOf()
exports.where = where
`,
    'service.ts': text(`${TYPES}export const nameOf = (user?: User): string => user?.name ?? 'service 1'
export function where(): { url: string, stack: string } {
  return { url: 'file://' + module.filename, stack: String(new Error('here').stack) }
}
`),
  }
}

/**
 * Whether the app does not even run without hot-hook.
 * @param {string} folder @param {string[]} args
 */
async function failsAlone(folder, args) {
  const alone = `data:text/javascript,globalThis.serve=({look})=>look().then((text)=>{console.log(text);process.exit()})`
  const run = promisify(execFile)(process.execPath, [`--import=${alone}`, ...args], { cwd: folder, timeout: 30_000 })
  return run.then(({ stdout }) => !stdout.includes('root 1, controller 1, service 1'), () => true)
}

/**
 * @param {import('node:test').TestContext} t @param {Loader} loader
 * @param {{ entry: string, controller: string, before: string[], after: string[], files: Record<string, string> }} app
 */
async function check(t, loader, { entry, controller, before, after, files }) {
  const folder = await createApp(t, loader.packages, files)
  const app = await startApp(t, { folder, entry, before: ['--enable-source-maps', ...before], after }).catch(async (error) => {
    if (await failsAlone(folder, ['--enable-source-maps', ...before, ...after, entry])) return undefined
    throw error
  })
  if (!app) return t.skip(`${loader.name} does not run there, even without hot-hook`)
  ends.set(t, app.kill)
  const now = { ...files }
  const edit = (/** @type {string} */ name, /** @type {string} */ from, /** @type {string} */ to) => {
    assert.ok(now[name].includes(from), `${name} has ${from}`)
    app.save(name, (now[name] = now[name].replace(from, to)))
  }
  const isThere = async (/** @type {string} */ url) => {
    const found = await app.ask('where')
    assert.equal(found.url.replaceAll(/[?&]v=\d+/g, ''), `file://${app.file('service.ts')}`)
    assert.equal(found.url.includes('?'), url.includes('?'), found.url)
    // A CommonJS module's stack names a path, an ES module's a URL or, with source maps, a path.
    const line = now['service.ts'].slice(0, now['service.ts'].indexOf('new Error')).split('\n').length
    assert.match(found.stack.split('\n')[1], new RegExp(`service\\.ts(\\?v=\\d+)?:${line}:\\d+\\)?$`))
  }
  const isCommonJS = entry === 'main.cjs'

  assert.equal(await app.ask('look'), 'root 1, controller 1, service 1')
  await isThere('')
  edit('service.ts', 'service 1', 'service 2')
  assert.equal(await app.ask('look'), 'root 1, controller 1, service 2')
  edit(controller, 'controller 1', 'controller 2')
  assert.equal(await app.ask('look'), 'root 1, controller 2, service 2')
  edit('service.ts', 'interface User {', 'interface User {\n  age: number\n\n  // In years.\n')
  assert.equal(await app.ask('look'), 'root 1, controller 2, service 2')
  if (!(isCommonJS && loader.keepsMaps)) await isThere(isCommonJS ? '' : '?')
  edit('service.ts', '??', '??? )')
  const error = await app.askError('look')
  assert.match(`${error.name} ${error.message} ${error.stack}`, /SyntaxError|TransformError|Transform failed|TSError|Syntax Error|Unexpected|Expression expected|ERR_INVALID_TYPESCRIPT_SYNTAX/)
  edit('service.ts', '??? )', '??')
  assert.equal(await app.ask('look'), 'root 1, controller 2, service 2')
  assert.deepEqual(app.told('full-reload'), [])
  edit('root.ts', 'root 1', 'root 2')
  assert.equal((await app.message('full-reload')).path, app.file('root.ts'))
  assert.equal(await app.ask('look'), 'root 1, controller 2, service 2')
}

const tooOld = !nodeIs(22, 18) && 'Node strips types since 22.18'

for (const loader of LOADERS) {
  const { name, flags, require, isStripping = false } = loader
  // Node itself comes neither before nor after us.
  for (const isFirst of isStripping ? [true] : [true, false]) {
    const order = isStripping ? '' : isFirst ? ', before hot-hook' : ', after hot-hook'
    if (flags) {
      test(`${name}: ES modules${order}`, { skip: isStripping && tooOld }, (t) =>
        check(t, loader, { entry: 'main.ts', controller: 'controller.ts', before: isFirst ? flags : [], after: isFirst ? [] : flags, files: modules(loader) }))
    }
    if (require) {
      test(`${name}: CommonJS${order}${loader.keepsMaps ? ' (stacks: by the first source map, which it keeps)' : ''}`, { skip: isStripping && tooOld }, (t) => {
        const before = isFirst && !isStripping ? [`--require=${require}`] : []
        return check(t, loader, { entry: 'main.cjs', controller: 'controller.cjs', before, after: [], files: commonjs(loader, isFirst) })
      })
    }
  }
}
