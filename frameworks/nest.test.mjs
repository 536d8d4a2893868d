/* NestJS, as its recipe sets it up. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { start } from './support/app.mjs'
import { recipe } from './support/recipe.mjs'

const compilerOptions = { target: 'es2022', experimentalDecorators: true, emitDecoratorMetadata: true, esModuleInterop: true, skipLibCheck: true, strict: true }
const esm = { compilerOptions: { ...compilerOptions, module: 'nodenext', moduleResolution: 'nodenext' } }
const commonjs = { compilerOptions: { ...compilerOptions, module: 'commonjs', moduleResolution: 'node10' } }

/** What any NestJS app has. */
const stock = {
  'src/main.ts': `import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import { AppModule } from './app.module.js'

async function bootstrap() {
  const app = await NestFactory.create(AppModule, { logger: false })
  await app.listen(0, '127.0.0.1')
  console.log(await app.getUrl())
}
bootstrap()
`,
  'src/app.module.ts': `import { Module } from '@nestjs/common'
import { UsersController } from './users.controller.js'
import { UsersService } from './users.service.js'

@Module({ controllers: [UsersController], providers: [UsersService] })
export class AppModule {}
`,
}

const { files, packages, args } = recipe('nestjs')
const { '@swc-node/register': _, '@swc/core': __, ...nest } = packages

for (const { name, ...app } of [
  { name: '@swc-node/register', packages, args },
  { name: 'ts-node-maintained', packages: { ...nest, 'ts-node-maintained': '10' }, args: ['--import=ts-node-maintained/register/esm', ...args.slice(1)] },
]) {
  test(`NestJS 11 through ${name}: what it calls is hot, what it injects restarts`, async (t) => {
    const server = await start(t, { packages: app.packages, files: { ...stock, ...files, 'tsconfig.json': JSON.stringify(esm) }, args: app.args })
    const url = await server.url()
    const read = async () => (await fetch(`${url}/users/7`)).text()

    assert.equal(await read(), 'user 7')
    server.edit('src/users/find.ts', 'user', 'person')
    assert.equal(await read(), 'person 7')
    server.edit('src/users/find.ts', '(id: string)', '(id: string')
    assert.equal(JSON.parse(await read()).statusCode, 500)
    server.edit('src/users/find.ts', '(id: string', '(id: string)')
    assert.equal(await read(), 'person 7')
    assert.deepEqual(server.restarts(), [], server.known())
    server.edit('src/users.controller.ts', `':id'`, `'by-id/:id'`)
    await server.until('a restart for the controller', () => server.restarts().includes('src/users.controller.ts'))
    server.edit('src/users.service.ts', `'find')`, `'find')\n`)
    await server.until('a restart for the service', () => server.restarts().includes('src/users.service.ts'))
  })
}

/** Imports as CommonJS writes them. @param {string} text */
const withoutExtensions = (text) => text.replaceAll(/(from|import\()( ?'\.[^']*)\.js'/g, `$1$2'`)

test('NestJS 11 as CommonJS, through ts-node, which makes require() of import(): what it calls is hot, what it injects restarts', async (t) => {
  const own = Object.entries({ ...stock, ...files }).map(([file, text]) => [file, withoutExtensions(text)])
  const server = await start(t, {
    packages: { ...nest, 'ts-node': '10' },
    files: {
      ...Object.fromEntries(own),
      'package.json': JSON.stringify({ ...JSON.parse(files['package.json']), type: 'commonjs' }),
      'tsconfig.json': JSON.stringify(commonjs),
      // Node 20 takes no entry point in TypeScript, once there is an `--import`.
      'main.cjs': `require('ts-node/register')\nrequire('./src/main.ts')\n`,
    },
    args: ['--import=hot-hook/register', 'main.cjs'],
  })
  const url = await server.url()
  const read = async () => (await fetch(`${url}/users/7`)).text()
  assert.equal(await read(), 'user 7')
  for (const [from, to] of [['user', 'person'], ['person', 'human']]) {
    server.edit('src/users/find.ts', `\`${from}`, `\`${to}`)
    assert.equal(await read(), `${to} 7`)
  }
  assert.deepEqual(server.restarts(), [], server.known())
  for (const file of ['src/users.controller.ts', 'src/main.ts']) {
    server.save(file, `${server.text(file)}// Edited\n`)
    await server.until(`a restart for ${file}`, () => server.restarts().includes(file))
  }
})
