// Preloaded into the model's app: what its modules call, and what the test asks of it.
'use strict'
const fs = require('node:fs')
const path = require('node:path')
const { act } = require('./actions.cjs')

let births = 0
let root
/** JSON modules run nothing: their instance is the object. */
const numbers = new WeakMap()

/**
 * The one object that stands for the JSON file `label`: it goes by what it holds. Import and require share it, but for
 * one that was imported alone when it last changed, and is required since: Node shares no JSON that has a query.
 * @param {string} label @param {any} value
 */
function canonical(label, value) {
  const key = `${label} ${value.stamp}`
  if (!documents.has(key)) documents.set(key, value)
  return documents.get(key)
}
const documents = new Map()

/** @param {object} value */
function numberOf(value) {
  if (!numbers.has(value)) numbers.set(value, ++births)
  return numbers.get(value)
}

/** @param {any} error */
function kindOfError(error) {
  if (['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ENOENT'].includes(error?.code)) return 'missing'
  if (error?.message === 'boom') return 'throw'
  // What plain Node 20, 24 and 26 say of a cycle that could not be linked, when it is imported again.
  if (error?.message === "Cannot read properties of undefined (reading 'length')") return 'cycle'
  if (/^request for .* is not in cache$/.test(error?.message)) return 'cycle'
  if (error?.message === 'no node') return 'undefined'
  return error?.name === 'SyntaxError' ? 'syntax' : `${error?.name}: ${error?.message}`
}

const folder = () => path.dirname(root.file)
const nameOf = (file) => path.relative(folder(), file).split(path.sep).join('/')

/**
 * All instances that the root reaches, breadth first. `skip` names links that are not followed.
 * @param {string[]} skip
 */
async function walk(skip) {
  const seen = new Map([[root, MAIN_INDEX]])
  const order = [{ value: root, label: nameOf(root.file) }]
  const answer = []
  for (const { value, label } of order) {
    const found = { path: value.file ? nameOf(value.file) : label, id: value.id ?? numberOf(value), stamp: value.stamp, query: value.query, links: [] }
    for (const [index, [to, get]] of (value.links ?? []).entries()) {
      found.links.push(skip.includes(`${found.path} ${index}`) ? null : await follow(to, get, seen, order))
    }
    answer.push(found)
  }
  return answer
}
const MAIN_INDEX = 0

async function follow(to, get, seen, order) {
  try {
    let value = await get()
    if (to.endsWith('.json')) value = canonical(to, value)
    if (value === undefined) throw new Error('no node')
    if (!seen.has(value)) {
      seen.set(value, order.length)
      order.push({ value, label: to })
    }
    return { to: seen.get(value) }
  } catch (error) {
    return { error: kindOfError(error), text: String(error?.message).slice(0, 300) }
  }
}

globalThis.agent = {
  /** What a module exports: its content's stamp, and an object that is its instance. */
  born(url, stamp, links) {
    const [file, query] = url.startsWith('file:') ? [decodeURIComponent(new URL(url).pathname), new URL(url).search] : [url, '']
    return { file, query, stamp, id: ++births, links }
  },
  take: async (namespace) => {
    const { node, default: value } = await namespace
    return node ?? (value && !value.node && 'stamp' in value ? value : value?.node)
  },
  keep(get) {
    let kept
    return () => (kept ??= get())
  },
  start(node) {
    root = node
    globalThis.serve({
      walk,
      // In the same tick: saved, then imported.
      act(actions, skip) {
        act(folder(), actions)
        return walk(skip)
      },
      // A walk that saves overtake, each at another point.
      overtaken(actions, skip) {
        const walked = walk(skip).catch(() => {})
        act(folder(), actions)
        return walked.then(() => walk(skip))
      },
      // The event loop is blocked while files are saved by somebody else.
      block(milliseconds) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
      },
      dump: async () => (await import('hot-hook')).hot.dump(),
      text: (name) => fs.readFileSync(path.join(folder(), name), 'utf8'),
    })
  },
}
