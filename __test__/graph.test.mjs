/* oxlint-disable unicorn/consistent-function-scoping -- the sources of an app stand with its test */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import test from 'node:test'
import { HOT, startApp } from './support/app.mjs'

const B = 'import.meta.hot?.boundary'
const value = (n) => `export const value = ${n}`
/** `serve` with one command per boundary, and the log. */
const main = (...names) => `serve({
  ${names.map((name) => `${name}: async () => (await import('./${name}.mjs', ${B})).value,`).join('\n')}
  log: () => log.lines.splice(0),
})`
const reload = (app, name, shouldBeReloadable = false) => ({
  type: 'hot-hook:full-reload',
  path: app.file(name),
  shouldBeReloadable,
})
const invalidated = (app, ...names) => ({ type: 'hot-hook:invalidated', paths: names.map((name) => app.file(name)) })
/** A module that logs its name and version as it runs. */
const logged = (name, text = '') => `${text}\nlog('${name}' + new URL(import.meta.url).search)`

/*
 *                  server
 *           ┌────────┼───────────────┐
 *           ▼        ▼ hot           ▼ hot
 *    providers/  users_controller  posts_controller
 *     database     │      │          │
 *           │      │      ▼          ▼
 *           │      │   helpers    services/post
 *           ▼      ▼                 │
 *         models/user                ▼
 *                               models/post
 */
const diagram = {
  'server.mjs': `import './providers/database.mjs'
    serve({
      users: async () => (await import('./app/controllers/users_controller.mjs', ${B})).default(),
      posts: async () => (await import('./app/controllers/posts_controller.mjs', ${B})).default(),
    })`,
  'providers/database.mjs': `import { user } from '../app/models/user.mjs'; export const database = user`,
  'app/controllers/users_controller.mjs': `import { user } from '../models/user.mjs'
    import { help } from '../../utils/helpers.mjs'
    export default () => ['users1', user, help]`,
  'app/controllers/posts_controller.mjs': `import { post } from '../services/post.mjs'; export default () => ['posts1', ...post()]`,
  'app/services/post.mjs': `import { post as model } from '../models/post.mjs'; export const post = () => ['service1', model]`,
  'app/models/user.mjs': `export const user = 'user1'`,
  'app/models/post.mjs': `export const post = 'post1'`,
  'utils/helpers.mjs': `export const help = 'help1'`,
}

test('the example of the diagram', async (t) => {
  const files = { ...diagram }
  const app = await startApp(t, { entry: 'server.mjs', files })
  const edit = (name, from, to) => app.save(name, (files[name] = files[name].replace(from, to)))
  assert.deepEqual(await app.ask('users'), ['users1', 'user1', 'help1'])
  assert.deepEqual(await app.ask('posts'), ['posts1', 'service1', 'post1'])

  edit('app/controllers/users_controller.mjs', 'users1', 'users2')
  assert.deepEqual(await app.ask('users'), ['users2', 'user1', 'help1'])
  edit('app/controllers/posts_controller.mjs', 'posts1', 'posts2')
  assert.deepEqual(await app.ask('posts'), ['posts2', 'service1', 'post1'])
  edit('app/models/post.mjs', 'post1', 'post2')
  assert.deepEqual(await app.ask('posts'), ['posts2', 'service1', 'post2'])
  edit('app/services/post.mjs', 'service1', 'service2')
  assert.deepEqual(await app.ask('posts'), ['posts2', 'service2', 'post2'])
  edit('utils/helpers.mjs', 'help1', 'help2')
  assert.deepEqual(await app.ask('users'), ['users2', 'user1', 'help2'])
  await app.message('invalidated', 5)

  // The provider has it too, and no boundary is on that way.
  edit('app/models/user.mjs', 'user1', 'user2')
  assert.deepEqual(await app.ask('users'), ['users2', 'user1', 'help2'])
  await app.message('full-reload')
  const [posts, users] = ['posts', 'users'].map((name) => `app/controllers/${name}_controller.mjs`)
  assert.deepEqual(app.messages, [
    invalidated(app, users),
    invalidated(app, posts),
    invalidated(app, 'app/models/post.mjs', 'app/services/post.mjs', posts),
    invalidated(app, 'app/services/post.mjs', posts),
    invalidated(app, 'utils/helpers.mjs', users),
    reload(app, 'app/models/user.mjs'),
  ])
})

