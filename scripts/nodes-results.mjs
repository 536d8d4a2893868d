/**
 * What `npm run test:nodes` finds, kept from one run to the next: a whole run takes more than an hour, and may be made of
 * several, or be interrupted. Results are those of the sources and the addon that they were found with; for others they do
 * not count.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'

/** @typedef {Record<'passed' | 'skipped' | 'limited' | 'failed', string[]>} Outcome names of scenarios */
/** @typedef {Record<string, Record<string, Outcome>>} Results by build and part */
/** @typedef {{ parts: string[], name: string, builds: string[], reason: string }} Limit */

/** @param {Limit[]} limits @param {string} build @param {string} part @param {string} name */
export const limitOf = (limits, build, part, name) =>
  limits.find((one) => one.parts.includes(part) && one.name === name && (one.builds.includes('*') || one.builds.includes(build)))

/** Whether a part holds on a build: something has run, and nothing has failed. @param {Outcome | undefined} outcome */
export const isFine = (outcome) => outcome !== undefined && outcome.failed.length === 0 && outcome.passed.length > 0

/**
 * The limits that hold no longer: nothing of that name fails in what was run.
 * @param {Limit[]} limits @param {Results} results @returns {string[]} a sentence each
 */
export function staleLimits(limits, results) {
  /** @param {Limit} limit @param {string} build */
  const staleOn = (limit, build) => {
    const outcomes = limit.parts.flatMap((part) => results[build]?.[part] ?? [])
    return outcomes.length > 0 && !outcomes.some(({ limited }) => limited.includes(limit.name))
  }
  return limits.flatMap((limit) => {
    const isEverywhere = limit.builds.includes('*')
    const covered = (isEverywhere ? Object.keys(results) : limit.builds).filter((build) => limit.parts.some((part) => results[build]?.[part]))
    const stale = covered.filter((build) => staleOn(limit, build))
    if (stale.length === 0 || (isEverywhere && stale.length < covered.length)) return []
    return `${limit.name} does not fail on Node ${stale.join(', ')}: that limit is to leave node-limits.json`
  })
}

/** What tells apart what was tested: the sources, committed or not, and the addon. Pages are none. @param {string} root */
export function keyOf(root) {
  const sources = ['.', ':!docs', ':!*.md']
  const git = (/** @type {string[]} */ ...args) => execFileSync('git', args, { cwd: root, maxBuffer: 1 << 28 })
  const hash = createHash('sha256')
  hash.update(git('ls-files', '--stage', '--', ...sources)).update(git('diff', '--', ...sources))
  for (const name of String(git('ls-files', '--others', '--exclude-standard', '-z', '--', ...sources)).split('\0').filter(Boolean)) {
    hash.update(name).update(fs.readFileSync(path.join(root, name)))
  }
  const native = path.join(root, 'lib/native')
  for (const name of fs.readdirSync(native).filter((one) => one.endsWith('.node'))) hash.update(fs.readFileSync(path.join(native, name)))
  return hash.digest('hex')
}

/** @param {string} file @param {string} key @returns {Results} what was found with the same sources and addon */
export function readResults(file, key) {
  if (!fs.existsSync(file)) return {}
  const kept = JSON.parse(fs.readFileSync(file, 'utf8'))
  return kept.key === key ? kept.results : {}
}

/** Whole or not at all: a run may be interrupted at any time. @param {string} file @param {string} key @param {Results} results */
export function writeResults(file, key, results) {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(`${file}.${process.pid}`, JSON.stringify({ key, results }))
  fs.renameSync(`${file}.${process.pid}`, file)
}
