import { WebSocketServer } from 'ws'
import * as first from './handler.mjs'

let handler = first

const server = new WebSocketServer({ port: Number(process.env.PORT ?? 3333) })
server.on('connection', (socket) => {
  handler.open(socket)
  // By its name, each time: so the newest one answers.
  socket.on('message', (data) => handler.message(socket, data))
})
server.on('listening', () => console.log(`ws://localhost:${server.address().port}`))

// This module stays, with its server and all connections. Only what it asks is swapped.
import.meta.hot?.accept('./handler.mjs', (fresh) => {
  handler = fresh
})
