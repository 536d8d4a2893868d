/* oxlint-disable no-extend-native -- what hot-hook takes from there is what it is to see otherwise */
// Preloaded into the apps of take-away.test.mjs: hides from hot-hook, or shows in another shape, what it reaches inside Node.
// `TAKE_AWAY` names what. Node itself keeps what it needs.
'use strict'
const inspector = require('node:inspector')
const fs = require('node:fs')
const Module = require('node:module')
const url = require('node:url')
const v8 = require('node:v8')

const { getBuiltinModule } = process
const { appendFileSync } = fs
const { getOwnPropertySymbols } = Object
const VERSIONS = process.versions
/** Where hot-hook's own files are. */
const LIB = new URL('../../lib/', url.pathToFileURL(__filename)).href

/** The way that is about to be prepared. */
let way = ''
const met = new Set()

/** To be called where hot-hook meets what this way has made of Node: a way that it never meets proves nothing. */
function meeting() {
  const name = way
  return () => {
    if (met.has(name)) return
    met.add(name)
    if (process.env.TAKE_AWAY_LOG) appendFileSync(process.env.TAKE_AWAY_LOG, `${name}\n`)
  }
}

/** Whether the function that called is one of hot-hook's. */
function isOurs() {
  return new Error('where').stack.split('\n')[3]?.includes(LIB) === true
}

/** Shows hot-hook something else at `object[name]`, or nothing. */
function show(object, name, other) {
  const meet = meeting()
  let value = object[name]
  Object.defineProperty(object, name, {
    configurable: true,
    enumerable: true,
    get() {
      if (!isOurs()) return value
      meet()
      return other(value)
    },
    set(replacement) {
      value = replacement
    },
  })
}

/** A function that throws, in the place of one of Node's. */
function failing() {
  const meet = meeting()
  // Also called with `new`.
  return function taken() {
    meet()
    throw new Error('taken away')
  }
}

/** What an inspector's session says of a variable or a private field: `undefined` hides it. */
const shown = new Map()
/** Shows something else in the place of a variable of Node's, or hides it. */
const hide = (name, other) => shown.set(name, { other, meet: meeting() })

function reshapeAnswers() {
  const { post } = inspector.Session.prototype
  const property = Symbol.for('hot-hook.take-away')
  const remote = (session, value) => {
    globalThis[property] = value
    let found
    post.call(session, 'Runtime.evaluate', { expression: `globalThis[Symbol.for('hot-hook.take-away')]` }, (_, { result }) => (found = result))
    delete globalThis[property]
    return found
  }
  const fetch = (session, { objectId }) => {
    globalThis[property] = undefined
    const functionDeclaration = `function () { globalThis[Symbol.for('hot-hook.take-away')] = this }`
    post.call(session, 'Runtime.callFunctionOn', { objectId, functionDeclaration }, () => {})
    const value = globalThis[property]
    delete globalThis[property]
    return value
  }
  inspector.Session.prototype.post = function (method, params, callback) {
    return post.call(this, method, params, (error, answer) => {
      for (const list of ['result', 'privateProperties']) {
        if (!Array.isArray(answer?.[list])) continue
        answer[list] = answer[list].flatMap((one) => {
          if (!shown.has(one.name) || !one.value?.objectId) return [one]
          const { other, meet } = shown.get(one.name)
          meet()
          return other ? [{ ...one, value: remote(this, other(fetch(this, one.value))) }] : []
        })
      }
      callback?.(error, answer)
    })
  }
}

/** The loader as hot-hook gets it, with another load cache. */
const withLoadCache = (other) =>
  hide('require', (load) => (id) => {
    const found = load(id)
    if (id !== 'internal/modules/esm/loader') return found
    const loader = found.getOrInitializeCascadedLoader()
    const view = new Proxy(loader, { get: (target, key) => (key === 'loadCache' ? other(target.loadCache) : Reflect.get(target, key)) })
    return { ...found, getOrInitializeCascadedLoader: () => view }
  })

