/** The part of docs/compatibility.md that says what a whole run has found. */

/** @typedef {{ name: string, skip?: string | boolean, file: string, error?: string, node: string }} Result */

/** The parts of the page, and whose tests they are: a file that is none of the others' is a framework's. */
const PARTS = [
  { title: 'Frameworks', files: undefined, text: 'The recipes of [docs/recipes](recipes/README.md) among them.' },
  {
    title: 'Loaders',
    files: ['loaders.test.mjs'],
    text: `Edits of a boundary and of what it imports, in one process; a restart for a cold file; a syntax error and its fix; stack traces
that point into the source before and after an edit. \`import-in-the-middle\` is what OpenTelemetry hooks in with. CommonJS is
what a boundary requires. Restarts, errors and fixes are the same for all.`,
  },
  {
    title: 'Package managers',
    files: ['package-managers.test.mjs'],
    text: 'What is published, installed into a workspace: the app, a package of the workspace that is linked into node_modules, the runner.',
  },
]

/**
 * @param {string[]} nodes @param {Result[]} results
 * @param {string} tested lines of JSON, as `record` in app.mjs writes them
 */
export function page(nodes, results, tested) {
  const others = new Set(PARTS.flatMap(({ files }) => files ?? []))
  const records = tested.split('\n').filter(Boolean).map((line) => JSON.parse(line))
  const parts = PARTS.map(({ title, files, text }) => {
    const isIts = (/** @type {{ file: string }} */ { file }) => (files ? files.includes(file) : !others.has(file))
    return [`## ${title}`, '', text, '', ...table(nodes, results.filter(isIts)), '', ...versionsOf(records.filter(isIts)), ''].join('\n')
  })
  const head = `Written by \`npm run test:frameworks\`. Each line is a test that edits a real app while it runs, with the newest releases of the
major versions that are named.
`
  return [head, ...parts].join('\n')
}

/** @param {string[]} nodes @param {Result[]} results */
function table(nodes, results) {
  /** @type {Map<string, Map<string, Result>>} */
  const rows = new Map()
  for (const result of results.toSorted((a, b) => (a.file < b.file ? -1 : Number(a.file > b.file)))) {
    rows.set(result.name, (rows.get(result.name) ?? new Map()).set(result.node, result))
  }
  /** @type {string[]} */
  const reasons = []
  const cell = (/** @type {Result | undefined} */ result) => {
    if (!result) return ''
    if (!result.skip) return 'works'
    const reason = String(result.skip)
    if (!reasons.includes(reason)) reasons.push(reason)
    return `– (${reasons.indexOf(reason) + 1})`
  }
  const lines = [...rows].map(([name, row]) => `| ${name} | ${nodes.map((node) => cell(row.get(node))).join(' | ')} |`)
  return [
    `| | ${nodes.map((node) => `Node ${node}`).join(' | ')} |`,
    `| --- | ${nodes.map(() => '---').join(' | ')} |`,
    ...lines,
    ...(reasons.length > 0 ? [''] : []),
    ...reasons.map((reason, index) => `${index + 1}. ${reason}.`),
  ]
}

/** @param {{ versions: Record<string, string> }[]} records */
function versionsOf(records) {
  const all = new Set(records.flatMap(({ versions }) => Object.entries(versions).map(([name, version]) => `\`${name}\` ${version}`)))
  return all.size > 0 ? [`Tested: ${[...all].toSorted().join(', ')}.`] : []
}
