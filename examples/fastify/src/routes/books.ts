import type { FastifyInstance } from 'fastify'
import { lazy } from 'hot-hook/lazy'

const load = () => import('../handlers/books.ts')

const one = {
  params: { type: 'object', properties: { id: { type: 'integer' } } },
} as const

/** Fastify takes routes and schemas once, at the start; handlers are imported at each request. */
export default async function books(app: FastifyInstance): Promise<void> {
  app.addHook('onRequest', lazy(load, 'count'))
  app.get('/', lazy(load, 'list'))
  app.get('/:id', { schema: one }, lazy(load, 'show'))
}
