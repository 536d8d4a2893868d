/**
 * `hot-hook doctor`: whether hot-hook can work here, and how. Nothing needs to run for it.
 */
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { visible, visibleJson, visibleLines } from '../lib/runtime/visible.mjs'
import { currentFolder } from './apps.mjs'
import { status } from './live.mjs'
import { showFrom } from './outcomes.mjs'
import { BROKEN, LIVE } from './problem.mjs'

const OURS = fileURLToPath(new URL('..', import.meta.url))
/** Loaders that are known to work with hot-hook: docs/compatibility.md. */
const LOADERS = ['tsx', 'ts-node', 'ts-node-maintained', '@swc-node/register', '@poppinss/ts-exec', 'esbuild-register', 'import-in-the-middle']
/** Packages that bring a hot-hook with them. */
const USERS = ['@hot-hook/runner', '@hot-hook/dump-viewer', '@adonisjs/assembler']
/** So long the probe may take, in milliseconds. */
const PATIENCE = 30_000

/** @param {boolean} json @returns {Promise<{ lines: string[], code: number }>} */
export async function doctor(json) {
  const folder = currentFolder()
  const found = await examine(folder)
  const problems = problemsOf(found)
  const code = problems.length > 0 ? BROKEN : LIVE
  const told = { ...found, problems, code }
  return { lines: json ? [visibleJson(told)] : describe(told, showFrom(folder)), code }
}

/** @param {string} folder */
async function examine(folder) {
  const binding = await loadBinding()
  const config = readConfig(folder, binding.engine)
  return {
    hotHook: manifestOf(OURS)?.version,
    node: process.version,
    platform: { os: `${process.platform} ${os.release()}`, arch: process.arch, libc: libc() },
    binding: binding.told,
    ...(binding.engine && { probe: await probe() }),
    watching: config.found?.watching,
    limits: limits(),
    loaders: findLoaders(folder),
    typescript: /** @type {any} */ (process).features.typescript || false,
    config: config.told,
    copies: findCopies(folder),
    apps: await appsHere(),
  }
}

/** @typedef {Awaited<ReturnType<typeof examine>>} Found */

/** The engine, if it can be loaded. @returns {Promise<{ engine?: typeof import('../lib/native/binding.js'), told: { version?: string, error?: string } }>} */
async function loadBinding() {
  try {
    const engine = await import('../lib/native/binding.js')
    return { engine, told: { version: engine.version() } }
  } catch (error) {
    return { told: { error: /** @type {Error} */ (error).message } }
  }
}

/** Which C library Node uses, on Linux. */
function libc() {
  if (process.platform !== 'linux') return undefined
  const report = /** @type {any} */ (process.report)
  report.excludeNetwork = true
  const { header } = report.getReport()
  return header.glibcVersionRuntime ? `glibc ${header.glibcVersionRuntime}` : 'musl'
}

