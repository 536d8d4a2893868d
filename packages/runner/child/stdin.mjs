/**
 * Whether the app reads its standard input: then the runner does not.
 */
import { tell } from './link.mjs'

/** Tells the runner when the app begins to read, and when it stops. */
export function reportReading() {
  const property = Object.getOwnPropertyDescriptor(process, 'stdin')
  if (!property?.get || !property.configurable) return
  const { get } = property
  let isSeen = false
  Object.defineProperty(process, 'stdin', {
    ...property,
    get() {
      const stdin = Reflect.apply(get, process, [])
      if (!isSeen) {
        isSeen = true
        observe(stdin?._handle)
      }
      return stdin
    },
  })
}

/** @param {any} handle of a terminal or a pipe; files have none */
function observe(handle) {
  if (typeof handle?.readStart !== 'function') return
  const { readStart, readStop } = handle
  handle.readStart = function () {
    tell({ type: 'hot-runner:stdin', reads: true })
    return Reflect.apply(readStart, handle, [])
  }
  handle.readStop = function () {
    tell({ type: 'hot-runner:stdin', reads: false })
    return Reflect.apply(readStop, handle, [])
  }
}
