/**
 * hot-hook: hot module replacement for Node.js.
 *
 * `import.meta.hot` is typed by `hot-hook/import-meta`.
 */

/**
 * A path or glob, or a list of them.
 *
 * - A pattern that starts with `**` matches anywhere; any other is meant from the root directory (see
 *   {@link InitOptions.rootDirectory}), also with `./` or `../` in front. Absolute paths are taken as they are.
 * - `*` and `?` stay inside one folder or file name; `**` crosses folders; dotfiles match like any other.
 * - `{a,b}`, `{1..3}`, `[a-c]`, `[!a]` work. A file whose path is equal to the pattern matches too, so `[id].ts` is
 *   also the file of that name.
 * - A pattern that starts with `!` excludes, wherever it stands in the list.
 * - Extglobs such as `+(a|b)` are refused: an error names the pattern and says what to write instead.
 */
export type Patterns = string | readonly string[]

/** The options of {@link Hot.init}. `package.json#hotHook` takes them too, but for `onFullReloadAsked`. */
export interface InitOptions {
  /**
   * The app's entry file, as a path or `file:` URL: `import.meta.filename`. {@link Hot.dump} writes paths relative to
   * its folder.
   *
   * @default the entry file that Node was started with
   */
  root?: string | URL | null

  /**
   * The folder that patterns are meant from, as a path or `file:` URL. Messages for people show paths relative to it.
   *
   * @default the folder of `root`; the working directory if there is no `root`; in `package.json#hotHook` its folder
   */
  rootDirectory?: string | URL | null

  /**
   * Files that are never reloaded. They keep their one instance until a restart; so does what only they import.
   *
   * @default ['**\/node_modules/**', '**\/vite.config.js.timestamp*', '**\/vite.config.ts.timestamp*']
   */
  ignore?: Patterns | null

  /**
   * Files whose dynamic imports are boundaries, as if each had been written with `import.meta.hot?.boundary`. A pattern that
   * matches no module and no file five seconds after it was given is a warning.
   *
   * @default []
   */
  boundaries?: Patterns | null

  /**
   * Files whose change asks for a full reload, imported or not, existing or not.
   *
   * @default ['.env']
   */
  restart?: Patterns | null

  /**
   * Whether hot-hook watches files. If not, it watches nothing at all, and the parent process sends a
   * {@link FileChangedMessage} for each change. Where it is not given and the environment variable HOT_HOOK_WATCH is
   * "false", a parent process with an IPC channel reports changes too, and hot-hook watches the modules, but no `restart`
   * files; without such a parent it watches nothing.
   *
   * @default true
   */
  watch?: boolean | null

  /**
   * Look at the files at an interval rather than wait for the system's file events: for network and container mounts
   * that report none. A number is the interval in milliseconds, a whole one above 0; `true` is 300.
   *
   * @default false
   */
  poll?: boolean | number | null

  /**
   * Whether superseded instances are released from memory.
   *
   * @default true
   */
  release?: boolean | null

  /**
   * Whether what a save affects is linked at once, without being run, so that its {@link Outcome} is known before somebody
   * imports it. Since a version that was linked does not cover the next save, each save of such a module raises the `N` of
   * `?v=N`.
   *
   * @default true
   */
  check?: boolean | null

  /**
   * Whether a static import of a boundary is an error, with the code {@link NotDynamicError.code}. It is thrown where
   * the import stands. `require()` and imports that close a cycle are exempt.
   *
   * @default false
   */
  throwWhenBoundariesAreNotDynamicallyImported?: boolean | null

  /**
   * Called, without arguments, when a change needs a restart. What it returns is ignored; an error that it throws is
   * reported on stderr. With it, or with a parent process that listens over IPC, no line is written to stderr.
   */
  onFullReloadAsked?: (() => void) | null
}

/** What `package.json#hotHook` holds, also when it is saved while the app runs. Relative paths are meant from the folder of package.json. */
export type PackageOptions = Omit<InitOptions, 'onFullReloadAsked'>

/** A module, as {@link Hot.dump} gives it. All paths are relative to the folder of the root file, with `/`. */
export interface DumpNode {
  /** The module's file. */
  path: string
  /** How often it was invalidated: the `N` of `?v=N`; 0 before the first change. */
  version: number
  /** Whether some import makes it a boundary. */
  boundary: boolean
  /** Whether a change of it needs no restart. */
  reloadable: boolean
  /** What it imports, in the order in which the imports came. */
  dependencies: string[]
  /** What imports it, in the order in which the imports came. */
  dependents: string[]
}

