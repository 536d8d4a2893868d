/**
 * `hot`, and the `import.meta.hot` of every module of this thread.
 *
 * The engine decides; here its updates are carried out: handlers run, the parent and the app are told.
 */
import module from 'node:module'
import { clearResolveCache } from '../hooks/resolve-cache.mjs'
import * as engine from '../native/binding.js'
import { thread } from '../native/thread.mjs'
import { evictPlain, evictRequired, hasEvicted, hasRequiredBefore, hasRequiredSince, noteRequires, reportRequirers, reportRequires } from '../node/cjs-cache.mjs'
import { checkCallback, createContext, watch } from './import-meta-hot.mjs'
import { addPlace, describeError } from './error-place.mjs'
import { begin, endCommonJs, observeEvaluations, onWork } from './evaluation.mjs'
import { emitAll, listen, off, on } from './events.mjs'
import { asOriginal, attempt, fail, guarded, hasFailed, withoutFrames } from './guard.mjs'
import { addDisposer, dispose, disposeOfAll, disposeOfLate, forget, prune, recordOf, whenSettled } from './handlers.mjs'
import { forgetKept, keep } from './keep.mjs'
import { hookIn } from '../hooks/sync.mjs'
import { replaceResolve } from '../hooks/resolve-only.mjs'
import { builtin, canRequireModules, hasSyncHooks, threadId, untested } from '../node/features.mjs'
import { hasParent, isForked, listenToParent, tellParent } from './ipc.mjs'
import { noteListening } from './listening.mjs'
import { publish } from '../hooks/prelude.mjs'
import { apply, process, queueMicrotask, setImmediate, setTimeout } from './primordials.mjs'
import { debug, inspect, isDebugging, print, printLines } from './print.mjs'
import { keepSources } from '../node/compilation-cache.mjs'
import { evict, evictForRequire, forgetResolutions, loadCache, postpone } from '../node/esm-cache.mjs'
import { noteSourceMaps } from '../hooks/source-maps.mjs'
import { enqueue } from './apply-update.mjs'
import { checkAfter, followImports, onChecked, runNext } from './check.mjs'

const KEY = Symbol.for('hot-hook')
/** Whether the parent process asks for reasons: what hot-hook 1.0 told it has exactly the fields of then. */
const wantsReason = process.env.HOT_HOOK_REASON === '1'

/** @type {(() => unknown) | undefined} */
let onFullReloadAsked
let isAttached = false

/** What the preludes of this thread call. */
const runtime = {
  /**
   * A module begins to run.
   * @param {ImportMeta} meta
   */
  enter(meta) {
    /** @type {number | null} */
    let id = null
    try {
      keepSources(meta.url)
      noteSourceMaps()
      if (!hasSyncHooks) replaceResolve(meta)
      disposeOfLate()
      id = begin(meta.url)
      deliver()
    } catch (error) {
      fail(error)
    }
    return createContext(id, meta)
  },
  /** Pending asynchronous `dispose` handlers, for a module that must not run before they have settled. */
  get settled() {
    return attempt(whenSettled)
  },
  /** Whether this thread takes part. */
  get isHot() {
    return isAttached
  },
  /** Packages that modules of this process did not find: for `@hot-hook/runner`. */
  missing: () => guarded(() => engine.missingPackages()) ?? [],
  /** The graph with all that was decided on it, as JSON: for `hot-hook/internal`. */
  snapshot() {
    if (isAttached) guarded(() => reportRequires())
    return guarded(() => engine.snapshot()) ?? '{"modules":[],"edges":[]}'
  },
  /** Paths as people want to read them. @param {string[]} paths */
  shown: (paths) => guarded(() => engine.shown(paths)) ?? paths,
  hot: createHot(),
  /** What an error is told as: for `@hot-hook/runner` and `handler`. @param {unknown} error */
  describe: (error) => describeError(error, {}),
  /** A request is answered by an error: for `handler`. @param {unknown} error @param {import('./error-place.mjs').ErrorPlace} place */
  tellFailure(error, place) {
    addPlace(error, place)
    print('a request cannot be answered', error)
  },
  /** For `@hot-hook/runner`. */
  ahead() {
    // From now on, not only when that is loaded: it must not be taken for an app that runs.
    guarded(() => engine.beginPrelink())
    return import('./prelink.mjs')
  },
}

