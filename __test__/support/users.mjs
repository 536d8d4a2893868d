/**
 * What another user of the machine can do: only root can try.
 */
import { spawn } from 'node:child_process'
import { DEADLINE, isLinux } from './app.mjs'

export const NOBODY = 65_534

export const needsRoot = { skip: !(isLinux && process.getuid?.() === 0) && 'only root can be another user; and this is of Linux' }

/** It gives up what root may only once it runs: Node itself may lie where nobody else may enter. */
const DROP = `process.setgroups([]); process.setgid(${NOBODY}); process.setuid(${NOBODY}); process.chdir('/');`

/**
 * Runs a script, in CommonJS, as another user.
 * @param {string} script
 * @returns {Promise<{ stdout: string, stderr: string, code: number | null }>}
 */
export function runAsNobody(script) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--eval', `${DROP}\n${script}`], { stdio: ['ignore', 'pipe', 'pipe'], timeout: DEADLINE })
    const output = { stdout: '', stderr: '' }
    child.stdout.on('data', (part) => (output.stdout += part))
    child.stderr.on('data', (part) => (output.stderr += part))
    child.on('error', reject).on('close', (code) => resolve({ ...output, code }))
  })
}
