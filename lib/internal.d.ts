/**
 * The types of `hot-hook/internal`, which `@hot-hook/runner` and `@hot-hook/dump-viewer` import. Any release may change it.
 */
export { Control, isInstalled, openControl, Watcher, watchFiles, watchProject, type ControlRequest, type Found, type MissingPackage } from './native/binding.js'

/** An app that has a control socket. */
export interface App {
  pid: number
  socket: string
  /** Its pointer. */
  file: string
  isOfOurs: boolean
}

/** The app that a process runs in a project, if it can be asked: a process of this PID namespace. */
export declare function findApp(cwd: string, pid: number): App | undefined

/** What an app answers: see docs/protocol.md. Throws if it does not, or if that is of no known shape. */
export declare function ask(app: App, request: any): Promise<any>

/** An outcome, as `hot:outcome` has it, with paths as `show` writes them. */
export declare function relativeOutcome(outcome: any, show: (path: string) => string): any

/** Hears what happens in an app, once the promise is fulfilled; `over` is fulfilled when that ends. */
export declare function follow(app: App, request: object, tell: (event: any) => void): Promise<{ over: Promise<void>; close: () => void }>

/**
 * The URL of the module `@hot-hook/dump-viewer/server` that is to be run: that of the project above `cwd`, else that which was
 * installed with the package whose module has the URL `url`.
 *
 * @throws an error with the code `MODULE_NOT_FOUND` if there is none
 */
export declare function findViewer(cwd: string, url: string): string

/**
 * Whether no other user can have put a file of a package where it was found.
 *
 * @param file its real path
 * @param name that of the package
 * @param from the folder from which it was looked for
 * @param other the id of a user who is trusted besides this one and root
 */
export declare function isFoundSafely(file: string, name: string, from: string, other?: number): boolean

/** A text on one line, in which characters that a terminal obeys or hides are escaped. */
export declare function visible(text: unknown): string

/** The same for several lines: line feeds and tabs stay. */
export declare function visibleLines(text: unknown): string

/** JSON in which such characters are escaped. Parsed again, it is the same. */
export declare function visibleJson(value: unknown): string

/** The import graph of this process as JSON, with what was decided on it; `undefined` if hot-hook does not run here. */
export declare function snapshot(): string | undefined

/** Paths relative to the folder of package.json; as they are if hot-hook does not run here. */
export declare function shown(paths: string[]): string[]
