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
