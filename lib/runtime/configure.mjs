/**
 * Starts with the options from the nearest package.json upwards from the working directory.
 */
import { hasFailed } from './guard.mjs'
import { start } from './hot.mjs'
import { builtin } from '../node/features.mjs'
import { print } from './print.mjs'

const fs = builtin('node:fs')
const path = builtin('node:path')

/** @param {string} directory @returns {string | undefined} */
function findPackage(directory) {
  const file = path.join(directory, 'package.json')
  if (fs.existsSync(file)) return file
  const parent = path.dirname(directory)
  return parent === directory ? undefined : findPackage(parent)
}

/** @param {string} file */
function readOptions(file) {
  const text = fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
  try {
    return JSON.parse(text)?.hotHook
  } catch (error) {
    // A `JSON.parse` that was replaced says nothing about the file.
    if (!(error instanceof SyntaxError)) throw error
    const message = `${file} is not valid JSON: ${error.message}`
    throw Object.assign(new Error(message, { cause: error }), { code: 'HOT_HOOK_OPTIONS' })
  }
}

/** Options that cannot be used end the start: with the one line that says what is wrong, not with our stack. @param {() => void} begin */
function orEnd(begin) {
  try {
    begin()
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error)
    if (code !== 'HOT_HOOK_OPTIONS') throw error
    print(message)
    process.exit(1)
  }
}

const file = findPackage(process.cwd())
if (file) orEnd(() => start(readOptions(file), `${file}#hotHook`, path.dirname(file)))
else {
  print(`there is no package.json in ${process.cwd()} or above it; the defaults apply`)
  start(undefined, 'hot-hook/register', process.cwd())
}

/** Whether imports pass our hooks: else nothing of ours is there for the app. */
export const hasStarted = !hasFailed()
