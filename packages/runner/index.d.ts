/**
 * Runs a Node.js app under hot-hook, and restarts it so that nobody notices.
 */
import type { EventEmitter } from 'node:events'
import type { RestartReason } from 'hot-hook'

/** The options of {@link createRunner}; those of the command line are the same. */
export interface RunnerOptions {
  /** The app's entry file, relative to `cwd`. */
  script: string
  /** Flags for Node, before the script. */
  nodeArgs?: string[]
  /** Arguments for the script. */
  scriptArgs?: string[]
  /** The app's working directory. @default process.cwd() */
  cwd?: string
  /** More of the app's environment; `undefined` takes a variable away. @default {} */
  env?: Record<string, string | undefined>
  /** Add `--import=hot-hook/register` after `nodeArgs`. @default true */
  register?: boolean
  /** Start the next process, and link the app in it, before it is needed. @default true */
  ahead?: boolean
  /** Keep listening sockets over restarts. @default true */
  keepSockets?: boolean
  /** What ends the app for a restart. @default 'SIGTERM' */
  signal?: string
  /** How long the app may take to end after that before it is killed, in milliseconds. @default 5000 */
  killTimeout?: number
  /** How long requests, and then the dispose handlers, may take to finish before a restart, in milliseconds. @default 2000 */
  drainTimeout?: number
  /** Stay when the app ends with code 0, and wait for a save. @default false */
  stay?: boolean
  /** Take `rs` and Enter from standard input while the app does not read it. @default true */
  stdin?: boolean
  /** Show the import graph, live, on this port of 127.0.0.1; 0 is any that is free. Needs `@hot-hook/dump-viewer`. @default none */
  viewer?: number
  /** Of the command line: say only what goes wrong. @default false */
  quiet?: boolean
  /** Of the command line: say more. @default false */
  verbose?: boolean
  /** Of the command line: say it as JSON. @default false */
  json?: boolean
  /** Of the command line: clear the screen before a restart. @default on a terminal */
  clearScreen?: boolean
}

/** How a process has ended: with a code, or by a signal. */
export interface Exit {
  code: number | null
  signal: string | null
}

/** Why the app is restarted. */
export type RestartCause =
  /** A change that cannot be swapped. `path` is absolute; `reason` is what hot-hook tells. */
  | { cause: 'change'; path: string; reason?: RestartReason }
  /** A file of `--env-file` has changed. */
  | { cause: 'env-file'; path: string }
  /** A file was saved while the app did not run. */
  | { cause: 'save'; path: string }
  /** A file that the app runs was saved, and the app hangs: it is ended. */
  | { cause: 'hung'; path: string }
  /** A package that the app did not find when it crashed can be resolved now; `path` is what the app wrote. */
  | { cause: 'installed'; path: string }
  /** `restart()`, or `rs`. */
  | { cause: 'asked' }

/** What {@link Runner} emits, and what `--json` writes with `event` and `time` besides. */
export interface RunnerEvents {
  /** A process begins to run the app; `isAhead`: it was started before it was needed. */
  start: [{ pid: number | undefined; isRestart: boolean; isAhead: boolean }]
  /** The process that is to be the next has done what can be done ahead. */
  waiting: [{ pid: number | undefined }]
  /** It listens, or has come to rest and does not; `ms` since its start, or since the restart began. */
  ready: [{ pid: number | undefined; ms: number; isRestart: boolean; urls: string[] }]
  /** The import graph is to be seen there. */
  viewer: [{ url: string }]
  /** It listens on something more. */
  listening: [{ url: string }]
  /** These files run again when they are next imported; absolute, the changed ones first. */
  invalidated: [{ paths: string[] }]
  /**
   * What became of a save, as `hot.outcomes()` of hot-hook has it; `text` is what people are told of it. After one that needs a
   * restart another follows with the same `id`: `restarted`, or `crashed` with the error that nobody caught. A save that no app has
   * seen, because it had crashed, has only the second.
   */
  outcome: [RunnerOutcome]
  /** A restart begins. */
  restart: [RestartCause]
  /** The app has not finished what it does in `ms`, and is ended. */
  unresponsive: [{ ms: number }]
  /** It has not ended in `ms`, and is killed. */
  killed: [{ ms: number }]
  /**
   * It crashed, `ms` after its start; `at` is where it called `process.exit`, if so. The next save starts it again.
   * `error` is what nobody caught, with its place.
   * `missing` are packages that it did not find: it starts again, too, when one of them can be resolved.
   */
  crash: [Exit & { ms: number; at?: string; missing?: string[]; error?: CrashError }]
  /** Node itself crashed as it started the app: the compile cache is emptied, and the start tried once more. */
  retry: [Exit]
  /** It crashes again and again: the next start comes in `ms`. */
  loop: [{ ms: number }]
  /** It ended by itself; `at` is where it called `process.exit`, if so. The runner `waits` for a save if `stay` is set. */
  ended: [Exit & { at?: string; waits: boolean }]
  /** Something that the user should know. */
  problem: [{ text: string }]
  /** All is over: as the app has ended. */
  exit: [Exit]
  /** What the app sent with `process.send`; not in `--json`. */
  message: [unknown]
}

/** What nobody caught, and its place. */
export interface CrashError {
  name: string
  message: string
  /** Absolute; absent if it is not known. */
  file?: string
  /** From 1. */
  line?: number
  /** From 1, in UTF-16 units. */
  column?: number
  /** At most three lines of the file, with a caret. */
  frame?: string
}

/** What became of a save: an `Outcome` of hot-hook, or what follows one that needs a restart. All paths are absolute. */
export interface RunnerOutcome {
  id: string
  /** When it was decided, in milliseconds since 1970. */
  time: number
  files: string[]
  outcome: 'applied' | 'unchanged' | 'failed' | 'restart-needed' | 'restarted' | 'crashed'
  modules: string[]
  boundaries: string[]
  pending: string[]
  mended?: string[]
  /** What stays as it was: see hot-hook's `Outcome`. */
  stale?: { path: string; by: string }[]
  ms: number
  reason?: string
  hint?: string
  chain?: unknown[]
  errors?: Array<CrashError & { phase: 'link' | 'evaluate' | 'accept' | 'dispose' | 'prune' }>
  /** What people are told of it. */
  text?: string
  /** It was told before, and has become another since. */
  again?: boolean
}

/** A runner. */
export interface Runner extends EventEmitter<RunnerEvents> {
  /** Starts the app; does nothing if it is started already. */
  start(): void
  /** Restarts the app, or starts it after a crash. */
  restart(): void
  /** Ends the app as for a restart, and the runner with it. */
  stop(): Promise<Exit>
  /**
   * Passes a signal on to the app; when that ends, so does the runner. A second `SIGINT` kills it, with all that it has
   * started.
   */
  signal(signal: string): void
}

/**
 * Makes a runner.
 *
 * @throws {@link OptionsError} if an option cannot be used, or if there is no such script.
 */
export declare function createRunner(options: RunnerOptions): Runner

/** An option cannot be used. The message says which, what it is and what it must be. */
export declare class OptionsError extends Error {
  code: 'HOT_RUNNER_OPTIONS'
}
