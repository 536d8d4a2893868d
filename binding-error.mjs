/**
 * Why the addon cannot be loaded, and what to do: binding.js asks for it (scripts/explain-addon.mjs).
 */

/** The package with the addon for this system, as an error names it that says that it is missing. */
const MISSING = /'(@hot-hook\/binding-(?!wasm)[\w-]+)'/

/** @param {NodeJS.ErrnoException[]} errors of all places where it may be @returns {Error & { code: string }} */
export function toLoadError(errors) {
  const isMissing = (/** @type {NodeJS.ErrnoException} */ { code }) => code === 'MODULE_NOT_FOUND'
  const refused = errors.find(({ code }) => code === 'ERR_DLOPEN_DISABLED')
  const broken = errors.find((error) => !isMissing(error))
  const name = errors.map(({ message }) => MISSING.exec(message)?.[1]).find(Boolean)
  return Object.assign(new Error(`hot-hook: ${describe(refused, broken, name)}`, { cause: refused ?? broken ?? errors[0] }), { code: 'HOT_HOOK_ADDON' })
}

/** @param {Error | undefined} refused @param {Error | undefined} broken @param {string | undefined} name */
function describe(refused, broken, name) {
  if (refused) return 'it is a native addon, and this Node loads none: start it without --no-addons, or with --allow-addons if it has --permission'
  if (broken) return `its addon cannot be loaded: ${broken.message}`
  return `its addon for ${process.platform} ${process.arch}${name ? `, ${name},` : ''} is not installed: install again, with optional dependencies, and not with node_modules or a lock file of another system only`
}
