import assert from 'node:assert/strict'
import test from 'node:test'
import { start } from './support/app.mjs'

const files = {
  'package.json': JSON.stringify({ type: 'module', hotHook: { boundaries: ['./src/hot/*.ts'] } }),
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      target: 'es2022', module: 'nodenext', moduleResolution: 'nodenext', experimentalDecorators: true, emitDecoratorMetadata: true,
      esModuleInterop: true, skipLibCheck: true, strict: true,
    },
  }),
  'src/main.ts': `import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import { AppModule } from './app.module.js'

const app = await NestFactory.create(AppModule, { logger: false })
await app.listen(0, '127.0.0.1')
console.log(await app.getUrl())
`,
  'src/app.module.ts': `import { Module } from '@nestjs/common'
import { UsersController } from './users.controller.js'
import { UsersService } from './users.service.js'

@Module({ controllers: [UsersController], providers: [UsersService] })
export class AppModule {}
`,
  'src/users.controller.ts': `import { Controller, Get, Param } from '@nestjs/common'
import { UsersService } from './users.service.js'

@Controller('users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get(':id')
  show(@Param('id') id: string): Promise<string> {
    return this.users.show(id)
  }
}
`,
  'src/users.service.ts': `import { Injectable } from '@nestjs/common'
import { lazy } from 'hot-hook'

@Injectable()
export class UsersService {
  show: (id: string) => Promise<string> = lazy(() => import('./hot/users.js'), 'show')
}
`,
  'src/hot/users.ts': `export const show = (id: string): string => 'user ' + id
`,
}
const nest = { '@nestjs/common': '11', '@nestjs/core': '11', '@nestjs/platform-express': '11', 'reflect-metadata': '0.2', rxjs: '7', typescript: '5' }

for (const [name, packages, loader] of /** @type {const} */ ([
  ['@swc-node/register', { ...nest, '@swc-node/register': '1', '@swc/core': '1' }, '--import=@swc-node/register/esm-register'],
  ['ts-node-maintained', { ...nest, 'ts-node-maintained': '10' }, '--import=ts-node-maintained/register/esm'],
])) {
  test(`NestJS 11 through ${name}: what it calls is hot, what it injects restarts`, async (t) => {
    const app = await start(t, { packages, files, args: [loader, '--import=hot-hook/register', 'src/main.ts'] })
    const url = await app.url()
    const read = async () => (await fetch(`${url}/users/7`)).text()

    assert.equal(await read(), 'user 7')
    app.edit('src/hot/users.ts', 'user', 'person')
    assert.equal(await read(), 'person 7')
    assert.deepEqual(app.restarts(), [], app.known())
    app.edit('src/users.controller.ts', `':id'`, `'by-id/:id'`)
    await app.until('a restart for the controller', () => app.restarts().includes('src/users.controller.ts'))
  })
}
