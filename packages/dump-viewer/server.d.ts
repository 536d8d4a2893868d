/**
 * `serveViewer` for processes that are not the app: nothing of hot-hook is loaded.
 */
import type { Source, ViewerServer } from './index.js'

export type { Source, ViewerServer }

/** The options of {@link serve}. */
export interface RemoteServeOptions {
  /** The app that is looked at. */
  source: Source
  /** @default 0: that of the project if it is free, or else any */
  port?: number
  /** A folder of the project: its URL is the same each time, with its token. @default none: another one each time */
  project?: string
}

/**
 * Serves the live page on 127.0.0.1. It keeps no process alive.
 *
 * Rejects with the error of `listen`, such as `EADDRINUSE`.
 */
export declare function serve(options: RemoteServeOptions): Promise<ViewerServer>
