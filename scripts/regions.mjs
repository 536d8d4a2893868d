/** Pages of which several commands write a part each, between marks: `<!-- NAME -->` and `<!-- /NAME -->`. */
import fs from 'node:fs'

/** @param {string} file @param {string} name @param {string} text */
export function writeRegion(file, name, text) {
  const page = fs.readFileSync(file, 'utf8')
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->\n`]
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`${file} has no region ${begin.trim()} … ${end.trim()}`)
  fs.writeFileSync(file, `${page.slice(0, from + begin.length)}\n${text.trim()}\n\n${page.slice(to)}`)
}
