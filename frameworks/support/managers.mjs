/**
 * What would be published, packed, and the package managers that install it.
 */
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { promisify } from 'node:util'
import { LICENCES, licencesFor } from '../../scripts/licences.mjs'
import { ADDON, PACKAGE, write } from '../../__test__/support/app.mjs'
import { CACHE } from './app.mjs'

const run = promisify(execFile)
export const BINDING = '@hot-hook/binding-linux-x64-gnu'

/**
 * Packs what would be published.
 * @param {string} folder where the tarballs go @param {boolean} [hasViewer] with the viewer, which has to be built before
 * @returns {Promise<Record<string, string>>} name → `file:` and its tarball
 */
export async function pack(folder, hasViewer = false) {
  const manifest = JSON.parse(fs.readFileSync(path.join(PACKAGE, 'package.json'), 'utf8'))
  const staged = path.join(folder, 'staged')
  const npm = async (/** @type {string} */ cwd) => {
    const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd, maxBuffer: 1 << 26 })
    return path.join(folder, JSON.parse(stdout)[0].filename)
  }
  const copy = async (/** @type {string} */ from, /** @type {string} */ to) => {
    const tarball = await npm(from)
    fs.mkdirSync(to, { recursive: true })
    await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', to])
  }
  // As `napi pre-publish` writes it.
  const core = path.join(staged, 'core')
  await copy(PACKAGE, core)
  write(core, 'package.json', JSON.stringify({ ...manifest, devDependencies: undefined, optionalDependencies: { [BINDING]: manifest.version } }))
  const binding = path.join(staged, 'binding')
  fs.cpSync(path.join(PACKAGE, 'npm/linux-x64-gnu'), binding, { recursive: true })
  fs.copyFileSync(ADDON, path.join(binding, path.basename(ADDON)))
  fs.writeFileSync(path.join(binding, LICENCES), licencesFor('x86_64-unknown-linux-gnu'))
  return {
    'hot-hook': `file:${await npm(core)}`,
    [BINDING]: `file:${await npm(binding)}`,
    '@hot-hook/runner': `file:${await npm(path.join(PACKAGE, 'packages/runner'))}`,
    ...(hasViewer && { '@hot-hook/dump-viewer': `file:${await npm(path.join(PACKAGE, 'packages/dump-viewer'))}` }),
  }
}

/** The file that a package's command runs. @param {string} folder @param {string} name @param {string} command */
export function commandOf(folder, name, command) {
  const home = path.dirname(createRequire(path.join(folder, 'package.json')).resolve(`${name}/package.json`))
  const { bin } = JSON.parse(fs.readFileSync(path.join(home, 'package.json'), 'utf8'))
  return path.join(home, typeof bin === 'string' ? bin : bin[command])
}

/**
 * @typedef {object} Manager
 * @property {string} name
 * @property {Record<string, string>} tool the package that it comes in
 * @property {(folder: string) => string[]} command how it is called, if that is installed there
 * @property {string} link the version by which a package of the workspace is asked for
 * @property {string[]} args
 * @property {(tarballs: Record<string, string>) => Record<string, string>} files what it wants to have
 */

/** @type {Manager[]} */
export const MANAGERS = [
  {
    name: 'npm',
    tool: {},
    command: () => ['npm'],
    link: '1.0.0',
    args: ['install', '--no-audit', '--no-fund', '--ignore-scripts'],
    files: () => ({}),
  },
  {
    name: 'pnpm, with its strict node_modules',
    // A binary, which its install script would put in place of the package's own command.
    tool: { pnpm: '12' },
    command: (folder) => [path.join(folder, 'node_modules/@pnpm/exe.linux-x64/pnpm')],
    link: 'workspace:*',
    args: ['install', '--ignore-scripts', '--no-frozen-lockfile', `--store-dir=${path.join(CACHE, 'pnpm')}`],
    files: (tarballs) => ({
      'pnpm-workspace.yaml': ['packages: [app, packages/*]', 'overrides:', ...Object.entries(tarballs).map(([name, spec]) => `  '${name}': '${spec}'`), ''].join('\n'),
    }),
  },
  {
    name: "Yarn, with node_modules",
    tool: { '@yarnpkg/cli-dist': '4' },
    command: (folder) => [process.execPath, commandOf(folder, '@yarnpkg/cli-dist', 'yarn')],
    link: 'workspace:*',
    args: ['install', '--mode=skip-build', '--no-immutable'],
    files: () => ({ '.yarnrc.yml': `nodeLinker: node-modules\nenableTelemetry: false\nenableGlobalCache: false\ncacheFolder: ${path.join(CACHE, 'yarn')}\n`, 'yarn.lock': '' }),
  },
]
