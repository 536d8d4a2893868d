/**
 * `npm run docs`: the documentation as a site, made by VitePress of the pages as they stand in the repository; a link that leads
 * nowhere is an error. `npm run docs -- --serve` shows it. DOCS_BASE: the path that it is published at (default `/`).
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { install } from '../frameworks/support/app.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const OUT = path.join(ROOT, '.cache/docs')
const PAGES = ['README.md', 'AGENTS.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'LICENSE', 'docs', 'cli/schema.json', 'scripts/nodes.json']

/** What stands beside the pages, in their order. */
const SIDEBAR = {
  Begin: ['docs/start', 'docs/handler', 'docs/boundaries', 'docs/migrate', 'docs/recipes/', 'docs/examples', 'docs/troubleshooting'],
  Reference: ['docs/options', 'docs/api', 'docs/events', 'docs/outcomes', 'docs/full-reload', 'docs/typescript', 'packages/runner/', 'packages/dump-viewer/', 'docs/viewer', 'docs/protocol'],
  Background: ['docs/how-it-works', 'docs/limits', 'docs/speed', 'docs/compatibility', 'SECURITY', 'CHANGELOG', 'CONTRIBUTING', 'docs/dependencies'],
}

/** The name that a page gives itself. @param {string} page */
function titleOf(page) {
  const file = page.endsWith('/') ? `${page}README.md` : `${page}.md`
  return /^# (.+)$/m.exec(fs.readFileSync(path.join(ROOT, file), 'utf8'))?.[1] ?? page
}

/** @param {string} folder where it is put together */
function stage(folder) {
  const files = PAGES.flatMap((name) => (fs.statSync(path.join(ROOT, name)).isDirectory() ? list(name) : [name]))
  const readmes = ['packages', 'examples'].flatMap((parent) => fs.readdirSync(path.join(ROOT, parent)).map((name) => `${parent}/${name}/README.md`)).filter((file) => fs.existsSync(path.join(ROOT, file)))
  for (const file of [...files, ...readmes]) {
    // A folder's page is its index.
    const to = path.join(folder, file.endsWith('.md') ? file.replace(/README\.md$/, 'index.md') : path.join('public', file))
    fs.mkdirSync(path.dirname(to), { recursive: true })
    if (file.endsWith('.md')) fs.writeFileSync(to, adapt(fs.readFileSync(path.join(ROOT, file), 'utf8'), path.posix.dirname(file)))
    else fs.copyFileSync(path.join(ROOT, file), to)
  }
}

/** Links as the site has them. @param {string} text @param {string} folder of the page */
const adapt = (text, folder) =>
  text.replace(/(^```[^]*?^```$)|\]\(([^)\s]+)\)/gm, (whole, block, link) => {
    if (block !== undefined || /^(?:[a-z]+:|#)/.test(link)) return whole
    const [target, fragment] = link.split('#')
    const file = path.posix.join(folder, target)
    if (!file.endsWith('.md')) return `](/${file})`
    return `](/${file.replace(/README\.md$/, 'index.md')}${fragment === undefined ? '' : `#${fragment}`})`
  })

/** All files below a folder. @param {string} folder @returns {string[]} */
const list = (folder) =>
  fs.readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(folder, entry.name)
    return entry.isDirectory() ? list(file) : [file]
  })

const config = {
  title: 'hot-hook',
  description: 'Hot module replacement for Node.js',
  base: process.env.DOCS_BASE ?? '/',
  outDir: OUT,
  cleanUrls: true,
  themeConfig: {
    search: { provider: 'local' },
    sidebar: Object.entries(SIDEBAR).map(([text, pages]) => ({ text, items: pages.map((page) => ({ text: titleOf(page), link: `/${page}` })) })),
    outline: [2, 3],
  },
}

/** The anchor that GitHub gives a heading: links are written for that. @param {string} heading */
const slugify = (heading) => heading.trim().toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-')

const home = await install({ vitepress: '1' })
const site = path.join(home, 'site')
fs.rmSync(site, { recursive: true, force: true })
stage(site)
fs.mkdirSync(path.join(site, '.vitepress'), { recursive: true })
fs.writeFileSync(path.join(site, '.vitepress/config.mjs'), `const slugify = ${slugify}
export default { ...${JSON.stringify(config, null, 2)}, markdown: { attrs: { disable: true }, anchor: { slugify } } }
`)
const run = (/** @type {string} */ command) => spawnSync(process.execPath, [path.join(home, 'node_modules/vitepress/bin/vitepress.js'), command, site], { stdio: 'inherit' }).status ?? 1
const status = run('build')
if (status === 0) console.log(`the site is in ${path.relative(process.cwd(), OUT)}`)
process.exitCode = status === 0 && process.argv.includes('--serve') ? run('preview') : status
