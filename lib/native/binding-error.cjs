/**
 * Why the addon cannot be used, and what to do: binding.js asks for it then, and only then (scripts/explain-addon.mjs).
 */
const { cache } = require

/** The package with the addon for this system, as an error names it that says that it is missing. */
const MISSING = /'(@hot-hook\/binding-(?!wasm)[\w-]+)'/

/** @param {NodeJS.ErrnoException[]} errors of all places where it may be @returns {Error & { code: string }} */
function toLoadError(errors) {
  const isMissing = (/** @type {NodeJS.ErrnoException} */ { code }) => code === 'MODULE_NOT_FOUND'
  const refused = errors.find(({ code }) => code === 'ERR_DLOPEN_DISABLED')
  const broken = errors.find((error) => !isMissing(error))
  const name = errors.map(({ message }) => MISSING.exec(message)?.[1]).find(Boolean)
  return toError(explain(refused, broken, name), refused ?? broken ?? errors[0])
}

/** @param {Error | undefined} refused @param {Error | undefined} broken @param {string | undefined} name */
function explain(refused, broken, name) {
  if (refused) return 'it needs its native addon, and this Node loads no addons: start Node without --no-addons, or with --allow-addons if it has --permission'
  if (broken) return `its addon cannot be loaded: ${broken.message}`
  const missing = `its addon for ${process.platform} ${process.arch}${name ? `, ${name},` : ''} is not installed`
  return `${missing}: install again, with optional dependencies, and without a node_modules or a lock file that was made on another system`
}

/**
 * An addon that was built from other sources than these files: what it lacks would fail later, one call after the other.
 * @param {Record<string, any>} addon @param {string} version of these files @param {string[]} missing what they use and it lacks
 * @returns {Error & { code: string }}
 */
function toMismatchError(addon, version, missing) {
  const reason = missing.length > 0 ? `it lacks ${missing.join(', ')}` : `it is of version ${addon.version()}, and ${version} is needed`
  const file = Object.keys(cache).find((path) => cache[path]?.exports === addon)
  const where = file ? ` (${file})` : ''
  return toError(`its addon does not belong to it: ${reason}${where}: install again, so that hot-hook and @hot-hook/binding-* are of one version, or build the addon again where you have its sources`)
}

/** @param {string} text @param {Error} [cause] */
const toError = (text, cause) => Object.assign(new Error(`hot-hook: ${text}`, { cause }), { code: 'HOT_HOOK_ADDON' })

module.exports = { toLoadError, toMismatchError }