/**
 * Takes in what happened to files, and carries out what follows for this thread. An update is marked delivered before
 * a handler runs: handlers may import.
 * @returns {number | undefined} the engine's generation, if there was nothing to do
 */
function deliver() {
  if (hasFailed()) return deliverDegraded()
  const next = drain()
  if (typeof next === 'number') return next
  if (next === 'report') guarded(() => reportRequires())
  takeWork()
  // It has failed just now, or before in another thread: what there is to tell is told.
  return hasFailed() ? deliverDegraded() : undefined
}

/** What is required again runs today's code: what was saved is taken in before. */
function refresh() {
  if (guarded(() => engine.generationIfIdle()) === null) deliver()
}

function takeWork() {
  for (let update; (update = guarded(() => thread.take())); ) carryOut(update)
}

/** At every import: without the closure of {@link guarded}, for speed. */
function drain() {
  if (isDebugging) return guarded(() => thread.drain(true))
  try {
    return thread.drain(true)
  } catch (error) {
    return guarded(() => { throw error })
  }
}

function deliverDegraded() {
  const messages = thread.takeDegraded()?.messages
  if (messages) tellAll(messages)
  return undefined
}

let isReportDue = false

/** What was evicted may be required again now: the report after that says whether Node has loaded it anew. */
function checkSoon() {
  if (isReportDue || !hasEvicted()) return
  isReportDue = true
  queueMicrotask(() => attempt(() => {
    isReportDue = false
    guarded(() => reportRequires())
    deliver()
  }))
}

/**
 * No hook sees `require` here: what is required is reported as soon as the modules that run now have run, before those
 * who wait for them can act on it.
 */
function reportSoon() {
  if (isReportDue) return
  isReportDue = true
  queueMicrotask(() => attempt(() => {
    isReportDue = false
    guarded(() => reportRequirers())
    deliver()
  }))
}

/** This thread requires something, for the first time since its last report. */
function required() {
  guarded(() => thread.requires())
  if (hasSyncHooks) checkSoon()
  else reportSoon()
}

/** The paths or URLs that the engine gives as one text. @param {string | undefined} text */
const listed = (text) => text?.split('\0').slice(1) ?? []

/** @param {import('../native/binding.js').Update} update */
function carryOut(update) {
  const applied = attempt(() => replace(update))
  if (!applied) return tellAll(update.messages)
  if (update.reimports.length > 0 || updates > 0) return finishLater(update, applied)
  tellAll(update.messages)
  release()
  applied()
  if (update.number > 0) checkAfter(update.number)
}

/**
 * What the update replaces goes.
 * @param {import('../native/binding.js').Update} update @returns {() => void} to be called when the update is done
 */
function replace(update) {
  endCommonJs()
  const resolveForUpdate = update.reimports.map(({ url }) => url)
  const applied = emitAll(update.events, resolveForUpdate)
  dispose(update.disposals)
  prune(update.pruned, update.prunedModules)
  forget(update.droppedRegistrations)
  guarded(() => evictRequired(listed(update.commonjsEvictions)))
  guarded(() => evictPlain(listed(update.esEvictions)))
  if (update.resolutionEvictions !== '') forgetResolutions(listed(update.resolutionEvictions))
  if (update.reconfigured) hearParent()
  for (const notice of update.notices) print(notice)
  for (const outcome of update.outcomes) tellOutcome(outcome)
  return applied
}

/** How many updates import something again, or wait for those that do: what comes meanwhile is told after them. */
let updates = 0

/**
 * What is left of an update that imports something again: the parent is told of it when that is done.
 * @param {import('../native/binding.js').Update} update @param {() => void} applied
 */
