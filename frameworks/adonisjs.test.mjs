/* AdonisJS 6 and 7 under their own dev server. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { adonisjs } from './support/adonisjs.mjs'
import { freePort, nodeIs, start } from './support/app.mjs'
import { recipe } from './support/recipe.mjs'

const needs24 = !nodeIs(24) && 'AdonisJS 7 needs Node 24'
const SERVICE = 'app/services/users_service.ts'
const CONTROLLER = 'app/controllers/users_controller.ts'
const MIDDLEWARE = 'app/middleware/container_bindings_middleware.ts'

/**
 * How long a file must rest before AdonisJS 7's watcher (chokidar) hears of its next save, in milliseconds: it drops a
 * change that comes within 50 ms of the last one.
 */
const REST = 80
/** How many saves come in quick succession. */
const SAVES = Number(process.env.HOT_HOOK_SAVES ?? 30)

/**
 * @param {import('node:test').TestContext} t
 * @param {{ version: 6 | 7, hotHook?: object, files?: Record<string, string>, args?: string[] }} options
 */
async function serve(t, { version, hotHook, files, args }) {
  const port = await freePort()
  const stock = adonisjs(version, port)
  const { files: own, args: command } = recipe('adonisjs')
  const ours = JSON.parse(own['package.json'])
  const app = await start(t, {
    packages: stock.packages,
    files: { ...stock.files, ...own, ...files, 'package.json': JSON.stringify({ ...ours, ...stock.manifest, hotHook: { ...ours.hotHook, ...hotHook } }) },
    args: args ?? command,
    env: { PORT: String(port) },
  })

  const read = async (route = '/users/7') => {
    const response = await fetch(`http://127.0.0.1:${port}${route}`).catch(() => undefined)
    return { status: response?.status, pid: response?.headers.get('x-pid'), from: response?.headers.get('x-from'), text: await response?.text() }
  }
  return {
    ...app,
    read,
    /** Waits until a route is answered so, and returns who did it. @param {string} text @param {string} [route] @param {string} [from] */
    async answers(text, route, from) {
      let last
      const isThere = async () => {
        last = await read(route)
        return last.text === text && (from === undefined || last.from === from)
      }
      await app.until(`${route ?? ''} ${text} ${from ?? ''}`, isThere).catch((error) => {
        throw new Error(`${error.message}\nlast answer: ${inspect(last, { maxStringLength: 200 })}`)
      })
      return last.pid
    },
    /** Each call of the assembler's hook, which hears of every message: whence, what kind, which file; version 6 says the file alone. */
    told: () => [...app.output.stdout.matchAll(/^told (.*)$/gm)].map(([, text]) => text.replace(/ \/.*/, '')),
    /** Saves when the watcher of version 7 hears of it. @param {[string, string, string]} what */
    async edit(...what) {
      if (version === 7) await sleep(REST)
      app.edit(...what)
    },
    /** Saves at once. @type {typeof app.edit} */
    rush: app.edit,
  }
}

/** Whether a process watches files. @param {string} pid */
const watches = (pid) => fs.readdirSync(`/proc/${pid}/fd`).some((fd) => linkOf(`/proc/${pid}/fd/${fd}`).includes('inotify'))

/** Where a link points to; nowhere if it is gone. @param {string} name */
function linkOf(name) {
  try {
    return fs.readlinkSync(name)
  } catch {
    return ''
  }
}

