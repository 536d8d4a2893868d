import assert from 'node:assert/strict'
import test from 'node:test'
import { freePort, nodeIs, start } from './support/app.mjs'

const server = `import 'reflect-metadata'
import { Ignitor, prettyPrintError } from '@adonisjs/core'

const APP_ROOT = new URL('../', import.meta.url)
const IMPORTER = (path: string) => (path.startsWith('.') ? import(new URL(path, APP_ROOT).href) : import(path))

new Ignitor(APP_ROOT, { importer: IMPORTER })
  .tap((app) => {
    app.booting(async () => { await import('#start/env') })
    app.listen('SIGTERM', () => app.terminate())
  })
  .httpServer()
  .start()
  .catch((error: unknown) => {
    process.exitCode = 1
    prettyPrintError(error)
  })
`

const files = {
  'package.json': JSON.stringify({
    name: 'app',
    version: '0.0.0',
    type: 'module',
    imports: Object.fromEntries(['controllers', 'middleware', 'services'].map((name) => [`#${name}/*`, `./app/${name}/*.js`]).concat([['#start/*', './start/*.js']])),
    hotHook: { boundaries: ['./app/controllers/**/*.ts', './app/middleware/*.ts'] },
  }),
  'tsconfig.json': JSON.stringify({ extends: '@adonisjs/tsconfig/tsconfig.app.json', compilerOptions: { rootDir: './', outDir: './build' } }),
  'bin/server.ts': server,
  'bin/console.ts': server.replace('.httpServer()', '.ace()').replace('.start()', '.handle(process.argv.splice(2))'),
  'adonisrc.ts': `import { defineConfig } from '@adonisjs/core/app'

export default defineConfig({
  commands: [() => import('@adonisjs/core/commands')],
  providers: [
    () => import('@adonisjs/core/providers/app_provider'),
    () => import('@adonisjs/core/providers/hash_provider'),
    () => import('./providers/greeting_provider.js'),
  ],
  preloads: [() => import('#start/routes'), () => import('#start/kernel')],
})
`,
  'providers/greeting_provider.ts': `export default class GreetingProvider {
  boot(): void { globalThis.greeting = 'provider 1' }
}

declare global { var greeting: string }
`,
  'start/env.ts': `import { Env } from '@adonisjs/core/env'

export default await Env.create(new URL('../', import.meta.url), {
  NODE_ENV: Env.schema.enum(['development', 'production', 'test'] as const),
  PORT: Env.schema.number(),
  HOST: Env.schema.string(),
  LOG_LEVEL: Env.schema.string(),
  APP_KEY: Env.schema.string(),
  NAME: Env.schema.string(),
})
`,
  'start/kernel.ts': `import router from '@adonisjs/core/services/router'
import server from '@adonisjs/core/services/server'

server.use([() => import('#middleware/process_middleware')])
router.use([() => import('@adonisjs/core/bodyparser_middleware')])
`,
  'start/routes.ts': `import router from '@adonisjs/core/services/router'

const UsersController = () => import('#controllers/users_controller')
router.get('/users/:id', [UsersController, 'show'])
`,
  'app/middleware/process_middleware.ts': `import type { HttpContext } from '@adonisjs/core/http'
import type { NextFn } from '@adonisjs/core/types/http'

export default class ProcessMiddleware {
  async handle({ response }: HttpContext, next: NextFn) {
    response.header('x-pid', String(process.pid)).header('x-by', 'middleware 1')
    return next()
  }
}
`,
  'app/controllers/users_controller.ts': `import { inject } from '@adonisjs/core'
import type { HttpContext } from '@adonisjs/core/http'
import UsersService from '#services/users_service'
import env from '#start/env'

@inject()
export default class UsersController {
  constructor(protected users: UsersService) {}

  show({ params }: HttpContext) {
    return ['controller 1', this.users.nameOf(params.id), globalThis.greeting, env.get('NAME')].join(', ')
  }
}
`,
  'app/services/users_service.ts': `export default class UsersService {
  nameOf(id: string): string { return 'user ' + id }
}
`,
  'config/app.ts': `import { defineConfig } from '@adonisjs/core/http'
import env from '#start/env'

export const appKey = env.get('APP_KEY')
export const http = defineConfig({ cookie: {}, generateRequestId: true, useAsyncLocalStorage: false })
`,
  'config/logger.ts': `import { defineConfig } from '@adonisjs/core/logger'
import env from '#start/env'

export default defineConfig({ default: 'app', loggers: { app: { enabled: true, name: 'app', level: env.get('LOG_LEVEL') } } })
`,
  'config/hash.ts': `import { defineConfig, drivers } from '@adonisjs/core/hash'

export default defineConfig({ default: 'scrypt', list: { scrypt: drivers.scrypt({}) } })
`,
  'config/bodyparser.ts': `import { defineConfig } from '@adonisjs/core/bodyparser'

export default defineConfig({ allowedMethods: ['POST'], json: {}, form: {}, multipart: {} })
`,
  '.env': 'NODE_ENV=development\nPORT=3333\nHOST=127.0.0.1\nLOG_LEVEL=info\nAPP_KEY=a-key-of-thirty-two-characters-a\nNAME=env 1\n',
}

