import { greeting } from '../services/greeting.mjs'

export function greet(request, response) {
  const name = decodeURIComponent(request.url.slice(1)) || 'world'
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${greeting(name)}\n`)
}
