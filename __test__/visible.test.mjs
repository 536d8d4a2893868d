/* Text that is not ours is printed without what a terminal obeys. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { visible, visibleJson, visibleLines } from '../lib/runtime/visible.mjs'
import { startApp } from './support/app.mjs'
import { startRunner } from '../packages/runner/__test__/support/runner.mjs'

/** What a terminal obeys, or shows as something else. */
const HOSTILE = {
  'ESC, colours': '\x1B[31mred',
  'OSC, a title': '\x1B]0;title\x07',
  'OSC 8, a link': '\x1B]8;;http://x\x1B\\',
  'C1 CSI': '\u009B31m',
  'C1 OSC': '\u009D0;x\u009C',
  DEL: 'a\x7F\b',
  'bidi override': '\u202Egpj.\u202C',
  'bidi isolate': '\u2066x\u2069',
  'marks of direction': '\u200E\u200F\u061C',
  'zero width': 'a\u200Bb\u200Dc\uFEFF',
  'new line': 'a\nhot-runner started in 1 ms',
  'carriage return': 'a\rb',
  'separators of lines': 'a\u2028b\u2029c\u0085d',
  tag: '\u{E0041}',
  'half a pair': '\uD800',
}
const BAD = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

test('each is made visible, and JSON means the same', () => {
  for (const [what, text] of Object.entries(HOSTILE)) {
    assert.doesNotMatch(visible(text), BAD, what)
    assert.doesNotMatch(visibleJson({ [text]: [text] }), BAD, what)
    assert.deepEqual(JSON.parse(visibleJson({ [text]: [text] })), { [text]: [text] }, what)
    assert.doesNotMatch(visibleLines(text).replaceAll('\n', ''), BAD, what)
  }
  assert.equal(visible('a\x1B[1mb\u009B\u{E0041}'), String.raw`a\u{1b}[1mb\u{9b}\u{e0041}`)
  assert.equal(visible('ünï 日本語 😀 ─static→ \\ "x"'), 'ünï 日本語 😀 ─static→ \\ "x"')
  assert.equal(visibleLines('a\n\tb\r\x1B'), 'a\n\tb\\u{d}\\u{1b}')
})

/** All of it in one name, as far as a file and an import may have it. */
const name = `${Object.values(HOSTILE).join('').replace(/[/\\\0\p{Cs}]/gu, '')}.mjs`
const FILES = { 'main.mjs': `import ${JSON.stringify(`./${encodeURIComponent(name)}`)}\nsetInterval(() => {}, 1000)\nconsole.log('up')`, [name]: '' }

test('`restart needed` shows no name as it is', async (t) => {
  const app = await startApp(t, { files: FILES, ipc: false, wait: false })
  await app.until('it is up', () => app.output.stdout.includes('up'))
  app.save(name, '// 2')
  await app.until('a line for it', () => app.output.stderr.includes('\n'))
  assert.match(app.output.stderr, /^hot-hook: restart needed: [^\n]*main\.mjs ─static→ [^\n]*\n$/)
  assert.doesNotMatch(app.output.stderr.trimEnd(), BAD)
})

for (const json of [false, true]) {
  test(`the runner shows no name as it is${json ? ', as JSON neither' : ''}`, async (t) => {
    const runner = await startRunner(t, { files: FILES, json: false, wait: false, options: ['--verbose', ...(json ? ['--json'] : [])] })
    await runner.until('it is up', () => runner.output.stdout === 'up\n')
    runner.save(name, '// 2')
    await runner.until('it runs again', () => runner.output.stdout === 'up\nup\n')
    const lines = runner.output.stderr.trimEnd().split('\n')
    assert.ok(lines.every((line) => line.startsWith(json ? '{"time":' : 'hot-runner ')), runner.known())
    for (const line of lines) assert.doesNotMatch(line, BAD)
    if (json) assert.equal(lines.map((line) => JSON.parse(line)).find(({ event }) => event === 'restart').path, runner.file(name))
    else assert.match(runner.output.stderr, /hot-runner restart: .*main\.mjs ─static→ /)
  })
}
