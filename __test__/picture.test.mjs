/* The graph snapshot that the viewer shows. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { createModel, explain } from '../packages/dump-viewer/page/model.mjs'
import { HOT, startApp } from './support/app.mjs'

const serves = `import { snapshot } from 'hot-hook/internal'
  serve({ picture: () => JSON.parse(snapshot()), get: async () => (await import('./page.mjs', ${HOT})).value })`
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

/** A random app: imports of every kind, what accepts, what declines, packages; the same for the same seed. */
function randomApp(seed) {
  let state = seed
  const below = (n) => (state = (state * 48_271) % 2_147_483_647) % n
  const pick = (list) => list[below(list.length)]
  const COUNT = 18
  const nameOf = (at) => (at % 9 === 8 ? `node_modules/dep${at}/index.mjs` : `${pick(['', 'a/', 'b/'])}m${at}.${at % 6 === 4 ? 'cjs' : 'mjs'}`)
  const names = Array.from({ length: COUNT }, (_, at) => nameOf(at))
  const files = {}
  const imports = names.map((_, at) => {
    const lines = []
    for (let count = below(4); count >= 0; count--) {
      const to = names[below(COUNT)]
      const url = JSON.stringify(`${'../'.repeat(names[at].split('/').length - 1) || './'}${to}`)
      const isCommonJs = names[at].endsWith('.cjs')
      if (isCommonJs) lines.push(to.endsWith('.cjs') ? `require(${url})` : pick([`import(${url}).catch(() => {})`, `import(${url}, ${HOT}).catch(() => {})`]))
      else lines.push(pick([`import ${url}`, `import ${url}`, `import(${url}).catch(() => {})`, `import(${url}, ${HOT}).catch(() => {})`, `import ${url}; import.meta.hot?.accept(${url}, () => {})`]))
    }
    if (below(8) === 0 && !names[at].endsWith('.cjs')) lines.push('import.meta.hot?.accept()')
    if (below(10) === 0 && !names[at].endsWith('.cjs')) lines.push('import.meta.hot?.decline()')
    return lines.join('\n')
  })
  names.forEach((name, at) => (files[name] = imports[at]))
  const starts = [`import ${JSON.stringify(`./${names[below(COUNT)]}`)}`, ...[1, 2, 3].map(() => `await import(${JSON.stringify(`./${names[below(COUNT)]}`)}, ${HOT}).catch(() => {})`)]
  return {
    hotHook: { restart: [names[3]], boundaries: [`./${names[5]}`] },
    files: {
      ...files,
      'main.mjs': `${starts.join('\n')}\nimport { hot } from 'hot-hook'\nimport { snapshot } from 'hot-hook/internal'
        serve({ both: async (names) => { const explained = {}; for (const name of names) explained[name] = await hot.explain(name); return { picture: JSON.parse(snapshot()), explained } },
          paths: () => JSON.parse(snapshot()).modules.map(({ path }) => path) })`,
    },
  }
}

/** What the page says of each module, in the shape of `hot.explain()`. */
function toldByPage(app, picture) {
  const model = createModel(picture)
  return Object.fromEntries(
    picture.modules.map(({ path }, at) => {
      const { chain, boundaries, invalidates, reason, hint, taken, ...found } = explain(model, at)
      const paths = (list) => list.map((one) => app.file(picture.modules[one].path))
      const isCold = found.verdict === 'restart' && picture.modules[at].restart === undefined
      const start = chain.length > 0 ? picture.modules[chain[0].from].path : path
      const steps = isCold ? [{ path: start, kind: 'root', specifier: '' }, ...chain.map(({ to, kind, specifier }) => ({ path: picture.modules[to].path, kind, specifier }))] : []
      const arrows = steps.map(({ kind, path: to }) => (kind === 'root' ? to : ` ─${kind}→ ${to}`)).join('')
      const told = {
        ...found,
        path: app.file(path),
        boundaries: paths(boundaries),
        invalidates: paths(invalidates),
        chain: steps.map((step) => ({ ...step, path: app.file(step.path) })),
        ...(reason !== undefined && { reason: steps.length > 1 ? `${reason}: ${arrows}` : reason }),
        ...(hint !== undefined && { hint }),
        ...(taken && { takenOnce: taken.map(({ from, to, takenOnce }) => ({ path: app.file(picture.modules[to].path), by: app.file(picture.modules[from].path), certain: takenOnce })) }),
      }
      return [path, told]
    }),
  )
}

test('what the page says of a module is what hot.explain() says: every module of random apps', async (t) => {
  const verdicts = new Set()
  let hints = 0
  for (let seed = 1; seed <= 12; seed++) {
    const app = await startApp(t, randomApp(seed))
    const paths = (await app.ask('paths')).filter((path) => !path.startsWith('..'))
    // What has evaluated may be told a little later.
    const isSame = ({ picture, explained }) => {
      const told = toldByPage(app, picture)
      return paths.every((path) => isDeepStrictEqual(told[path], explained[path]))
    }
    const { explained } = await app.expect('both', isSame, paths).catch(async (error) => {
      const { picture, explained } = await app.ask('both', paths)
      const told = toldByPage(app, picture)
      for (const path of paths) assert.deepEqual(told[path], explained[path], `seed ${seed}`)
      throw error
    })
    for (const { verdict, hint } of Object.values(explained)) {
      verdicts.add(verdict)
      if (hint) hints++
    }
    await app.kill()
  }
  assert.deepEqual([...verdicts].toSorted(), ['declined', 'hot', 'ignored', 'restart'])
  assert.ok(hints > 5, `${hints} hints`)
})
