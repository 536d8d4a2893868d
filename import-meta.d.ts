/**
 * Types `import.meta.hot`. Add `"types": ["hot-hook/import-meta"]` to the `compilerOptions` of your tsconfig.json, or
 * write `/// <reference types="hot-hook/import-meta" />` in one file.
 *
 * Everything here is global; what is an interface merges with what other packages add to `ImportMeta`.
 */

/** What a module exports, as `import()` gives it. */
interface HotModuleNamespace {
  // oxlint-disable-next-line typescript/no-explicit-any -- only whoever imports it knows what a module exports
  [name: string]: any
  readonly [Symbol.toStringTag]: 'Module'
}

/** What several modules export, with `undefined` for those that did not change. */
type HotModuleNamespaces<Modules> = Modules extends readonly unknown[]
  ? { -readonly [At in keyof Modules]: Modules[At] | undefined }
  : Array<Modules | undefined>

/**
 * What `import.meta.hot` is. Its functions may be taken out of it, and all of them may be called at any time. What an
 * instance registers after it was disposed of is ignored, but for `dispose` handlers: they run on the next turn.
 *
 * @typeParam Data what the module keeps in {@link ImportMetaHot.data}: `import.meta.hot as ImportMetaHot<{ n?: number }>`
 */
// oxlint-disable-next-line typescript/no-explicit-any -- as in Vite
interface ImportMetaHot<Data = any> {
  /**
   * The options that make an `import()` a boundary: `import('./x.js', import.meta.hot?.boundary)`.
   * They are `{ with: { hot: 'true' } }`.
   */
  readonly boundary: { with: { hot: 'true' } }

  /**
   * What this module hands on to its next instance: one object, empty at first, for each module, thread and query that
   * its importers write. Dropped when the module is pruned.
   */
  readonly data: Data

  /** Aborted when this instance is disposed of, before the handlers that were registered later. */
  readonly signal: AbortSignal

  /**
   * The module accepts itself: when it or anything below it changes, it is imported again at once, and its importers
   * are left alone. `callback` is called with what it exports then, once that has evaluated.
   *
   * A callback counts until a newer instance of the module has evaluated; one that fails is reported on stderr. If the
   * new instance does not link, the old one stays in service; if it throws, there is no call.
   *
   * @typeParam Module what the module exports: `accept<typeof import('./this.js')>(…)`
   * @throws TypeError if `callback` is no function.
   */
  accept<Module = HotModuleNamespace>(callback?: (namespace: Module) => unknown): void

  /**
   * The module accepts what it imports by that specifier: when that or anything below it changes, it is imported again
   * at once, and this module is left alone. `callback` is called with what that exports then.
   *
   * @typeParam Module what that exports: `accept<typeof import('./x.js')>('./x.js', (x) => …)`
   * @throws TypeError if `dependency` is no string or `callback` no function; an Error with Node's code, usually
   *   `ERR_MODULE_NOT_FOUND`, if the specifier does not resolve. Nothing is registered then.
   */
  accept<Module = HotModuleNamespace>(dependency: string, callback?: (namespace: Module) => unknown): void

  /**
   * The same for several. The list that `callback` gets has `undefined` for those that did not change.
   *
   * @typeParam Modules what they export, as a list: `accept<[typeof import('./x.js'), typeof import('./y.js')]>(['./x.js', './y.js'], ([x, y]) => …)`,
   *   or what each of them does
   */
  accept<Modules = HotModuleNamespace>(
    dependencies: readonly string[],
    callback?: (namespaces: HotModuleNamespaces<Modules>) => unknown,
  ): void

  /**
   * Registers a handler for when this instance of the module is superseded, or the app ends. It runs once, before the
   * next instance evaluates. Several may be registered: those of one instance run in this order, those of an importer
   * before those of what it imports. What a handler returns is waited for, if it is a promise, before a new module
   * evaluates: two seconds at most, after which it is reported on stderr. A handler that fails is reported, too, and stops
   * nothing.
   *
   * @throws TypeError if `callback` is not a function.
   */
  dispose(callback: (data: Data) => unknown): void

  /**
   * Registers a handler for when nothing reaches the module any more. It runs once, after the `dispose` handlers; those
   * of the last instance that evaluated count.
   *
   * @throws TypeError if `callback` is not a function.
   */
  prune(callback: (data: Data) => unknown): void

  /** From now on, a change that would supersede this instance asks for a full reload instead. */
  decline(): void

  /**
   * The module counts as changed, although its file is not, and that it accepts itself does not help: its importers have
   * to accept it, or to run again.
   *
   * @param message why, for `hot:invalidate` and the reason of a full reload
   * @throws TypeError if `message` is no string.
   */
  invalidate(message?: string): void

  /**
   * Registers a listener for what happens in this thread, until this instance is disposed of. One that fails is reported
   * on stderr.
   *
   * @throws TypeError if there is no such event, or `callback` is not a function.
   */
  on<Name extends keyof import('./index.js').HotEvents>(
    event: Name,
    callback: (payload: import('./index.js').HotEvents[Name]) => unknown,
  ): void

  /** Removes a listener that this instance has registered. @throws TypeError as {@link ImportMetaHot.on}. */
  off<Name extends keyof import('./index.js').HotEvents>(
    event: Name,
    callback: (payload: import('./index.js').HotEvents[Name]) => unknown,
  ): void

  /**
   * A change of a file that one of the patterns matches counts as a change of this module, until a newer instance has
   * evaluated: a template, a query, a translation. The file need not exist.
   *
   * @param patterns paths, globs or `file:` URLs; relative ones are meant from the module's folder
   * @throws TypeError if one cannot be used. Nothing is watched then.
   */
  watch(patterns: string | URL | ReadonlyArray<string | URL>): void

  /** {@link import('./index.js').Hot.keep} */
  keep<Value>(key: unknown, factory: () => Value): Value

  /** {@link import('./index.js').Hot.forget} */
  forget(key: unknown): boolean
}

interface ImportMeta {
  /** Undefined when hot-hook is not enabled. */
  readonly hot?: ImportMetaHot
}