const isJob = (value) => value !== null && typeof value === 'object' && 'module' in value && 'url' in value && 'importAttributes' in value
/** Every job of the load cache looks different to hot-hook: it takes `get` from `Map.prototype` after we have replaced it. */
function withJobs(change) {
  const meet = meeting()
  const view = (jobs) => {
    if (jobs === null || typeof jobs !== 'object' || !Object.values(jobs).some(isJob)) return jobs
    meet()
    return Object.fromEntries(Object.entries(jobs).map(([type, job]) => [type, isJob(job) ? new Proxy(job, { get: (target, key) => change(key, Reflect.get(target, key)) }) : job]))
  }
  const { get, entries, values } = Map.prototype
  Map.prototype.get = function (key) {
    return view(get.call(this, key))
  }
  Map.prototype.entries = function* () {
    for (const [key, value] of entries.call(this)) yield [key, view(value)]
  }
  Map.prototype.values = function* () {
    for (const value of values.call(this)) yield view(value)
  }
}

const WAYS = {
  'no inspector'() {
    const load = Module._load
    const fail = failing()
    const unavailable = (id) => id === 'inspector' || id === 'node:inspector'
    Module._load = function (request, ...rest) {
      return unavailable(request) ? fail() : Reflect.apply(load, this, [request, ...rest])
    }
    if (getBuiltinModule) process.getBuiltinModule = (id) => (unavailable(id) ? fail() : getBuiltinModule.call(process, id))
  },
  'an inspector without sessions': () => (inspector.Session = failing()),
  'a session that fails'() {
    const meet = meeting()
    inspector.Session.prototype.post = (method, params, callback) => {
      meet()
      callback?.(new Error('taken away'))
    }
  },
  'a session that does not answer': () => (inspector.Session.prototype.post = meeting()),
  'a session that throws': () => (inspector.Session.prototype.post = failing()),
  'no variable require': () => hide('require'),
  'another require': () => hide('require', () => failing()),
  'no load cache': () => withLoadCache(() => undefined),
  'a load cache that is an object': () => withLoadCache((cache) => Object.fromEntries(cache)),
  'a load cache that is a copy': () => withLoadCache((cache) => new Map(cache)),
  'a load cache with other keys': () => withLoadCache((cache) => new Map(Array.from(cache, ([url, jobs]) => [`${url}#0`, jobs]))),
  'a load cache whose jobs are not by type': () => withLoadCache((cache) => new Map(Array.from(cache, ([url, jobs]) => [url, Object.values(jobs)[0]]))),
  'jobs without getStatus': () => withJobs((key, value) => (key === 'module' && value ? { url: value.url } : value)),
  'jobs whose status is a text': () => withJobs((key, value) => (key === 'module' && value ? { url: value.url, getStatus: () => 'evaluated' } : value)),
  'jobs whose getStatus throws'() {
    const getStatus = failing()
    withJobs((key, value) => (key === 'module' && value ? { url: value.url, getStatus } : value))
  },
  'jobs that cannot be instantiated'() {
    const instantiate = failing()
    withJobs((key, value) => (key === 'module' && value?.getStatus ? { url: value.url, getStatus: () => value.getStatus(), instantiate } : value))
  },
  'jobs whose module only has a status': () => withJobs((key, value) => (key === 'module' && value?.getStatus ? { url: value.url, getStatus: () => value.getStatus() } : value)),
  'jobs whose module is a promise': () => withJobs((key, value) => (key === 'module' ? Promise.resolve(value) : value)),
  'jobs without a module': () => withJobs((key, value) => (key === 'module' ? undefined : value)),
  'jobs without linked': () => withJobs((key, value) => (key === 'linked' ? undefined : value)),
  'jobs whose linked is null': () => withJobs((key, value) => (key === 'linked' ? null : value)),
  'jobs whose linked is a number': () => withJobs((key, value) => (key === 'linked' ? 7 : value)),
  'jobs whose linked is a map': () => withJobs((key, value) => (key === 'linked' ? new Map() : value)),
  'jobs whose linked never settles': () => withJobs((key, value) => (key === 'linked' ? new Promise(() => {}) : value)),
  'no resolve cache': () => hide('#resolveCache'),
  'a resolve cache that is an object': () => hide('#resolveCache', () => ({})),
  'a resolve cache that is another': () => hide('#resolveCache', () => new Map()),
  'no cjsCache': () => hide('cjsCache'),
  'a cjsCache that is weak': () => hide('cjsCache', () => new WeakMap()),
  'a cjsCache that is another': () => hide('cjsCache', () => new Map()),
  'no relative-resolve cache': () => hide('relativeResolveCache'),
  'a relative-resolve cache that is an empty map': () => hide('relativeResolveCache', () => new Map()),
  'a relative-resolve cache that is another object': () => hide('relativeResolveCache', () => ({ __proto__: null })),
  'a relative-resolve cache of lists': () => hide('relativeResolveCache', () => new Map([['/', ['a', 'b']], ['/a', null]])),
  'no validated URLs': () => hide('#validatedUrls'),
  'no _pathCache': () => show(Module, '_pathCache', () => undefined),
  'a _pathCache that is a map': () => show(Module, '_pathCache', (cache) => new Map(Object.entries(cache))),
  'a _pathCache that is frozen': () => show(Module, '_pathCache', (cache) => Object.freeze({ ...cache })),
  'a _pathCache that is a copy': () => show(Module, '_pathCache', (cache) => ({ ...cache })),
  'modules without children'() {
    const { load } = Module.prototype
    const meet = meeting()
    Module.prototype.load = function (...args) {
      meet()
      this.children = undefined
      return Reflect.apply(load, this, args)
    }
  },
  'modules without symbols'() {
    const meet = meeting()
    const hidden = new Set(['kRequiredModuleSymbol', 'kIsExecuting', 'kIsCachedByESMLoader'])
    Object.getOwnPropertySymbols = (object) => {
      const symbols = getOwnPropertySymbols(object)
      const left = isOurs() ? symbols.filter(({ description }) => !hidden.has(description)) : symbols
      if (left.length < symbols.length) meet()
      return left
    }
  },
  'another _load'() {
    const load = Module._load
    const meet = meeting()
    Module._load = function (...args) {
      meet()
      return Reflect.apply(load, this, args)
    }
  },
  'a _load that asks for filename'() {
    const load = Module._load
    const meet = meeting()
    Module._load = function (request, parent, isMain) {
      meet()
      void parent?.filename
      return Reflect.apply(load, this, [request, parent, isMain])
    }
  },
  'another require of modules, another _findPath and another load'() {
    for (const [owner, name] of [[Module.prototype, 'require'], [Module, '_findPath'], [Module.prototype, 'load'], [Module, '_resolveFilename']]) {
      const original = owner[name]
      const meet = meeting()
      owner[name] = function (...args) {
        meet()
        return Reflect.apply(original, this, args)
      }
    }
  },
  'a flag of V8 that cannot be set': () => (v8.setFlagsFromString = failing()),
  'no registerHooks': () => show(Module, 'registerHooks', () => undefined),
  'hooks without a number'() {
    const { registerHooks } = Module
    const meet = meeting()
    if (!registerHooks) return
    Module.registerHooks = (hooks) => {
      meet()
      return { deregister: registerHooks(hooks).deregister }
    }
  },
  // Where hooks in the app's thread are not complete, it is a Node of the future in which they are not.
  'a version that is later than all'() {
    const meet = meeting()
    const versions = { ...process.versions, node: '99.0.0' }
    Object.defineProperty(process, 'versions', {
      get() {
        if (!isOurs()) return VERSIONS
        meet()
        return versions
      },
    })
  },
  'no getBuiltinModule': () => show(process, 'getBuiltinModule', () => undefined),
  'no list of what is loaded': () => show(process, 'moduleLoadList', () => undefined),
}

/** Several at once: all that can be hidden, and all that can have another shape. */
const TOGETHER = {
  'all of it': [
    'a session that throws', 'no _pathCache', 'modules without children', 'modules without symbols', 'another _load',
    'another require of modules, another _findPath and another load', 'a flag of V8 that cannot be set', 'hooks without a number',
    'no getBuiltinModule', 'no list of what is loaded',
  ],
  'all of it in another shape': [
    'jobs whose module is a promise', 'a resolve cache that is another', 'a cjsCache that is another', 'a relative-resolve cache of lists',
    'no validated URLs', 'a _pathCache that is a map', 'another _load',
  ],
}

/** @param {string} name @returns {string[]} the ways that it consists of */
const partsOf = (name) => TOGETHER[name] ?? [name]

const wanted = process.env.TAKE_AWAY
if (wanted !== undefined) {
  reshapeAnswers()
  for (way of partsOf(wanted)) {
    if (!WAYS[way]) throw new Error(`take-away.cjs knows no ${JSON.stringify(way)}`)
    WAYS[way]()
  }
  Module.syncBuiltinESMExports()
}
module.exports = { ways: [...Object.keys(WAYS), ...Object.keys(TOGETHER)], partsOf }
