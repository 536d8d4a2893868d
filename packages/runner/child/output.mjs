/**
 * What a process prints while it waits: warnings of Node's, which it emits as it links, and lines of hot-hook's. The
 * process that runs has printed the same; so it comes when it is this one's turn, and never if it is not.
 */

/** @type {Array<() => void>} */
const held = []
let isHolding = false

/** How to put back what stands in the way. @type {Array<() => void>} */
const restore = []

/** From now on what would be printed is held. */
export function holdOutput() {
  isHolding = true
  holdStream('stdout')
  holdStream('stderr')
}

/** Whether an event of `process` is held. @param {string} event @param {() => void} emit it, later */
export function holdsEvent(event, emit) {
  if (isHolding && event === 'warning') held.push(emit)
  return isHolding && event === 'warning'
}

/** Prints what was held, in its order. */
export function releaseOutput() {
  isHolding = false
  for (const putBack of restore.splice(0)) putBack()
  for (const print of held.splice(0)) print()
}

/** Not before anybody wants it: Node makes a stream when it is first looked at. @param {'stdout' | 'stderr'} name */
function holdStream(name) {
  const property = Object.getOwnPropertyDescriptor(process, name)
  if (!property?.get || !property.configurable) return
  const { get } = property
  let isSeen = false
  Object.defineProperty(process, name, {
    ...property,
    get() {
      const stream = Reflect.apply(get, process, [])
      if (!isSeen) holdWrites(stream)
      isSeen = true
      return stream
    },
  })
  restore.push(() => Object.defineProperty(process, name, property))
}

/** @param {any} stream */
function holdWrites(stream) {
  const own = Object.getOwnPropertyDescriptor(stream, 'write')
  const { write } = stream
  stream.write = (/** @type {unknown[]} */ ...args) => held.push(() => Reflect.apply(write, stream, args)) > 0
  restore.push(() => {
    delete stream.write
    if (own) Object.defineProperty(stream, 'write', own)
  })
}
