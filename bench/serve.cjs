// Preloaded into apps that are asked: `serve({ name: (...args) => value })`.
'use strict'

globalThis.serve = (commands) => {
  process.on('message', async (message) => {
    if (message?.ask === undefined) return
    try {
      process.send({ answer: message.ask, value: (await commands[message.name](...message.args)) ?? null })
    } catch (error) {
      process.send({ answer: message.ask, error: String(error?.stack ?? error) })
    }
  })
  process.send({ answer: 0, value: null })
}