const common = { '@adonisjs/tsconfig': '*', 'pino-pretty': '*', 'reflect-metadata': '*', typescript: '5' }
const EDITIONS = [
  {
    name: 'AdonisJS 7: node ace serve --hmr',
    /** The assembler watches, and tells what has changed. */
    told: true,
    restarts: 'update',
    skip: !nodeIs(24) && 'AdonisJS 7 needs Node 24',
    loader: '@poppinss/ts-exec',
    packages: { ...common, '@adonisjs/core': '^7.5', '@adonisjs/assembler': '^8.5', '@poppinss/ts-exec': '^1.4', youch: '^4.1.0-beta.13' },
    more: {
      'config/encryption.ts': `import { defineConfig, drivers } from '@adonisjs/core/encryption'
import env from '#start/env'

export default defineConfig({ default: 'gcm', list: { gcm: drivers.aes256gcm({ keys: [env.get('APP_KEY')], id: 'gcm' }) } })
`,
    },
  },
  {
    name: 'AdonisJS 6: node ace serve --hmr',
    told: false,
    restarts: 'full-reload',
    skip: false,
    loader: 'ts-node-maintained/register/esm',
    packages: { ...common, '@adonisjs/core': '6', '@adonisjs/assembler': '7', 'ts-node-maintained': '10', '@swc/core': '1' },
    more: {},
  },
]

for (const edition of [...EDITIONS, { ...EDITIONS[0], name: `${EDITIONS[0].name}, with hotHook.watch: true`, watch: true }]) {
  const { name, skip, loader, packages, more, told, restarts, watch } = { watch: false, ...edition }
  test(name, { skip }, async (t) => {
    const manifest = JSON.parse(files['package.json'])
    if (watch) manifest.hotHook.watch = true
    const port = String(await freePort())
    const app = await start(t, {
      packages,
      files: {
        ...files,
        ...more,
        'package.json': JSON.stringify(manifest),
        'ace.js': `import '${loader}'\nawait import('./bin/console.js')\n`,
        '.env': files['.env'].replace('3333', port),
      },
      args: ['ace.js', 'serve', '--hmr'],
      env: { PORT: port },
    })
    /** @returns {Promise<any>} */
    const read = async (path = '/users/7') => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined)
      return response && { status: response.status, pid: response.headers.get('x-pid'), by: response.headers.get('x-by'), text: await response.text() }
    }
    const until = async (text, path) => {
      let last
      await app.until(text, async () => (last = await read(path))?.text === text)
      return last.pid
    }
    // The assembler's watcher, or ours: a line of the assembler's for each file, once.
    const lines = (what) => app.output.stdout.split('\n').filter((line) => line.includes(what)).length
    const edited = (what, count) => app.until(`${count} × ${what}`, () => lines(what) >= count)

    const pid = await until('controller 1, user 7, provider 1, env 1')
    if (told) await app.until('it watches', () => app.output.stdout.includes('watching file system'))
    app.edit('app/services/users_service.ts', 'user ', 'person ')
    if (watch || !told) assert.equal((await read()).text, 'controller 1, person 7, provider 1, env 1')
    assert.equal(await until('controller 1, person 7, provider 1, env 1'), pid)
    await edited('invalidated app/services/users_service.ts', 1)
    app.edit('app/controllers/users_controller.ts', 'controller 1', 'controller 2')
    assert.equal(await until('controller 2, person 7, provider 1, env 1'), pid)
    app.edit('app/middleware/process_middleware.ts', 'middleware 1', 'middleware 2')
    await edited('invalidated app/middleware/process_middleware.ts', 1)

    app.edit('app/controllers/users_controller.ts', 'show({', 'show({ {')
    await app.until('an error for the syntax error', async () => (await read())?.status === 500)
    app.edit('app/controllers/users_controller.ts', 'show({ {', 'show({')
    assert.equal(await until('controller 2, person 7, provider 1, env 1'), pid)
    assert.equal(lines('invalidated app/services/users_service.ts'), 1, app.known())

    // A restart by the assembler, which names the changed file.
    const pids = new Set([pid])
    const restarted = async (text, path) => {
      const next = await until(text, path)
      assert.ok(!pids.has(next), `the process is a new one: ${app.known()}`)
      pids.add(next)
    }
    app.edit('start/routes.ts', '/users/:id', '/people/:id')
    await restarted('controller 2, person 7, provider 1, env 1', '/people/7')
    await edited(`${restarts} start/routes.ts`, 1)
    app.edit('providers/greeting_provider.ts', 'provider 1', 'provider 2')
    await restarted('controller 2, person 7, provider 2, env 1', '/people/7')
    app.edit('.env', 'env 1', 'env 2')
    await restarted('controller 2, person 7, provider 2, env 2', '/people/7')
    if (!told) return
    app.edit('config/app.ts', 'generateRequestId: true', 'generateRequestId: fals')
    await app.until('the assembler waits', () => app.output.stdout.includes('Underlying HTTP server'))
    app.edit('config/app.ts', 'generateRequestId: fals', 'generateRequestId: false')
    await restarted('controller 2, person 7, provider 2, env 2', '/people/7')
  })
}
