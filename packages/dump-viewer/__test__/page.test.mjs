/* The page in a browser. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import test from 'node:test'
import { dumpViewer } from '@hot-hook/dump-viewer'
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

test('what is drawn: layers from the roots, states and signs, a node for each package', needsBrowser, async (t) => {
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
    'folder node_modules/express': 'express (2): package ignored',
    'folder node_modules/@scope/tool': '@scope/tool (1): package ignored',
  })
  assert.equal(edges['module main.mjs → module src/pages/page.mjs'], 'dynamic hot few')
  assert.equal(edges['module src/pages/page.mjs → module src/pages/clock.mjs'], 'static accepted few')
  const layer = (id) => nodes[id].x
  assert.ok(layer('module main.mjs') < layer('module src/cold.mjs') && layer('module src/cold.mjs') < layer('module src/config.mjs'))
  assert.equal(layer('module src/cold.mjs'), layer('folder node_modules/express'))
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
  assert.deepEqual(Object.keys((await drawn(page)).nodes).toSorted(), ['folder node_modules/@scope/tool', 'folder node_modules/express', 'folder src', 'module main.mjs'])
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
    const { page } = await open(t, small, { colorScheme, bypassCSP: true, hash: '#src/config.mjs' })
    await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core') })
    await page.click('#legend summary')
    await page.fill('#search', 'mjs')
    await page.evaluate(() => (/** @type {any} */ (document.querySelector('#timeline')).hidden = false))
    const { violations } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run())
    assert.deepEqual(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html, failureSummary }) => `${html}: ${failureSummary}`)]), [])
  })
}