for (const { name, version, watch } of /** @type {const} */ ([
  { name: 'AdonisJS 7: node ace serve --hmr', version: 7, watch: undefined },
  { name: 'AdonisJS 7: node ace serve --hmr, with hotHook.watch: true', version: 7, watch: true },
  { name: 'AdonisJS 6: node ace serve --hmr', version: 6, watch: undefined },
])) {
  test(name, { skip: version === 7 && needs24 }, async (t) => {
    const app = await serve(t, { version, hotHook: { watch }, files: { [`${SERVICE}.md`]: '', 'app/services/unused_service.ts': 'export default 1' } })
    const hot = (file) => (version === 6 ? file : `hot-hook hot ${file}`)
    const cold = (file) => (version === 6 ? file : `hot-hook restart ${file}`)
    /** What the assembler's hook must have heard, in that order. @type {string[]} */
    const expected = []
    const heard = async (line) => {
      expected.push(line)
      await app.until(line, () => app.told().length >= expected.length)
      assert.deepEqual(app.told(), expected, app.known())
    }

    const pid = await app.answers('controller 1, user 7')
    if (version === 7) await app.until('the assembler watches', () => app.output.stdout.includes('watching file system'))
    assert.ok(watches(pid), 'hot-hook watches, whether the assembler does or not')

    await app.edit(SERVICE, 'user ', 'person ')
    assert.equal((await app.read()).text, 'controller 1, person 7')
    assert.equal(await app.answers('controller 1, person 7'), pid)
    await heard(hot(SERVICE))
    await app.edit(CONTROLLER, 'controller 1', 'controller 2')
    assert.equal(await app.answers('controller 2, person 7'), pid)
    await heard(hot(CONTROLLER))
    await app.edit(MIDDLEWARE, 'middleware 1', 'middleware 2')
    assert.equal(await app.answers('controller 2, person 7', undefined, 'middleware 2, provider 1, env 1'), pid)
    await heard(hot(MIDDLEWARE))

    await app.edit(CONTROLLER, 'show({', 'show({ {')
    await app.until('an error for the syntax error', async () => (await app.read()).status === 500)
    await heard(hot(CONTROLLER))
    await app.edit(CONTROLLER, 'show({ {', 'show({')
    assert.equal(await app.answers('controller 2, person 7'), pid)
    await heard(hot(CONTROLLER))

    // Nobody has imported these: the next line that is heard is another one's.
    await app.edit('app/services/unused_service.ts', '1', '2')
    app.save(`${SERVICE}.md`, '# Users')
    app.save('app/services/new_service.ts', 'export default 1')
    app.rush(SERVICE, 'person ', 'nobody ')
    app.rush(SERVICE, 'nobody ', 'person no. ')
    assert.equal((await app.read()).text, 'controller 2, person no. 7')
    await heard(hot(SERVICE))
    app.rush(SERVICE, 'person no. ', 'person ')
    await heard(hot(SERVICE))

    // A restart by the assembler, which names the changed file.
    const pids = new Set([pid])
    const restarted = async (route, from) => {
      const next = await app.answers('controller 2, person 7', route, from)
      assert.ok(!pids.has(next), `the process is a new one: ${app.known()}`)
      pids.add(next)
    }
    const named = (file) => app.until(`the line for ${file}`, () => app.output.stdout.includes(`${version === 7 ? 'update' : 'full-reload'} ${file}`))
    await app.edit('start/routes.ts', '/users/:id', '/people/:id')
    await restarted('/people/7', 'middleware 2, provider 1, env 1')
    await heard(cold('start/routes.ts'))
    await named('start/routes.ts')
    await app.edit('providers/greeting_provider.ts', 'provider 1', 'provider 2')
    await restarted('/people/7', 'middleware 2, provider 2, env 1')
    await heard(cold('providers/greeting_provider.ts'))
    await named('providers/greeting_provider.ts')
    await app.edit('config/app.ts', 'generateRequestId: true', 'generateRequestId: false')
    await app.until('a new process', async () => !pids.has((await app.read('/people/7')).pid ?? pid))
    await heard(cold('config/app.ts'))
    await named('config/app.ts')
    pids.add(await app.answers('controller 2, person 7', '/people/7'))
    await app.edit('.env', 'env 1', 'env 2')
    await restarted('/people/7', 'middleware 2, provider 2, env 2')
    await named('.env')

    // Nothing of ours keeps the process that failed.
    await app.edit('config/app.ts', 'generateRequestId: false', 'generateRequestId: fals')
    await app.until('the assembler knows that the app has ended', () => app.output.stdout.includes('Underlying HTTP server'))
    if (version === 6) return
    await app.edit('config/app.ts', 'generateRequestId: fals', 'generateRequestId: false')
    await restarted('/people/7', 'middleware 2, provider 2, env 2')
  })
}

