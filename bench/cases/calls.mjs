/**
 * The system calls of an unchanged `import()` in the app's thread, counted by strace: one read that finds nothing, and
 * nothing that looks at a file. hot-hook 1.0 is left out: its two threads take minutes under strace.
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { runApp } from '../app.mjs'
import { V1 } from '../contenders.mjs'
import { createFolder } from '../folder.mjs'

const COUNT = 500
const MARK = '/hot-hook-bench-mark'
const MAIN = `
import fs from 'node:fs'
const load = async (count) => { for (let i = 0; i < count; i++) await import('./boundary.mjs') }
await load(300)
fs.existsSync('${MARK}')
await load(${COUNT})
fs.existsSync('${MARK}')
process.exit()
`
/** Also what tells whether there is something to read. */
const READS = ['read', 'epoll_wait', 'epoll_pwait', 'epoll_pwait2', 'io_uring_enter']
const LOOKS = ['stat', 'lstat', 'newfstatat', 'statx', 'access', 'faccessat', 'faccessat2', 'open', 'openat', 'readlink', 'readlinkat']
// The question mark: not every processor has all of them. Anything else would take most of the time.
const TRACED = [...READS, ...LOOKS].map((name) => `?${name}`).join()

/** Per import: reads of what is there, and calls that look at a file by its path. @param {string} trace */
function count(trace) {
  const lines = trace.split('\n')
  const first = lines.findIndex((line) => line.includes(MARK))
  const last = lines.findLastIndex((line) => line.includes(MARK))
  const thread = lines[first]?.split(' ', 1)[0]
  let [reads, looks] = [0, 0]
  for (const line of lines.slice(first + 1, last)) {
    const call = line.startsWith(`${thread} `) && /^\d+ +(\w+)\(/.exec(line)?.[1]
    if (call && READS.includes(call)) reads++
    else if (call && LOOKS.includes(call)) looks++
  }
  return { reads: reads / COUNT, looks: looks / COUNT }
}

/** @param {import('../run.mjs').Context} context @returns {Promise<import('../table.mjs').Row[]>} */
export async function run({ node, contenders }) {
  const reads = { title: 'reads, or looks whether there is something to read, per unchanged `import()`', unit: '', target: '≤ 1', samples: {}, remarks: {} }
  const looks = { title: 'stats and opens per unchanged `import()`', unit: '', target: '0', samples: {}, remarks: {} }
  const isMissing = spawnSync('strace', ['-V']).status !== 0
  for (const contender of contenders.filter(({ name }) => name !== V1)) {
    if (isMissing) {
      for (const row of [reads, looks]) Object.assign(row.remarks, { [contender.name]: 'no strace here' })
      continue
    }
    const folder = createFolder(contender, { 'main.mjs': MAIN, 'boundary.mjs': 'export const value = 1\n' }, { boundaries: ['./boundary.mjs'] })
    // Not inside the folder: it is watched, and every line written would be read as an event.
    const trace = `${folder}.trace`
    await runApp({ node, contender, folder, before: ['strace', '-f', '--seccomp-bpf', '-qq', '-e', `trace=${TRACED}`, '-o', trace] })
    const found = count(fs.readFileSync(trace, 'utf8'))
    Object.assign(reads.samples, { [contender.name]: [found.reads] })
    Object.assign(looks.samples, { [contender.name]: [found.looks] })
  }
  return [reads, looks]
}
