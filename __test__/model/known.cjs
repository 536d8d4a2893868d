// What the model leaves out because it is known not to hold. Each line is to become `true`.
'use strict'

module.exports = {
  /** JSON that is imported and required is one object, also after its first change. */
  SHARES_JSON: false,
  /** A hot module that keeps the promise of a failed `import()` runs again when that may succeed. */
  KEEPS_FAILURES: true,
  /** CommonJS that was pruned comes back as a new instance. */
  PRUNES_COMMONJS: true,
  /** A save without effect of a module that was read, and never ran because its importer failed, does nothing. */
  IGNORES_UNREAD: true,
}