/** What a change of a file would do, as {@link Hot.explain} gives it. All paths are absolute. */
export interface Explanation {
  /** The file; of a module, its real path. */
  path: string
  /** How often it was invalidated: the `N` of `?v=N`. */
  version: number
  /**
   * - `hot`: it would run again, with what imports it.
   * - `declined`: a restart would be asked for, because a module that would have to run again has called `decline()`.
   * - `restart`: a restart would be asked for: the file has run and stays, or `restart` matches it.
   * - `ignored`: nothing, because `ignore` matches it.
   * - `unknown`: nothing, because no module is known by that path.
   */
  verdict: 'hot' | 'declined' | 'restart' | 'ignored' | 'unknown'
  /** What would run again and is entered by hot or accepted imports: these make it hot. */
  boundaries: string[]
  /** The imports that make it cold, from where the app begins to the file; empty if it is not. */
  chain: ChainLink[]
  /** Why a restart would be asked for, in the words of that message; absent if none would. */
  reason?: string
  /**
   * What to write so that it becomes hot: the import nearest to where the app begins that may become hot, as the code for it on a line of its own; up to
   * three lines. Or that a restart is right, where a package has loaded it. Absent if no single import would do.
   */
  hint?: string
  /** What would run again: the file first, then what imports it. */
  invalidates: string[]
  /**
   * What would stay stale all the same: boundaries of which an importer that stays keeps what it got, because it has imported
   * them once, while it ran itself; absent if there are none. `certain` is false of an importer that `ignore` matches and that
   * has imported it once, whenever: that it will not do so again is likely.
   */
  takenOnce?: Array<{ path: string; by: string; certain: boolean }>
}

/** hot-hook's own functions. */
export interface Hot {
  /**
   * Enables hot-hook. Must be awaited before the first `import()` that it is to see; modules loaded before stay as
   * they are until a restart. May be called again, also after `--import=hot-hook/register`: options of a later call
   * take the place of earlier ones, option by option. An option that is `null` or `undefined` counts as not given.
   *
   * Rejects with {@link OptionsError} if an option cannot be used; nothing is changed then. An unknown option is a
   * warning on stderr.
   */
  init(options?: InitOptions | null): Promise<void>

  /** All modules of all threads, in the order in which they were first imported; empty before {@link Hot.init}. */
  dump(): Promise<DumpNode[]>

  /**
   * What a change of a file would do now, and why. `path` is absolute, relative to the working directory, or a URL;
   * one that is not of a file is `unknown`.
   *
   * Rejects with a TypeError if it is no text, empty, or a `file:` URL of no path.
   */
  explain(path: string | URL): Promise<Explanation>

  /**
   * What became of the last 200 saves, as far as it is known, oldest first; empty before {@link Hot.init}.
   */
  outcomes(): Promise<Outcome[]>

  /**
   * The app is about to end, for instance because a full reload was asked for: runs all `dispose` handlers of this
   * thread, once, in reverse order of evaluation. Resolves when they have settled, at the latest after two seconds;
   * what takes longer is reported on stderr. Never rejects.
   *
   * `@hot-hook/runner` calls it before it restarts an app. Once there is a handler it is also done before SIGTERM
   * takes effect.
   */
  dispose(): Promise<void>

  /**
   * `import.meta.hot.dispose` for the module instance with that URL, in this thread: `hot.dispose(import.meta.url, …)`.
   * Does nothing for a URL that this thread has not loaded under hot-hook.
   *
   * @throws TypeError if `callback` is not a function.
   */
  dispose(url: string | URL, callback: () => unknown): void

  /**
   * `import.meta.hot.decline` for the module instance with that URL, in this thread. Does nothing for a URL that this
   * thread has not loaded under hot-hook.
   */
  decline(url: string | URL): void

  /**
   * `import.meta.hot.watch` for the module instance with that URL, in this thread. Does nothing for a URL that this
   * thread has not loaded under hot-hook.
   *
   * @throws TypeError if a pattern cannot be used. Nothing is watched then.
   */
  watch(url: string | URL, patterns: string | URL | ReadonlyArray<string | URL>): void

