/**
 * What an app may replace (fake timers, a broken polyfill, `globalThis.process = undefined`), as it was when we were loaded.
 */
const { apply } = Reflect
const { URL, process, setImmediate, setTimeout, clearTimeout, queueMicrotask } = globalThis

// It calls what the app has given us: was it replaced before, we do not start (register.mjs, beside this file).
apply(() => {}, undefined, [])

export { URL, apply, clearTimeout, process, queueMicrotask, setImmediate, setTimeout }