/** Reloads modules of each kind, on this Node, in a folder of its own. @returns {Promise<Record<string, any>>} */
async function probe() {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'hot-hook-doctor-')))
  try {
    fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
    /** @type {NodeJS.ProcessEnv} */
    const env = { ...process.env, HOT_HOOK_SOCKET: '0' }
    for (const name of ['NODE_OPTIONS', 'NODE_DEBUG', 'HOT_HOOK_WATCH', 'NODE_COMPILE_CACHE']) delete env[name]
    const register = pathToFileURL(path.join(OURS, 'lib/runtime/register.mjs')).href
    const args = ['--expose-gc', `--import=${register}`, fileURLToPath(new URL('doctor-probe.mjs', import.meta.url))]
    await promisify(execFile)(process.execPath, args, { cwd: folder, env, timeout: PATIENCE, killSignal: 'SIGKILL' })
    return JSON.parse(fs.readFileSync(path.join(folder, 'found.json'), 'utf8'))
  } catch (error) {
    const { stderr, message } = /** @type {any} */ (error)
    return { error: String(stderr || message).trim() }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

/** What Linux allows each user; undefined elsewhere. */
function limits() {
  const read = (/** @type {string} */ name) => {
    try {
      return Number(fs.readFileSync(`/proc/sys/fs/inotify/${name}`, 'utf8'))
    } catch {
      return undefined
    }
  }
  return process.platform === 'linux' ? { watches: read('max_user_watches'), instances: read('max_user_instances') } : undefined
}

/** What package.json#hotHook says, and what it means. @param {string} folder @param {typeof import('../lib/native/binding.js') | undefined} engine */
function readConfig(folder, engine) {
  const file = upwards(folder).map((one) => path.join(one, 'package.json')).find((one) => fs.existsSync(one))
  try {
    const options = file && JSON.parse(fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, ''))?.hotHook
    const base = file ? path.dirname(file) : folder
    const name = file ? `${file}#hotHook` : 'no package.json'
    const text = engine?.examineProject(JSON.stringify(options ?? {}), name, base, process.env.HOT_HOOK_WATCH)
    const found = text === undefined ? undefined : JSON.parse(text)
    const { rootDirectory, patterns, isPartial, warnings } = found ?? {}
    return { found, told: { file, given: Object.keys(options ?? {}), rootDirectory, patterns, isPartial, warnings } }
  } catch (error) {
    return { told: { file, error: /** @type {Error} */ (error).message } }
  }
}

/** @param {string} folder @returns {string[]} */
const upwards = (folder) => (path.dirname(folder) === folder ? [folder] : [folder, ...upwards(path.dirname(folder))])

/** A package as Node finds it from a folder. @param {string} name @param {string} folder */
function findPackage(name, folder) {
  const places = upwards(folder).map((one) => path.join(one, 'node_modules', name))
  const place = places.find((one) => fs.existsSync(path.join(one, 'package.json')))
  return place && fs.realpathSync(place)
}

/** @param {string} folder @returns {any} */
function manifestOf(folder) {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'))
  } catch {
    return undefined
  }
}

/** @param {string} folder */
const findLoaders = (folder) =>
  LOADERS.flatMap((name) => {
    const place = findPackage(name, folder)
    return place ? [{ name, version: String(manifestOf(place)?.version) }] : []
  })

/** Each hot-hook that something here would load. @param {string} folder @returns {{ path: string, version: string, usedBy: string[] }[]} */
function findCopies(folder) {
  const users = USERS.flatMap((name) => {
    const place = findPackage(name, folder)
    return place ? [[name, findPackage('hot-hook', place)]] : []
  })
  /** @type {Map<string, string[]>} */
  const copies = new Map()
  for (const [user, place] of [['this command', fs.realpathSync(OURS)], ['the app', findPackage('hot-hook', folder)], ...users]) {
    if (place) copies.set(place, [...(copies.get(place) ?? []), String(user)])
  }
  return [...copies].map(([place, usedBy]) => ({ path: place, version: String(manifestOf(place)?.version), usedBy }))
}

/** Those that run, and answer. */
async function appsHere() {
  try {
    const { lines } = await status([], { json: true })
    return lines.map((line) => JSON.parse(line)).map(({ pid, entry, node, hotHook, state }) => ({ pid, entry, node, hotHook, state }))
  } catch {
    // None does, or none can be asked.
    return []
  }
}

/** @param {Found} found @returns {string[]} */
function problemsOf({ binding, probe: probed, watching, limits: allowed, config, copies }) {
  const kinds = Object.keys(KINDS).filter((name) => probed?.[name] !== undefined && probed[name] !== 'reloads' && probed[name] !== 'restarts')
  const unmatched = (config.patterns ?? []).filter((/** @type {any} */ one) => one.option === 'boundaries' && one.files === 0 && !config.isPartial)
  return [
    ...(binding.error ? [`the engine cannot be loaded: ${binding.error}`] : []),
    ...(probed?.error ? [`an app does not run under hot-hook: ${probed.error}`] : []),
    ...kinds.map((name) => `${KINDS[/** @type {keyof typeof KINDS} */ (name)]}: ${probed?.[name]}`),
    ...(config.error ? [config.error] : []),
    ...(config.warnings ?? []),
    ...unmatched.map((/** @type {any} */ { pattern }) => `boundaries: ${JSON.stringify(pattern)} matches no file below ${config.rootDirectory}`),
    ...(watching?.problems ?? []),
    ...(allowed?.watches !== undefined && allowed.watches < FEW_WATCHES ? [`this user may watch ${allowed.watches} folders alone: sysctl fs.inotify.max_user_watches=524288`] : []),
    ...(copies.length > 1 ? [`there are ${copies.length} copies of hot-hook: an app that loads two has two graphs; install one version, once`] : []),
  ]
}

