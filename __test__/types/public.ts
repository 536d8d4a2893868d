// Checked by `tsc`: every public type, used rightly and, where `@ts-expect-error` stands, wrongly.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  handler,
  hot,
  lazy,
  type DumpNode,
  type FileChangeAction,
  type FileChangedMessage,
  type FullReloadMessage,
  type Handler,
  type Hot,
  type HotHookMessage,
  type InitOptions,
  type InvalidatedMessage,
  type NotDynamicError,
  type OptionsError,
  type PackageOptions,
  type Patterns,
} from 'hot-hook'

/** Holds if `A` and `B` are the same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
export function same<_ extends true>() {}

// `hot`
const all: Required<InitOptions> = {
  root: import.meta.filename,
  rootDirectory: new URL('.', import.meta.url),
  ignore: ['**/node_modules/**', '!**/node_modules/@app/**'],
  boundaries: './controllers/**/*.ts',
  restart: ['.env', 'config/*.yml'] as const,
  watch: false,
  poll: 100,
  release: true, check: false,
  throwWhenBoundariesAreNotDynamicallyImported: true,
  onFullReloadAsked: () => process.exit(1),
}
await hot.init(all)
await hot.init()
await hot.init({})
await hot.init({ root: null, poll: true, boundaries: undefined })
hot.dispose(import.meta.url, async () => {})
hot.dispose(new URL(import.meta.url), () => clearInterval(setInterval(() => {})))
hot.decline(import.meta.url)
same<Same<typeof hot, Hot>>()
same<Same<Awaited<ReturnType<typeof hot.init>>, void>>()
same<Same<Awaited<ReturnType<typeof hot.dump>>, DumpNode[]>>()
same<Same<Patterns, string | readonly string[]>>()
const { verdict, boundaries, chain, hint } = await hot.explain(import.meta.url)
same<Same<typeof verdict, 'hot' | 'declined' | 'restart' | 'ignored' | 'unknown'>>()
same<Same<typeof boundaries, string[]>>()
same<Same<(typeof chain)[number]['kind'], 'root' | 'static' | 'dynamic' | 'require'>>()
same<Same<typeof hint, string | undefined>>()

const [{ path, version, boundary, reloadable, dependencies, dependents }] = await hot.dump()
const node: DumpNode = { path, version, boundary, reloadable, dependencies, dependents }
same<Same<keyof DumpNode, 'path' | 'version' | 'boundary' | 'reloadable' | 'dependencies' | 'dependents'>>()
export { node }

// @ts-expect-error a misspelt option
await hot.init({ boundary: './controllers/*.ts' })
// @ts-expect-error patterns are text
await hot.init({ boundaries: [/controllers/] })
// @ts-expect-error not 'no'
await hot.init({ watch: 'no' })
// @ts-expect-error an interval is a number
await hot.init({ poll: '100ms' })
// @ts-expect-error a function
await hot.init({ onFullReloadAsked: 'restart' })
// @ts-expect-error a callback
hot.dispose(import.meta.url)
// @ts-expect-error of which module?
hot.decline()
// @ts-expect-error init gives nothing
export const { dump } = await hot.init()

export const fromPackageJson: PackageOptions = { boundaries: './a.js', poll: 300 }
// @ts-expect-error JSON holds no functions
export const noFunctions: PackageOptions = { onFullReloadAsked() {} }

// Messages
export function received(message: HotHookMessage | FileChangedMessage): string | string[] {
  switch (message.type) {
    case 'hot-hook:full-reload':
      same<Same<typeof message, FullReloadMessage>>()
      return message.shouldBeReloadable ? message.path : ''
    case 'hot-hook:invalidated':
      same<Same<typeof message, InvalidatedMessage>>()
      return message.paths
    case 'hot-hook:file-changed':
      same<Same<typeof message.action, FileChangeAction>>()
      return message.path
  }
}
process.send?.({ type: 'hot-hook:file-changed', path: '/a.js', action: 'add' } satisfies FileChangedMessage)
// @ts-expect-error chokidar's 'addDir' is none of ours
export const action: FileChangeAction = 'addDir'
// @ts-expect-error there is no such message
export const message: HotHookMessage = { type: 'hot-hook:dump' }

// Errors
export function why(error: OptionsError | NotDynamicError): string {
  same<Same<typeof error.code, 'HOT_HOOK_OPTIONS' | 'HOT_HOOK_NOT_DYNAMIC'>>()
  return error.message
}

// handler
{
  const apps = {
    default: (_request: IncomingMessage, response: ServerResponse) => response.end(),
    web: async (request: Request) => new Response(request.url),
    object: { fetch: (request: Request, env: { key: string }) => new Response(request.url + env.key) },
    make: async () => ({ routing: (_request: IncomingMessage, _response: ServerResponse) => {}, ready: async () => {} }),
    port: 3000,
  }
  const load = async () => apps
  const server = createServer(handler(load)).on('upgrade', handler(load, 'make').upgrade)
  createServer({}, handler(load, 'web'))
  const answer: Promise<Response> = handler(load, 'web')(new Request('http://localhost'))
  const same: Promise<Response> = handler(load, 'object').fetch(new Request('http://localhost'), { key: 'k' })
  // @ts-expect-error -- its environment
  handler(load, 'object').fetch(new Request('http://localhost'))
  // @ts-expect-error -- nothing that serves
  handler(load, 'port')
  // @ts-expect-error -- no default export
  handler(async () => ({ web: apps.web }))
  const general: Handler = handler(load)
  void [server, answer, same, general]
}

// lazy
{
  const users = { index: (id: number) => String(id), default: async (name: string) => name.length, limit: 3 }
  const index: (id: number) => Promise<string> = lazy(async () => users, 'index')
  const length: (name: string) => Promise<number> = lazy(async () => users)
  // @ts-expect-error -- no function
  lazy(async () => users, 'limit')
  // @ts-expect-error -- no default export
  lazy(async () => ({ index: users.index }))
  const hooks = {
    done: (_request: object, _reply: object, done: (error?: Error) => void) => done(),
    next: async (_request: object, _reply: object, next: () => void) => next(),
    two: (_context: object, next: () => Promise<void>): void => void next(),
  }
  const done = lazy(async () => hooks, 'done')
  const next = lazy(async () => hooks, 'next')
  const two = lazy(async () => hooks, 'two')
  same<Same<ReturnType<typeof done>, void>>()
  same<Same<ReturnType<typeof next>, Promise<void>>>()
  same<Same<ReturnType<typeof two>, Promise<void>>>()
  void [index, length]
}