function finishLater({ reimports, changed, messages, number }, applied) {
  const isAsked = (/** @type {import('../native/binding.js').Message} */ message) => message.type === 'full-reload'
  tellAll(messages.filter(isAsked))
  updates++
  enqueue(reimports, changed, (leftBehind, isApplied) => {
    updates--
    tellAll(messages.filter((message) => !isAsked(message)))
    release(leftBehind)
    if (isApplied) applied()
    if (number > 0) checkAfter(number)
    deliver()
  })
}

/** How long a link that is in flight may take before it is asked again whether it is over, in milliseconds. */
const RELEASE_INTERVAL = 100

/** Which URLs name instances that the engine knows, and must stay; all, if it cannot say. @param {string[]} urls */
const inUse = (urls) => guarded(() => thread.inUse(urls)) ?? urls

/**
 * Who imports a new URL for each version, and stays: two modules of ours, and what stands for nobody, in whose name an update
 * imports. Node remembers each URL by its importer.
 */
const VERSIONED_IMPORTERS = [...['./apply-update.mjs', '../node/esm-cache.mjs'].map((name) => new URL(name, import.meta.url).href), undefined]

/**
 * Frees superseded instances, when what is under way has had its turn.
 * @param {string[]} [others] what else is of no more use
 */
function release(others = []) {
  // The engine must hear of what was required before it forgets what Node had then.
  if (!hasSyncHooks && hasRequiredSince()) guarded(() => reportRequirers())
  const urls = [...listed(guarded(() => thread.release())), ...others]
  if (urls.length === 0) return
  clearResolveCache(urls)
  const isReleasing = guarded(() => engine.releases())
  if (!isReleasing || !loadCache()) guarded(() => thread.keepSuperseded())
  if (!isReleasing) return
  // An app that imports in a loop of promises never comes to `setImmediate`: those of the last update have had theirs.
  evict(inUse)
  postpone(urls)
  forgetResolutions(VERSIONED_IMPORTERS)
  setImmediate(releaseRest).unref()
}

function releaseRest() {
  const isDone = attempt(() => evict(inUse))
  if (isDone === false) setTimeout(releaseRest, RELEASE_INTERVAL).unref()
}

/** A failure of the user's own callback stops nothing. */
async function askForRestart() {
  try {
    await onFullReloadAsked?.()
  } catch (error) {
    print('onFullReloadAsked failed', error)
  }
}

/** By index: it is also done when what JavaScript iterates with is what has failed. @param {import('../native/binding.js').Message[]} messages */
function tellAll(messages) {
  for (let at = 0; at < messages.length; at++) tell(messages[at])
}

/** @param {import('../native/binding.js').Message} message */
function tell(message) {
  if (message.type === 'invalidated') {
    const paths = listed(message.paths)
    debug('invalidated %o', paths)
    tellParent({ type: 'hot-hook:invalidated', paths })
    return
  }
  const { path, shouldBeReloadable, reason } = message
  debug('full reload: %s', reason.text)
  const isSent = tellParent({ type: 'hot-hook:full-reload', path, shouldBeReloadable, ...(wantsReason && { reason }) })
  const isHeard = isSent && !isForked()
  if (!isHeard && !onFullReloadAsked) {
    const where = isSent ? ` in process ${process.pid}, which the app has started` : ''
    print(`restart needed${where}: ${reason.text}`)
    if (reason.hint) printHint(reason.hint)
  }
  askForRestart()
}

/** @param {string} hint its code stands on a line of its own, as it is to be written */
function printHint(hint) {
  const [first, ...code] = hint.split('\n')
  print(`hint: ${first}`)
  if (code.length > 0) printLines(code.join('\n'))
}

/** Where outcomes go, if somebody else tells people of them. @type {(((outcome: object, text: string | undefined) => void) & { isAhead?: boolean }) | undefined} */
let outcomeSink

/** `@hot-hook/runner`, if it has started this process, is told of all outcomes, and tells people. */
function tellRunner() {
  const sink = threadId === 0 ? /** @type {any} */ (globalThis)[Symbol.for('hot-runner.outcome')] : undefined
  if (typeof sink !== 'function') return
  outcomeSink = sink
  guarded(() => thread.followOutcomes())
}

