/** Imports about which Node is not asked must be what Node would make of them, and all others must be left to it. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { createFolder, nodeIs, PACKAGE, startApp } from './support/app.mjs'
import { run, runBoth } from './support/runs.mjs'

const hasSyncHooks = nodeIs(26) || (nodeIs(24, 12) && !nodeIs(25)) || (nodeIs(22, 23) && !nodeIs(23))
const only = { skip: hasSyncHooks ? false : 'no synchronous hooks' }

/** Imports of which each is tried alone; what comes of them is told. @param {string[]} specifiers @param {string} [before] */
const main = (specifiers, before = '') => `${before}
for (const specifier of ${JSON.stringify(specifiers)}) {
  try {
    console.log(specifier, JSON.stringify(await import(specifier)))
  } catch (error) {
    console.log(specifier, error.name, error.code, error.message, error.url)
  }
}`
/** A module that imports others statically, and tells where they are. */
const importing = (/** @type {string[]} */ ...specifiers) =>
  specifiers.map((specifier, at) => `import * as m${at} from ${JSON.stringify(specifier)}\nexport { m${at} }\n`).join('')
const tells = `export const url = import.meta.url\n`

/** What was imported without asking Node. @param {{ stderr: string }} run */
const known = ({ stderr }) => [...stderr.matchAll(/import (\S+) from \S+: \S+, like its siblings/g)].map(([, specifier]) => specifier)

/**
 * The app prints the same with and without us, and these imports were not Node's.
 * @param {import('node:test').TestContext} t @param {import('./support/app.mjs').Options} options @param {string[]} direct
 */
async function same(t, options, direct) {
  const { plain, hot } = await runBoth(t, { ...options, env: { ...options.env, NODE_DEBUG: 'hot-hook' } })
  assert.equal(hot.stdout, plain.stdout, hot.stderr)
  assert.deepEqual([hot.code, plain.code], [0, 0], `${hot.stderr}\n${plain.stderr}`)
  assert.deepEqual(known(hot).toSorted(), direct.toSorted(), hot.stdout)
  return hot
}

test('siblings of what Node has resolved are found as Node finds them', only, async (t) => {
  const files = {
    'main.mjs': main(['./a.mjs', './lib/e.mjs']),
    'a.mjs': importing('./b.mjs', './[c].mjs', './lib/d.mjs', './js.js', './js2.js'),
    'b.mjs': tells,
    '[c].mjs': tells,
    'js.js': tells,
    'js2.js': tells,
    'lib/d.mjs': tells,
    'lib/e.mjs': importing('../b.mjs', './d.mjs', './.././b.mjs', './../lib/f@1,(x)=$.mjs', './~g.mjs'),
    'lib/~g.mjs': tells,
    'lib/f@1,(x)=$.mjs': tells,
  }
  const direct = ['./b.mjs', './js2.js', '../b.mjs', './d.mjs', './../lib/f@1,(x)=$.mjs']
  await same(t, { files }, direct)
})

test('what is not there, or no file, fails as in Node', only, async (t) => {
  const files = {
    'main.mjs': main(['./a.mjs', './b.mjs', './c.mjs', './d.mjs', './e.mjs', './f.mjs']),
    'a.mjs': importing('./good.mjs', './missing.mjs'),
    'b.mjs': importing('./folder.mjs'),
    'c.mjs': importing('./good.mjs/x.mjs'),
    'd.mjs': importing('./good'),
    'e.mjs': importing('./good.mjs/'),
    'f.mjs': `import data from './good.mjs' with { type: 'json' }`,
    'good.mjs': tells,
    'folder.mjs/index.mjs': tells,
  }
  await same(t, { files }, ['./good.mjs'])
})

test('names and queries that need thought are left to Node', only, async (t) => {
  const files = {
    'main.mjs': main(['./a.mjs', './a b/x.mjs']),
    'a.mjs': importing('./b.mjs?q=1', './b.mjs#f', './%62.mjs', './b%20c.mjs', './é.mjs', './x/../b.mjs', './b.mjs'),
    'b.mjs': tells,
    'b c.mjs': tells,
    'é.mjs': tells,
    'a b/x.mjs': importing('./y.mjs', '../b.mjs'),
    'a b/y.mjs': tells,
  }
  await same(t, { files }, ['./b.mjs', './y.mjs', '../b.mjs'])
})

