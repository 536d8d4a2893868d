/* The types of the recipes. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import test from 'node:test'
import { createApp } from './support/app.mjs'
import { recipe } from './support/recipe.mjs'

const packages = {
  '@modelcontextprotocol/sdk': '1', '@types/express': '5', '@types/koa': '3', '@types/node': '22', express: '5', fastify: '5',
  graphql: '16', 'graphql-yoga': '5', hono: '4', koa: '3', typescript: '5', zod: '4', '@hono/node-server': '2', '@fastify/autoload': '6',
  '@trpc/server': '11',
}
const read = (name) => fs.readFileSync(new URL(`types/${name}`, import.meta.url), 'utf8')
const tsconfig = JSON.stringify({
  compilerOptions: {
    strict: true, noEmit: true, target: 'es2022', module: 'nodenext', allowImportingTsExtensions: true, skipLibCheck: true, allowJs: true, checkJs: true,
    jsx: 'react-jsx', jsxImportSource: 'hono/jsx', types: ['node', 'hot-hook/import-meta'],
  },
})

test('lazy and handler have the types that Express, Fastify, Hono, Koa, yoga, tRPC and MCP expect; recipes in TypeScript are typed', async (t) => {
  /** @type {Record<string, string>} */
  const files = Object.fromEntries(['use.ts', 'handlers.ts', 'serve.ts', 'serve-js.js', 'apps.ts'].map((name) => [name, read(name)]))
  for (const name of ['fastify', 'hono', 'koa', 'node-http']) {
    for (const [file, text] of Object.entries(recipe(name).files)) files[`${name}/${file}`] = text
  }
  const folder = await createApp(t, packages, { ...files, 'tsconfig.json': tsconfig, 'package.json': '{ "type": "module" }' })
  const { status, stdout, stderr } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--pretty', 'false'], { cwd: folder, encoding: 'utf8' })
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' })
})
