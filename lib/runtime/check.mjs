/**
 * Checks at the save: what an update affects and this thread has imported is linked, without being evaluated, one module in
 * each turn of the event loop. Which module is next, the engine says.
 *
 * A link begins in a macrotask of its own: a `require()` of what an `import()` is linking would throw in Node.
 */
import vm from 'node:vm'
import * as engine from '../native/binding.js'
import { keepSources, leaveNoSourceOfThisTurn } from '../node/compilation-cache.mjs'
import { importAgain, isOurMiss, jobOf, loadCache } from '../node/esm-cache.mjs'
import { thread } from '../native/thread.mjs'
import { builtin, compilesCommonJs, hasSyncHooks } from '../node/features.mjs'
import { Status, statusOf } from '../node/internals.mjs'
import { emitError } from './events.mjs'
import { describeFailure } from './failures.mjs'
import { attempt, guarded } from './guard.mjs'
import { pendingHandlers } from './handlers.mjs'
import { linkOnly } from './link-only.mjs'
import { clearTimeout, setTimeout } from './primordials.mjs'

const { readFileSync } = builtin('node:fs')
const { fileURLToPath } = builtin('node:url')

/** @typedef {import('../native/binding.js').Check} Check */

/** How long a link may take until the next one begins, in milliseconds: a loader may never answer. */
const PATIENCE = 1000

/** The number of the last update whose other work is done. */
let done = 0
let isRunning = false

/** Called with the URLs of which nothing is to be kept. @type {(urls: string[]) => void} */
let release = () => {}

/** @param {(urls: string[]) => void} callback */
export const onChecked = (callback) => void (release = callback)

/** All but the checks is done for an update, and for those before it. @param {number} update its number */
export function checkAfter(update) {
  if (update > done) done = update
  schedule()
}

/** Asks for a turn of the event loop, in which {@link runNext} is called. An immediate would keep the process alive, or come late. */
const schedule = () => guarded(() => thread.wake())

/** This is a turn of its own: one module is checked in it, if any is to be; then the app has its turn. */
export async function runNext() {
  if (isRunning || done === 0) return
  isRunning = true
  let goesOn = false
  try {
    goesOn = await step()
  } catch (error) {
    attempt(() => { throw error })
  }
  isRunning = false
  if (goesOn) schedule()
}

/** @returns {Promise<boolean>} whether there may be more */
async function step() {
  const pending = pendingHandlers()
  // Not here: this would not be a macrotask any more.
  if (pending) return pending.then(() => true)
  const check = guarded(() => thread.nextCheck(done))
  if (!check) return false
  const result = check.how === 'compile' || check.how === 'parse' ? read(check) : await link(check)
  if (result === 'late') guarded(() => thread.checkTakesLong())
  else if (result) tell(check.url, result.cause)
  else guarded(() => thread.checked())
  return true
}

/** @param {string} url @param {unknown} cause */
function tell(url, cause) {
  const failure = describeFailure(url, 'link', cause)
  if (guarded(() => thread.checked(failure))) emitError(url, 'link', cause)
}

/** @param {Check} check @returns {Promise<{ cause: unknown } | 'late' | undefined>} why it does not link */
async function link({ url, how, importer }) {
  // A debugger may pause at what is thrown to evaluate nothing.
  if (isInspected()) return 'late'
  try {
    return await inTime(linkOnly(url, { check: true, json: how === 'link-json', importer }, release))
  } finally {
    // With hooks in a thread of their own, the app may be importing something for which V8's cache is off, too: it is on again soon.
    if (hasSyncHooks) keepSources()
  }
}

/** Whether a debugger can connect. */
export function isInspected() {
  try {
    return builtin('node:inspector').url() !== undefined
  } catch {
    // A Node that was built without it.
    return false
  }
}

/** @template T @param {Promise<T>} work @returns {Promise<T | 'late'>} */
function inTime(work) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer
  const late = /** @type {Promise<'late'>} */ (
    new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE, 'late').unref()))
  )
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** Whether Node runs the file as it stands: TypeScript is not ours to translate, nor what somebody else translates. @param {string} file */
const isPlain = (file) => /\.c?js$/.test(file) && compilesCommonJs()

/** What V8 says of an ES module that is compiled as CommonJS: Node runs it as one where nothing says which it is. */
const OF_MODULES = /\b(?:import|export|module|await|__filename|__dirname|exports|require)\b/

/** What a CommonJS module is wrapped in. */
const PARAMETERS = ['exports', 'require', 'module', '__filename', '__dirname']

/** @param {string} text @param {string} filename */
function compile(text, filename) {
  leaveNoSourceOfThisTurn()
  vm.compileFunction(text, PARAMETERS, { filename })
}

/** What no link looks into: its text is read. @param {Check} check @returns {{ cause: unknown } | 'late' | undefined} */
function read({ url, how }) {
  const file = fileURLToPath(url)
  if (how === 'compile' && !isPlain(file)) return 'late'
  let text
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    // It is gone: those who require it will say so.
    return undefined
  }
  try {
    if (how === 'parse') JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
    else compile(text, file)
  } catch (/** @type {any} */ cause) {
    if (how === 'compile' && file.endsWith('.js') && OF_MODULES.test(cause.message)) return 'late'
    // As Node says it.
    if (how === 'parse') cause.message = `${file}: ${cause.message}`
    return { cause }
  }
  return undefined
}

/** How the evaluation of what the app imports as boundaries ends. */
export function followImports() {
  for (const url of guarded(() => thread.takeFollowed()) ?? []) void follow(url)
}

/** Whether Node has given up a link, and would begin another: it is checked why. @param {string} url */
const isGivenUp = (url) => mayReach() && loadCache() && !jobOf(url) && guarded(() => thread.recheck(url))

/** @param {string} url with our version, if it has one */
async function follow(url) {
  if (attempt(() => isGivenUp(url))) return
  try {
    // It joins what the app has begun.
    await importAgain(url)
    attempt(() => guarded(() => thread.importEnded(url)))
  } catch (error) {
    attempt(() => failed(url, error))
  }
}

/** Whether the module at `url` has not even linked: newer Nodes forget its job then. `false` if that cannot be told. @param {string} url */
function hasFailedToLink(url) {
  if (!mayReach() || !loadCache()) return false
  const job = jobOf(url)
  const status = statusOf(job)
  return !job || (status >= 0 && status < Status.INSTANTIATED)
}

/** With `release: false` we look into nothing of Node's. */
const mayReach = () => guarded(() => engine.releases()) === true

/** @param {string} url @param {unknown} error */
function failed(url, error) {
  if (isOurMiss(error)) return
  const clean = guarded(() => engine.clean(url)) ?? url
  const phase = hasFailedToLink(url) ? 'link' : 'evaluate'
  // To describe it is to look at its stack, which Node then prints in another way.
  if (!guarded(() => thread.isOfSave(url))) return void emitError(clean, phase, error)
  const failure = describeFailure(clean, phase, error)
  if (guarded(() => thread.importEnded(url, failure))) emitError(clean, phase, error)
}
