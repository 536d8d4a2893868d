/** The exports of `Module` that are functions. */
type FunctionNames<Module> = {
  [Name in keyof Module]: Module[Name] extends (...args: never[]) => unknown ? Name : never
}[keyof Module] & string

/**
 * A function to hand over at start, to a router, a queue or an emitter, that runs today's code: each call imports the
 * module and calls one of its exports, with the same `this` and arguments. That costs one import.
 *
 * ```js
 * app.get('/users', lazy(() => import('./users.js', import.meta.hot?.boundary), 'index'))
 * ```
 *
 * It returns a promise of what the export returns. If the import or the export fails, the error goes to the function
 * among the arguments from the third on, if there is one, as Express' `next` and Fastify's `done` expect it; otherwise
 * the promise is rejected. Whoever gets the end by such a callback does not get it by the promise, too: that stays
 * pending after an error, and if the export declares the callback as a parameter and returns no promise.
 *
 * Frameworks that count a function's parameters see none: an Express error handler must be written with its four.
 *
 * Where hot-hook is not enabled the module is imported once, at the first call. `hot-hook/lazy` exports it alone, without the addon.
 *
 * @param load imports the module; what it does besides is done at each call
 * @param name of the export; default: `default`
 * @throws TypeError if `load` is no function or `name` no string. A module without that export fails the call.
 */
export declare function lazy<Module extends { default: (...args: never[]) => unknown }>(
  load: () => Promise<Module>,
): Lazy<Module['default']>
export declare function lazy<Module, Name extends FunctionNames<Module>>(
  load: () => Promise<Module>,
  name: Name,
): Lazy<Module[Name]>

/** Whether one of the arguments from the third on is a function: the callback by which Express and Fastify are answered. */
type HasCallback<Args> = Args extends [unknown, unknown, ...infer Rest]
  ? [Extract<Rest[number], (...args: never[]) => unknown>] extends [never] ? false : true
  : false

/**
 * What {@link lazy} returns: the same function, but asynchronous; if it returns nothing and takes a callback, that is its
 * only answer.
 */
export type Lazy<Handler> = Handler extends (this: infer This, ...args: infer Args) => infer Result
  ? (this: This, ...args: Args) => [Result, HasCallback<Args>] extends [void, true] ? void : Promise<Awaited<Result>>
  : never

/** What {@link handler} calls: the app that a module exports, or what makes it. */
export type App =
  // Express, Connect, a router, `(request, response)`, a `fetch` function, a function that makes an app
  | ((...args: never[]) => unknown)
  // Hono and others of the Fetch API
  | { fetch(...args: never[]): unknown }
  // Koa
  | { callback(): (...args: never[]) => unknown }
  // Fastify
  | { routing(...args: never[]): unknown; ready(...args: never[]): unknown }
  // a server that does not listen
  | { listen(...args: never[]): unknown; listenerCount(...args: never[]): number }

/** The exports of `Module` that are apps. */
type AppNames<Module> = {
  [Name in keyof Module]: Module[Name] extends App | PromiseLike<App> ? Name : never
}[keyof Module] & string

/**
 * A function to hand over at start, to whatever serves requests, that serves each one by today's app:
 *
 * ```js
 * createServer(handler(() => import('./app.js', import.meta.hot?.boundary), 'app')).listen(3000)
 * ```
 *
 * The export may be an app or a router of Express, `(request, response)`, a function that takes a `Request`, an app of Hono (or
 * anything else that has a `fetch`), of Koa, or of Fastify; or a function without parameters that makes one, or a promise of it.
 * It is made ready once for each instance of the module; a Fastify instance is closed when another has taken its place and
 * its last request is over. What takes a `Request` is called with `{ incoming, outgoing }` besides, as by `@hono/node-server`. It may read
 * the body on when it has answered; a body that is read in part and then left alone for 5 s ends in an error.
 *
 * Where hot-hook is enabled, a request that finds that the import fails is answered by 500, with the error as HTML, JSON or text. So is one
 * for which the app throws, unless a `next` was given, which gets that. The error's text, file and frame are sent only to
 * this machine: from a loopback address, without headers of a proxy, under `localhost`, a loopback address, `0.0.0.0` or the
 * machine's name. Everybody else reads that it is printed on the terminal.
 *
 * Where hot-hook is not enabled the module is imported once, at the first call. If that fails, the call rejects, or `next` gets the
 * error; the next call tries again. `hot-hook/lazy` exports it without the addon.
 *
 * @param load imports the module; what it does besides is done at each call
 * @param name of the export; default: `default`
 * @throws TypeError if `load` is no function or `name` no string. A module without that export fails the call.
 */
export declare function handler<Module extends { default: App | PromiseLike<App> }>(
  load: () => Promise<Module>,
): Handler<Module['default']>
export declare function handler<Module, Name extends AppNames<Module>>(
  load: () => Promise<Module>,
  name: Name,
): Handler<Module[Name]>

/** As much of Node's requests as counts here: this file needs no types of Node. */
interface NodeRequest {
  readonly headers: object
  readonly method?: string | undefined
  readonly url?: string | undefined
}

/** As much of Node's responses as counts here. */
interface NodeResponse {
  readonly headersSent: boolean
  readonly writableEnded: boolean
}

/** As much of Node's sockets as counts here. */
interface NodeSocket {
  readonly destroyed: boolean
  destroy(): unknown
}

/** As much of the Fetch API's `Request` as counts here. */
interface WebRequest {
  readonly url: string
  readonly method: string
  readonly headers: { get(name: string): string | null }
}

/** The `Response` of the libraries that a project has. */
type WebResponse = typeof globalThis extends { Response: { prototype: infer Instance } } ? Instance : unknown

/** How an app is called with a `Request`: as it is typed itself, if it is. */
type Fetch<Served> = Served extends { fetch: (...args: infer Args) => infer Result }
  ? (...args: Args) => Promise<Awaited<Result>>
  : // oxlint-disable-next-line typescript/no-explicit-any -- only the app knows what else it takes
    (request: WebRequest, ...others: any[]) => Promise<WebResponse>

/** What {@link handler} returns. It is called as a server of Node's calls its listener, or with a `Request`. */
export type Handler<Served = App> = {
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Connect
  (request: NodeRequest, response: NodeResponse, next?: (error?: any) => void): void
} & Fetch<Served> & {
    /** The same for a `Request` alone: `serve({ fetch: h.fetch })`. */
    readonly fetch: Fetch<Served>
    /**
     * For `server.on('upgrade', h.upgrade)`: calls what the module exports as `upgrade`, with the same arguments, or what
     * Fastify's plugins have registered for that. A WebSocket that is open stays with the code that opened it.
     */
    readonly upgrade: (request: NodeRequest, socket: NodeSocket, head: Uint8Array) => void
    /**
     * Makes an HTTP server of it and lets that listen, with the arguments of Node's `server.listen()`, which is what `app.listen()` does in
     * Express and Koa. Returns the server.
     */
    readonly listen: Listen<Served>
  }

/** As much of Node's servers as counts here. */
export interface Listening {
  address(): { port: number; address: string; family: string } | string | null
  close(callback?: (error?: Error) => void): unknown
  on(event: string, listener: (...args: never[]) => void): unknown
}

/** How an app is told to listen: as it is typed itself, if it is and returns a server. */
type Listen<Served> = Served extends { listen: infer Own extends (...args: never[]) => Listening }
  ? Own
  : // oxlint-disable-next-line typescript/no-explicit-any -- as Node's server.listen()
    (...args: any[]) => Listening