  /**
   * Registers a listener for what happens in this thread. One that fails is reported on stderr.
   *
   * @throws TypeError if there is no such event, or `callback` is not a function.
   */
  on<Name extends keyof HotEvents>(event: Name, callback: (payload: HotEvents[Name]) => unknown): void

  /** Removes a listener that was registered by {@link Hot.on}. @throws TypeError as {@link Hot.on}. */
  off<Name extends keyof HotEvents>(event: Name, callback: (payload: HotEvents[Name]) => unknown): void

  /**
   * The one value for `key` in this thread, across all reloads: `factory` runs when it is first asked for, whichever
   * module asks. If it is async, its promise is the value. What throws or rejects is not kept.
   *
   * @param key compared as by a `Map`
   * @throws TypeError if `factory` is not a function; an Error if the factory asks for its own key.
   */
  keep<Value>(key: unknown, factory: () => Value): Value

  /** The next {@link Hot.keep} for `key` makes a new value. Returns whether there was one. */
  forget(key: unknown): boolean
}

/** What listeners hear of, by the names of the events: Vite's mean the same. All paths are absolute. */
export interface HotEvents {
  /** Something was invalidated; nothing was disposed of or imported again yet. */
  'hot:beforeUpdate': UpdateEvent
  /** That is done: dispose handlers have run, what accepts has been imported again, and callbacks have settled. */
  'hot:afterUpdate': UpdateEvent
  /** A restart is needed. */
  'hot:beforeFullReload': FullReloadEvent
  /** Nothing reaches these modules any more; their `prune` handlers did not run yet. */
  'hot:beforePrune': PruneEvent
  /** A module has called `import.meta.hot.invalidate`. */
  'hot:invalidate': InvalidateEvent
  /** What became of a save is known, or has become something else: an import of it fails only now. */
  'hot:outcome': Outcome
  /** An import failed, of a boundary or of what was to be imported again, or a handler did. It is on stderr, too, if a save brought it about. */
  'hot:error': ErrorEvent
  'vite:beforeUpdate': UpdateEvent
  'vite:afterUpdate': UpdateEvent
  'vite:beforeFullReload': FullReloadEvent
  'vite:beforePrune': PruneEvent
  'vite:invalidate': InvalidateEvent
  'vite:error': ErrorEvent
}

/** An update: what was saved together. */
export interface UpdateEvent {
  type: 'update'
  /** The changed files. */
  files: string[]
  /** The modules that were invalidated, by path, with the versions that come next. */
  versions: Record<string, number>
  /** What is imported again at once; empty if all waits for its next import. */
  updates: Array<{ type: 'js-update'; path: string; acceptedPath: string; timestamp: number }>
}

/** A restart is needed. */
export interface FullReloadEvent extends RestartReason {
  type: 'full-reload'
  /** The changed file. */
  path: string
  /** It alone. */
  files: string[]
  /** It once more, by Vite's name. */
  triggeredBy: string
  /** See {@link FullReloadMessage.shouldBeReloadable}. */
  shouldBeReloadable: boolean
}

/** What became of one save, or of several that were found together. All paths are absolute. */
export interface Outcome {
  /** Of no other save, in whatever process. */
  id: string
  /** When it was decided, in milliseconds since 1970. */
  time: number
  /** The files that were saved. */
  files: string[]
  /**
   * - `applied`: it runs at the next import; what something accepts runs already. What the save affects and was imported
   *   before is linked, but for {@link Outcome.pending}.
   * - `unchanged`: the same bytes again, or nothing that was loaded depends on it.
   * - `failed`: an import of it fails; see {@link Outcome.errors}.
   * - `restart-needed`: only a restart can apply it; see {@link Outcome.reason}.
   */
  outcome: 'applied' | 'unchanged' | 'failed' | 'restart-needed'
  /** What runs again at its next import: the changed modules first, then what imports them. */
  modules: string[]
  /** Those of them that are entered by hot or accepted imports. */
  boundaries: string[]
  /** Those of the boundaries that are linked only when they are imported. */
  pending: string[]
  /** Files whose errors are over; absent if there are none. */
  mended?: string[]
  /**
   * Boundaries of which the save is not seen: their importers took them once, when they ran, and will not import them again.
   * `path` is the boundary, `by` the importer. Only a restart brings it in. Absent if there are none.
   */
  stale?: { path: string; by: string }[]
  /** How long it took until that was known, in milliseconds. */
  ms: number
  /** Why a restart is needed, in the words of that message. */
  reason?: string
  /**
   * What to write so that that becomes unnecessary: the import nearest to where the app begins that may become hot, as the code for it on a line of its own; up to
   * three lines. Or that a restart is right, where a package has loaded it. Absent if no single import would do.
   */
  hint?: string
  /** The imports that make the file cold, from where the app begins. */
  chain?: ChainLink[]
  /** What has failed; absent if nothing has. */
  errors?: OutcomeError[]
}

