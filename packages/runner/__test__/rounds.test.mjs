/* `edit && hot-hook wait && request`, round after round: no exit code is wrong, no answer stale, and none comes early. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { HOT, PACKAGE } from '../../../__test__/support/app.mjs'
import { cli, runtime, skip } from '../../../__test__/support/cli.mjs'
import { createRandom } from '../../../__test__/support/fuzz.mjs'
import { ask, startRunner } from './support/runner.mjs'

/** How many rounds, and the random numbers that they are made of. */
const ROUNDS = Number(process.env.HOT_HOOK_ROUNDS ?? 40)
const SEED = Number(process.env.HOT_HOOK_SEED ?? Date.now() % 1_000_000)

const HOT_NAMES = ['a', 'b', 'c']
const COLD_NAMES = ['x', 'y']
const module = (/** @type {number} */ n) => `export const value = ${n}`
const broken = (/** @type {number} */ n) => `export const value = ${n}; const = 1`

/** Each boundary has what it exports from a module below. */
const files = {
  'main.mjs': `import http from 'node:http'
    ${COLD_NAMES.map((name) => `import { value as ${name} } from './cold/${name}.mjs'`).join('\n')}
    const load = (name) => import('./hot/' + name + '.mjs', ${HOT}).then(({ value }) => value, (error) => error.name)
    http.createServer(async (request, response) => {
      response.end(JSON.stringify({ ${COLD_NAMES.join(', ')}, ${HOT_NAMES.map((name) => `${name}: await load('${name}')`).join(', ')} }))
    }).listen(0, '127.0.0.1')`,
  ...Object.fromEntries(HOT_NAMES.flatMap((name) => [[`hot/${name}.mjs`, `export { value } from './below/${name}.mjs'`], [`hot/below/${name}.mjs`, module(0)]])),
  ...Object.fromEntries(COLD_NAMES.map((name) => [`cold/${name}.mjs`, module(0)])),
}

test(`${ROUNDS} rounds of edits (seed ${SEED})`, { skip }, async (t) => {
  const random = createRandom(SEED)
  const pick = (/** @type {string[]} */ list) => list[Math.floor(random() * list.length)]
  const env = runtime(t)
  const runner = await startRunner(t, { files, env })
  /** What is to be answered, by name; `SyntaxError` of what is broken. @type {Record<string, number | string>} */
  const values = Object.fromEntries([...COLD_NAMES, ...HOT_NAMES].map((name) => [name, 0]))
  /** @type {string[]} */
  const history = []
  let isCrashed = false
  let count = 0

  const fileOf = (/** @type {string} */ name) => (COLD_NAMES.includes(name) ? `cold/${name}.mjs` : `hot/below/${name}.mjs`)
  /** @param {string} name @param {boolean} [isBroken] */
  function save(name, isBroken = false) {
    values[name] = isBroken ? 'SyntaxError' : ++count
    history.push(`${isBroken ? 'breaks' : 'saves'} ${name} ${count}`)
    const file = runner.file(fileOf(name))
    const text = isBroken ? broken(count) : module(count)
    if (random() < 0.5) return fs.writeFileSync(file, text)
    fs.writeFileSync(`${file}.tmp`, text)
    return fs.renameSync(`${file}.tmp`, file)
  }

  const edits = [
    { share: 0.1, edit: () => save(pick(HOT_NAMES), true) },
    { share: 0.1, edit: () => save(pick(COLD_NAMES)) },
    { share: 0.03, edit: () => { save(pick(COLD_NAMES), true); isCrashed = true } },
    { share: 0.1, edit: () => { history.push('saves notes'); fs.writeFileSync(runner.file('notes.mjs'), module(++count)) } },
    { share: 0.1, edit: () => { save(pick(HOT_NAMES)); save(pick([...HOT_NAMES, ...COLD_NAMES])) } },
    { share: 0.07, edit: async () => {
      save(pick(COLD_NAMES))
      const pause = random() * 250
      history.push(`after ${Math.round(pause)} ms`)
      await sleep(pause)
      save(pick([...HOT_NAMES, ...COLD_NAMES]))
    } },
    { share: 1, edit: () => save(pick(HOT_NAMES)) },
  ]

  async function edit() {
    if (isCrashed) {
      isCrashed = false
      for (const name of COLD_NAMES) if (values[name] === 'SyntaxError') save(name)
      return
    }
    let left = random()
    await edits.find(({ share }) => (left -= share) < 0)?.edit()
  }

  const fail = (/** @type {string} */ text, /** @type {unknown} */ found) => `${text}\n${history.slice(-12).join('\n')}\n${JSON.stringify(found)}\n${runner.known()}`
  const isBroken = () => isCrashed || HOT_NAMES.some((name) => values[name] === 'SyntaxError')
  const port = runner.port()
  await ask(port)
  for (let round = 0; round < ROUNDS; round++) {
    history.push(`round ${round}`)
    await edit()
    const { stdout, stderr, code } = await cli(runner.folder, env, 'wait', '--json')
    assert.equal(code, isBroken() ? 1 : 0, fail(`round ${round}: wait ends with ${code}, not ${isBroken() ? 1 : 0}`, { stdout, stderr }))
    if (isCrashed) continue
    const answer = JSON.parse(await ask(port))
    assert.deepEqual(answer, values, fail(`round ${round}: another answer`, { answer, values, stdout }))
  }
})

test('what wait says is as its schema has it', { skip }, async (t) => {
  const schema = JSON.parse(fs.readFileSync(path.join(PACKAGE, 'cli/schema.json'), 'utf8'))
  const env = runtime(t)
  const runner = await startRunner(t, { files, env })
  await ask(runner.port())
  /** @param {any} value @param {any} of @param {string} at */
  function check(value, of, at) {
    if (of.$ref) return check(value, schema.$defs[of.$ref.replace('#/$defs/', '')], at)
    const type = value === null ? 'null' : Array.isArray(value) ? 'array' : Number.isInteger(value) && [of.type].flat().includes('integer') ? 'integer' : typeof value
    if (of.type) assert.ok([of.type].flat().includes(type), `${at} is ${type}, not ${of.type}`)
    if (of.enum) assert.ok(of.enum.includes(value), `${at} is ${value}`)
    for (const name of of.required ?? []) assert.ok(name in value, `${at} lacks ${name}`)
    if (type === 'array') value.forEach((/** @type {any} */ one, /** @type {number} */ n) => check(one, of.items, `${at}[${n}]`))
    if (of.properties) {
      for (const [name, one] of Object.entries(value)) {
        assert.ok(of.properties[name], `${at}.${name} is not in the schema`)
        check(one, of.properties[name], `${at}.${name}`)
      }
    }
  }
  const look = async (/** @type {string[]} */ ...args) => {
    const { stdout } = await cli(runner.folder, env, ...args, '--json')
    for (const line of stdout.trim().split('\n')) check(JSON.parse(line), schema.$defs[args[0] === 'log' ? 'outcome' : 'status'], args.join(' '))
    return stdout
  }
  for (const [name, text] of [['hot/below/a.mjs', module(1)], ['hot/below/a.mjs', broken(1)], ['hot/below/a.mjs', module(2)], ['cold/x.mjs', module(1)], ['cold/x.mjs', `throw new Error('oops')`]]) {
    runner.save(name, text)
    await look('wait')
    await look('status', 'main.mjs')
  }
  await look('log')
  const none = await cli(runner.folder, env, 'status', '--json', '--pid', '1')
  check(JSON.parse(none.stdout), schema.$defs.none, 'status of none')
})
