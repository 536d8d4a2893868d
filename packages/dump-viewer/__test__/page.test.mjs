/* The page in a browser. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import test from 'node:test'
import { dumpViewer } from '@hot-hook/dump-viewer'
import { createRandom } from '../../../__test__/support/fuzz.mjs'
import { drawn, needsBrowser, openPage, placeOf } from './support/browser.mjs'
import { appOf, pictureOf, small, sourceOf } from './support/pictures.mjs'

const htmlOf = (picture) => dumpViewer({ source: sourceOf(picture) })
const open = async (t, picture, options) => openPage(t, await htmlOf(picture), options)
const details = (page) => page.locator('#panel').innerText()
const marked = async (page, mark) => {
  const { nodes, edges } = await drawn(page)
  const has = ([, classes]) => (classes.classes ?? classes).split(' ').includes(mark)
  return { nodes: Object.entries(nodes).filter(has).map(([id]) => id.replace('module ', '')), edges: Object.entries(edges).filter(has).map(([id]) => id.replaceAll('module ', '')) }
}

test('one page that asks nobody for anything, under its own policy', needsBrowser, async (t) => {
  const { page, seen } = await open(t, small)
  assert.equal(await page.title(), 'hot-hook: import graph')
  assert.deepEqual(seen.problems, [])
  assert.equal(seen.requests.length, 1, seen.requests.join('\n'))
  // The policy is in force: what the page has not brought does not run.
  await page.evaluate(() => document.body.append(Object.assign(document.createElement('script'), { textContent: 'document.title = "run"' })))
  assert.equal(await page.title(), 'hot-hook: import graph')
  assert.match(seen.problems.join('\n'), /Content Security Policy/)
})

test('what is drawn: layers from the roots, states and signs, one node for all packages', needsBrowser, async (t) => {
  const { page } = await open(t, small)
  const { nodes, edges } = await drawn(page)
  assert.deepEqual(Object.fromEntries(Object.entries(nodes).map(([id, { label, classes }]) => [id, `${label}: ${classes.replace(/ few$/, '')}`])), {
    'module main.mjs': '▶ main.mjs: module cold root',
    'module src/cold.mjs': 'cold.mjs: module cold',
    'module src/config.mjs': 'config.mjs: module cold',
    'module src/pages/page.mjs': '⇥ page.mjs: module hot boundary',
    'module src/pages/text.mjs': 'text.mjs ✎3: module hot changed',
    'module src/pages/clock.mjs': '↻ clock.mjs: module hot accepts',
    'module src/pages/frozen.mjs': '✖ frozen.mjs: module declined',
    'module src/pages/stiff.mjs': 'stiff.mjs: module declined',
    'folder node_modules': 'packages (2): packages ignored',
  })
  assert.equal(edges['module main.mjs → module src/pages/page.mjs'], 'dynamic hot few')
  assert.equal(edges['module src/pages/page.mjs → module src/pages/clock.mjs'], 'static accepted few')
  const layer = (id) => nodes[id].x
  assert.ok(layer('module main.mjs') < layer('module src/cold.mjs') && layer('module src/cold.mjs') < layer('module src/config.mjs'))
  assert.equal(layer('module src/cold.mjs'), layer('folder node_modules'))
})

test('a click on a cold module: importers, imports, verdict, and the chain, drawn', needsBrowser, async (t) => {
  const { page } = await open(t, small)
  const { x, y } = await placeOf(page, 'module src/config.mjs')
  await page.mouse.click(x, y)
  await page.getByText('Reason: src/config.mjs changed, which no boundary makes hot').waitFor()
  const text = await details(page)
  for (const part of ['src/config.mjs', '■ cold · version 0', 'A save asks for a restart.', 'Hint: imported dynamically by src/cold.mjs, not as a boundary: add it to `boundaries`', 'What makes it cold (2)', '─static→', '─dynamic→', 'Imported by (1)']) assert.ok(text.includes(part), `${part} in ${text}`)
  assert.deepEqual(await marked(page, 'chain'), {
    nodes: ['main.mjs', 'src/cold.mjs', 'src/config.mjs'],
    edges: ['main.mjs → src/cold.mjs', 'src/cold.mjs → src/config.mjs'],
  })
  assert.equal(new URL(page.url()).hash, '#src/config.mjs')
})

test('a hot module: what a save runs again, drawn', needsBrowser, async (t) => {
  const { page } = await open(t, small, { hash: '#src/pages/text.mjs' })
  const text = await details(page)
  for (const part of ['● hot · version 3 · ✎ changed', 'A save reloads it, and 1 module above it.', 'What makes it hot (1)', 'What a save runs again (2)']) assert.ok(text.includes(part), `${part} in ${text}`)
  assert.deepEqual(await marked(page, 'affected'), { nodes: ['src/pages/page.mjs', 'src/pages/text.mjs'], edges: ['src/pages/page.mjs → src/pages/text.mjs'] })
})

test('declined, self-accepting, ignored, restart patterns: each in words', needsBrowser, async (t) => {
  const { page } = await open(t, pictureOf({ '.env.mjs': { restart: '.env*', reason: '.env.mjs changed, which matches restart: ".env*"' }, ...Object.fromEntries(small.modules.map((module) => [module.path, { ...module, via: undefined }])) }, []))
  for (const [path, words] of [
    ['src/pages/frozen.mjs', 'declines hot reload'],
    ['src/pages/clock.mjs', '↻ accepts itself'],
    ['node_modules/express/index.js', 'A save does nothing'],
    ['.env.mjs', 'which matches restart: ".env*"'],
    ['main.mjs', 'which is where the app begins'],
  ]) {
    await page.fill('#search', path)
    await page.press('#search', 'Enter')
    await page.locator('#panel', { hasText: words }).waitFor()
  }
})

test('search finds by parts of the path, unfolds what hides it, and is usable by keyboard', needsBrowser, async (t) => {
  const { page } = await open(t, small)
  await page.fill('#search', 'express rout')
  await page.press('#search', 'ArrowDown')
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'node_modules/express/lib/router.js')
  await page.keyboard.press('Enter')
  await page.locator('#panel h2', { hasText: 'node_modules/express/lib/router.js' }).waitFor()
  assert.ok('module node_modules/express/lib/router.js' in (await drawn(page)).nodes)
  await page.fill('#search', 'no such thing')
  await page.getByText('nothing found').waitFor()
})

test('folders fold and unfold', needsBrowser, async (t) => {
  const { page } = await open(t, small, { hash: '#src/pages/text.mjs' })
  await page.getByRole('button', { name: 'Fold src/pages/' }).click()
  let { nodes } = await drawn(page)
  assert.equal(nodes['folder src/pages'].label, '⇥ ↻ ✖ src/pages/ (5) ✎3')
  assert.ok(!('module src/pages/text.mjs' in nodes))
  await page.getByRole('button', { name: 'Unfold', exact: true }).click()
  ;({ nodes } = await drawn(page))
  assert.ok('module src/pages/text.mjs' in nodes && !('folder src/pages' in nodes))
  await page.getByRole('button', { name: 'Fold all', exact: true }).click()
  assert.deepEqual(Object.keys((await drawn(page)).nodes).toSorted(), ['folder node_modules', 'folder src', 'module main.mjs'])
  const { x, y } = await placeOf(page, 'folder src')
  await page.mouse.dblclick(x, y)
  await page.waitForFunction(() => /** @type {any} */ (document.querySelector('#graph'))._cyreg.cy.getElementById('module src/cold.mjs').nonempty())
})