for (const flags of [[], ['--preserve-symlinks']]) {
  test(`symlinks are left to Node ${flags}`, only, async (t) => {
    const folder = createFolder(t, {
      files: {
        'main.mjs': main(['./a.mjs', './linked/a.mjs', './real/a.mjs']),
        'a.mjs': importing('./b.mjs', './link.mjs', './linked/b.mjs', './real/c.mjs'),
        'b.mjs': tells,
        'real/a.mjs': importing('./b.mjs', './c.mjs'),
        'real/b.mjs': tells,
        'real/c.mjs': tells,
      },
    })
    fs.symlinkSync('b.mjs', path.join(folder, 'link.mjs'))
    fs.symlinkSync('real', path.join(folder, 'linked'))
    const inReal = flags.length > 0 ? ['./b.mjs', './c.mjs'] : ['./b.mjs', './c.mjs', './real/c.mjs']
    await same(t, { folder, before: flags }, ['./b.mjs', ...inReal])
  })
}

test('the package decides what a .js file is, also one that comes later', only, async (t) => {
  const files = {
    'main.mjs': `import fs from 'node:fs'
      ${main(['./esm/a.mjs', './typeless/a.mjs'])}
      fs.writeFileSync(new URL('esm/package.json', import.meta.url), '{"type":"commonjs"}')
      ${main(['./esm/b.mjs'])}
      fs.rmSync(new URL('esm/package.json', import.meta.url))`,
    'esm/a.mjs': importing('./x.js', './y.js'),
    'esm/b.mjs': importing('./x.js', './z.js'),
    'esm/x.js': 'export const format = typeof module',
    'esm/y.js': 'export const format = typeof module',
    'esm/z.js': 'exports.format = typeof module',
    'typeless/package.json': '{}',
    'typeless/a.mjs': importing('./x.js', './y.js', './z.js'),
    'typeless/x.js': 'export const format = typeof module',
    'typeless/y.js': 'exports.format = typeof module',
    'typeless/z.js': 'export const format = typeof module',
  }
  const folder = createFolder(t, { files })
  const plain = await run(t, { folder, register: false })
  const hot = await run(t, { folder, env: { NODE_DEBUG: 'hot-hook' } })
  assert.equal(hot.stdout, plain.stdout, hot.stderr)
  // Some Nodes ask for the package once for each directory, and some for each file.
  assert.equal(known(hot)[0], './y.js', hot.stderr)
})

test('text is decoded as Node decodes it', only, async (t) => {
  const folder = createFolder(t, {
    files: {
      'main.mjs': main(['./a.mjs']),
      'a.mjs': importing('./b.mjs', './bom.mjs', './hashbang.mjs', './empty.mjs', './latin.mjs', './wide.mjs'),
      'b.mjs': tells,
      'bom.mjs': `\ufeffexport const text = 'a', meta = typeof import.meta`,
      'hashbang.mjs': `#!/usr/bin/env node\nexport const text = 'b', meta = typeof import.meta`,
      'empty.mjs': '',
      'wide.mjs': `export const text = 'é\u{1f600}\u2028', lines = new Error('').stack.match(/wide.mjs:\\d+:\\d+/)[0]`,
    },
  })
  fs.writeFileSync(path.join(folder, 'latin.mjs'), Buffer.from(`export const text = '\xe9'`, 'latin1'))
  await same(t, { folder }, ['./b.mjs', './bom.mjs', './hashbang.mjs', './empty.mjs', './latin.mjs', './wide.mjs'])
})

/** A loader that sends `b.mjs` to `c.mjs`, and changes a word in `d.mjs`. */
const hooks = `
  const resolve = (specifier, context, next) => next(specifier === './b.mjs' ? './c.mjs' : specifier, context)
  const load = (url, context, next) => {
    const result = next(url, context)
    return url.endsWith('/d.mjs') ? { ...result, source: String(result.source).replace('WORD', 'changed') } : result
  }`
const loaded = {
  'a.mjs': importing('./x.mjs', './b.mjs', './d.mjs'),
  'x.mjs': tells,
  'b.mjs': tells,
  'c.mjs': tells,
  'd.mjs': `export const word = 'WORD'`,
}

test('hooks that are registered before us are asked, whatever it is', only, async (t) => {
  const files = { ...loaded, 'main.mjs': main(['./a.mjs']), 'hooks.mjs': `import { registerHooks } from 'node:module'\n${hooks}\nregisterHooks({ resolve, load })` }
  const { stdout } = await same(t, { files, before: ['--import=./hooks.mjs'] }, [])
  assert.match(stdout, /c\.mjs.*changed/)
})

