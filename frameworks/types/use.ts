// Checked by types.test.mjs: lazy functions where frameworks take functions, with their own types.
/// <reference types="hot-hook/import-meta" />
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import http from 'node:http'
import { EventEmitter } from 'node:events'
import { lazy } from 'hot-hook/lazy'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { z } from 'zod'
import { createSchema } from 'graphql-yoga'

const load = () => import('./handlers.js', import.meta.hot?.boundary)
const app = express()
app.get('/users', lazy(() => import('./handlers.js', import.meta.hot?.boundary), 'index'))
app.get('/users/:id', lazy(load, 'show'))
app.use(lazy(load, 'middleware'), lazy(load, 'asyncMiddleware'))
app.get('/typed/:id', lazy(load, 'typed'))
app.use('/r', lazy(load, 'router'))
app.use(lazy(load))

const fastify = Fastify()
fastify.get<{ Params: { id: number } }>('/users/:id', lazy(load, 'user'))
fastify.get('/users2/:id', lazy(load, 'user'))
fastify.get('/plain', lazy(load, 'plain'))
fastify.addHook('preHandler', lazy(load, 'hook'))
fastify.addHook('onRequest', lazy(load, 'doneHook'))

const hono = new Hono()
hono.get('/:name', lazy(load, 'home')).get('/s', lazy(load, 'sse')).get('/j', lazy(load, 'json'))
hono.use(lazy(load, 'hmw'), lazy(load, 'hmw2'))

const koa = new Koa()
koa.use(lazy(load, 'kmw')).use(lazy(load, 'ksync'))

http.createServer(lazy(async () => ({ default: (_q: http.IncomingMessage, r: http.ServerResponse) => { r.end() } })))
new EventEmitter().on('x', lazy(load, 'gen'))
const mcp = new McpServer({ name: 'a', version: '1' })
mcp.registerTool('greet', { inputSchema: { name: z.string() } }, lazy(load, 'greet'))
createSchema({ typeDefs: 'type Query { q: Int }', resolvers: { Query: { q: lazy(async () => ({ q: (_: unknown, { n }: { n: number }) => n }), 'q') } } })
const method = lazy(async () => ({ default(this: { me: string }, n: number) { return this.me + n } }))
const bound: Promise<string> = method.call({ me: 'x' }, 1)
// @ts-expect-error -- this
method.call({ you: 'x' }, 1)
// @ts-expect-error -- no function
lazy(load, 'limit')
// @ts-expect-error -- a class
lazy(load, 'Controller')
// @ts-expect-error -- no such export
lazy(load, 'nothing')
// @ts-expect-error -- wrong handler
hono.get('/', lazy(load, 'ksync'))
void bound