test('the root, and what it imports with or without a boundary', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import './cold.mjs'; await import('./dynamic.mjs'); ${main('b')}`,
      'cold.mjs': '',
      'dynamic.mjs': '',
      'b.mjs': value(1),
    },
  })
  assert.equal(await app.ask('b'), 1)
  for (const [n, name] of ['main.mjs', 'cold.mjs', 'dynamic.mjs'].entries()) {
    app.save(name, `// ${n}`)
    assert.deepEqual(await app.message('full-reload', n + 1), reload(app, name))
  }
  assert.equal(app.messages.length, 3)
})

test('a boundary that the root also imports statically is cold, with all that is below it', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { value } from './b.mjs'; ${main('b', 'other')}; serve({ static: () => value })`,
      'b.mjs': `export { value } from './c.mjs'`,
      'c.mjs': value(1),
      'other.mjs': `export { value } from './c.mjs'`,
    },
  })
  assert.deepEqual([await app.ask('b'), await app.ask('other')], [1, 1])
  app.save('c.mjs', value(2))
  assert.deepEqual([await app.ask('b'), await app.ask('other'), await app.ask('static')], [1, 1, 1], 'never doubled')
  assert.equal((await app.message('full-reload')).path, app.file('c.mjs'))
  app.save('b.mjs', `export const value = 3`)
  assert.equal(await app.ask('b'), 1)
  assert.equal((await app.message('full-reload', 2)).path, app.file('b.mjs'))
  app.save('other.mjs', value(4))
  assert.equal(await app.ask('other'), 4, 'what is above it stays hot')
  assert.equal(app.told('full-reload').length, 2)
})

test('a module of the graph, and no other', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': main('b'), 'b.mjs': value(1), 'never.mjs': '' } })
  assert.equal(await app.ask('b'), 1)
  app.save('never.mjs', '// 2')
  app.save('new.mjs', '')
  app.save('b.mjs', value(2))
  assert.equal(await app.ask('b'), 2)
  await app.message('invalidated')
  assert.deepEqual(app.messages, [invalidated(app, 'b.mjs')])
})

test('a save without effect says nothing, and runs nothing', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': main('b', 'c'), 'b.mjs': logged('b', value(1)), 'c.mjs': value(1) } })
  assert.deepEqual([await app.ask('b'), await app.ask('c')], [1, 1])
  app.save('b.mjs', logged('b', value(1)))
  app.replace('b.mjs', logged('b', value(1)))
  fs.utimesSync(app.file('b.mjs'), 1, 1)
  app.save('c.mjs', value(2))
  assert.deepEqual([await app.ask('b'), await app.ask('c')], [1, 2])
  await app.message('invalidated')
  assert.deepEqual(app.messages, [invalidated(app, 'c.mjs')])
  assert.deepEqual(await app.ask('log'), ['b'])
})

test('a diamond: one instance of each, and only what changed runs again', async (t) => {
  const side = (name) => logged(name, `import * as base from './base.mjs'; export { base }`)
  const app = await startApp(t, {
    files: {
      'main.mjs': main('b'),
      'b.mjs': logged('b', `import * as l from './l.mjs'; import * as r from './r.mjs'; export const value = [l.base === r.base, l.base.value]`),
      'l.mjs': side('l'),
      'r.mjs': side('r'),
      'base.mjs': logged('base', value(1)),
    },
  })
  assert.deepEqual(await app.ask('b'), [true, 1])
  assert.deepEqual(await app.ask('log'), ['base', 'l', 'r', 'b'])
  app.save('base.mjs', logged('base', value(2)))
  assert.deepEqual(await app.ask('b'), [true, 2])
  assert.deepEqual(await app.ask('log'), ['base?v=1', 'l?v=1', 'r?v=1', 'b?v=1'])
  app.save('r.mjs', `${side('r')} // 2`)
  assert.deepEqual(await app.ask('b'), [true, 2])
  assert.deepEqual(await app.ask('log'), ['r?v=2', 'b?v=2'])
})

