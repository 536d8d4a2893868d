/* The public types, as an app that uses them sees them. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { describe, test } from 'node:test'
import { createFolder, PACKAGE } from './support/app.mjs'

const TSC = path.join(PACKAGE, 'node_modules/typescript/bin/tsc')
const use = `import.meta.hot?.dispose(() => {}); export const b = import('./b.js', import.meta.hot?.boundary)\n`

/**
 * What `tsc` says about an app. @param {import('node:test').TestContext} t @param {Record<string, string>} files
 * @returns {Promise<string>}
 */
const check = (t, files) =>
  new Promise((resolve) => {
    const args = [TSC, '--project', createFolder(t, { files }), '--pretty', 'false']
    execFile(process.execPath, args, (error, stdout, stderr) => resolve(error ? `${stdout}${stderr}` || error.message : ''))
  })

/** @param {Record<string, unknown>} [more] */
const tsconfig = (more) =>
  JSON.stringify({ compilerOptions: { strict: true, noEmit: true, target: 'es2022', module: 'nodenext', types: [], ...more } })

/** The members of `import.meta.hot`. */
const members = `export const b = import('./b.js', import.meta.hot?.boundary)
  import.meta.hot?.dispose(() => {})
  import.meta.hot?.dispose(async (data) => { data.anything = 1 })
  import.meta.hot?.prune((data) => data.anything)
  import.meta.hot?.decline()
  import.meta.hot?.watch(['./a.sql', new URL('./b.html', import.meta.url)])
  const signal: AbortSignal | undefined = import.meta.hot?.signal
  const pool: Promise<{ n: number }> | undefined = import.meta.hot?.keep('pool', async () => ({ n: 1 }))
  const forgotten: boolean | undefined = import.meta.hot?.forget('pool')
  import.meta.hot?.on('hot:beforeUpdate', ({ files, versions }) => files.map((file) => versions[file].toFixed()))
  import.meta.hot?.on('hot:beforeFullReload', ({ chain, text, hint }) => [chain.map(({ kind, specifier }) => kind + specifier), text, hint?.length])
  import.meta.hot?.on('hot:error', ({ phase, error }) => phase === 'link' && error instanceof Error && error.stack)
  // @ts-expect-error it may be undefined
  import.meta.hot.decline()
  // @ts-expect-error a function is meant
  import.meta.hot?.dispose(1)
  // @ts-expect-error no such thing
  import.meta.hot?.nonsense
  // @ts-expect-error a specifier is meant
  import.meta.hot?.accept(42)
  // @ts-expect-error no such event
  import.meta.hot?.on('hot:nonsense', () => {})
  // @ts-expect-error an update has no chain
  import.meta.hot?.on('hot:afterUpdate', ({ chain }) => chain)
  export const all = [signal, pool, forgotten]`

/** Generic in `data`. */
const generic = `const hot = import.meta.hot as ImportMetaHot<{ count?: number }> | undefined
  const before: number = hot?.data.count ?? 0
  hot?.dispose((data) => { data.count = before + 1 })
  hot?.prune((data) => data.count?.toFixed())
  // @ts-expect-error a number is meant
  hot?.dispose((data) => { data.count = 'one' })
  // @ts-expect-error no such thing
  hot?.data.nonsense
  export {}`

