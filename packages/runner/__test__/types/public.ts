// Checked by `tsc`: the public face of the package.
import { createRunner, OptionsError, type Exit, type RestartCause, type Runner } from '@hot-hook/runner'

const runner: Runner = createRunner({ script: 'server.js', nodeArgs: ['--import=tsx'], env: { A: undefined }, killTimeout: 1000 })
runner.on('ready', ({ urls, ms, isRestart }) => [urls.join(), ms.toFixed(), isRestart])
runner.once('restart', (cause: RestartCause) => (cause.cause === 'change' ? [cause.path, cause.reason?.hint, cause.reason?.chain[0]?.kind] : cause.cause))
runner.on('crash', ({ code, signal, ms }) => [code, signal, ms])
runner.start()
runner.restart()
runner.signal('SIGINT')
export const exit: Exit = await runner.stop()
export const isWrong = (error: unknown) => error instanceof OptionsError && error.code === 'HOT_RUNNER_OPTIONS'

// @ts-expect-error: there is no script
createRunner({})
// @ts-expect-error: misspelt
createRunner({ script: 'x', keepSocket: true })