/** @param {import('../native/binding.js').Told} told */
function tellOutcome({ json, text }) {
  if (outcomeSink) attempt(() => outcomeSink?.(JSON.parse(json), text))
  else if (text) printLines(text)
}

let hasBegun = false

/** A process that was linked ahead runs the app from now on. */
export function appBegins() {
  hasBegun = true
  describeProcess()
}

/** What the control socket tells of this process besides what the engine knows. */
function describeProcess() {
  if (threadId !== 0) return
  const told = {
    node: process.version,
    hotHook: engine.version(),
    hooks: hasSyncHooks ? 'sync' : 'thread',
    capabilities: { requireModules: canRequireModules, tested: untested === undefined },
    // Ours starts it again by itself.
    ...(outcomeSink && (hasBegun || !outcomeSink.isAhead) && { runner: process.ppid }),
    restarts: hasParent() || onFullReloadAsked !== undefined,
    debugPort: process.debugPort,
  }
  engine.describeProcess(JSON.stringify(told))
}

/** What JSON cannot express, by name, for the engine's error messages. @param {string} _ @param {unknown} value */
function nameOthers(_, value) {
  if (typeof value === 'function') return { $type: 'a function' }
  if (typeof value === 'symbol' || typeof value === 'bigint') return { $type: inspect(value) }
  return value instanceof RegExp ? { $type: `the regular expression ${value}` } : value
}

/** @param {unknown} options @param {string} name */
function toJson(options, name) {
  try {
    return JSON.stringify(options, nameOthers) ?? '{}'
  } catch (error) {
    // They contain themselves, or a getter throws.
    const [reason] = `${/** @type {any} */ (error)?.message ?? error}`.split('\n')
    throw Object.assign(new Error(`${name}: options cannot be read: ${reason}`), { code: 'HOT_HOOK_OPTIONS' })
  }
}

/**
 * Takes options in and installs the hooks, whatever was called before.
 * @param {any} options @param {string} name @param {string} base
 */
export function start(options, name, base) {
  const json = toJson(options ?? {}, name)
  guarded(() => {
    const warnings = thread.configure(json, name, base, process.env.HOT_HOOK_WATCH)
    for (const warning of warnings) print(warning)
    onFullReloadAsked = options?.onFullReloadAsked ?? onFullReloadAsked
    takePart()
    hearParent()
    describeProcess()
    if (thread.addFirstLayer() === null) return
    if (hasSyncHooks) hookIn(deliver)
    else stayOutermost()
  })
}

/**
 * Hooks in a hooks thread see only what the loaders around them pass on, and some resolve by themselves. So where there
 * is nothing better we follow each loader that is registered after us.
 */
function stayOutermost() {
  const { register } = module
  const enclose = (/** @type {number} */ layer) =>
    register(`../hooks/async.mjs?layer=${layer}`, { parentURL: import.meta.url, data: { thread: threadId, layer } })
  module.register = asOriginal(register, (/** @type {any[]} */ ...args) => {
    const result = apply(register, module, args)
    guarded(() => enclose(thread.addLayer()))
    return result
  })
  module.syncBuiltinESMExports()
  enclose(1)
}

/** The parent process may report changes, also where we watch. */
function hearParent() {
  if (!hasParent()) return
  engine.hasParent()
  if (engine.takesReports()) listenToParent(fileChanged)
}

/** This thread hears of updates from now on, and reports what it requires. */
function takePart() {
  if (isAttached) return
  isAttached = true
  if (untested && threadId === 0) print(untested)
  if (isDebugging) engine.keepNotes()
  thread.attach(hasSyncHooks, wake)
  onWork(takeWork)
  onChecked(release)
  tellRunner()
  listen()
  guarded(noteListening)
  if (hasRequiredBefore()) guarded(() => thread.requires())
  noteRequires(required, refresh, () => evictForRequire(inUse))
}

/** The engine has something for this thread. */
function wake() {
  attempt(() => {
    guarded(() => thread.setIdle(true))
    deliver()
    guarded(() => thread.setIdle(false))
    if (hasFailed()) return
    observeEvaluations()
    followImports()
    void runNext()
  })
}

