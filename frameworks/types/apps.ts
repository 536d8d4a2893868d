// Apps as they are written with each framework: what `serve.ts` hands over.
import express, { Router } from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import http from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { initTRPC } from '@trpc/server'
import { createHTTPHandler, createHTTPServer } from '@trpc/server/adapters/standalone'

export const app = express()
export const router = Router()
export const listener = (_request: http.IncomingMessage, response: http.ServerResponse) => { response.end() }
export const fetcher = async (request: Request) => new Response(request.url)
export const hono = new Hono<{ Bindings: { key: string } }>()
export const plainHono = new Hono()
export const koa = new Koa()
export const fastify = Fastify()
export const secure = Fastify({ logger: true })
export const build = async () => { const made = Fastify(); await made.register(async () => {}); return made }
export const soon = build()
export const yoga = createYoga({ schema: createSchema({ typeDefs: 'type Query { a: Int }' }) })
export const trpc = createHTTPHandler({ router: initTRPC.create().router({}) })
export const trpcServer = createHTTPServer({ router: initTRPC.create().router({}) })
export const worker = { fetch: (request: Request, env: { key: string }) => new Response(request.url + env.key) }
export const limit = 3
export const config = { port: 1 }
export class Controller { run() {} }
export default app