test('filters by state, folder and sign', needsBrowser, async (t) => {
  const { page } = await open(t, small)
  const paths = async () => Object.keys((await drawn(page)).nodes).map((id) => id.replace('module ', '')).toSorted()
  await page.uncheck('#state-ignored')
  await page.uncheck('#state-cold')
  assert.deepEqual(await paths(), ['clock', 'frozen', 'page', 'stiff', 'text'].map((name) => `src/pages/${name}.mjs`))
  await page.check('#state-cold')
  await page.selectOption('#folder', 'src')
  await page.selectOption('#only', 'changed')
  assert.deepEqual(await paths(), ['src/pages/text.mjs'])
})

test('the graph by keyboard, and told to those who do not see it', needsBrowser, async (t) => {
  const { page } = await open(t, small)
  await page.focus('#graph')
  const told = () => page.locator('#status').innerText()
  await page.keyboard.press('ArrowRight')
  assert.match(await told(), /^main\.mjs: A save asks for a restart/)
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowUp')
  await page.keyboard.press('ArrowLeft')
  assert.match(await told(), /^main\.mjs/)
  await page.keyboard.press('Escape')
  assert.match(await details(page), /^Import graph/)
})

/** How large the smallest text is on the screen, and whether all of it can be seen. */
const readable = (page) =>
  page.evaluate(() => {
    const { cy } = /** @type {any} */ (document.querySelector('#graph'))._cyreg
    const { x1, y1, x2, y2 } = cy.elements().renderedBoundingBox()
    return { text: Math.min(...cy.nodes().map((node) => Number.parseFloat(node.style('font-size')) * cy.zoom())), fits: x1 >= 0 && y1 >= 0 && x2 <= cy.width() && y2 <= cy.height() }
  })