test('hooks that are registered after us are asked, too', only, async (t) => {
  const files = { ...loaded, 'main.mjs': main(['./a.mjs'], `import { registerHooks } from 'node:module'\n${hooks}\nregisterHooks({ resolve, load })`) }
  const { stdout } = await same(t, { files }, [])
  assert.match(stdout, /c\.mjs.*changed/)
})

test('hooks that had been there before us are not forgotten when they are gone', only, async (t) => {
  const files = { ...loaded, 'main.mjs': main(['./a.mjs']), 'hooks.mjs': `import { registerHooks } from 'node:module'\nregisterHooks({}).deregister()` }
  await same(t, { files, before: ['--import=./hooks.mjs'] }, [])
})

test('a loader that is registered for another thread is asked, whenever it comes', only, async (t) => {
  const files = {
    ...loaded,
    'y.mjs': importing('./x.mjs'),
    'loader.mjs': `${hooks.replace('= (url', '= async (url').replace('= next(url', '= await next(url')}\nexport { resolve, load }`,
    'main.mjs': main(['./y.mjs', './a.mjs'], `import { register } from 'node:module'\nawait import('./y.mjs')\nregister('./loader.mjs', import.meta.url)`),
  }
  const { stdout } = await same(t, { files }, ['./x.mjs'])
  assert.match(stdout, /c\.mjs.*changed/)
})

test('files that somebody makes Node read otherwise', only, async (t) => {
  const before = `import fs from 'node:fs'
    const { readFileSync } = fs
    fs.readFileSync = (file, ...rest) => String(file).endsWith('b.mjs') ? Buffer.from('export const virtual = true') : readFileSync(file, ...rest)`
  const { stdout } = await same(t, { files: { 'main.mjs': main(['./a.mjs'], before), 'a.mjs': importing('./b.mjs'), 'b.mjs': tells } }, [])
  assert.match(stdout, /virtual/)
})

test('what may not be read is not read', only, async (t) => {
  const folder = createFolder(t, {
    files: { 'main.mjs': main(['./a.mjs', './c.mjs']), 'a.mjs': importing('./b.mjs'), 'b.mjs': tells, 'c.mjs': importing('./secret/s.mjs'), 'secret/s.mjs': tells },
  })
  const allowed = [PACKAGE, ...['main', 'a', 'b', 'c'].map((name) => path.join(folder, `${name}.mjs`)), path.join(folder, 'package.json'), path.join(folder, 'node_modules')]
  const before = ['--permission', '--allow-addons', ...allowed.map((file) => `--allow-fs-read=${file}`)]
  const { stdout } = await same(t, { folder, before }, [])
  assert.match(stdout, /ERR_ACCESS_DENIED/)
})

test('a required module is not mistaken for an imported one', only, async (t) => {
  const files = {
    'main.mjs': main(['./a.mjs', './cycle.mjs']),
    'a.mjs': importing('./b.mjs'),
    'b.mjs': tells,
    'cycle.mjs': `import './early.mjs'\nimport { createRequire } from 'node:module'\nexport function early() { return createRequire(import.meta.url)('./b.mjs').url }`,
    'early.mjs': `import { early } from './cycle.mjs'\nexport const url = early()\nconsole.log(url)`,
  }
  await same(t, { files }, ['./b.mjs', './early.mjs', './cycle.mjs'])
})

test('an imported and then required module is a required one', only, async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `serve({ read: async () => (await import('./b.mjs', import.meta.hot.boundary)).read() })`,
      'b.mjs': `import { createRequire } from 'node:module'
        const require = createRequire(import.meta.url)
        await import('./c.cjs')
        export const read = () => require('./c.cjs').value`,
      'c.cjs': 'exports.value = 1',
    },
  })
  assert.equal(await app.ask('read'), 1)
  app.save('c.cjs', 'exports.value = 2')
  await app.expect('read', 2)
})

test('a save between two imports of a directory is seen', only, async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import fs from 'node:fs'
        serve({
          async read(text) {
            if (text) fs.writeFileSync(new URL('c.mjs', import.meta.url), text)
            return (await import('./a.mjs', import.meta.hot.boundary)).value
          },
        })`,
      'a.mjs': `import { b } from './b.mjs'\nimport { c } from './c.mjs'\nexport const value = b + c`,
      'b.mjs': `import { writeFileSync } from 'node:fs'\nimport { c } from './c.mjs'\nexport const b = c`,
      'c.mjs': `export const c = 1`,
    },
  })
  assert.equal(await app.ask('read'), 2)
  for (let n = 2; n < 50; n++) assert.equal(await app.ask('read', `export const c = ${n}`), 2 * n)
})
