/**
 * This thread as the engine knows it: what concerns the process has functions in binding.js.
 */
import { threadId } from '../node/features.mjs'
import { Thread } from './binding.js'

export const thread = new Thread(threadId)