const DESK = { viewport: { width: 1440, height: 900 } }

/** An app of four files with express: 70 packages, and hot-hook's own modules, linked and not. */
function express() {
  const packages = Array.from({ length: 70 }, (_, at) => `node_modules/dep-${at}/index.js`)
  const files = { 'app.js': { state: 'cold', root: true }, 'routes/tasks.js': { boundary: true }, 'tasks.js': {}, 'views/tasks.js': {} }
  const own = ['node_modules/hot-hook/lib/main.mjs', 'node_modules/@hot-hook/runner/index.mjs', '../linked/viewer/index.mjs']
  return pictureOf(
    { ...files, ...Object.fromEntries([...packages, 'node_modules/.pnpm/express@5/node_modules/express/index.js', ...own].map((path) => [path, { state: 'ignored', root: path.includes('dep-3/') }])) },
    [
      ['app.js', 'routes/tasks.js', { kind: 'dynamic', hot: true }], ['routes/tasks.js', 'tasks.js', { climbs: true }], ['routes/tasks.js', 'views/tasks.js', { climbs: true }],
      ['app.js', 'node_modules/.pnpm/express@5/node_modules/express/index.js'], ...packages.map((to) => ['node_modules/.pnpm/express@5/node_modules/express/index.js', to, { kind: 'require' }]),
      ...own.map((to) => ['app.js', to]),
    ],
  )
}

test('the first sight: four files are four nodes; packages are one, and no root; each is shown by one click', needsBrowser, async (t) => {
  const { page } = await openPage(t, await dumpViewer({ source: { ...sourceOf(express()), own: () => ['../linked/viewer'] } }), DESK)
  const nodes = async () => (await drawn(page)).nodes
  assert.deepEqual(Object.values(await nodes()).map(({ label }) => label).toSorted(), ['packages (71)', 'tasks.js', 'views/tasks.js', '▶ app.js', '⇥ routes/tasks.js'].toSorted())
  assert.ok((await nodes())['folder node_modules'].x > (await nodes())['module app.js'].x)
  assert.equal(await page.locator('#count').innerText(), '5 shown, of 75 modules')
  const { x, y } = await placeOf(page, 'folder node_modules')
  await page.mouse.click(x, y)
  await page.locator('#panel').getByRole('button', { name: 'express', exact: true }).click()
  assert.equal((await nodes())['folder node_modules/.pnpm/express@5/node_modules/express'].label, 'express (1)')
  assert.equal((await nodes())['folder node_modules'].label, 'packages (70)')
  await page.getByRole('button', { name: 'Put back among the packages' }).click()
  assert.equal(Object.keys(await nodes()).length, 5)
  assert.equal(await page.locator('.key').count(), 1)
})

