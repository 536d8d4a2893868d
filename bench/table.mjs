/**
 * Results as a Markdown table and as JSON.
 */
import { PLAIN } from './contenders.mjs'
import { median, ratio } from './rounds.mjs'

/**
 * @typedef {object} Row
 * @property {string} title what was measured
 * @property {string} unit
 * @property {string} [target]
 * @property {Record<string, number[]>} samples by contender
 * @property {Record<string, string>} [remarks] by contender
 */

/** Three digits are all that a measurement is worth. @param {number} value */
function digits(value) {
  const text = Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(Math.abs(value) < 0.1 ? 1 : 3)))
  return Number(text) === 0 ? '0' : text
}

/** @param {Row} row @param {string} name */
function cell(row, name) {
  const values = row.samples[name] ?? []
  const remark = row.remarks?.[name]
  if (values.length === 0) return remark ?? '–'
  const parts = [`${digits(median(values))} ${row.unit}`]
  const baseline = row.samples[PLAIN]
  if (baseline?.length === values.length && name !== PLAIN && median(baseline) > 0) {
    const { median: middle, low, high } = ratio(values, baseline)
    parts.push(`= **${middle.toFixed(2)} ×** (${low.toFixed(2)}–${high.toFixed(2)})`)
  }
  if (remark) parts.push(`(${remark})`)
  return parts.join(' ')
}

const line = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`

/** @param {string} title @param {string[]} names the contenders @param {Row[]} rows */
export function toMarkdown(title, names, rows) {
  const head = ['', ...names, 'target']
  return [
    `### ${title}`,
    '',
    line(head),
    line(head.map((_, at) => (at === 0 ? '---' : '---:'))),
    ...rows.map((row) => line([row.title, ...names.map((name) => cell(row, name)), row.target ?? ''])),
    '',
  ].join('\n')
}

/** @param {Row[]} rows */
export function toJson(rows) {
  return rows.map(({ samples, ...row }) => ({
    ...row,
    results: Object.entries(samples)
      .filter(([, values]) => values.length > 0)
      .map(([name, values]) => ({
        name,
        median: median(values),
        ratio: samples[PLAIN]?.length === values.length ? ratio(values, samples[PLAIN]) : undefined,
        samples: values,
      })),
  }))
}