/** Linux's old default, which a few large projects use up. */
const FEW_WATCHES = 8193

const KINDS = { esModules: 'ES modules', commonJs: 'CommonJS', requiredEsModules: 'ES modules that are required' }

/** @param {Found & { problems: string[] }} found @param {(file: string) => string} show @returns {string[]} */
function describe({ hotHook, node, platform, binding, probe: probed, watching, limits: allowed, loaders, typescript, config, copies, apps, problems }, show) {
  const row = (/** @type {string} */ name, /** @type {unknown} */ text) => `${name.padEnd(10)} ${visible(text)}`
  const kinds = Object.entries(KINDS).flatMap(([name, words]) => (probed?.[name] === undefined ? [] : [`${words}: ${probed[name]}`]))
  return [
    row('hot-hook', hotHook),
    row('Node', probed?.note ? `${node}: ${probed.note}` : node),
    row('platform', [platform.os, platform.arch, platform.libc].filter(Boolean).join(', ')),
    row('engine', binding.error ? 'cannot be loaded' : binding.version),
    ...(probed && !probed.error ? [
      row('hooks', probed.hooks === 'sync' ? 'in the threads of the app' : 'in a thread of their own'),
      row('probes', [...kinds, `superseded instances: ${probed.releases ? 'released' : 'stay in memory'}`].join('; ')),
    ] : []),
    ...(watching ? [row('watching', `${watching.backend}${watching.atOnce ? ': a save is known as soon as it has returned' : ''}`)] : []),
    ...(allowed ? [row('limits', `inotify: ${allowed.watches} watches, ${allowed.instances} instances for each user`)] : []),
    row('loaders', [...loaders.map(({ name, version }) => `${name} ${version}`), ...(typescript ? ['Node strips types'] : [])].join(', ') || 'none'),
    ...describeConfig(config, show, row),
    ...copies.map(({ path: place, version, usedBy }) => row('copy', `${version} in ${show(place)}: ${usedBy.join(', ')}`)),
    ...(apps.length === 0 ? [row('apps', 'none runs here')] : apps.map(({ pid, entry, state }) => row('app', `${entry ? show(entry) : ''} (pid ${pid}): ${state}`))),
    ...problems.map((problem) => `! ${visibleLines(problem)}`),
    problems.length === 0 ? 'nothing is wrong' : `${problems.length} ${problems.length === 1 ? 'thing is' : 'things are'} wrong`,
  ]
}

/** @param {Found['config']} config @param {(file: string) => string} show @param {(name: string, text: unknown) => string} row */
function describeConfig({ file, given = [], patterns = [], isPartial, error }, show, row) {
  const many = (/** @type {any} */ { files, examples }) => {
    if (files === 0) return isPartial ? 'none was found' : 'no file'
    const more = files > examples.length ? `, and ${files - examples.length} more` : ''
    return `${examples.map(show).join(', ')}${more}`
  }
  return [
    row('options', `${file ? show(file) : 'no package.json'}: ${error ? 'cannot be used' : given.join(', ') || 'the defaults'}`),
    ...patterns.filter((/** @type {any} */ one) => one.option !== 'ignore' || one.files > 0).map((/** @type {any} */ one) => row(`  ${one.option === 'boundaries' ? 'hot' : one.option}`, `${one.pattern}: ${many(one)}`)),
  ]
}
