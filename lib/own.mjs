/**
 * Which modules are ours: they are no part of the app's graph, and no frame of theirs helps in a user's stack.
 */
const LIB = new URL('.', import.meta.url).href
const FACE = new URL('../loader.mjs', import.meta.url).href

/** What the URLs of our modules begin with. */
export const OWN = [LIB, FACE]

/** @param {string | undefined} url @returns {url is string} */
export const isOwn = (url) => url !== undefined && (url.startsWith(LIB) || url === FACE)

/** Whether a line of a stack is a frame of ours. @param {string} line */
export const hasOwnFrame = (line) => line.includes(LIB)