/** Code that is written against Vite's types. */
const vite = `type ViteNamespace = Record<string, any> & { [Symbol.toStringTag]: 'Module' }
  const replace = (mod: ViteNamespace | undefined): void => mod?.setup()
  if (import.meta.hot) {
    import.meta.hot.accept()
    import.meta.hot.accept((newModule) => { if (newModule) console.log(newModule.count) })
    import.meta.hot.accept(replace)
    import.meta.hot.accept('./b.js', (newFoo) => { newFoo?.foo() })
    import.meta.hot.accept('./b.js', replace)
    import.meta.hot.accept(['./b.js', './a.js'], ([newFooModule, newBarModule]) => { newFooModule?.foo(); newBarModule?.bar() })
    import.meta.hot.accept(['./b.js'] as const, (mods: Array<ViteNamespace | undefined>) => mods.forEach(replace))
    import.meta.hot.dispose((data) => { data.timer = 1; clearTimeout(data.timer) })
    import.meta.hot.prune((data: any) => void data)
    import.meta.hot.data.someValue = 'hello'
    const cached: string = import.meta.hot.data.someValue ?? ''
    import.meta.hot.invalidate()
    import.meta.hot.invalidate('cannot ' + cached)
    import.meta.hot.decline()
    const listener = (payload: { updates: Array<{ path: string, acceptedPath: string, timestamp: number }> }) => payload.updates.map(({ path }) => path)
    import.meta.hot.on('vite:beforeUpdate', listener)
    import.meta.hot.off('vite:beforeUpdate', listener)
    import.meta.hot.on('vite:afterUpdate', ({ type, updates }) => console.log(type, updates.length))
    import.meta.hot.on('vite:beforeFullReload', ({ type, path, triggeredBy }) => console.log(type, path, triggeredBy))
    import.meta.hot.on('vite:beforePrune', ({ paths }) => console.log(paths.join()))
    import.meta.hot.on('vite:invalidate', ({ path, message, firstInvalidatedBy }) => console.log(path, message, firstInvalidatedBy))
    import.meta.hot.on('vite:error', ({ err }) => console.log(err.message, err.stack))
  }
  export {}`

/** The members of `hot`. */
const ours = `import { hot, type ErrorEvent, type HotEvents, type UpdateEvent } from 'hot-hook'
  const ended: Promise<void> = hot.dispose()
  const none: void = hot.dispose(import.meta.url, async () => {})
  const value: number = hot.keep(Symbol('key'), () => 1)
  const gone: boolean = hot.forget('key')
  hot.watch(import.meta.url, './a.sql')
  const heard = ({ files }: UpdateEvent) => files.length
  hot.on('hot:afterUpdate', heard)
  hot.off('vite:afterUpdate', heard)
  hot.on('hot:error', ({ phase }: ErrorEvent) => phase)
  const names: Array<keyof HotEvents> = ['hot:beforePrune', 'vite:invalidate']
  // @ts-expect-error a callback is missing
  hot.dispose(import.meta.url)
  // @ts-expect-error no such event
  hot.on('update', heard)
  export { ended, none, value, gone, names }`

describe('types', { concurrency: true }, () => {
  for (const [name, more, reference] of /** @type {const} */ ([
    ['tsconfig "types"', { types: ['hot-hook/import-meta'] }, ''],
    ['a reference', {}, '/// <reference types="hot-hook/import-meta" />\n'],
    ["a bundler's resolution", { module: 'esnext', moduleResolution: 'bundler', types: ['hot-hook/import-meta'] }, ''],
  ])) {
    test(`import.meta.hot is typed by ${name}`, async (t) => {
      assert.equal(await check(t, { 'tsconfig.json': tsconfig(more), 'a.ts': reference + use, 'b.ts': 'export {}\n' }), '')
    })
  }

  test('without either, import.meta.hot is unknown to TypeScript', async (t) => {
    const said = await check(t, { 'tsconfig.json': tsconfig(), 'a.ts': use, 'b.ts': 'export {}\n' })
    assert.match(said, /a\.ts\(1,\d+\): error TS2339: Property 'hot' does not exist on type 'ImportMeta'/)
  })

  test('the package is typed without the types of Node, and without skipLibCheck', async (t) => {
    const main = `import { hot, type InitOptions } from 'hot-hook'\nconst options: InitOptions = { poll: 100 }\nawait hot.init(options)\n`
    const more = { lib: ['es2022', 'dom'], types: ['hot-hook/import-meta'] }
    assert.equal(await check(t, { 'tsconfig.json': tsconfig(more), 'a.ts': main, 'ours.ts': ours }), '')
  })

  test("import.meta.hot: its members, generic in data, and code that is written against Vite's types", async (t) => {
    const files = { 'members.ts': members, 'generic.ts': generic, 'vite.ts': vite, 'a.ts': 'export {}', 'b.ts': 'export const foo = () => {}' }
    assert.equal(await check(t, { 'tsconfig.json': tsconfig({ types: ['hot-hook/import-meta'] }), ...files }), '')
  })
})
