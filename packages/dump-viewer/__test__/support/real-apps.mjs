/**
 * Real Express apps for pictures of the viewer: the example of four files, and made-up shops of any size.
 */
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const FEATURES = ['orders', 'users', 'carts', 'products', 'invoices', 'search', 'reviews', 'stock', 'shipping', 'payments', 'coupons', 'reports', 'audit', 'mail', 'media', 'tags', 'admin', 'health', 'sessions', 'profiles', 'returns', 'suppliers', 'taxes', 'notes']
/** So many files has a feature. */
const EACH = 12

/** @typedef {{ entry: string, routes: string[], hot: string, cold: string }} App `routes`: those to be asked for, so that all is loaded */

/** @param {string} folder @param {Record<string, string>} files */
function write(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name)
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, text)
  }
}

/** The packages as an installation has them: without hot-hook's own links elsewhere. @param {string} folder */
function install(folder) {
  const modules = path.join(folder, 'node_modules')
  fs.mkdirSync(modules, { recursive: true, mode: 0o755 })
  const needed = ['express']
  for (const name of needed) {
    if (fs.existsSync(path.join(modules, name))) continue
    fs.cpSync(path.join(ROOT, 'node_modules', name), path.join(modules, name), { recursive: true })
    const { dependencies = {} } = JSON.parse(fs.readFileSync(path.join(modules, name, 'package.json'), 'utf8'))
    needed.push(...Object.keys(dependencies))
  }
  fs.symlinkSync(ROOT, path.join(modules, 'hot-hook'), 'dir')
}

/** @param {string} folder an empty one @param {number} size how many files @returns {App} */
export function createApp(folder, size) {
  install(folder)
  return size === 4 ? createExample(folder) : createShop(folder, size)
}

/** @param {string} folder @returns {App} */
function createExample(folder) {
  fs.cpSync(path.join(ROOT, 'examples/express'), folder, { recursive: true })
  return { entry: 'app.js', routes: ['/tasks'], hot: 'views/tasks.js', cold: 'app.js' }
}

/** @param {string} folder @param {number} size @returns {App} */
function createShop(folder, size) {
  const shared = Math.round(size / 12)
  const count = Math.floor((size - shared - 3) / EACH)
  /** In areas, where there are more features than names. @param {number} at */
  const nameOf = (at) => FEATURES[at % FEATURES.length] + (at < FEATURES.length ? '' : `-${Math.floor(at / FEATURES.length)}`)
  const isLarge = count > FEATURES.length
  const folderOf = (/** @type {number} */ at) => (isLarge ? `features/${FEATURES[at % FEATURES.length]}/${nameOf(at)}` : `features/${nameOf(at)}`)
  /** @type {Record<string, string>} */
  const files = {
    'package.json': JSON.stringify({ name: 'shop', private: true, type: 'module' }),
    'src/server.js': `import { app } from './app.js'\nimport { port } from './config.js'\n\nconst server = app.listen(port, () => console.log(\`http://localhost:\${server.address().port}\`))\n`,
    'src/config.js': 'export const port = process.env.PORT ?? 3333\n',
  }
  const routes = Array.from({ length: count }, (_, at) => `app.use('/${nameOf(at)}', lazy(() => import('./${folderOf(at)}/routes.js', import.meta.hot?.boundary)))`)
  files['src/app.js'] = `import express from 'express'\nimport { lazy } from 'hot-hook/lazy'\nimport { format } from './shared/helper-0.js'\n\nexport const app = express()\napp.set('format', format)\n${routes.join('\n')}\n`
  for (let at = 0; at < shared; at++) files[`src/shared/helper-${at}.js`] = 'export const format = (value) => String(value)\n'
  const up = isLarge ? '../../..' : '../..'
  for (let at = 0; at < count; at++) {
    const parts = {
      'routes': `import { Router } from 'express'\nimport { list } from './controller.js'\n\nconst router = Router()\nrouter.get('/', list)\nexport default router\n`,
      'controller': `import { find } from './service.js'\nimport { render } from './views/list.js'\n\nexport const list = (request, response) => response.send(render(find()))\n`,
      'service': `import { rows } from './model.js'\nimport { format } from '${up}/shared/helper-${1 + (at % (shared - 1))}.js'\nimport './rules.js'\n\nexport const find = () => rows.map(format)\n`,
      'model': `import './schema.js'\nimport './types.js'\n\nexport const rows = [1, 2, 3]\n`,
      'views/list': `import { item } from './item.js'\nimport './layout.js'\n\nexport const render = (rows) => rows.map(item).join('')\n`,
      'views/item': `import './price.js'\n\nexport const item = (row) => \`<li>\${row}\`\n`,
    }
    for (const [name, text] of Object.entries(parts)) files[`src/${folderOf(at)}/${name}.js`] = text
    for (const name of ['rules', 'schema', 'types', 'views/layout', 'views/price']) files[`src/${folderOf(at)}/${name}.js`] = 'export const name = 1\n'
  }
  write(folder, files)
  return { entry: 'src/server.js', routes: Array.from({ length: count }, (_, at) => `/${nameOf(at)}`), hot: `src/${folderOf(3)}/service.js`, cold: 'src/shared/helper-0.js' }
}
