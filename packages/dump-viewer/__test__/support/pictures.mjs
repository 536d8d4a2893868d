/**
 * Pictures for tests, as the engine would give them, of made-up apps.
 */

/** @typedef {import('../../index.d.ts').Picture} Picture */

/**
 * @param {Record<string, Partial<import('../../index.d.ts').PictureModule>>} modules by path; hot, unless said otherwise
 * @param {Array<[from: string, to: string, more?: Partial<import('../../index.d.ts').PictureEdge>]>} edges
 * @returns {Picture}
 */
export function pictureOf(modules, edges) {
  const paths = Object.keys(modules)
  const verdicts = /** @type {const} */ ({ hot: 'hot', cold: 'restart', declined: 'declined', ignored: 'ignored' })
  const plain = { version: 0, state: /** @type {const} */ ('hot'), root: false, boundary: false, accepts: false, declines: false }
  return {
    modules: paths.map((path) => {
      const { state = 'hot', restart } = modules[path]
      return { path, ...plain, verdict: restart === undefined ? verdicts[state] : 'restart', ...modules[path] }
    }),
    edges: edges.map(([from, to, more]) => ({
      from: paths.indexOf(from),
      to: paths.indexOf(to),
      kind: 'static',
      hot: false,
      accepted: false,
      climbs: false,
      specifier: `./${to}`,
      ...more,
    })),
  }
}

/** main → cold → config; main ─hot→ page → text; what declines, accepts and is ignored; two packages. */
export const small = pictureOf(
  {
    'main.mjs': { state: 'cold', root: true, reason: 'main.mjs changed, which is where the app begins' },
    'src/cold.mjs': {
      state: 'cold',
      via: 0,
      reason: 'src/cold.mjs changed, which no boundary makes hot',
      hint: 'imported statically by main.mjs: import it dynamically, as a boundary, to make it hot',
    },
    'src/config.mjs': {
      state: 'cold',
      via: 2,
      reason: 'src/config.mjs changed, which no boundary makes hot',
      hint: 'imported dynamically by src/cold.mjs, not as a boundary: add it to `boundaries`, or import it with import.meta.hot?.boundary, to make it hot',
    },
    'src/pages/page.mjs': { boundary: true },
    'src/pages/text.mjs': { version: 3 },
    'src/pages/clock.mjs': { accepts: true },
    'src/pages/frozen.mjs': { state: 'declined', declines: true, reason: 'src/pages/frozen.mjs changed, which declines hot reload' },
    'src/pages/stiff.mjs': { state: 'declined', reason: 'src/pages/stiff.mjs changed, and src/pages/frozen.mjs declines hot reload' },
    'node_modules/express/index.js': { state: 'ignored' },
    'node_modules/express/lib/router.js': { state: 'ignored' },
    'node_modules/@scope/tool/index.js': { state: 'ignored' },
  },
  [
    ['main.mjs', 'src/cold.mjs'],
    ['main.mjs', 'src/pages/page.mjs', { kind: 'dynamic', hot: true }],
    ['src/cold.mjs', 'src/config.mjs', { kind: 'dynamic' }],
    ['src/pages/page.mjs', 'src/pages/text.mjs', { climbs: true }],
    ['src/pages/page.mjs', 'src/pages/clock.mjs', { accepted: true }],
    ['src/pages/page.mjs', 'src/pages/frozen.mjs', { climbs: true }],
    ['src/pages/frozen.mjs', 'src/pages/stiff.mjs', { climbs: true }],
    ['main.mjs', 'node_modules/express/index.js'],
    ['node_modules/express/index.js', 'node_modules/express/lib/router.js', { kind: 'require' }],
    ['src/cold.mjs', 'node_modules/@scope/tool/index.js'],
  ],
)

/**
 * An app of so many modules, in folders of features: each a boundary with what it imports, some of that shared; a tenth
 * in packages. The same for the same number.
 * @param {number} size @returns {Picture}
 */
export function appOf(size) {
  let seed = 1
  const random = (/** @type {number} */ below) => {
    seed = (seed * 48271) % 2147483647
    return seed % below
  }
  /** @type {Record<string, object>} */
  const modules = { 'server.mjs': { state: 'cold', root: true }, 'app.mjs': { state: 'cold', via: 0 } }
  /** @type {Array<[string, string, object?]>} */
  const edges = [['server.mjs', 'app.mjs']]
  const [packaged, shared] = [Math.floor(size / 10), Math.floor(size / 10)]
  const features = Math.ceil((size - packaged - shared) / 25)
  for (let at = 0; at < shared; at++) {
    const [path, importer] = [`src/shared/${'abcdefgh'[at % 8]}/helper-${at}.mjs`, at < 12 ? 'app.mjs' : `src/shared/${'abcdefgh'[(at - 12) % 8]}/helper-${at - 12}.mjs`]
    modules[path] = { state: 'cold', via: edges.length }
    edges.push([importer, path])
  }
  for (let at = 0; at < packaged; at++) {
    const name = `node_modules/package-${at % Math.ceil(packaged / 12)}/lib/file-${at}.js`
    modules[name] = { state: 'ignored' }
    edges.push([random(3) > 0 || at === 0 ? 'app.mjs' : `node_modules/package-${(at - 1) % Math.ceil(packaged / 12)}/lib/file-${at - 1}.js`, name])
  }
  const free = () => size - Object.keys(modules).length
  for (let feature = 0; feature < features && free() > 0; feature++) {
    const folder = `src/features/area-${feature % 12}/feature-${feature}`
    const controller = `${folder}/controller.mjs`
    modules[controller] = { boundary: true, version: feature % 9 === 0 ? 2 : 0 }
    edges.push(['app.mjs', controller, { kind: 'dynamic', hot: true }])
    /** @type {string[]} */
    const own = [controller]
    for (let at = 0; at < 24 && free() > 0; at++) {
      const path = `${folder}/${['model', 'view', 'service'][at % 3]}-${at}.mjs`
      modules[path] = {}
      for (const importer of new Set([own[random(own.length)], own[random(own.length)]])) edges.push([importer, path, { climbs: true }])
      edges.push([path, `src/shared/${'abcdefgh'[at % 8]}/helper-${random(Math.max(1, Math.floor(shared / 8) - 1)) * 8 + (at % 8)}.mjs`])
      own.push(path)
    }
  }
  const known = edges.filter(([from, to]) => from in modules && to in modules)
  return pictureOf(/** @type {any} */ (modules), /** @type {any} */ (known))
}

/** @param {Picture} picture @returns {import('../../index.d.ts').Source} */
export const sourceOf = (picture) => ({ app: () => 'test', picture: async () => JSON.stringify(picture), subscribe: () => () => {} })