test('a cycle below a boundary', async (t) => {
  const b = (n) => logged('b', `import { c } from './c.mjs'; export const name = 'b${n}'; export const value = 0; export const all = () => c()`)
  const c = (n) => logged('c', `import { name } from './b.mjs'; export const c = () => [name, 'c${n}']`)
  const app = await startApp(t, {
    files: {
      'main.mjs': `${main('b')}; serve({ all: async () => (await import('./b.mjs', ${B})).all() })`,
      'b.mjs': b(1),
      'c.mjs': c(1),
    },
  })
  assert.deepEqual(await app.ask('all'), ['b1', 'c1'])
  app.save('c.mjs', c(2))
  assert.deepEqual(await app.ask('all'), ['b1', 'c2'])
  app.save('b.mjs', b(3))
  assert.deepEqual(await app.ask('all'), ['b3', 'c2'], 'each looks at the current instance of the other')
  assert.deepEqual(await app.ask('log'), ['c', 'b', 'c?v=1', 'b?v=1', 'c?v=2', 'b?v=2'])
  await app.message('invalidated', 2)
  assert.deepEqual(app.messages, [invalidated(app, 'c.mjs', 'b.mjs'), invalidated(app, 'b.mjs', 'c.mjs')])
})

test('a cycle of three that two boundaries enter at different places', async (t) => {
  const cycle = (next, n) => `import * as next from './${next}.mjs'; export const number = ${n}; export const sum = (k) => k === 0 ? 0 : number + next.sum(k - 1)`
  const boundary = (below) => `import { sum } from './${below}.mjs'; export const value = sum(3)`
  const app = await startApp(t, {
    files: {
      'main.mjs': main('a', 'b'),
      'a.mjs': boundary('x'),
      'b.mjs': boundary('z'),
      'x.mjs': cycle('y', 1),
      'y.mjs': cycle('z', 10),
      'z.mjs': cycle('x', 100),
    },
  })
  assert.deepEqual([await app.ask('a'), await app.ask('b')], [111, 111])
  app.save('y.mjs', cycle('z', 20))
  assert.deepEqual([await app.ask('b'), await app.ask('a')], [121, 121])
  const [message] = [await app.message('invalidated')]
  assert.equal(message.paths[0], app.file('y.mjs'))
  assert.deepEqual(message.paths.toSorted(), ['a', 'b', 'x', 'y', 'z'].map((name) => app.file(`${name}.mjs`)))
})

test('self-imports, static and dynamic', async (t) => {
  const b = (n) => `import * as me from './b.mjs'
    ${value(n)}
    export const same = () => import('./b.mjs').then((again) => [again === me, again.value])`
  const app = await startApp(t, {
    files: { 'main.mjs': `serve({ same: async () => (await import('./b.mjs', ${B})).same() })`, 'b.mjs': b(1) },
  })
  assert.deepEqual(await app.ask('same'), [true, 1])
  for (const n of [2, 3]) {
    app.save('b.mjs', b(n))
    assert.deepEqual(await app.ask('same'), [true, n])
  }
  await app.message('invalidated', 2)
  assert.deepEqual(app.messages, [invalidated(app, 'b.mjs'), invalidated(app, 'b.mjs')])
})

test('a boundary inside of a boundary: the outer one may hold what it imported', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': main('b'),
      'b.mjs': `const { value: inner } = await import('./inner.mjs', ${HOT}); export const value = ['b', inner]`,
      'inner.mjs': value(1),
    },
  })
  assert.deepEqual(await app.ask('b'), ['b', 1])
  app.save('inner.mjs', value(2))
  assert.deepEqual(await app.ask('b'), ['b', 2])
  assert.deepEqual(await app.message('invalidated'), invalidated(app, 'inner.mjs', 'b.mjs'))
})