for (const size of [300, 5000]) {
  test(`the first sight of ${size} files: folders of features with their boundaries, and text that can be read`, needsBrowser, async (t) => {
    const { page } = await open(t, appOf(size), DESK)
    const all = Object.values((await drawn(page)).nodes).map(({ classes }) => classes)
    assert.ok(all.filter((classes) => classes.includes('folder')).length >= 9, all.join('\n'))
    if (size === 300) assert.ok(all.some((classes) => classes.includes('boundary')))
    const isReadable = async () => {
      const { text, fits } = await readable(page)
      assert.ok(text >= 11 && fits, `${text} px, ${fits}`)
    }
    await isReadable()
    await page.uncheck('#state-ignored')
    await isReadable()
    await page.selectOption('#only', 'boundary')
    assert.ok((await readable(page)).fits)
    await page.selectOption('#only', '')
    await page.fill('#search', 'feature-2/ view-10')
    await page.press('#search', 'Enter')
    assert.ok((await readable(page)).fits)
  })
}

test('folding is a breadcrumb, and unfolding keeps what is chosen', needsBrowser, async (t) => {
  const { page } = await open(t, small, { hash: '#src/pages/text.mjs' })
  await page.locator('#panel h2').getByRole('button', { name: 'Fold src/pages/' }).click()
  assert.match(await details(page), /^src\/pages\/\n/)
  await page.getByRole('button', { name: 'Unfold', exact: true }).click()
  assert.match(await details(page), /^src\/pages\/\n/)
  assert.deepEqual((await marked(page, 'chosen')).nodes.toSorted(), ['clock', 'frozen', 'page', 'stiff', 'text'].map((name) => `src/pages/${name}.mjs`))
  await page.getByRole('button', { name: 'Fold', exact: true }).click()
  assert.deepEqual((await marked(page, 'chosen')).nodes, ['folder src/pages'])
})

test('a small screen: a list, with the details below it', needsBrowser, async (t) => {
  const { page } = await open(t, small, { viewport: { width: 390, height: 844 }, colorScheme: 'dark' })
  assert.equal(await page.locator('#graph').isVisible(), false)
  await page.locator('#list').getByRole('button', { name: '● text.mjs ✎3' }).click()
  await page.locator('#panel h2', { hasText: 'src/pages/text.mjs' }).waitFor()
  const [list, panel] = [await page.locator('#list').boundingBox(), await page.locator('#panel').boundingBox()]
  assert.ok(list && panel && panel.y >= list.y + list.height && panel.width <= 390)
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390)
  await page.locator('#list').getByRole('button', { name: 'Fold pages/' }).click()
  await page.locator('#list').getByRole('button', { name: /^◐.*pages\/ \(5\)/ }).waitFor()
  await page.click('#view')
  assert.equal(await page.locator('#graph').isVisible(), true)
  assert.ok((await readable(page)).fits)
})

test('what has failed is red, with its error; what was taken once has its mark; a hint is code that can be copied', needsBrowser, async (t) => {
  const hint = "imported statically by main.mjs:1: to make it hot, write instead:\n  const a = lazy(() => import('./src/cold.mjs'))\nIt then runs again."
  const errors = [{ phase: 'link', name: 'SyntaxError', message: "Unexpected token '='", file: 'src/pages/text.mjs', line: 12, column: 7, frame: '> 12 | const = 3\n     |       ^' }]
  const picture = structuredClone(small)
  Object.assign(picture.modules.find(({ path }) => path === 'src/pages/text.mjs') ?? {}, { errors })
  Object.assign(picture.modules.find(({ path }) => path === 'src/cold.mjs') ?? {}, { hint })
  Object.assign(picture.edges[1], { takenOnce: true })
  const { page } = await open(t, picture, { permissions: ['clipboard-read', 'clipboard-write'], hash: '#src/pages/text.mjs' })
  const { nodes } = await drawn(page)
  assert.equal(nodes['module src/pages/text.mjs'].label, '✗ text.mjs ✎3')
  assert.ok(nodes['module src/pages/text.mjs'].classes.includes('failed'))
  assert.equal(nodes['module src/pages/page.mjs'].label, '⇥ 1× page.mjs')
  assert.match(await details(page), /✗ SyntaxError: Unexpected token '='\s+src\/pages\/text\.mjs:12:7\s+> 12 \| const = 3/)
  await page.fill('#search', 'src/cold')
  await page.press('#search', 'Enter')
  assert.equal(await page.locator('#panel .code code').textContent(), "const a = lazy(() => import('./src/cold.mjs'))")
  assert.match(await details(page), /Hint: imported statically[^]*It then runs again\./)
  await page.getByRole('button', { name: 'Copy' }).click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
})

