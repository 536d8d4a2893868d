import assert from 'node:assert/strict'
import test from 'node:test'
import { HOT, startApp } from './support/app.mjs'

const serves = `import { picture } from 'hot-hook/internal'
  serve({ picture: () => JSON.parse(picture()), get: async () => (await import('./page.mjs', ${HOT})).value })`
const value = (n) => `export const value = ${n}`

/** One line a module and one an edge, in alphabetical order, without what the tests load. */
function told({ modules, edges }) {
  const isOurs = ({ path }) => !/support\/serve.cjs$|\binternal.mjs$/.test(path)
  const flags = ['root', 'boundary', 'accepts', 'declines']
  const nodes = modules.filter(isOurs).map((found) => {
    const names = flags.filter((flag) => found[flag])
    const via = found.via === undefined ? [] : [`via ${modules[edges[found.via].from].path}`]
    const restart = found.restart === undefined ? [] : [`restart ${found.restart}`]
    return [`${found.path} ${found.version} ${found.state}`, ...names, ...via, ...restart].join(', ')
  })
  const arrows = edges.filter(({ from, to }) => isOurs(modules[from]) && isOurs(modules[to])).map(({ from, to, kind, specifier, ...more }) => {
    const names = ['hot', 'accepted', 'climbs'].filter((flag) => more[flag])
    return [`${modules[from].path} ─${kind}→ ${modules[to].path} ${specifier}`, ...names].join(', ')
  })
  nodes.sort()
  arrows.sort()
  return { nodes, arrows }
}

/*
 *   main ──▶ cold ──▶ lib          page ──▶ text, climbs
 *     └─ hot ─▶ page ─── accepted ─▶ part ──▶ leaf
 */
test('states, chains, and where a change climbs', async (t) => {
  const app = await startApp(t, {
    hotHook: { restart: ['settings.mjs'] },
    files: {
      'main.mjs': `import './src/cold.mjs'; ${serves}`,
      'src/cold.mjs': `import './lib.mjs'`,
      'src/lib.mjs': '',
      'page.mjs': `import './settings.mjs'; import './part.mjs'; import './frozen.mjs'; export { value } from './text.mjs'`,
      'text.mjs': value(1),
      'part.mjs': `import './leaf.mjs'; import.meta.hot.accept()`,
      'leaf.mjs': '',
      'settings.mjs': '',
      'frozen.mjs': `import './stiff.mjs'; import.meta.hot.decline()`,
      'stiff.mjs': '',
    },
  })
  assert.equal(await app.ask('get'), 1)
  app.save('text.mjs', value(2))
  assert.equal(await app.ask('get'), 2)
  // That `page` has evaluated may be told a little later: until then a change would climb to it.
  await app.expect('picture', ({ edges }) => edges.every(({ accepted, climbs }) => !accepted || !climbs))
  assert.deepEqual(told(await app.ask('picture')), {
    nodes: [
      'frozen.mjs 0 declined, declines',
      'leaf.mjs 0 hot',
      'main.mjs 0 cold, root',
      'page.mjs 1 hot, boundary',
      'part.mjs 0 hot, accepts',
      'settings.mjs 0 hot, restart settings.mjs',
      'src/cold.mjs 0 cold, via main.mjs',
      'src/lib.mjs 0 cold, via src/cold.mjs',
      'stiff.mjs 0 declined',
      'text.mjs 1 hot',
    ],
    arrows: [
      'frozen.mjs ─static→ stiff.mjs ./stiff.mjs, climbs',
      'main.mjs ─dynamic→ page.mjs ./page.mjs, hot',
      'main.mjs ─static→ src/cold.mjs ./src/cold.mjs',
      'page.mjs ─static→ frozen.mjs ./frozen.mjs, climbs',
      'page.mjs ─static→ part.mjs ./part.mjs, accepted',
      'page.mjs ─static→ settings.mjs ./settings.mjs, climbs',
      'page.mjs ─static→ text.mjs ./text.mjs, climbs',
      'part.mjs ─static→ leaf.mjs ./leaf.mjs, climbs',
      'src/cold.mjs ─static→ src/lib.mjs ./lib.mjs',
    ],
  })
})