test('two boundaries over one module: both are invalidated, and share the new instance', async (t) => {
  const boundary = `import * as c from './c.mjs'; export { c }; export const { value } = c`
  const app = await startApp(t, {
    files: {
      'main.mjs': `${main('a', 'b')}
        serve({ same: async () => (await import('./a.mjs', ${B})).c === (await import('./b.mjs', ${B})).c })`,
      'a.mjs': boundary,
      'b.mjs': boundary,
      'c.mjs': value(1),
    },
  })
  assert.equal(await app.ask('same'), true)
  app.save('c.mjs', value(2))
  assert.equal(await app.ask('a'), 2)
  assert.equal(await app.ask('b'), 2)
  assert.equal(await app.ask('same'), true)
})

test('imports at the same time give one instance', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `serve({
        same: async () => new Set(await Promise.all(Array.from({ length: 20 }, () => import('./b.mjs', ${B})))).size,
        log: () => log.lines.splice(0),
      })`,
      'b.mjs': logged('b', `import './c.mjs'`),
      'c.mjs': logged('c'),
    },
  })
  assert.equal(await app.ask('same'), 1)
  app.save('c.mjs', `${logged('c')} // 2`)
  assert.equal(await app.ask('same'), 1)
  assert.deepEqual(await app.ask('log'), ['c', 'b', 'c?v=1', 'b?v=1'])
})

test("a user's own query makes a further instance of the same module", async (t) => {
  const b = (n) => `export const value = [${n}, new URL(import.meta.url).search]`
  const app = await startApp(t, {
    files: {
      'main.mjs': `serve({ get: (query) => import('./b.mjs' + query, ${B}).then(({ value }) => value) })`,
      'b.mjs': b(1),
    },
  })
  const queries = ['', '?v=3', '?x=1', '?v=1&y', '#hash']
  const searches = ['', '?v=3', '?x=1', '?v=1&y', '']
  for (const [n, query] of queries.entries()) assert.deepEqual(await app.ask('get', query), [1, searches[n]])
  app.save('b.mjs', b(2))
  const after = ['?v=1', '?v=3&v=1', '?x=1&v=1', '?v=1&y&v=1', '?v=1']
  for (const [n, query] of queries.entries()) assert.deepEqual(await app.ask('get', query), [2, after[n]])
  await app.message('invalidated')
  assert.deepEqual(app.messages, [invalidated(app, 'b.mjs')])
})

test('edges follow the code: what is imported no longer is not watched, and comes back with the next version', async (t) => {
  const using = logged('b', `export { value } from './c.mjs'`)
  const without = logged('b', value(0))
  const app = await startApp(t, {
    files: { 'main.mjs': main('b', 'other'), 'b.mjs': using, 'c.mjs': logged('c', value(1)), 'other.mjs': value(1) },
  })
  assert.equal(await app.ask('b'), 1)
  assert.equal(await app.ask('other'), 1)
  app.save('c.mjs', logged('c', value(2)))
  assert.equal(await app.ask('b'), 2)
  app.save('b.mjs', without)
  assert.equal(await app.ask('b'), 0)
  app.save('c.mjs', logged('c', value(3)))
  app.save('other.mjs', value(2))
  assert.equal(await app.ask('other'), 2)
  await app.message('invalidated', 3)
  app.save('b.mjs', using)
  assert.equal(await app.ask('b'), 3)
  await app.message('invalidated', 4)
  assert.deepEqual(app.messages, [
    invalidated(app, 'c.mjs', 'b.mjs'),
    invalidated(app, 'b.mjs'),
    invalidated(app, 'other.mjs'),
    invalidated(app, 'b.mjs'),
  ])
  const log = await app.ask('log')
  const last = Number(/\d+$/.exec(log.at(-2)))
  assert.deepEqual(log.slice(0, -2), ['c', 'b', 'c?v=1', 'b?v=1', 'b?v=2'])
  assert.ok(log.at(-2).startsWith('c?v=') && last >= 2, `the counter goes on: ${log.at(-2)}`)
  assert.equal(log.at(-1), 'b?v=3')
})

