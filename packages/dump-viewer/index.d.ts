/**
 * Shows an app's import graph, as hot-hook sees it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Outcome, OutcomeError } from 'hot-hook'

/** The options of {@link dumpViewer}. */
export interface DumpViewerOptions {
  /** The path of the route that {@link liveEvents} answers: the page hears there what happens. @default none: the page stays as it is */
  events?: string
  /** What is looked at. @default this process */
  source?: Source
}

/**
 * One HTML page that shows the import graph of this process. It loads nothing else, and carries its own
 * Content-Security-Policy.
 *
 * @throws {TypeError} if `events` is no path
 */
export declare function dumpViewer(options?: DumpViewerOptions): Promise<string>

/**
 * Makes the handler of the route that `dumpViewer({ events })` names: it answers with server-sent events.
 */
export declare function liveEvents(source?: Source): (request: IncomingMessage, response: ServerResponse) => void

/** The options of {@link serveViewer}. */
export interface ServeOptions {
  /** @default 0: that of the project if it is free, or else any */
  port?: number
  /** What is looked at. @default this process */
  source?: Source
  /**
   * A folder of the project: its URL is the same each time, with its token, so that a bookmark works.
   * @default the working directory; with a `source` none, and the URL is another one each time
   */
  project?: string
}

/** A server that shows the page. */
export interface ViewerServer {
  /** Where it is, with the token that it asks for. */
  url: string
  /**
   * A URL that leads there once, and for five minutes: for a command that opens it, because other users can read a command's arguments.
   * On Linux it does not work for them, even if they are first.
   */
  createOneTimeUrl(): string
  /** Ends the server and its connections. */
  close(): Promise<void>
}

/**
 * Serves the live page on 127.0.0.1. It keeps no process alive.
 *
 * Rejects with the error of `listen`, such as `EADDRINUSE`.
 */
export declare function serveViewer(options?: ServeOptions): Promise<ViewerServer>

/** Something to look at. */
export interface Source {
  /** Changes when the app is started again. */
  app(): string
  /** The graph as JSON, a {@link Picture}; `undefined` while there is none to be had. */
  picture(): Promise<string | undefined>
  /** Listens until what it returns is called. */
  subscribe(listener: (event: Happening) => void): () => void
  /** Folders of hot-hook's own packages, as the paths of the graph have them, where they are linked. What is in them is not drawn. */
  own?(): string[]
}

/** What happens in an app. Paths are relative to its project. */
export type Happening =
  /** These files were saved, and these modules run again. */
  | { event: 'update'; data: { files: string[]; paths: string[] } }
  /** A change needs a restart. */
  | { event: 'restart'; data: { path: string; text: string; hint?: string } }
  /** What became of a save is known, or has become something else: as `hot:outcome` has it, with paths relative to the project. */
  | { event: 'outcome'; data: Outcome }
  /** It has ended. */
  | { event: 'end'; data: {} }

/** The graph, with all that was decided on it. */
export interface Picture {
  modules: PictureModule[]
  edges: PictureEdge[]
}

export interface PictureModule {
  /** Relative to the folder of package.json, with `/`. */
  path: string
  /** How often it was invalidated. */
  version: number
  /**
   * What a save would do: reload it (`hot`), ask for a restart since no boundary makes it hot (`cold`) or since a module
   * above it declines (`declined`), or nothing (`ignored`).
   */
  state: 'hot' | 'cold' | 'declined' | 'ignored'
  /** The verdict of `hot.explain()`. */
  verdict: 'hot' | 'restart' | 'declined' | 'ignored' | 'unknown'
  /** The app begins here, or it is an importer that is no file. */
  root: boolean
  /** Some import makes it a boundary. */
  boundary: boolean
  /** It accepts itself. */
  accepts: boolean
  /** It has called `decline()`. */
  declines: boolean
  /** The edge, by its place, by which the chain that makes it cold, or what it imports, arrives; none where that begins. */
  via?: number
  /** The `restart` pattern that it matches: a save asks for a restart, whatever its state. */
  restart?: string
  /** Why a save asks for a restart: what `hot.explain()` says, without the chain, which `via` tells. */
  reason?: string
  /** What to write, and where, to make it hot: what `hot.explain()` says, in several lines; those that are indented are code. */
  hint?: string
  /** What imports of it fail by, until that is mended; absent if nothing. `file` is relative, too. */
  errors?: OutcomeError[]
}

export interface PictureEdge {
  /** The importer, by its place among the modules. */
  from: number
  /** What it imports. */
  to: number
  kind: 'static' | 'dynamic' | 'require'
  /** It is an `import()` of a boundary. */
  hot: boolean
  /** The importer or what it imports accepts it. */
  accepted: boolean
  /** A save that invalidates `to` invalidates `from`, too. */
  climbs: boolean
  /** The importer has imported `to` once, and keeps what it got: certainly (`true`), or probably. */
  takenOnce?: boolean
  /** What the importer wrote. */
  specifier: string
}
