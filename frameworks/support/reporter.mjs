/** A reporter for `node --test`: a line of JSON for each test at the top of a file. */
import path from 'node:path'

/** @param {AsyncIterable<import('node:test/reporters').TestEvent>} source */
export default async function* report(source) {
  for await (const { type, data } of source) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.nesting !== 0 || path.resolve(data.name) === data.file) continue
    const { name, skip, file, details } = data
    const error = type === 'test:fail' ? String(/** @type {any} */ (details).error?.cause?.stack ?? /** @type {any} */ (details).error) : undefined
    yield `${JSON.stringify({ name, skip, file: path.basename(file ?? ''), error })}\n`
  }
}