test('edges follow the code: a new import is an edge at once', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': main('b'), 'b.mjs': value(0), 'c.mjs': value(1) } })
  assert.equal(await app.ask('b'), 0)
  app.save('b.mjs', `export { value } from './c.mjs'`)
  assert.equal(await app.ask('b'), 1)
  app.save('c.mjs', value(2))
  assert.equal(await app.ask('b'), 2)
})

test('a pruned module is disposed of', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': main('b'),
      'b.mjs': `import './c.mjs'; ${value(1)}`,
      'c.mjs': `log('c'); import.meta.hot.dispose(() => log('c disposed'))`,
    },
  })
  assert.equal(await app.ask('b'), 1)
  app.save('b.mjs', value(2))
  assert.equal(await app.ask('b'), 2)
  await app.expect('log', (lines) => (lines.length === 0 ? false : assert.deepEqual(lines, ['c', 'c disposed']) ?? true))
})

test('a dynamic import below a boundary stays an edge, also while it does not run', async (t) => {
  const b = (n) => `export const value = ${n}; export const lazy = async () => (await import('./lazy.mjs')).value`
  const app = await startApp(t, {
    files: { 'main.mjs': `${main('b')}; serve({ lazy: async () => (await import('./b.mjs', ${B})).lazy() })`, 'b.mjs': b(1), 'lazy.mjs': value(1) },
  })
  assert.equal(await app.ask('lazy'), 1)
  app.save('b.mjs', b(2))
  assert.equal(await app.ask('b'), 2)
  app.save('lazy.mjs', value(2))
  assert.deepEqual(await app.message('invalidated', 2), invalidated(app, 'lazy.mjs', 'b.mjs'))
  assert.equal(await app.ask('lazy'), 2)
})

test('many saves in a row: the last one wins, none is lost', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': main('b'), 'b.mjs': `export { value } from './c.mjs'`, 'c.mjs': value(0) },
  })
  assert.equal(await app.ask('b'), 0)
  for (let n = 1; n <= 50; n++) {
    if (n % 2) app.save('c.mjs', value(n))
    else app.replace('c.mjs', value(n))
    assert.equal(await app.ask('b'), n)
  }
})

