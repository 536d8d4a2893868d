import http from 'node:http'
import { port } from './config.mjs'

// The controller is a boundary (see package.json): it is imported at each request, and so the newest one answers.
const server = http.createServer(async (request, response) => {
  try {
    const { greet } = await import('./controllers/greet.mjs')
    greet(request, response)
  } catch (error) {
    response.writeHead(500).end(`${error.stack}\n`)
  }
})

server.listen(port, () => {
  console.log(`http://localhost:${server.address().port}  (pid ${process.pid})`)
})