for (const version of /** @type {const} */ ([7, 6])) {
  test(`AdonisJS ${version}: saves in quick succession while other work keeps the cores busy`, { skip: version === 7 && needs24 }, async (t) => {
    const app = await serve(t, { version })
    const pid = await app.answers('controller 1, user 7')
    if (version === 7) await app.until('the assembler watches', () => app.output.stdout.includes('watching file system'))
    const others = Array.from({ length: 3 }, () => spawn(process.execPath, ['-e', 'for (;;);']))
    t.after(() => others.forEach((other) => other.kill('SIGKILL')))
    let name = 'user '
    const rename = (/** @type {string} */ next) => {
      app.rush(SERVICE, name, next)
      name = next
    }
    for (let n = 1; n <= SAVES; n++) {
      if (n % 3 === 0) {
        rename(`early${n} `)
        await sleep((n * 7) % 50)
      }
      rename(`user${n} `)
      assert.equal((await app.read()).text, `controller 1, ${name}7`, 'at once')
      await sleep(20)
    }
    assert.equal(await app.answers(`controller 1, ${name}7`), pid)
    await app.until('each save is told', () => app.told().length >= SAVES)
    assert.ok(app.told().every((line) => line.endsWith(SERVICE)), app.known())
    // The early one of a pair may be told with the other.
    assert.ok(app.told().length <= SAVES + SAVES / 3, app.known())
  })
}

test('AdonisJS 7: a controller that is added, and found by its own index', { skip: needs24 }, async (t) => {
  const app = await serve(t, { version: 7 })
  const pid = await app.answers('posts 1', '/posts')
  await app.until('the assembler watches', () => app.output.stdout.includes('watching file system'))
  await app.edit('app/controllers/posts_controller.ts', 'posts 1', 'posts 2')
  assert.equal(await app.answers('posts 2', '/posts'), pid)
  app.save('app/controllers/tags_controller.ts', `export default class TagsController { index() { return 'tags' } }\n`)
  const index = () => fs.readFileSync(path.join(app.folder, '.adonisjs/server/controllers.ts'), 'utf8')
  await app.until('the index has it', () => index().includes('Tags:'))
  await app.edit('start/posts.ts', `router.get('/posts'`, `router.get('/tags', [controllers.Tags, 'index'])\nrouter.get('/posts'`)
  await app.answers('tags', '/tags')
})

test('AdonisJS 7: a project, and a folder in it, that are reached through symlinks', { skip: needs24 }, async (t) => {
  const names = `export const nameOf = (id: string): string => 'user ' + id\n`
  const app = await serve(t, {
    version: 7,
    files: {
      [SERVICE]: `import { nameOf } from '#shared/names'\nexport default class UsersService { nameOf = nameOf }\n`,
      'project.mjs': `import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const shared = fs.mkdtempSync(path.resolve('../shared-'))
fs.renameSync('names.ts', path.join(shared, 'names.ts'))
fs.symlinkSync(shared, 'app/shared', 'dir')
// Not inside: that would be a circle.
const link = shared + '-link'
fs.symlinkSync(process.cwd(), link, 'dir')
process.on('exit', () => { for (const each of [shared, link]) fs.rmSync(each, { recursive: true }) })
process.on('message', (text) => fs.writeFileSync(path.join(shared, 'names.ts'), text))
process.on('SIGTERM', () => process.exit())

const { DevServer } = await import('@adonisjs/assembler')
const hooks = { fileChanged: [{ run: (name, file, info) => console.log('told', info.source, info.hotReloaded ? 'hot' : 'restart', name, file) }] }
await new DevServer(pathToFileURL(link + '/'), { hmr: true, nodeArgs: ['--import=@poppinss/ts-exec'], scriptArgs: [], hooks }).start()
`,
      'names.ts': names,
      'start/posts.ts': '',
    },
    args: ['project.mjs'],
  })
  const pid = await app.answers('controller 1, user 7')
  await app.until('the assembler watches', () => app.output.stdout.includes('watching file system'))
  await app.edit(CONTROLLER, 'controller 1', 'controller 2')
  assert.equal(await app.answers('controller 2, user 7'), pid)
  app.child.send(names.replace('user', 'person'))
  assert.equal(await app.answers('controller 2, person 7'), pid)
  // Files are named by their real paths, as hot-hook 1.0 names them.
  await app.edit('start/routes.ts', '/users/:id', '/people/:id')
  await app.until('a restart is asked for', () => app.output.stdout.match(/told hot-hook restart .*start\/routes.ts (.*)/)?.[1] === path.join(app.folder, 'start/routes.ts'))
  app.child.kill('SIGTERM')
  await app.until('it has cleaned up', () => !fs.existsSync(fs.readlinkSync(path.join(app.folder, 'app/shared'))))
})