/** @param {string} path @param {boolean} isRemoved */
function fileChanged(path, isRemoved) {
  // Not only while all is well: the parent is to hear that something has changed.
  attempt(() => engine.reported(path, isRemoved))
  attempt(deliver)
}

/** The instance that `url` names in this thread. @param {string} url */
function instanceOf(url) {
  return guarded(() => thread.find(String(url))) ?? null
}

/** The record of the instance that `url` names in this thread. @param {string} url */
function recordAt(url) {
  const id = instanceOf(url)
  return id === null ? undefined : recordOf(id, /** @type {ImportMeta} */ ({ url: String(url) }))
}

/** What users mean: an absolute path, or the URL of what is no file. @param {string | URL} file */
function targetOf(file) {
  const text = file instanceof URL ? file.href : file
  if (typeof text === 'string' && text.startsWith('file:')) return builtin('node:url').fileURLToPath(text)
  // One letter would be a drive of Windows.
  if (typeof text === 'string' && /^[a-z][a-z\d+.-]+:/i.test(text)) return text
  if (typeof text === 'string' && text !== '') return builtin('node:path').resolve(text)
  throw new TypeError(`hot.explain(path): the path must be a path or a URL, got ${inspect(file)}`)
}

function createHot() {
  return {
    /** @param {Record<string, any>} [options] */
    async init(options) {
      try {
        start(options, 'hot.init()', process.cwd())
      } catch (error) {
        // It is about what the caller gave.
        throw withoutFrames(error)
      }
    },
    async dump() {
      if (isAttached) guarded(() => reportRequires())
      return JSON.parse(guarded(() => engine.dump()) ?? '[]')
    },
    /** @param {string | URL} file */
    async explain(file) {
      if (isAttached) deliver()
      if (isAttached) guarded(() => reportRequires())
      return JSON.parse(engine.explain(targetOf(file)))
    },
    /** What became of the last saves. */
    async outcomes() {
      if (isAttached) deliver()
      return JSON.parse(guarded(() => engine.outcomes()) ?? '[]')
    },
    /** @param {[] | [url: string, callback: () => unknown]} args */
    dispose(...args) {
      if (args.length === 0) return Promise.resolve(disposeOfAll()).then(() => {})
      const [url, callback] = args
      checkCallback('hot.dispose(url, callback)', callback)
      const instance = recordAt(url)
      if (instance) addDisposer(instance, callback)
    },
    /** @param {string} url */
    decline(url) {
      const id = instanceOf(url)
      if (id !== null) guarded(() => engine.decline(id))
    },
    /** @param {string} url @param {unknown} patterns */
    watch(url, patterns) {
      const instance = recordAt(url)
      if (instance) watch('hot.watch(url, patterns)', instance, patterns)
    },
    /** @param {unknown} event @param {unknown} callback */
    on: (event, callback) => on('hot', event, callback),
    /** @param {unknown} event @param {unknown} callback */
    off: (event, callback) => off('hot', event, callback),
    /** @param {unknown} key @param {() => unknown} factory */
    keep: (key, factory) => keep('hot', key, factory),
    forget: forgetKept,
  }
}

const shared = /** @type {Record<symbol, typeof runtime>} */ (/** @type {unknown} */ (globalThis))
if (!shared[KEY]) publish(runtime)
/**
 * Where `hot-hook/loader` was registered by hand, `start` is not called. If this Node has complete hooks in the app's
 * thread, those take the place of the hooks thread's from here on: Node would wait for that one without a turn of its
 * own, so that it could not wait for this thread; and no `require` reaches it.
 */
function startByHand() {
  takePart()
  hearParent()
  if (!hasSyncHooks || !thread.isOutermost(1)) return
  thread.addLayer()
  hookIn(deliver)
}

if (engine.isConfigured()) {
  startByHand()
  guarded(describeProcess)
}

/** The public face: see index.d.ts. */
export const hot = shared[KEY].hot
