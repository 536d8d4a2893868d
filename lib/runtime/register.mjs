/**
 * `node --import=hot-hook/register`. What a script has replaced that ran before us (`--require`) may keep us from starting,
 * though plain Node lives with it: then the app runs as plain Node runs it. Nothing here uses what may be replaced.
 */

/** The codes of errors that users are to mend, and that end the process. @param {any} error */
const isOfUser = (error) => error?.code === 'HOT_HOOK_ADDON' || error?.code === 'HOT_HOOK_OPTIONS'

/** An error, as far as it can be shown. @param {unknown} error */
function describe(error) {
  try {
    return `${error}`
  } catch {
    return 'an error that cannot be shown'
  }
}

/** The attribute of a boundary is one that Node refuses. */
async function acceptAttribute() {
  const { registerHooks } = await import('node:module')
  registerHooks?.({
    resolve(specifier, context, next) {
      const result = next(specifier, context)
      if (!context.importAttributes || !('hot' in context.importAttributes)) return result
      const { hot: _, ...importAttributes } = context.importAttributes
      return { ...result, importAttributes }
    },
  })
}

/** @param {unknown} reason */
async function tell(reason) {
  const { writeSync } = await import('node:fs')
  try {
    writeSync(2, `hot-hook: cannot start (${describe(reason)}): a built-in of JavaScript or Node is not what it was; the app goes on without hot reload\n`)
  } catch {
    // It was only a line.
  }
}

try {
  const { hasStarted } = await import('./configure.mjs')
  if (!hasStarted) await acceptAttribute()
} catch (error) {
  if (isOfUser(error)) throw error
  await tell(error)
  await acceptAttribute()
}
