/* The state machine of the runner, with no process and no clock. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { drainLimit, initial, step } from '../machine.mjs'

const limits = { drainTimeout: 2000, killTimeout: 5000, stay: false }
const CRASH = { code: 1, signal: null }
const END = { code: 0, signal: null }

/** Events → states and effects, as words: `spawn`, `set drain 4500`, `say crash`. The clock is an argument. */
function run(events, more = {}) {
  let state = initial()
  let at = 0
  const trace = []
  for (const event of events) {
    at = event.at ?? at
    const [next, effects] = step(state, { ...event, at }, { ...limits, ...more })
    state = next
    trace.push([state.name, ...effects.map(word)].join(', '))
  }
  return trace
}

function word(effect) {
  switch (effect.do) {
    case 'say': {
      const { what, exit, ...rest } = effect.say
      return ['say', what, ...(exit ? [exit.signal ?? exit.code] : []), ...Object.values(rest)].join(' ')
    }
    case 'set':
      return `set ${effect.timer} ${effect.ms}`
    case 'clear':
      return `clear ${effect.timer}`
    case 'end':
      return `end ${effect.exit.signal ?? effect.exit.code}`
    case 'kill':
      return effect.all ? 'kill all' : 'kill'
    case 'signal':
    case 'relay':
    case 'watch':
      return [effect.do, effect.signal ?? effect.since].filter((part) => part !== undefined).join(' ')
    default:
      return effect.do
  }
}

const start = { type: 'start', at: 0 }
const ready = { type: 'ready', at: 100 }
const reload = { type: 'reload', at: 1000 }
const drained = { type: 'drained', at: 1010 }
const signal = (name, at) => ({ type: 'signal', signal: name, at })
const exit = (how, at) => ({ type: 'exit', exit: how, at })
const saved = (at, early) => ({ type: 'saved', at, early })
const timeout = (timer, at) => ({ type: 'timeout', timer, at })
const RESTART = ['starting, spawn', 'running, say ready 100 false', `draining, say restart, drain, set drain ${drainLimit(limits)}`]
const AGAIN = 'starting, clear retry, unwatch, say restart, spawn'

/** @param {string} name @param {object[]} events @param {string[]} expected @param {object} [more] */
const row = (name, events, expected, more) => test(name, () => assert.deepEqual(run(events, more), expected))

