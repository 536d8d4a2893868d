/**
 * The hooks, for `module.register('hot-hook/loader', import.meta.url, { data: options })` by hand.
 */
import type { InitializeHook, LoadHook, ResolveHook } from 'node:module'

export const initialize: InitializeHook
export const resolve: ResolveHook
export const load: LoadHook
