/** What `import.meta.hot` is. Add `"types": ["hot-hook/import-meta"]` to your tsconfig.json. */
interface ImportMetaHot {
  /**
   * The import options that make an `import()` a boundary: `import('./x.js', import.meta.hot?.boundary)`.
   * They are `{ with: { hot: 'true' } }`.
   */
  readonly boundary: { with: { hot: 'true' } }

  /**
   * Registers a handler that runs once, when this instance of the module is superseded: before its next instance
   * evaluates. Several may be registered; they run in this order. Handlers of an importer run before those of what it
   * imports. A handler that returns a promise is waited for before a new module evaluates. One that fails is reported
   * on stderr and stops nothing.
   *
   * @throws TypeError if `callback` is not a function.
   */
  dispose(callback: () => void | Promise<void>): void

  /** From now on, a change that would supersede this instance asks for a full reload instead. */
  decline(): void
}

interface ImportMeta {
  /** Undefined when hot-hook is not enabled. */
  readonly hot?: ImportMetaHot
}
