import http from 'node:http'

const server = http.createServer(async (request, response) => {
  try {
    const { visit } = await import('./controllers/visits.mjs', import.meta.hot?.boundary)
    response.setHeader('content-type', 'application/json').end(`${JSON.stringify(await visit(request.url))}\n`)
  } catch (error) {
    response.writeHead(500).end(`${error.stack}\n`)
  }
})

server.listen(Number(process.env.PORT ?? 3333), () => console.log(`http://localhost:${server.address().port}`))
