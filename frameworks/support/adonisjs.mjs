/**
 * Stock apps of AdonisJS, as its starters make them, without what is in the recipe. The provider, the environment and the
 * middleware leave their traces in responses.
 */

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

/** @param {string} hooks those of the assembler @param {string} [preloads] further ones */
const adonisrc = (hooks, preloads = '') => `import { indexEntities } from '@adonisjs/core'
import { defineConfig } from '@adonisjs/core/app'

export default defineConfig({
  commands: [() => import('@adonisjs/core/commands')],
  providers: [
    () => import('@adonisjs/core/providers/app_provider'),
    () => import('@adonisjs/core/providers/hash_provider'),
    () => import('./providers/greeting_provider.js'),
  ],
  preloads: [() => import('#start/routes'), () => import('#start/kernel')${preloads}],
  hooks: { ${hooks} },
})
`

const files = {
  'tsconfig.json': JSON.stringify({ extends: '@adonisjs/tsconfig/tsconfig.app.json', compilerOptions: { rootDir: './', outDir: './build' } }),
  'bin/server.ts': server,
  'bin/console.ts': server.replace('.httpServer()', '.ace()').replace('.start()', '.handle(process.argv.splice(2))'),
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

server.errorHandler(() => import('#exceptions/handler'))
server.use([() => import('#middleware/container_bindings_middleware')])
router.use([() => import('@adonisjs/core/bodyparser_middleware')])
`,
  'app/exceptions/handler.ts': `import { ExceptionHandler } from '@adonisjs/core/http'

export default class HttpExceptionHandler extends ExceptionHandler {}
`,
  'app/middleware/container_bindings_middleware.ts': `import type { HttpContext } from '@adonisjs/core/http'
import type { NextFn } from '@adonisjs/core/types/http'
import env from '#start/env'

export default class ContainerBindingsMiddleware {
  async handle({ response }: HttpContext, next: NextFn) {
    response.header('x-pid', String(process.pid)).header('x-from', ['middleware 1', globalThis.greeting, env.get('NAME')].join(', '))
    return next()
  }
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
}

const folders = ['controllers', 'exceptions', 'middleware', 'services', 'shared'].map((name) => [`#${name}/*`, `./app/${name}/*.js`])
const imports = Object.fromEntries([...folders, ['#start/*', './start/*.js'], ['#generated/*', './.adonisjs/server/*.js']])

const seven = {
  loader: '@poppinss/ts-exec',
  packages: { '@adonisjs/core': '7', '@adonisjs/assembler': '8', '@poppinss/ts-exec': '^1.4', youch: '^4.1.0-beta.13' },
  files: {
    'adonisrc.ts': adonisrc(
      `init: [indexEntities()], fileChanged: [{ run: (name, file, info) => console.log('told', info.source, info.hotReloaded ? 'hot' : 'restart', name, file) }]`,
      `, () => import('#start/posts')`,
    ),
    'start/posts.ts': `import router from '@adonisjs/core/services/router'
import { controllers } from '#generated/controllers'

router.get('/posts', [controllers.Posts, 'index'])
`,
    'app/controllers/posts_controller.ts': `export default class PostsController {
  index() { return 'posts 1' }
}
`,
    'config/encryption.ts': `import { defineConfig, drivers } from '@adonisjs/core/encryption'
import env from '#start/env'

export default defineConfig({ default: 'gcm', list: { gcm: drivers.aes256gcm({ keys: [env.get('APP_KEY')], id: 'gcm' }) } })
`,
  },
}

const six = {
  loader: 'ts-node-maintained/register/esm',
  packages: { '@adonisjs/core': '6', '@adonisjs/assembler': '7', 'ts-node-maintained': '10', '@swc/core': '1' },
  files: {
    'adonisrc.ts': adonisrc(`onSourceFileChanged: [async () => ({ default: (_, name) => console.log('told', name) })]`).replace(/^.*indexEntities.*\n/, ''),
  },
}

/**
 * An app that AdonisJS' own starter could have made, but for package.json's `hotHook`, a route and its controller.
 * @param {6 | 7} version @param {number} port
 */
export function adonisjs(version, port) {
  const edition = version === 7 ? seven : six
  return {
    loader: edition.loader,
    packages: { '@adonisjs/tsconfig': '*', 'pino-pretty': '*', 'reflect-metadata': '*', typescript: '5', ...edition.packages },
    manifest: { name: 'app', version: '0.0.0', type: 'module', imports },
    files: {
      ...files,
      ...edition.files,
      'ace.js': `import '${edition.loader}'\nawait import('./bin/console.js')\n`,
      '.env': `NODE_ENV=development\nPORT=${port}\nHOST=127.0.0.1\nLOG_LEVEL=info\nAPP_KEY=a-key-of-thirty-two-characters-a\nNAME=env 1\n`,
    },
  }
}
