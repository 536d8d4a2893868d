/**
 * Types `import.meta.hot`. Add `"types": ["hot-hook/import-meta"]` to the `compilerOptions` of your tsconfig.json, or
 * write `/// <reference types="hot-hook/import-meta" />` in one file.
 *
 * Everything here is global and an interface: it merges with what other packages add to `ImportMeta`.
 */

/** What `import.meta.hot` is. */
interface ImportMetaHot {
  /**
   * The options that make an `import()` a boundary: `import('./x.js', import.meta.hot?.boundary)`.
   * They are `{ with: { hot: 'true' } }`.
   */
  readonly boundary: { with: { hot: 'true' } }

  /**
   * Registers a handler for when this instance of the module is superseded. It runs once, before the next instance
   * evaluates. Several may be registered: those of one instance run in this order, those of an importer before those
   * of what it imports. What a handler returns is waited for, if it is a promise, before a new module evaluates. A
   * handler that fails is reported on stderr and stops nothing.
   *
   * @throws TypeError if `callback` is not a function.
   */
  dispose(callback: () => unknown): void

  /** From now on, a change that would supersede this instance asks for a full reload instead. */
  decline(): void
}

interface ImportMeta {
  /** Undefined when hot-hook is not enabled. */
  readonly hot?: ImportMetaHot
}
