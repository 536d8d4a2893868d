/**
 * Draws README's picture, docs/terminal.svg, of a real run: `node scripts/terminal.mjs`. It starts examples/node-http under
 * hot-runner, in a copy, does what is written below, and notes what the terminal shows.
 */
import { execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const OUT = path.join(ROOT, 'docs/terminal.svg')
/** So long what is awaited may take, in milliseconds. */
const DEADLINE = 30_000
const URL_OF_APP = 'localhost:3333'

/** What is typed, and what is then awaited of the runner. @type {[string, RegExp?][]} */
const STEPS = [
  [`curl ${URL_OF_APP}`],
  ["sed -i 's/Hello/Good morning/' services/greeting.mjs", /reloads services\/greeting\.mjs.*\n/],
  [`curl ${URL_OF_APP}`],
  ["sed -i 's/return/return [/' services/greeting.mjs", /✗[^]*mended\n/],
  ["sed -i 's/return \\[/return/' services/greeting.mjs", /is mended.*\n/],
  ['echo MODE=demo > .env', /restarted in.*\n/],
  [`curl ${URL_OF_APP}`],
]

const WIDTH = 104
const LINE = 20
const MARGIN = 16
const COLOURS = { background: '#16181d', text: '#d7dae0', prompt: '#7aa2f7', good: '#9ece6a', bad: '#f7768e', runner: '#a9b1d6' }

/** What the terminal shows, line by line. @returns {Promise<string[]>} */
async function record() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hot-hook-terminal-'))
  fs.cpSync(path.join(ROOT, 'examples/node-http'), folder, { recursive: true, filter: (file) => path.basename(file) !== 'node_modules' })
  fs.mkdirSync(path.join(folder, 'node_modules'))
  fs.symlinkSync(ROOT, path.join(folder, 'node_modules/hot-hook'), 'dir')
  const runner = spawn(process.execPath, [path.join(ROOT, 'packages/runner/cli.mjs'), '--no-stdin', 'server.mjs'], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, NO_COLOR: '1' } })
  let pending = ''
  runner.stderr.setEncoding('utf8').on('data', (data) => (pending += data))
  const shown = ['$ npx hot-runner server.mjs &']
  const show = (/** @type {string} */ text) => shown.push(...stripVTControlCharacters(text).trimEnd().split('\n').filter((line) => line !== ''))
  /** @param {RegExp} pattern */
  const hear = async (pattern) => {
    for (const end = Date.now() + DEADLINE; !pattern.test(pending); await sleep(20)) {
      if (Date.now() > end || runner.exitCode !== null) throw new Error(`no ${pattern} in:\n${pending}`)
    }
    show(pending)
    pending = ''
  }
  try {
    await hear(/started in.*\n/)
    for (const [command, awaited] of STEPS) {
      shown.push(`$ ${command}`)
      show(execFileSync('sh', ['-c', command.replace('curl', 'curl -s')], { cwd: folder, encoding: 'utf8' }))
      if (awaited) await hear(awaited)
    }
  } finally {
    runner.kill()
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  return shown
}

const escape = (/** @type {string} */ text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** @param {string} line */
function colourOf(line) {
  if (line.startsWith('$ ')) return COLOURS.prompt
  if (/^(?:hot-runner )?✗|Error:/.test(line)) return COLOURS.bad
  if (/^(?:hot-runner )?✓|reloads /.test(line)) return COLOURS.good
  return /^hot-runner|^ /.test(line) ? COLOURS.runner : COLOURS.text
}

/** @param {string[]} lines */
function draw(lines) {
  const [width, height] = [WIDTH * 8.4 + 2 * MARGIN, lines.length * LINE + 2 * MARGIN]
  const texts = lines.map((line, at) => `<text x="${MARGIN}" y="${MARGIN + 14 + at * LINE}" fill="${colourOf(line)}">${escape(line)}</text>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="A terminal: saves that are live at the next request, an error that is told with its place, and a restart">
<style>text { font: 14px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; white-space: pre }</style>
<rect width="100%" height="100%" rx="8" fill="${COLOURS.background}"/>
${texts.join('\n')}
</svg>
`
}

const lines = await record()
const long = lines.find((line) => line.length > WIDTH)
if (long) throw new Error(`a line is too long for the picture: ${long}`)
fs.writeFileSync(OUT, draw(lines))
console.log(lines.join('\n'))
