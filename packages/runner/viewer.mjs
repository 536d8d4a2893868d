/**
 * `--viewer`: the app's import graph on a port of its own. It goes on over restarts.
 */
import { findViewer, relativeOutcome } from 'hot-hook/internal'
import path from 'node:path'
import { reasonOf } from './report.mjs'

/** So long the app may take to answer, in milliseconds: it may be busy. */
const PATIENCE = 1000

/**
 * @param {import('./options.mjs').Options} options
 * @param {{ ready: (url: string) => void, problem: (text: string) => void }} handlers
 */
export function createViewer({ viewer, cwd }, { ready, problem }) {
  /** @type {import('./child.mjs').Child | undefined} */
  let child
  /** Of the last app that had one. @type {string | undefined} */
  let snapshot
  let hasAsked = false
  /** @type {Set<() => void>} */
  const waiting = new Set()
  /** @type {Set<(event: { event: string, data: Record<string, unknown> }) => void>} */
  const listeners = new Set()
  /** @type {{ url: string, close: () => Promise<void> } | undefined} */
  let server
  let isOver = false

  const answered = () => {
    for (const resolve of waiting) resolve()
    waiting.clear()
  }

  const show = (/** @type {string} */ file) => path.relative(cwd, file).replaceAll(path.sep, '/')

  /** @param {string} event @param {Record<string, unknown>} data */
  const tell = (event, data) => listeners.forEach((listener) => listener({ event, data }))

  const source = {
    app: () => String(child?.pid ?? ''),
    async picture() {
      if (!child?.hears()) return snapshot
      const answer = new Promise((resolve) => {
        waiting.add(() => resolve(undefined))
        setTimeout(resolve, PATIENCE).unref()
      })
      child.tell({ type: 'hot-runner:look', again: !hasAsked })
      await answer
      return snapshot
    },
    /** @param {(event: any) => void} listener */
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }

  async function open() {
    isOver = false
    try {
      const { serve } = await import(findViewer(cwd, import.meta.url))
      server = await serve({ source, port: viewer, project: cwd })
      if (isOver) return server?.close()
      ready(/** @type {NonNullable<typeof server>} */ (server).url)
    } catch (error) {
      const { code, message } = /** @type {NodeJS.ErrnoException} */ (error)
      const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
      problem(isMissing ? '--viewer needs @hot-hook/dump-viewer: npm i -D @hot-hook/dump-viewer' : `--viewer: ${message}`)
    }
    return undefined
  }

  return {
    open,
    /** The app runs in this process from now on. @param {import('./child.mjs').Child} [next] */
    follow(next) {
      child = next
      hasAsked = false
      answered()
    },
    /** @param {any} message */
    heard({ type, text, files, paths }) {
      if (type === 'hot-runner:update') return tell('update', { files, paths })
      hasAsked ||= text !== undefined
      snapshot = text ?? snapshot
      return answered()
    },
    /** @param {Record<string, any>} outcome */
    became(outcome) {
      if (listeners.size > 0) tell('outcome', relativeOutcome(outcome, show))
    },
    /** @param {Record<string, any>} why */
    restarts(why) {
      tell('restart', { ...(why.path && { path: show(why.path) }), ...reasonOf(why, show) })
    },
    end() {
      isOver = true
      server?.close()
    },
  }
}
