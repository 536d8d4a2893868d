/**
 * Links without evaluating: imports a module that imports first one that throws, then what is to be linked.
 *
 * ```text
 *   link-only.mjs?link=…  ──▶  link-only.mjs?throw=…   evaluates first, once all has linked, and throws: nothing below the
 *                     ──▶  the module          next import ever runs. An `import()` of it evaluates it, later.
 * ```
 *
 * The hooks make the sources; what is in this file is for those who import it.
 */

/** What the first import throws. */
const LINKED = Symbol.for('hot-hook.linked')

/** Node remembers that a module has thrown: what is in its cache is not imported again. */
let count = 0

/** Numbers of which nothing is in Node's cache any more. A compile cache, which is by URL, grows with each new one. @type {number[]} */
const free = []

/** @param {string} url */
export const isLinkOnly = (url) => url.startsWith(import.meta.url + '?')

/** Whether what is only linked is an entry point: of the app, which is to run later. @param {string | undefined} url */
export const isOfEntry = (url) => url !== undefined && isLinkOnly(url) && url.includes('&entry=')

/** Whether a URL links what an update affects, ahead of its import. @param {string} url */
export const isOfCheck = (url) => isLinkOnly(url) && url.includes('&check=')

/** Whether a URL links what an update imports. @param {string} url */
export const isOfUpdate = (url) => isLinkOnly(url) && url.includes('&link=') && !isOfEntry(url)

/** @param {string} url one that {@link link} has imported, or that imports */
export function linkOnlySource(url) {
  const { searchParams } = new URL(url)
  const target = searchParams.get('link')
  const attributes = searchParams.has('json') ? 'with{type:"json"}' : ''
  const throwing = JSON.stringify(`${import.meta.url}?throw=${searchParams.get('n')}`)
  const source =
    target === null
      ? `throw globalThis.Symbol.for(${JSON.stringify(LINKED.description)})`
      : `import${throwing};import${JSON.stringify(target)}${attributes}`
  return { format: 'module', source, shortCircuit: true }
}

/**
 * The URLs that linking `target` leaves in Node's cache; the first is to be imported.
 * @param {string} target @param {{ json?: boolean, entry?: boolean, check?: boolean, importer?: string }} [how] `importer`: in whose name
 */
export function linkOnlyUrls(target, { json, entry, check, importer } = {}) {
  const n = free.pop() ?? ++count
  const query = new URLSearchParams({ n: String(n), link: target })
  if (json) query.set('json', '')
  if (entry) query.set('entry', '')
  if (check) query.set('check', '')
  if (importer) query.set('importer', importer)
  return [`${import.meta.url}?${query}`, `${import.meta.url}?throw=${n}`]
}

/** Nothing of these URLs is in Node's cache any more. @param {string[]} urls that {@link linkOnlyUrls} has given */
export const reuse = ([, throwing]) => void free.push(Number(new URL(throwing).searchParams.get('throw')))

/** In whose name a link-only module imports; nobody's if it does not say. @param {string | undefined} url */
export const importerOf = (url) => (url !== undefined && isOfCheck(url) ? (new URL(url).searchParams.get('importer') ?? undefined) : undefined)

/** Whether a link-only import that ended in this error has linked. @param {unknown} error */
export const hasLinked = (error) => error === LINKED
