import type { FastifyReply, FastifyRequest } from 'fastify'
import { all, find } from '../services/books.ts'

let requests = 0

export const count = async (_request: FastifyRequest, reply: FastifyReply) => {
  reply.header('x-requests', ++requests)
}

export const list = async () => all().map(({ title }) => title)

export const show = async (request: FastifyRequest<{ Params: { id: number } }>, reply: FastifyReply) =>
  find(request.params.id) ?? reply.code(404).send({ error: 'no such book' })
