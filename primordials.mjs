/**
 * What an app may replace (fake timers, a broken polyfill, `globalThis.process = undefined`), as it was when we were loaded.
 */
const { apply } = Reflect
const { URL, process, setImmediate, setTimeout, clearTimeout, queueMicrotask } = globalThis

export { URL, apply, clearTimeout, process, queueMicrotask, setImmediate, setTimeout }