test('a save by the app itself, right before the import', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import fs from 'node:fs'
        serve({ get: async () => {
          const found = []
          for (let n = 0; n < 100; n++) {
            fs.writeFileSync(import.meta.dirname + '/b.mjs', 'export const value = ' + n)
            found.push((await import('./b.mjs', ${B})).value)
          }
          return found
        } })`,
      'b.mjs': value(-1),
    },
  })
  assert.deepEqual(await app.ask('get'), Array.from({ length: 100 }, (_, n) => n))
})

test('failures are healed by the next save: syntax, a throw, a missing export, a missing file', async (t) => {
  const app = await startApp(t, {
    files: { 'main.mjs': main('b'), 'b.mjs': `export { value } from './c.mjs'`, 'c.mjs': value(1) },
  })
  assert.equal(await app.ask('b'), 1)
  app.save('c.mjs', 'export const = 1')
  assert.equal((await app.askError('b')).name, 'SyntaxError')
  app.save('c.mjs', value(2))
  assert.equal(await app.ask('b'), 2)
  app.save('c.mjs', `${value(3)}; throw new RangeError('at top level')`)
  assert.equal((await app.askError('b')).message, 'at top level')
  assert.equal((await app.askError('b')).message, 'at top level', 'as Node does, it is remembered')
  app.save('c.mjs', value(4))
  assert.equal(await app.ask('b'), 4)
  app.save('c.mjs', 'export const other = 5')
  assert.equal((await app.askError('b')).name, 'SyntaxError')
  app.save('c.mjs', value(6))
  assert.equal(await app.ask('b'), 6)
  app.save('c.mjs', `export { value } from './new/d.mjs'`)
  assert.equal((await app.askError('b')).code, 'ERR_MODULE_NOT_FOUND')
  app.save('new/d.mjs', value(7))
  await app.expect('b', 7)
  app.remove('new/d.mjs')
  await app.expect('b', (answer) => answer.code === 'ERR_MODULE_NOT_FOUND')
  app.save('new/d.mjs', value(8))
  await app.expect('b', 8)
  assert.deepEqual(app.told('full-reload'), [])
})

test('a boundary that was never there, and one that fails at its first load', async (t) => {
  const app = await startApp(t, { files: { 'main.mjs': main('b', 'c'), 'c.mjs': 'export const = 1' } })
  assert.equal((await app.askError('b')).code, 'ERR_MODULE_NOT_FOUND')
  app.save('b.mjs', value(1))
  await app.expect('b', 1)
  assert.equal((await app.askError('c')).name, 'SyntaxError')
  app.save('c.mjs', value(1))
  assert.equal(await app.ask('c'), 1)
  assert.deepEqual(app.told('full-reload'), [])
})

test('CommonJS: a boundary, and what it requires', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `serve({ get: async () => (await import('./b.cjs', ${B})).default, log: () => log.lines.splice(0) })`,
      'b.cjs': `log('b'); const c = require('./c.cjs'); module.exports = ['b1', c, require('./d.json').n, require('./e.cjs') === c]`,
      'c.cjs': `log('c'); module.exports = 'c1'`,
      'e.cjs': `module.exports = require('./c.cjs')`,
      'd.json': `{ "n": 1 }`,
    },
  })
  assert.deepEqual(await app.ask('get'), ['b1', 'c1', 1, true])
  app.save('c.cjs', `log('c'); module.exports = 'c2'`)
  assert.deepEqual(await app.ask('get'), ['b1', 'c2', 1, true])
  app.save('b.cjs', `log('b'); module.exports = ['b2', require('./c.cjs'), require('./d.json').n]`)
  assert.deepEqual(await app.ask('get'), ['b2', 'c2', 1])
  app.save('d.json', `{ "n": 2 }`)
  assert.deepEqual(await app.ask('get'), ['b2', 'c2', 2])
  assert.deepEqual(await app.ask('log'), ['b', 'c', 'b', 'c', 'b', 'b'])
  assert.deepEqual(app.told('full-reload'), [])
})

test('CommonJS below an ES module, and one that the root requires too', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { createRequire } from 'node:module'; createRequire(import.meta.url)('./cold.cjs'); ${main('b')}`,
      'b.mjs': `import c from './c.cjs'; import './cold.cjs'; export const value = c`,
      'c.cjs': `module.exports = require('./d.cjs')`,
      'd.cjs': `module.exports = 1`,
      'cold.cjs': ``,
    },
  })
  assert.equal(await app.ask('b'), 1)
  app.save('d.cjs', `module.exports = 2`)
  assert.equal(await app.ask('b'), 2)
  app.save('cold.cjs', '// 2')
  assert.equal((await app.message('full-reload')).path, app.file('cold.cjs'))
})

test('a worker shares the graph: what it imports statically is cold', async (t) => {
  const app = await startApp(t, {
    files: {
      'main.mjs': `import { Worker } from 'node:worker_threads'
        import { once } from 'node:events'
        let worker
        ${main('b')}
        serve({
          start: async () => (worker = new Worker(new URL('./w.mjs', import.meta.url)), (await once(worker, 'message'))[0]),
          stop: () => worker.terminate(),
        })`,
      'w.mjs': `import { parentPort } from 'node:worker_threads'; import { value } from './b.mjs'
        parentPort.on('message', () => {}); parentPort.postMessage(value)`,
      'b.mjs': value(1),
    },
  })
  assert.equal(await app.ask('b'), 1)
  assert.equal(await app.ask('start'), 1)
  app.save('b.mjs', value(2))
  assert.equal((await app.message('full-reload')).path, app.file('b.mjs'))
  await app.ask('stop')
  app.save('b.mjs', value(3))
  assert.equal(await app.ask('b'), 3, 'the roots of a thread go with it')
  assert.equal(await app.ask('start'), 3)
  assert.equal(app.told('full-reload').length, 1)
})
