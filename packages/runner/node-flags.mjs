/**
 * Node's command line, as far as it must be understood to find the script in it.
 */
import { spawnSync } from 'node:child_process'

/** Flags whose value may be the next word; others take it after `=` alone. */
const TAKE_VALUE = new Set(
  `-C -r --allow-fs-read --allow-fs-write --conditions --cpu-prof-dir --cpu-prof-interval --cpu-prof-name --debug-port
  --diagnostic-dir --disable-proto --disable-warning --dns-result-order --env-file --env-file-if-exists
  --experimental-config-file --experimental-default-type --experimental-loader --experimental-package-map
  --experimental-policy --heap-prof-dir --heap-prof-interval --heap-prof-name --heapsnapshot-near-heap-limit
  --heapsnapshot-signal --icu-data-dir --import --input-type --inspect-port --inspect-publish-uid --loader
  --localstorage-file --max-http-header-size --max-old-space-size-percentage
  --network-family-autoselection-attempt-timeout --openssl-config --policy-integrity --redirect-warnings
  --report-dir --report-directory --report-filename --report-signal --require --secure-heap --secure-heap-min
  --snapshot-blob --title --tls-cipher-list --tls-keylog --trace-event-categories --trace-event-file-pattern
  --trace-require-module --unhandled-rejections --use-largepages --v8-pool-size --vfs-load --vfs-mount`.split(/\s+/),
)

/** Flags with which Node runs no script, or not only that. */
const OTHER_MODES = new Set(
  `-c -e -i -p -pe --build-sea --build-snapshot --check --completion-bash --eval --experimental-sea-config --interactive
  --print --prof-process --run --test --v8-options --watch --watch-path --watch-preserve-output
  --watch-kill-signal`.split(/\s+/),
)

/** Flags that do no harm to a process that waits: it opens nothing, writes nothing and runs nothing of the user's for them. */
const QUIET = new Set(
  `-C --conditions --disable-warning --enable-source-maps --env-file --env-file-if-exists --experimental-strip-types
  --experimental-transform-types --import --max-old-space-size --no-deprecation --no-warnings --stack-trace-limit
  --trace-deprecation --trace-uncaught --trace-warnings --unhandled-rejections`.split(/\s+/),
)

/** @param {string} word */
const nameOf = (word) => word.replace(/=.*/s, '').replaceAll('_', '-')

/** Whether the flag's value is the next word. @param {string} word */
export const takesNext = (word) => !word.includes('=') && TAKE_VALUE.has(nameOf(word))

/** Whether Node would do something else than run a script. @param {string} word */
export const isOtherMode = (word) => OTHER_MODES.has(nameOf(word))

/** Whether this Node knows the flag. @param {string} word */
export function isKnown(word) {
  const name = nameOf(word)
  if (TAKE_VALUE.has(name) || process.allowedNodeEnvironmentFlags.has(word)) return true
  // V8's flags are in no list; Node looks at the flags before it prints its version.
  return spawnSync(process.execPath, [word, '--version'], { stdio: 'ignore' }).status === 0
}

/** The files of `--env-file` and `--env-file-if-exists`. @param {string[]} nodeArgs */
export function envFiles(nodeArgs) {
  return nodeArgs.flatMap((word, at) => {
    const name = nameOf(word)
    if (name !== '--env-file' && name !== '--env-file-if-exists') return []
    return [word.includes('=') ? word.slice(word.indexOf('=') + 1) : nodeArgs[at + 1]]
  })
}

/**
 * How far a process may go before it is its turn; `undefined` if it must not even be started. Modules of `--import` are the
 * user's, and may do anything: it stops before them.
 * @param {{ nodeArgs: string[], register: boolean, ahead: boolean }} options @param {NodeJS.ProcessEnv} env
 * @returns {import('./child/link.mjs').Ahead | undefined}
 */
export function aheadOf({ nodeArgs, register, ahead }, env) {
  if (!ahead || env.NODE_OPTIONS || env.NODE_V8_COVERAGE || env.NODE_DEBUG) return undefined
  const names = nodeArgs.filter((_, at) => at === 0 || !takesNext(nodeArgs[at - 1])).map(nameOf)
  if (names.some((name) => !QUIET.has(name))) return undefined
  return register && !names.includes('--import') ? 'link' : 'start'
}