row('a restart: drain, signal, gone, start; its time counts from the save', [start, ready, reload, drained, exit(END, 1050), { type: 'ready', at: 1300 }], [
  ...RESTART,
  'killing, clear drain, signal, set kill 5000',
  'starting, clear drain, clear kill, spawn',
  'running, say ready 300 true',
])
row('several changes at one moment are one restart', [start, ready, reload, reload, { type: 'restart' }, drained, reload, exit(END, 1050)], [
  ...RESTART,
  'draining',
  'draining',
  'killing, clear drain, signal, set kill 5000',
  'killing',
  'starting, clear drain, clear kill, spawn',
])
row('an app that ends while it drains need not be ended', [start, ready, reload, exit(CRASH, 1005)], [...RESTART, 'starting, clear drain, clear kill, spawn'])
row('an app that hangs: the limits count, one after the other', [start, ready, reload, timeout('drain', 5500), timeout('kill', 10_500), exit({ code: null, signal: 'SIGKILL' }, 10_510)], [
  ...RESTART,
  `killing, say unresponsive ${drainLimit(limits)}, clear drain, signal, set kill 5000`,
  'killing, say killed 5000, kill',
  'starting, clear drain, clear kill, spawn',
])
row('an app that hangs, and what it runs is saved: it is ended without a drain', [start, { type: 'hung', at: 5000 }, { type: 'hung', at: 5001 }, timeout('kill', 10_000), exit({ code: null, signal: 'SIGKILL' }, 10_010), signal('SIGTERM', 10_020), { type: 'hung', at: 10_030 }], [
  'starting, spawn',
  'killing, say restart, clear drain, signal, set kill 5000',
  'killing',
  'killing, say killed 5000, kill',
  'starting, clear drain, clear kill, spawn',
  'starting, relay SIGTERM',
  'starting',
])
row('a change while it starts', [start, reload, drained, exit(END, 1020)], ['starting, spawn', RESTART[2], 'killing, clear drain, signal, set kill 5000', 'starting, clear drain, clear kill, spawn'])
row('an end by itself is the end', [start, ready, exit(END, 200)], ['starting, spawn', RESTART[1], 'stopped, end 0'])
row('so is a request to end that was not ours', [start, exit({ code: null, signal: 'SIGTERM' }, 200)], ['starting, spawn', 'stopped, end SIGTERM'])
row('an end by itself with `stay`', [start, ready, exit(END, 200), saved(300)], ['starting, spawn', RESTART[1], 'crashed, say ended 0, watch 0', AGAIN], { stay: true })
row('a crash waits for a save; one before the crash counts once', [start, exit(CRASH, 50), saved(60, true), exit(CRASH, 120), saved(130), exit(CRASH, 200)], [
  'starting, spawn',
  'crashed, say crash 1 50, watch 0',
  AGAIN,
  'crashed, say crash 1 60, watch 120',
  AGAIN,
  'crashed, say crash 1 70, watch 130',
])
row('killed by the system is a crash', [start, ready, exit({ code: null, signal: 'SIGKILL' }, 300)], ['starting, spawn', RESTART[1], 'crashed, say crash SIGKILL 300, watch 0'])
for (const [name, how] of Object.entries({ SIGSEGV: null, SIGABRT: null, SIGTRAP: null, SIGILL: null, SIGBUS: null, 'an access violation on Windows': 0xc0_00_00_05 })) {
  const fatal = how === null ? { code: null, signal: name } : { code: how, signal: null }
  const said = how ?? name
  row(`Node crashes at the start, ${name}: once more, and once only`, [start, exit(fatal, 50), exit(fatal, 90), saved(100), exit(fatal, 130), { type: 'ready', at: 300 }, exit(fatal, 400)], [
    'starting, spawn',
    `starting, say retry ${said}, forget, spawn`,
    `crashed, say crash ${said} 40, watch 50`,
    AGAIN,
    `starting, say retry ${said}, forget, spawn`,
    'running, say ready 200 true',
    `crashed, say crash ${said} 270, watch 130`,
  ])
}
row('a restart that is asked for, or an environment file, after a crash', [start, exit(CRASH, 50), { type: 'restart', at: 60 }, exit(CRASH, 90), reload], [
  'starting, spawn',
  'crashed, say crash 1 50, watch 0',
  AGAIN,
  'crashed, say crash 1 30, watch 60',
  AGAIN,
])
test('a crash loop is not hammered, and a pause between crashes ends it', () => {
  const crashes = Array.from({ length: 5 }, (_, n) => [saved(n * 100), exit(CRASH, n * 100 + 50)]).flat().slice(1)
  const loop = run([start, ...crashes, saved(500), saved(600), timeout('retry', 1500), exit(CRASH, 1550), saved(1600), { type: 'restart', at: 1700 }])
  assert.deepEqual(loop.slice(-6), [
    'crashed, say loop 1000, set retry 1000',
    'crashed',
    AGAIN,
    'crashed, say crash 1 50, watch 1500',
    'crashed, say loop 2000, set retry 2000',
    AGAIN,
  ])
  const slow = Array.from({ length: 9 }, (_, n) => [saved(n * 4000), exit(CRASH, n * 4000 + 50)]).flat().slice(1)
  assert.ok(run([start, ...slow]).every((line) => !line.includes('loop')))
})
row('Ctrl-C once: the app ends as it likes, and so does the runner', [start, ready, signal('SIGINT', 200), reload, exit({ code: 7, signal: null }, 9000)], [
  'starting, spawn',
  RESTART[1],
  'running, relay SIGINT',
  'running',
  'stopped, end 7',
])
row('Ctrl-C twice: all is killed', [start, ready, signal('SIGINT', 200), signal('SIGINT', 900), exit({ code: null, signal: 'SIGKILL' }, 910)], [
  'starting, spawn',
  RESTART[1],
  'running, relay SIGINT',
  'running, kill all',
  'stopped, end SIGINT',
])
row('SIGTERM is passed on as often as it comes', [start, signal('SIGTERM', 1), signal('SIGTERM', 2), exit({ code: null, signal: 'SIGTERM' }, 3)], [
  'starting, spawn',
  'starting, relay SIGTERM',
  'starting, relay SIGTERM',
  'stopped, end SIGTERM',
])
row('Ctrl-C during a restart: nothing starts again', [start, ready, reload, signal('SIGINT', 1005), drained, exit(END, 1020)], [
  ...RESTART,
  'draining, relay SIGINT',
  'killing, clear drain, signal, set kill 5000',
  'stopped, clear drain, clear kill, end 0',
])
row('Ctrl-C after a crash: it ends as the app has', [start, exit({ code: 3, signal: null }, 50), signal('SIGINT', 60)], ['starting, spawn', 'crashed, say crash 3 50, watch 0', 'stopped, clear retry, unwatch, end 3'])
row('stop: as for a restart, but without a start', [start, ready, { type: 'stop', at: 500 }, drained, exit(END, 1020), start], [
  'starting, spawn',
  RESTART[1],
  `draining, drain, set drain ${drainLimit(limits)}`,
  'killing, clear drain, signal, set kill 5000',
  'stopped, clear drain, clear kill, end 0',
  'starting, spawn',
])
test('in every state every event leads to a state, and nothing starts twice', () => {
  const events = [start, ready, reload, { type: 'hung' }, drained, exit(END), exit(CRASH), saved(), signal('SIGINT'), { type: 'stop' }, timeout('drain'), timeout('kill'), timeout('retry')]
  let seed = 1
  const random = (n) => ((seed = (seed * 48_271) % 2_147_483_647), seed % n)
  for (let round = 0; round < 200; round++) {
    let state = initial()
    let isAlive = false
    for (let at = 0; at < 100; at++) {
      // A process can only end if there is one.
      const event = events.filter(({ type }) => type !== 'exit' || isAlive)[random(events.length - (isAlive ? 0 : 2))]
      const [next, effects] = step(state, { ...event, at: at * 700 }, limits)
      if (event.type === 'exit') isAlive = false
      for (const effect of effects) {
        if (effect.do !== 'spawn') continue
        assert.ok(!isAlive, `${state.name} + ${event.type}: a second process`)
        isAlive = true
      }
      const hasProcess = ['starting', 'running', 'draining', 'killing'].includes(next.name)
      assert.equal(hasProcess, isAlive, `${state.name} + ${event.type} → ${next.name}`)
      state = next
    }
  }
})
