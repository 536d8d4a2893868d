/** Says a word each second, and prints the answers: `node say.mjs WORD [--once]`. */
import { WebSocket } from 'ws'

const [word = 'hello', once] = process.argv.slice(2)
const socket = new WebSocket(`ws://localhost:${process.env.PORT ?? 3333}`)

socket.once('message', () => {
  // That was the welcome.
  socket.on('message', (data) => {
    console.log(String(data))
    if (once) socket.close()
  })
  socket.send(word)
  const timer = setInterval(() => socket.send(word), 1000)
  socket.on('close', () => clearInterval(timer))
})
