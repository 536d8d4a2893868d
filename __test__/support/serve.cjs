// Preloaded into test apps: `serve({ name: () => value })` answers the test's questions over IPC.
'use strict'
const { pathToFileURL } = require('node:url')
const { inspect } = require('node:util')

const commands = {
  // For `quiet()` of app.mjs.
  probe: (file) => import(pathToFileURL(file), { with: { hot: 'true' } }).then(() => {}),
  print: (text) => void process.stderr.write(text),
}
let isListening = false

globalThis.serve = (more) => {
  Object.assign(commands, more)
  if (!isListening) {
    isListening = true
    process.on('message', async (message) => {
      if (!message || typeof message !== 'object' || !('ask' in message)) return
      const { ask, name, args } = message
      try {
        process.send({ answer: ask, value: await commands[name](...args) })
      } catch (error) {
        const { name, message, code, stack } = Object(error)
        process.send({ answer: ask, error: { name, message: message ?? inspect(error), code, stack } })
      }
    })
    setInterval(() => {}, 1 << 30)
  }
  process.send({ ready: true })
}

/** For tests that count: `log('x')` in any module, `serve({ log: () => log.lines })`. */
globalThis.log = (line) => log.lines.push(line)
globalThis.log.lines = []
