// Checked by types.test.mjs: `handler` where servers take listeners, with their own types.
/// <reference types="hot-hook/import-meta" />
import express from 'express'
import http from 'node:http'
import https from 'node:https'
import http2 from 'node:http2'
import { serve } from '@hono/node-server'
import { handler, type Handler } from 'hot-hook/lazy'

const load = () => import('./apps.js', import.meta.hot?.boundary)
http.createServer(handler(() => import('./apps.js', import.meta.hot?.boundary), 'app')).listen(3000)
http.createServer(handler(() => import('./apps.js', import.meta.hot?.boundary)))
for (const served of [handler(load, 'app'), handler(load, 'router'), handler(load, 'listener'), handler(load, 'fetcher'), handler(load, 'hono'), handler(load, 'koa'), handler(load, 'fastify'), handler(load, 'secure'), handler(load, 'build'), handler(load, 'soon'), handler(load, 'yoga'), handler(load, 'trpc'), handler(load, 'trpcServer'), handler(load, 'worker')]) {
  const server = http.createServer(served)
  server.on('upgrade', served.upgrade)
}
http.createServer(handler(load, 'hono'))
http.createServer({ keepAlive: true }, handler(load, 'koa'))
https.createServer({}, handler(load, 'fastify'))
http2.createServer(handler(load, 'listener'))
const outer = express()
outer.use(handler(load, 'app')).use('/api', handler(load, 'router'))
const h = handler(load, 'plainHono')
serve({ fetch: h.fetch, port: 1 })
serve({ fetch: handler(load, 'fetcher').fetch })
serve({ fetch: handler(load, 'plainHono') })
const answer: Promise<Response> = h(new Request('http://localhost'), {})
const other: Promise<Response> = handler(load, 'worker').fetch(new Request('http://localhost'), { key: 'k' })
const third: Promise<Response> = handler(load, 'fetcher')(new Request('http://localhost'))
// @ts-expect-error -- its environment
void handler(load, 'worker').fetch(new Request('http://localhost'), {})
// @ts-expect-error -- nothing that serves
handler(load, 'limit')
// @ts-expect-error -- nothing that serves
handler(load, 'config')
// @ts-expect-error -- a class
handler(load, 'Controller')
// @ts-expect-error -- no such export
handler(load, 'nothing')
// @ts-expect-error -- no default export
handler(async () => ({ app: outer }))
const any: Handler = handler(load, 'app')
void [answer, other, third, any]
const listening: http.Server = handler(load, 'app').listen(3000, () => {})
const alike: http.Server = handler(load, 'koa').listen(3000)
void [listening, alike, handler(load, 'listener').listen(0, '127.0.0.1').address(), handler(load, 'fastify').listen({ port: 0 })]
