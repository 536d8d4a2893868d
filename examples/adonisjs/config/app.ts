import { defineConfig } from '@adonisjs/core/http'
import env from '#start/env'

export const appKey = env.get('APP_KEY')
export const http = defineConfig({ cookie: {}, generateRequestId: true, useAsyncLocalStorage: false })
