/**
 * An app that is edited while it runs, where no more is asked than safety: after a save, either the value is fresh, or a
 * restart is asked for, with its reason; then the app is started again, as a parent would do it. A value is never stale in
 * silence and never `undefined`, no import hangs, and the app never dies.
 */
import assert from 'node:assert/strict'
import { inspect, isDeepStrictEqual } from 'node:util'
import { DEADLINE, createFolder, startApp, write } from '../support/app.mjs'

/** What stands on stderr when something has gone wrong inside, though the value may be right by chance. */
const ALARM = /circular dependency|goes on without hot reload|HOT_HOOK_INTERNAL|UnhandledPromiseRejection/

/** Whether each part of an answer is the one of now, or one that was right before. @param {unknown} given @param {unknown[]} known */
function isOfThem(given, known) {
  if (known.some((one) => isSame(given, one))) return true
  const lists = known.filter((one) => Array.isArray(one) && one.length === /** @type {unknown[]} */ (given)?.length)
  return Array.isArray(given) && lists.length > 0 && given.every((part, index) => isOfThem(part, lists.map((list) => list[index])))
}

/** @param {unknown} given @param {unknown} expected a value, or a pattern for the message of an error */
const isSame = (given, expected) =>
  expected instanceof RegExp ? given instanceof Error && expected.test(given.message) : isDeepStrictEqual(given, expected)

/**
 * @typedef {import('../support/app.mjs').Options & { start?: unknown }} Setting `start` is what the app's first answer is
 * @typedef {{ again?: unknown, args?: unknown[] }} Also `again`: the answer of an app that was started again, where that is another
 */

/**
 * @param {import('node:test').TestContext} t @param {Setting} setting
 */
export async function startSafely(t, setting) {
  const folder = createFolder(t, setting)
  const start = () => startApp(t, { ...setting, folder, env: { HOT_HOOK_REASON: '1', ...setting.env } })
  let app = await start()
  let restarts = 0
  /** What was right for each question, since the start: the last one last. @type {Map<string, unknown[]>} */
  const known = new Map()

  /** @param {string} text */
  const fail = (text) => new Error(`${text}\n${app.known()}`)

  /** What the app answers, or the error that it ends in. It must answer in time: see `ask`. @param {unknown[]} args */
  const answer = (args) => app.ask('get', ...args).catch((error) => (error.inApp ? error : Promise.reject(error)))

  async function restart() {
    const asked = app.told('full-reload')
    for (const { path, reason } of asked) {
      if (!path || !reason?.text) throw fail('a restart was asked for without a reason')
    }
    await end()
    restarts++
    known.clear()
    app = await start()
  }

  /** The app is alive, and has said nothing that alarms. */
  async function end() {
    const { exitCode, signalCode } = app.child
    if (exitCode !== null || signalCode !== null) throw fail('the app has died')
    if (ALARM.test(app.output.stderr)) throw fail('the app gave an alarm')
    await app.kill()
  }

  const isAsked = () => app.told('full-reload').length > 0

  const safe = {
    save: (/** @type {string} */ name, /** @type {string} */ text) => write(folder, name, text),
    remove: (/** @type {string} */ name) => app.remove(name),
    /**
     * What `get` answers now: a value, or a pattern for the message of an error.
     * @param {unknown} expected @param {Also} [also]
     * @returns {Promise<boolean>} whether it took a restart
     */
    async gives(expected, { again = expected, args = [] } = {}) {
      const key = JSON.stringify(args)
      const right = [...(known.get(key) ?? []), expected]
      const given = await answer(args)
      if (!isSame(given, expected)) {
        if (!isOfThem(given, right)) throw fail(`get answers ${inspect(given)}, none of ${inspect(right)}`)
        await app.until(`${inspect(expected)}, or that a restart is asked for: get answers ${inspect(given)}`, isAsked, DEADLINE)
      }
      if (isAsked()) {
        await restart()
        const anew = await answer(args)
        if (!isSame(anew, again)) throw fail(`get answers ${inspect(anew)} after a restart, not ${inspect(again)}`)
        known.set(key, [again])
        return true
      }
      known.set(key, right)
      return false
    },
    /** What `get` answers soon. @param {unknown} expected @param {Also} [also] */
    async comesTo(expected, { again = expected, args = [] } = {}) {
      await app.until(`get answers ${inspect(expected)}`, async () => isAsked() || isSame(await answer(args), expected))
      return safe.gives(expected, { again, args })
    },
    /** A restart must be asked for: what changed has run, and stays. @param {unknown} expected what it gives then */
    async restarts(expected) {
      await app.until('that a restart is asked for', isAsked)
      await restart()
      await safe.gives(expected)
    },
    /** Asks several times at once. @param {unknown[][]} all the arguments of each */
    atOnce: (all) => Promise.all(all.map(answer)),
    async finish() {
      await end()
      return restarts
    },
  }
  if ('start' in setting) {
    const given = await answer([])
    assert.deepEqual(given, setting.start, app.known())
    known.set('[]', [given])
  }
  return safe
}
