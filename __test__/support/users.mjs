/**
 * What other users of the machine can do, and what root may: only root can try.
 */
import { spawn, spawnSync } from 'node:child_process'
import { DEADLINE, isLinux } from './app.mjs'

export const NOBODY = 65_534

export const needsRoot = { skip: !(isLinux && process.getuid?.() === 0) && 'only root can be another user; and this is of Linux' }

/**
 * Nothing can be hidden from root, who is its own user all the same without these two: another user could not read the package, which may lie
 * where only root may enter.
 */
export const WITH_PERMISSIONS = process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : []

export const needsPermissions = { skip: WITH_PERMISSIONS.length > 0 && spawnSync('setpriv', [...WITH_PERMISSIONS.slice(1), 'true']).status !== 0 && 'nothing can be hidden from root, and there is no setpriv' }

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