test('whatever names, errors and lines of source hold, they are text', needsBrowser, async (t) => {
  const random = createRandom(22)
  const parts = [...HOSTILE, '<svg onload=alert(1)>', '</script>', '${alert(1)}', '\u0000', '\u001b[31m', "javascript:alert('x')", '&lt;img src=x onerror=alert(2)&gt;', '\ud800', '<style>*{display:none}</style>', '%3Cscript%3E', '"}]}', '\n', ' ', 'a']
  const some = () => Array.from({ length: 1 + Math.floor(random() * 4) }, () => parts[Math.floor(random() * parts.length)]).join('')
  const paths = [...new Set(Array.from({ length: 30 }, (_, at) => `src/${at}${some().replaceAll('node_modules', '')}.mjs`))]
  const modules = Object.fromEntries(paths.map((path) => [path, { state: 'cold', reason: some(), hint: `${some()}\n  ${some()}\n${some()}`, errors: [{ phase: 'link', name: some(), message: some(), file: path, line: 1, column: 1, frame: `${some()}\n${some()}` }] }]))
  const { page, seen } = await open(t, pictureOf({ 'main.mjs': { state: 'cold', root: true }, ...modules }, paths.map((path) => ['main.mjs', path, { specifier: some() }])))
  const elements = () => page.locator('#panel :is(img, script, svg, style, iframe, a)').count()
  for (const path of paths) {
    await page.evaluate((to) => new Promise((resolve) => {
      addEventListener('hashchange', () => resolve(undefined), { once: true })
      location.hash = to
    }), `#${path.split('/').map((part) => encodeURIComponent(part.toWellFormed?.() ?? part.replaceAll('\ud800', '\ufffd'))).join('/')}`)
    assert.equal(await elements(), 0, path)
  }
  await page.click('#view')
  assert.equal(await page.locator('#list :is(img, script, svg, style)').count(), 0)
  assert.equal(await page.title(), 'hot-hook: import graph')
  assert.deepEqual(seen.problems, [])
  assert.equal(seen.requests.length, 1)
})

const HOSTILE = [
  'src/</script><script>document.title="run"</script>.mjs',
  'src/<img src=x onerror=alert(1)>.mjs',
  `src/"'&quot;&lt;b&gt;.mjs`,
  'src/\u202egnp.mjs',
  'src/<!--<script>.mjs',
  'src/a\u2028b\nc.mjs',
  '__proto__/constructor.mjs',
  'src/](javascript:alert(1)).mjs',
]

test('hostile file names are text', needsBrowser, async (t) => {
  const picture = pictureOf(
    Object.fromEntries([['main.mjs', { state: 'cold', root: true }], ...HOSTILE.map((path) => [path, { restart: path, reason: `${path} changed, which matches`, hint: path }])]),
    HOSTILE.map((path) => ['main.mjs', path, { specifier: path }]),
  )
  const { page, seen } = await open(t, picture)
  assert.deepEqual(Object.keys((await drawn(page)).nodes).toSorted(), ['main.mjs', ...HOSTILE].map((path) => `module ${path}`).toSorted())
  await page.fill('#search', 'mjs')
  for (const path of HOSTILE) {
    await page.fill('#search', path)
    await page.press('#search', 'Enter')
    const shown = path.replaceAll('\u202e', '\\u{202e}').replaceAll('\u2028', '\\u{2028}').replaceAll('\n', '\\u{a}')
    assert.equal(await page.locator('#panel h2').textContent(), shown)
  }
  await page.fill('#search', 'main.mjs')
  await page.press('#search', 'Enter')
  assert.equal(await page.title(), 'hot-hook: import graph')
  assert.equal(await page.locator('img, #panel script, #results script').count(), 0)
  assert.deepEqual(seen.problems, [])
  assert.equal(seen.requests.length, 1)
})

