/**
 * What became of saves, in words.
 */
import path from 'node:path'
import { visible } from '../lib/runtime/visible.mjs'

/** @typedef {(file: string) => string} Show */

const MARKS = { applied: '✓', restarted: '✓', unchanged: '=', failed: '✗', crashed: '✗', 'restart-needed': '!' }

/** Paths as they are seen from a folder. @param {string} folder @returns {Show} */
export const showFrom = (folder) => (file) => visible(path.relative(folder, file) || file)

/** @param {any} error @param {Show} show */
export function describeError({ name, message, file, line, column, frame }, show) {
  const place = file ? `${[show(file), line, column].filter((part) => part !== undefined && part !== null).join(':')} ` : ''
  const [first] = String(message).split('\n')
  return [`${place}${visible(name)}: ${visible(first)}`, ...(frame ? frame.split('\n').map(visible) : [])]
}

/** @param {{ path: string, by: string }[]} stale @param {Show} show */
export const describeStale = (stale, show) => stale.map(({ path: file, by }) => `${show(file)} stays stale: ${show(by)} took it when it ran, and will not import it again`)

/** Its code stands on a line of its own. @param {string | undefined} hint @returns {string[]} */
export const describeHint = (hint) => (hint ? `hint: ${hint}`.split('\n').map(visible) : [])

/** @param {any} outcome @param {Show} show @returns {string[]} */
export function describeOutcome({ outcome, files, modules = [], pending = [], mended = [], stale = [], ms, reason, hint, errors = [] }, show) {
  const mark = MARKS[/** @type {keyof typeof MARKS} */ (outcome)] ?? '-'
  const others = modules.filter((/** @type {string} */ one) => !files.includes(one)).length
  const runs = others > 0 ? `, and ${others} more that import${others === 1 ? 's' : ''} it` : ''
  const time = Number.isFinite(ms) ? ` (${Math.round(ms)} ms)` : ''
  return [
    `${mark} ${visible(outcome)} ${files.map(show).join(', ')}${runs}${time}`,
    ...(reason ? [`  ${visible(reason)}`] : []),
    ...describeHint(hint).map((text) => `  ${text}`),
    ...errors.flatMap((/** @type {any} */ error) => describeError(error, show).map((text) => `  ${text}`)),
    ...mended.map((/** @type {string} */ file) => `  ${show(file)} is mended`),
    ...describeStale(stale, show).map((text) => `  ${text}`),
    ...(pending.length > 0 ? [`  linked when imported: ${pending.map(show).join(', ')}`] : []),
  ]
}
