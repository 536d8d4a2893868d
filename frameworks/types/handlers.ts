// Handlers as they are written for each framework: what `use.ts` hands over.
import type { Request, Response, NextFunction, RequestHandler } from 'express'
import { Router } from 'express'
import type { FastifyRequest, FastifyReply } from 'fastify'
import type { Context, Next, MiddlewareHandler } from 'hono'
import { streamSSE } from 'hono/streaming'
import type * as koa from 'koa'

// Express
export const index = (request: Request, response: Response) => { response.send('x' + request.path) }
export const show: RequestHandler<{ id: string }> = (request, response) => { response.send(request.params.id) }
export const middleware = (_request: Request, _response: Response, next: NextFunction) => { next() }
export const asyncMiddleware = async (_request: Request, _response: Response, next: NextFunction) => { next() }
export const typed = (request: Request<{ id: string }, { ok: boolean }>, response: Response<{ ok: boolean }>) => response.json({ ok: !!request.params.id })
export const router = Router()
export const limit = 3
// Fastify
export const user = async (request: FastifyRequest<{ Params: { id: number } }>) => ({ id: request.params.id })
export const plain = async (request: FastifyRequest, reply: FastifyReply) => reply.code(200).send({ url: request.url })
export const hook = async (request: FastifyRequest, _reply: FastifyReply) => { request.log.info('x') }
export const doneHook = (_request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void) => { done() }
// Hono
export const home = (context: Context) => context.html('<b>' + context.req.param('name') + '</b>')
export const sse = (context: Context) => streamSSE(context, async (stream) => { await stream.writeSSE({ data: '1' }) })
export const hmw: MiddlewareHandler = async (_context, next) => { await next() }
export const hmw2 = async (_context: Context, next: Next) => { await next() }
export const json = (context: Context) => context.json({ a: 1 })
// Koa
export const kmw = async (context: koa.Context, next: koa.Next) => { await next(); context.body = 'x' }
export const ksync = (context: koa.Context) => { context.body = 'x' }
// others
export const gen = async function* (n: number) { yield n }
export const greet = async ({ name }: { name: string }) => ({ content: [{ type: 'text' as const, text: name }] })
export class Controller { run() {} }
export default index
