import { shape } from './shape.mjs'

export const open = (socket) => socket.send('welcome')

export const message = (socket, data) => socket.send(shape(String(data)))
