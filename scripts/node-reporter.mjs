/** A reporter for `node --test`: a line of JSON for each test, in suites too, and for each suite whose own check fails. */
import path from 'node:path'

/** @param {AsyncIterable<import('node:test/reporters').TestEvent>} source */
export default async function* report(source) {
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const { name, skip, todo, details, file } = /** @type {any} */ (data)
    const isOwn = details.type !== 'suite' || details.error?.failureType === 'hookFailed'
    if (!isOwn || path.resolve(name) === file) continue
    const isWrong = type === 'test:fail' && todo === undefined
    yield `${JSON.stringify({ name, skip: skip ?? todo, error: isWrong ? String(details.error?.cause?.stack ?? details.error) : undefined })}\n`
  }
}
