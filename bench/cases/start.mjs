/**
 * The start of an app of 1,000 modules, from spawn to the word that its entry writes last: half of them are imported statically by the entry, half
 * hang below a boundary. And of an app of one module: what is there before the first import. The time to
 * the end of the process is told apart: the kernel takes a while to release an inotify descriptor.
 */
import { runToItsEnd } from '../app.mjs'
import { createFolder } from '../folder.mjs'
import { interleave } from '../rounds.mjs'

const FOLDERS = 25
const CHILDREN = 3

const name = (/** @type {string} */ tree, /** @type {number} */ i) => `${tree}/folder${i % FOLDERS}/module${i}.mjs`

/** A module of 20 to 40 lines, and its imports. @param {string} tree @param {number} i @param {number} size */
function source(tree, i, size) {
  const lines = []
  for (let child = CHILDREN * i + 1; child <= CHILDREN * i + CHILDREN && child < size; child++) {
    lines.push(`import { total as total${child} } from '../../${name(tree, child)}'`)
  }
  const names = lines.map((_, at) => `total${CHILDREN * i + 1 + at}`)
  // A module lower in the tree that others import too.
  const shared = size - 1 - (i % 50)
  if (shared > CHILDREN * i + CHILDREN) lines.push(`import { describe as describeShared } from '../../${name(tree, shared)}'`)
  lines.push(`export const total = [${names.join(', ')}].reduce((sum, each) => sum + each, 1)`)
  if (i % 10 === 3) lines.push('export const here = import.meta.url')
  if (i % 20 === 7) lines.push(`export const later = () => import('../../${name(tree, 0)}')`)
  for (let at = 0; at < 4 + (i % 5); at++) {
    lines.push(
      `export function step${at}(input) {`,
      `  // Step ${at} of module ${i}.`,
      `  const kept = input.filter((item) => item.id % ${at + 2} !== 0 && item.label !== 'step ${i}')`,
      `  return kept.map((item) => ({ ...item, weight: item.weight * ${i} + ${at} }))`,
      '}',
    )
  }
  lines.push(`export function describe(options = {}) {`, `  return \`module ${i} of \${options.name ?? '${tree}'}\``, '}')
  return `${lines.join('\n')}\n`
}

/** @param {number} size */
function createFiles(size) {
  const half = Math.max(1, Math.floor((size - 1) / 2))
  /** @type {Record<string, string>} */
  const files = {
    'main.mjs': `import { total } from './${name('core', 0)}'
const routes = await import('./${name('routes', 0)}')
if (total + routes.total !== ${2 * half}) process.exit(1)
process.stdout.write('started')
`,
  }
  for (const tree of ['core', 'routes']) for (let i = 0; i < half; i++) files[name(tree, i)] = source(tree, i, half)
  return files
}

/** @param {import('../run.mjs').Context} context @param {Record<string, string>} files @param {number} rounds */
async function measure({ node, contenders }, files, rounds) {
  const starts = contenders.map((contender) => {
    const folder = createFolder(contender, files, { boundaries: [`./${name('routes', 0)}`] })
    return { name: contender.name, node, contender, folder }
  })
  // The first run reads the files from the disk.
  for (const start of starts) await runToItsEnd(start)
  /** @type {Record<string, number[]>} */
  const ended = Object.fromEntries(starts.map(({ name }) => [name, []]))
  const started = await interleave(starts, rounds, async (start) => {
    const times = await runToItsEnd(start)
    ended[start.name].push(times.ended)
    return times.started
  })
  return { started, ended }
}

/** @param {import('../run.mjs').Context} context @returns {Promise<import('../table.mjs').Row[]>} */
export async function run(context) {
  const size = context.quick ? 50 : 1000
  const many = await measure(context, createFiles(size), context.rounds(25))
  const one = await measure(context, { 'main.mjs': `process.stdout.write('started')\n` }, context.rounds(25))
  const modules = `${size.toLocaleString('en')} modules`
  return [
    {
      title: `start of ${modules}`,
      unit: 'ms',
      target: '≤ 1.10 × (with registerHooks); Node 20: ≤ hot-hook 1.0',
      samples: many.started,
    },
    { title: `start and end of ${modules}`, unit: 'ms', samples: many.ended },
    { title: 'start of one module', unit: 'ms', samples: one.started },
    { title: 'start and end of one module', unit: 'ms', samples: one.ended },
  ]
}
