/**
 * `npm run release:check`: all that must hold before a release, and can be seen without publishing. What cannot be reached is
 * said as skipped; what fails makes the exit code 1.
 */
import { execFile, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { install, tryInstall } from '../frameworks/support/app.mjs'
import { BINDING, commandOf, MANAGERS, pack } from '../frameworks/support/managers.mjs'
import { cratesFor, LICENCES } from './licences.mjs'
import { builds, nodeBinary } from './node-binary.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)
/** The largest that a tarball may be, in KB. @type {Record<string, number>} */
const LIMITS = { 'hot-hook': 250, [BINDING]: 2500, '@hot-hook/runner': 100, '@hot-hook/dump-viewer': 250 }
/** What each tarball must have, besides what its manifest names. @type {Record<string, string[]>} */
const WANTED = { 'hot-hook': ['README.md', 'LICENSE', 'AGENTS.md', 'CHANGELOG.md', 'docs/options.md'], [BINDING]: ['README.md', LICENCES], '@hot-hook/runner': ['README.md', 'LICENSE'], '@hot-hook/dump-viewer': ['README.md', 'LICENSE', 'dist/LICENSE-cytoscape'] }
const TARGET = 'x86_64-unknown-linux-gnu'

/** What could not be checked here. */
class Skipped extends Error {}

const read = (/** @type {string} */ file) => fs.readFileSync(path.join(ROOT, file), 'utf8')
const json = (/** @type {string} */ file) => JSON.parse(read(file))

/** @param {unknown[]} wrong texts; none if all is well */
function expectNone(wrong) {
  if (wrong.length > 0) throw new Error(wrong.join('\n'))
}

const PACKAGES = ['.', 'packages/runner', 'packages/dump-viewer']

/** One version everywhere, and a platform's manifest for each target. */
async function versions() {
  const { version, engines, napi } = json('package.json')
  const { parseTriple } = await import('@napi-rs/cli')
  const platforms = napi.targets.map((/** @type {string} */ target) => parseTriple(target).platformArchABI)
  const folders = [...PACKAGES, ...fs.readdirSync(path.join(ROOT, 'npm')).map((name) => `npm/${name}`)]
  const lock = json('package-lock.json')
  const [, crate] = /^\[package\][^[]*?^version = "(.+)"/m.exec(read('Cargo.toml')) ?? []
  const [, changelog] = /^## (\S+)/m.exec(read('CHANGELOG.md')) ?? []
  const said = [
    ...folders.map((folder) => [`${folder}/package.json`, json(`${folder}/package.json`).version]),
    ['package-lock.json', lock.version], ['package-lock.json, its own package', lock.packages[''].version], ['Cargo.toml', crate], ['CHANGELOG.md, its newest heading', changelog],
    ...PACKAGES.slice(1).map((folder) => [`${folder}/package.json, the hot-hook that it needs`, json(`${folder}/package.json`).dependencies['hot-hook'].replace('^', '')]),
  ]
  expectNone([
    ...said.filter(([, one]) => one !== version).map(([where, one]) => `${where}: ${one}, not ${version}`),
    ...folders.filter((folder) => json(`${folder}/package.json`).engines.node !== engines.node).map((folder) => `${folder}/package.json: other engines`),
    ...platforms.filter((/** @type {string} */ name) => !folders.includes(`npm/${name}`)).map((/** @type {string} */ name) => `npm/${name} is missing`),
    ...folders.filter((folder) => folder.startsWith('npm/') && !platforms.includes(folder.slice(4))).map((folder) => `${folder} is none of napi.targets`),
    ...folders.filter((folder) => folder.startsWith('npm/') && !json(`${folder}/package.json`).files.includes(LICENCES)).map((folder) => `${folder}: files lacks ${LICENCES}`),
  ])
  return version
}

/** The files that a manifest promises. @param {any} manifest @returns {string[]} */
function promised({ exports = {}, bin = {}, main, types }) {
  /** @param {any} one @returns {string[]} */
  const targets = (one) => (typeof one === 'string' ? [one] : Object.values(one).flatMap(targets))
  return [...targets(exports), ...targets(bin), main, types].filter(Boolean).map((file) => path.posix.normalize(file))
}

/** @param {Record<string, string>} tarballs */
async function contents(tarballs) {
  const wrong = []
  const sizes = []
  for (const [name, spec] of Object.entries(tarballs)) {
    const tarball = spec.slice('file:'.length)
    const kilobytes = Math.round(fs.statSync(tarball).size / 1024)
    sizes.push(`${name} ${kilobytes} KB`)
    if (kilobytes > LIMITS[name]) wrong.push(`${name}: ${kilobytes} KB, more than ${LIMITS[name]}`)
    const { stdout } = await run('tar', ['-tzf', tarball])
    const files = new Set(stdout.split('\n').map((file) => file.replace(/^package\//, '')))
    const manifest = JSON.parse((await run('tar', ['-xzOf', tarball, 'package/package.json'])).stdout)
    const lacks = [...WANTED[name], ...promised(manifest)].filter((file) => !files.has(file))
    wrong.push(...lacks.map((file) => `${name}: ${file} is not in the tarball`))
    wrong.push(...['license', 'description', 'engines'].filter((field) => !manifest[field]).map((field) => `${name}: no ${field}`))
  }
  expectNone(wrong)
  return sizes.join(', ')
}

/** @param {Record<string, string>} tarballs */
async function licences(tarballs) {
  const { stdout } = await run('tar', ['-xzOf', tarballs[BINDING].slice('file:'.length), `package/${LICENCES}`], { maxBuffer: 1 << 26 })
  const crates = cratesFor(TARGET)
  expectNone(crates.filter(({ name, version }) => !stdout.includes(`\n${name} ${version}: `)).map(({ name }) => `${name} is compiled in, and its licence is not in ${BINDING}`))
  return `${crates.length} crates`
}

/** @param {Record<string, string>} tarballs @param {string} tool @param {(tarball: string) => string[]} args */
async function lint(tarballs, tool, args) {
  const folder = await install({ publint: '0.3', '@arethetypeswrong/cli': '0.18' })
  const [name, command] = tool === 'publint' ? ['publint', 'publint'] : ['@arethetypeswrong/cli', 'attw']
  for (const [of, spec] of Object.entries(tarballs)) {
    // A binary: no modules, no types.
    if (of === BINDING) continue
    const { status, stdout, stderr } = spawnSync(process.execPath, [binOf(folder, name, command), ...args(spec.slice('file:'.length))], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${of}\n${stdout}${stderr}`)
  }
}

/** The file of a tool's command, whatever its exports hide. @param {string} folder @param {string} name @param {string} command */
function binOf(folder, name, command) {
  const home = path.join(folder, 'node_modules', name)
  const { bin } = JSON.parse(fs.readFileSync(path.join(home, 'package.json'), 'utf8'))
  return path.join(home, typeof bin === 'string' ? bin : bin[command])
}

const IMPORTS = `
const wrong = []
for (const entry of process.argv.slice(2)) {
  const type = entry.endsWith('.json') ? { with: { type: 'json' } } : undefined
  await import(entry, type).catch((error) => wrong.push(entry + ': ' + error.message))
}
if (wrong.length > 0) { console.error(wrong.join('\\n')); process.exit(1) }
process.exit()
`

/** What each package lets others import; types alone are no module. @param {string} folder */
function entryPoints(folder) {
  return ['hot-hook', '@hot-hook/runner', '@hot-hook/dump-viewer'].flatMap((name) => {
    const { exports } = JSON.parse(fs.readFileSync(path.join(folder, 'node_modules', name, 'package.json'), 'utf8'))
    return Object.entries(exports).filter(([, to]) => typeof to === 'string' || 'default' in to).map(([entry]) => path.posix.join(name, entry))
  })
}

/**
 * Installs the tarballs into an empty project, and imports every entry point on each Node.
 * @param {import('../frameworks/support/managers.mjs').Manager} manager @param {Record<string, string>} tarballs @param {string} base
 */
async function installed({ name, tool, command, args, files }, tarballs, base) {
  const root = fs.mkdtempSync(path.join(base, 'project-'))
  const app = path.join(root, 'app')
  fs.mkdirSync(app)
  const dependencies = Object.fromEntries(Object.entries(tarballs).filter(([one]) => one !== BINDING))
  const write = (/** @type {string} */ file, /** @type {string} */ text) => fs.writeFileSync(path.join(root, file), text)
  write('package.json', JSON.stringify({ name: 'root', version: '1.0.0', private: true, workspaces: ['app'], overrides: tarballs, resolutions: tarballs }))
  write('app/package.json', JSON.stringify({ name: 'app', version: '1.0.0', private: true, type: 'module', dependencies }))
  write('app/imports.mjs', IMPORTS)
  for (const [file, text] of Object.entries(files(tarballs))) write(file, text)
  const [program, ...first] = command(await install(tool))
  await tryInstall(program, [...first, ...args], { cwd: root, env: { ...process.env, CI: '', YARN_IGNORE_PATH: '1' } })
  // npm and Yarn put what a workspace needs above it.
  const home = fs.existsSync(path.join(app, 'node_modules/hot-hook')) ? app : root
  const entries = entryPoints(home)
  for (const version of builds.whole) {
    const node = `v${version}` === process.version ? process.execPath : await nodeBinary(version)
    await run(node, ['--no-warnings', 'imports.mjs', ...entries], { cwd: app, env: { ...process.env, HOT_HOOK_SOCKET: '0' } })
  }
  const hotRunner = commandOf(app, '@hot-hook/runner', 'hot-runner')
  await run(process.execPath, [hotRunner, '--help'], { cwd: app })
  return `${entries.length} entry points on ${builds.whole.length} Nodes, with ${name}`
}

/** Without the optional dependency the engine is missing: that is to be said, with what to do. @param {Record<string, string>} tarballs @param {string} base */
async function withoutOptional(tarballs, base) {
  const app = fs.mkdtempSync(path.join(base, 'without-'))
  fs.writeFileSync(path.join(app, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies: { 'hot-hook': tarballs['hot-hook'] } }))
  await tryInstall('npm', ['install', '--no-audit', '--no-fund', '--omit=optional'], { cwd: app })
  const { status, stderr } = spawnSync(process.execPath, ['-e', "import('hot-hook')"], { cwd: app, encoding: 'utf8' })
  if (status === 0 || !/--omit=optional|optional dependenc/i.test(stderr)) throw new Error(`the error does not say what to do:\n${stderr}`)
}

/** @param {string} command @param {string[]} args @param {RegExp} unreachable what it says where it reaches nothing */
function audit(command, args, unreachable) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' })
  const text = `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`.trim()
  if (error || unreachable.test(text)) throw new Skipped(text.split('\n')[0])
  if (status !== 0) throw new Error(text)
}

let failures = 0
/** @template T @param {string} name @param {() => T | Promise<T>} check @returns {Promise<T | undefined>} */
async function step(name, check) {
  try {
    const found = await check()
    console.log(`ok       ${name}${typeof found === 'string' ? ` (${found})` : ''}`)
    return found
  } catch (error) {
    const { message } = /** @type {Error} */ (error)
    if (error instanceof Skipped) console.log(`SKIPPED  ${name}: ${message}`)
    else {
      failures++
      console.log(`FAILED   ${name}\n${message.replace(/^/gm, '         ')}`)
    }
    return undefined
  }
}

if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('the check packs the binary of Linux on x64: run it there')
const base = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'hot-hook-release-'))
try {
  await step('versions agree', versions)
  await run(process.execPath, ['packages/dump-viewer/build.mjs'], { cwd: ROOT })
  const tarballs = await step('each package can be packed', () => pack(base, true))
  if (tarballs) {
    await step('what is in them, and their size', () => contents(tarballs))
    await step('licences of what is compiled in', () => licences(tarballs))
    await step('publint', () => lint(tarballs, 'publint', (tarball) => [tarball, '--strict']))
    await step('attw', () => lint(tarballs, 'attw', (tarball) => [tarball, '--profile', 'esm-only']))
    for (const manager of MANAGERS) await step(`installed by ${manager.name.split(',')[0]}`, () => installed(manager, tarballs, base))
    await step('the error without the optional dependency', () => withoutOptional(tarballs, base))
  }
  await step('npm audit', () => audit('npm', ['audit', '--omit=dev'], /ENOTFOUND|ECONN|ETIMEDOUT|audit endpoint|Not Implemented|40[0-9] /i))
  await step('cargo audit', () => audit('cargo', ['audit', '--deny', 'warnings'], /no such command|couldn't fetch|error fetching|failed to prepare|network/i))
} finally {
  fs.rmSync(base, { recursive: true, force: true, maxRetries: 3 })
}
console.log(failures === 0 ? 'ready' : `${failures} of these checks failed`)
process.exitCode = failures === 0 ? 0 : 1
