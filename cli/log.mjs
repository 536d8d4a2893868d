/**
 * `hot-hook log`: what became of saves.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { follow, isGone } from '../lib/control/client.mjs'
import { visibleJson } from '../lib/runtime/visible.mjs'
import { currentFolder, find, problemOf } from './apps.mjs'
import { describeOutcome, showFrom } from './outcomes.mjs'

/** How often it is looked for apps, in milliseconds. */
const LOOK = 300

/** @param {{ pid?: string, json: boolean, count: number, follows: boolean }} options @param {(line: string) => void} write */
export async function log({ pid, json, count, follows }, write) {
  const show = showFrom(currentFolder())
  const say = (/** @type {any} */ outcome) => {
    if (json) return write(visibleJson(outcome))
    const [first, ...others] = describeOutcome(outcome, show)
    const time = new Date(outcome.time).toLocaleTimeString('en-GB')
    return [`${time} ${first}`, ...others.map((line) => `         ${line}`)].forEach(write)
  }
  const { apps, nothing } = find(pid)
  const found = await Promise.all(apps.map((app) => listen(app, count, follows)))
  const heard = found.filter((one) => one !== undefined)
  if (heard.length === 0) throw nothing()
  const past = heard.flatMap(({ past }) => past).toSorted((a, b) => a.time - b.time)
  past.slice(Math.max(0, past.length - count)).forEach(say)
  if (!follows) return
  /** @type {Set<string>} */
  const sockets = new Set()
  const begin = (/** @type {Heard} */ { hear, over, socket }) => {
    sockets.add(socket)
    hear(say)
    void over.then(() => sockets.delete(socket))
  }
  heard.forEach(begin)
  for (;;) {
    await sleep(LOOK)
    for (const app of find(pid).apps.filter(({ socket }) => !sockets.has(socket))) {
      // One that has come since is heard from its beginning.
      const one = await listen(app, Infinity, true).catch(() => undefined)
      one?.past.forEach(say)
      if (one) begin(one)
    }
  }
}

/** @typedef {{ past: any[], over: Promise<void>, hear: (listener: (outcome: any) => void) => void, socket: string }} Heard */

/**
 * What an app tells: first of the past; `undefined` if it runs no more.
 * @param {import('../lib/control/pointers.mjs').App} app @param {number} count @param {boolean} follows
 * @returns {Promise<Heard | undefined>}
 */
async function listen(app, count, follows) {
  /** @type {any[]} */
  const past = []
  let tell = (/** @type {any} */ outcome) => void past.push(outcome)
  try {
    const last = Number.isFinite(count) ? { last: count } : {}
    const { over } = await follow(app, { ask: 'log', follow: follows, ...last }, ({ data }) => tell(data))
    const hear = (/** @type {any} */ listener) => void (tell = listener)
    return { past, over, hear, socket: app.socket }
  } catch (error) {
    if (isGone(error)) return undefined
    throw problemOf(app, error)
  }
}
