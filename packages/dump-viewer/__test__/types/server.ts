// Checked by `tsc`: the types of `@hot-hook/dump-viewer/server` are those of what it exports.
import { serve, type RemoteServeOptions, type Source, type ViewerServer } from '@hot-hook/dump-viewer/server'
import * as implementation from '../../server.mjs'

export const declared: typeof import('@hot-hook/dump-viewer/server') = implementation
export const exported: typeof implementation = declared

const source: Source = { app: () => 'app', picture: async () => undefined, subscribe: () => () => {} }
const options: RemoteServeOptions = { source, port: 8080 }
export const server: Promise<ViewerServer> = serve(options)
// @ts-expect-error a source is missing
void serve({ port: 8080 })
