/* docs/migrate.md: its steps, with the app that stands there, and what 1.0's documentation describes. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { start } from '../frameworks/support/app.mjs'
import { createFolder, PACKAGE, startApp, write } from './support/app.mjs'
import { install } from './support/runs.mjs'

const page = fs.readFileSync(path.join(PACKAGE, 'docs/migrate.md'), 'utf8')
const blocks = [...page.matchAll(/^( *)```js\n *\/\/ file: (\S+)\n([^]*?)^\1```$/gm)].map(([, indent, file, text]) => ({ file, text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), '') }))
const servers = blocks.filter(({ file }) => file === 'server.js').map(({ text }) => text)
const others = Object.fromEntries(blocks.filter(({ file }) => file !== 'server.js').map(({ file, text }) => [file, text]))

/** The commands that take the place of others. */
const commands = [...page.matchAll(/\| `npx hot-runner ([^`]+)` \|$/gm)].map(([, args]) => args)

test('the page has the steps that are tested here', () => {
  assert.deepEqual(commands, ['server.js', '--import=tsx src/server.ts'])
  assert.equal(servers.length, 2)
  assert.deepEqual(Object.keys(others), ['app.js', 'greeting.js'])
})

for (const command of commands) {
  const entry = command.split(' ').at(-1) ?? ''
  const at = (/** @type {string} */ file) => path.join(path.dirname(entry), path.basename(file, '.js') + path.extname(entry))
  // What listens by 0 may listen anywhere, and says where.
  const server = (/** @type {string} */ text) => text.replace("'http://localhost:' + process.env.PORT", "'http://localhost:' + this.address().port").replace(', () => console', ', function () { console').replace(/\)\)\n$/, ') })\n')

  test(`npx hot-runner ${command}: the app as it was, then one line`, async (t) => {
    const files = Object.fromEntries([...Object.entries(others), ['server.js', server(servers[0])]].map(([file, text]) => [at(file), text]))
    const folder = createFolder(t, { files })
    install(folder, 'tsx')
    fs.symlinkSync(path.join(PACKAGE, 'packages/runner'), path.join(folder, 'node_modules/runner'), 'dir')
    const app = await start(t, { folder, args: [path.join(PACKAGE, 'packages/runner/cli.mjs'), '--no-stdin', ...command.split(' ')], env: { PORT: '0' } })
    const url = await app.url()
    const read = async () => (await fetch(url)).text()
    const save = (/** @type {string} */ file, /** @type {string} */ text) => write(folder, at(file), text)
    const [greeting, first] = (await read()).split(', ')
    assert.equal(greeting, 'Hello')

    // 1: each save restarts it.
    save('greeting.js', others['greeting.js'].replace('Hello', 'Hi'))
    const second = await app.until('it has restarted', async () => /^Hi, (?<pid>\d+)$/.exec(await read())?.groups?.pid)
    assert.notEqual(second, first)

    // 2: one line, and no save below it restarts it any more.
    save('server.js', server(servers[1]))
    const third = await app.until('it has restarted again', async () => /^Hi, (?<pid>\d+)$/.exec((await read()).replace(second, '-'))?.groups?.pid)
    save('greeting.js', others['greeting.js'].replace('Hello', 'Welcome'))
    assert.equal(await app.until('it is live', async () => /^Welcome, (?<pid>\d+)$/.exec(await read())?.groups?.pid), third)
    save('app.js', others['app.js'].replace("', '", "'! '"))
    assert.equal(await app.until('it is live', async () => /^Welcome! (?<pid>\d+)$/.exec(await read())?.groups?.pid), third)
  })
}

test('from hot-hook 1.0: a package.json, and hot.init, as its documentation has them', async (t) => {
  const files = {
    'src/index.mjs': `serve({ look: async () => (await import('./controllers/posts_controller.mjs', import.meta.hot?.boundary)).default() })`,
    'src/controllers/posts_controller.mjs': `import { title } from '../services/posts.mjs'\nexport default () => title\nimport.meta.hot?.dispose(() => {})\n`,
    'src/services/posts.mjs': `export const title = 'first'\n`,
  }
  const edited = `export const title = 'second'\n`
  const ready = await startApp(t, { files, entry: 'src/index.mjs', hotHook: { boundaries: ['./src/controllers/**/*.mjs'] } })
  assert.equal(await ready.ask('look'), 'first')
  ready.save('src/services/posts.mjs', edited)
  assert.equal(await ready.ask('look'), 'second')
  assert.deepEqual(ready.told('full-reload'), [])

  const server = `import { hot } from 'hot-hook'\nawait hot.init({ root: import.meta.filename ?? new URL(import.meta.url).pathname, boundaries: ['../controllers/**/*.mjs'] })\nawait import('../index.mjs')\n`
  const own = await startApp(t, { files: { ...files, 'src/bin/server.mjs': server }, entry: 'src/bin/server.mjs', register: false })
  assert.equal(await own.ask('look'), 'first')
  own.save('src/services/posts.mjs', edited)
  assert.equal(await own.ask('look'), 'second')
  assert.deepEqual(own.told('full-reload'), [])
})
