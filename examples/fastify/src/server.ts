import Fastify from 'fastify'
import books from './routes/books.ts'

const app = Fastify()
await app.register(books, { prefix: '/books' })
console.log(await app.listen({ port: Number(process.env.PORT ?? 3333), host: 'localhost' }))