/** An error of an app's code, and its place. */
export interface OutcomeError {
  /** See {@link ErrorEvent.phase}. */
  phase: 'link' | 'evaluate' | 'accept' | 'dispose' | 'prune'
  name: string
  message: string
  /** Absent if it is not known. */
  file?: string
  /** From 1. */
  line?: number
  /** From 1, in UTF-16 units. */
  column?: number
  /** At most three lines of the file, with a caret. */
  frame?: string
}

/** Modules are pruned. */
export interface PruneEvent {
  type: 'prune'
  /** Their files. */
  paths: string[]
}

/** A module has called `invalidate`. */
export interface InvalidateEvent {
  /** Its file. */
  path: string
  /** What it gave as its reason. */
  message: string | undefined
  /** Its file once more, by Vite's name. */
  firstInvalidatedBy: string
}

/** Something failed. */
export interface ErrorEvent {
  type: 'error'
  /** The module's file. */
  path: string
  /** What failed: the import of the module, its evaluation, or one of its handlers. */
  phase: 'link' | 'evaluate' | 'accept' | 'dispose' | 'prune'
  /** What was thrown. */
  error: unknown
  /** What it says, as in Vite. */
  err: { message: string; stack: string }
}

/** hot-hook's own functions. One object per thread, however often the package is installed. */
export declare const hot: Hot

export { handler, lazy, type App, type Handler, type Lazy } from './lazy.js'

/** Sent to the parent process over IPC: a change needs a restart. At most one for each update. */
export interface FullReloadMessage {
  type: 'hot-hook:full-reload'
  /** The changed file, absolute. */
  path: string
  /** Whether a boundary on the way was imported statically: written as `import()`, it would have been hot. */
  shouldBeReloadable: boolean
  /** Why; only if the app was started with `HOT_HOOK_REASON=1` in its environment. */
  reason?: RestartReason
}

/** Why a change needs a restart. */
export interface RestartReason {
  /** The change and its reason, in one line. Paths are relative to `rootDirectory`. */
  text: string
  /**
   * What to write so that the restart becomes unnecessary: the import nearest to where the app begins that may become hot, as the code for it on a line of its own; up to
   * three lines. Or that a restart is right, where a package has loaded it. Absent if no single import would do.
   */
  hint?: string
  /** The imports that make the file cold, from where the app begins to the file; empty if there is another reason. */
  chain: ChainLink[]
}

/** One step of a chain of imports. */
export interface ChainLink {
  /** The module that it arrives at, absolute. */
  path: string
  /** How it was imported; `'root'` where the chain begins. */
  kind: 'root' | 'static' | 'dynamic' | 'require'
  /** What the importer wrote; empty for the root. */
  specifier: string
}

/** Sent to the parent process over IPC: these files run again when they are next imported. At most one for each update. */
export interface InvalidatedMessage {
  type: 'hot-hook:invalidated'
  /** Absolute paths, the changed files first. */
  paths: string[]
}

/** What happened to a file. */
export type FileChangeAction = 'change' | 'add' | 'unlink'

/** To be sent by the parent process over IPC when `watch`, or the environment variable HOT_HOOK_WATCH, is false. */
export interface FileChangedMessage {
  type: 'hot-hook:file-changed'
  /** The file, absolute. */
  path: string
  /** `'unlink'`: it was deleted. The other two mean the same. */
  action: FileChangeAction
}

/** What hot-hook sends to the parent process. There are no other messages. */
export type HotHookMessage = FullReloadMessage | InvalidatedMessage

/** An option has a wrong type, or a pattern cannot be used. The message names the option, what it is and what it must be. */
export interface OptionsError extends Error {
  code: 'HOT_HOOK_OPTIONS'
}

/** A boundary was imported statically, and `throwWhenBoundariesAreNotDynamicallyImported` is set. */
export interface NotDynamicError extends Error {
  code: 'HOT_HOOK_NOT_DYNAMIC'
}