test('a link to a module: followed whenever it changes, whatever the name holds, and quiet if there is none', needsBrowser, async (t) => {
  const odd = 'src/a b#c?d%25é.mjs'
  const { page, seen } = await open(t, pictureOf({ 'main.mjs': { state: 'cold', root: true }, [odd]: {} }, [['main.mjs', odd]]))
  const go = (hash) =>
    page.evaluate((to) => new Promise((resolve) => {
      addEventListener('hashchange', () => resolve(undefined), { once: true })
      location.hash = to
    }), hash)
  await page.fill('#search', 'src/a')
  await page.press('#search', 'Enter')
  const { hash } = new URL(page.url())
  await page.keyboard.press('Escape')
  await go('#main.mjs')
  await page.locator('#panel h2', { hasText: 'main.mjs' }).waitFor()
  await go(hash)
  await page.locator('#panel h2', { hasText: odd }).waitFor()
  await go('#no/such.mjs')
  assert.equal(await page.locator('#panel h2').textContent(), odd)
  assert.deepEqual(seen.problems, [])
})

test('each state has a sign, a shape and a border of its own, besides its colour', needsBrowser, async (t) => {
  const { page } = await open(t, small)
  const faces = await page.evaluate(() => {
    const { cy } = /** @type {any} */ (document.querySelector('#graph'))._cyreg
    return Object.fromEntries(['src/cold.mjs', 'src/pages/text.mjs', 'src/pages/stiff.mjs', 'src/pages/page.mjs', 'src/pages/clock.mjs', 'main.mjs'].map((path) => {
      const node = cy.getElementById(`module ${path}`)
      return [path, [node.data('text'), node.style('shape'), node.style('border-style')].join(', ')]
    }))
  })
  assert.deepEqual(faces, {
    'src/cold.mjs': '■ cold.mjs, rectangle, solid',
    'src/pages/text.mjs': '● text.mjs ✎3, round-rectangle, solid',
    'src/pages/stiff.mjs': '▲ stiff.mjs, cut-rectangle, solid',
    'src/pages/page.mjs': '● ⇥ page.mjs, round-rectangle, dashed',
    'src/pages/clock.mjs': '● ↻ clock.mjs, round-rectangle, dotted',
    'main.mjs': '■ ▶ main.mjs, rectangle, double',
  })
})

test('a hostile link chooses nothing', needsBrowser, async (t) => {
  const { page, seen } = await open(t, small, { hash: '#%E0%A4%A' })
  assert.match(await details(page), /^Import graph/)
  assert.deepEqual(seen.problems, [])
})

test('5,000 modules: folded at first, and all of them on demand', needsBrowser, async (t) => {
  const { page, seen } = await open(t, appOf(5000))
  assert.match(await page.locator('#count').innerText(), /^\d{2,3} shown, of 5000 modules$/)
  await page.click('#unfold')
  const { nodes } = await drawn(page)
  assert.ok(Object.keys(nodes).length > 4500, `${Object.keys(nodes).length} nodes`)
  await page.fill('#search', 'feature-100/ service-11')
  await page.press('#search', 'Enter')
  await page.locator('#panel', { hasText: 'A save reloads it' }).waitFor()
  assert.deepEqual(seen.problems, [])
})

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  test(`axe finds nothing, ${colorScheme}`, needsBrowser, async (t) => {
    // Its script is given to the page from outside, which only a browser under test allows.
    const failed = structuredClone(small)
    Object.assign(failed.modules[2], { hint: 'write\n  code()', errors: [{ name: 'Error', message: 'no', file: 'src/config.mjs', line: 1, frame: '> 1 | no' }] })
    const { page } = await open(t, failed, { colorScheme, bypassCSP: true, hash: '#src/config.mjs' })
    await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core') })
    await page.click('#legend summary')
    await page.fill('#search', 'mjs')
    await page.evaluate(() => (/** @type {any} */ (document.querySelector('#timeline')).hidden = false))
    const check = async () => {
      const { violations } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run())
      assert.deepEqual(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html, failureSummary }) => `${html}: ${failureSummary}`)]), [])
    }
    await check()
    await page.click('#view')
    await check()
  })
}
