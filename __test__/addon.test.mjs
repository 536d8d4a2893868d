/* Native addons of the app that are built anew. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { ADDON, createFolder, HOT, startApp } from './support/app.mjs'

/** A build's result, for which our own addon will do: other bytes each time, which the system's loader does not mind. @param {string} file @param {number} build */
function compile(file, build) {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(`${file}.tmp`, Buffer.concat([fs.readFileSync(ADDON), Buffer.from(`build ${build}`)]))
  fs.renameSync(`${file}.tmp`, file)
}

const importers = {
  'CommonJS below a boundary': { 'b.mjs': `export { value } from './c.cjs'`, 'c.cjs': `require('./build/own.node'); exports.value = 1` },
  'createRequire in a boundary': {
    'b.mjs': `import { createRequire } from 'node:module'; createRequire(import.meta.url)('./build/own.node'); export const value = 1`,
  },
}

for (const [name, files] of Object.entries(importers)) {
  test(`a rebuilt addon asks for a restart, with its reason: ${name}`, async (t) => {
    const folder = createFolder(t, { files: { 'main.mjs': `serve({ get: async () => (await import('./b.mjs', ${HOT})).value })`, ...files } })
    const addon = path.join(folder, 'build/own.node')
    compile(addon, 1)
    const app = await startApp(t, { folder, env: { HOT_HOOK_REASON: '1' } })
    assert.equal(await app.ask('get'), 1)
    // A build deletes what it is about to make.
    fs.rmSync(addon)
    await app.quiet()
    assert.deepEqual(app.messages, [], 'what runs needs its file no more')
    compile(addon, 2)
    const { path: file, reason, shouldBeReloadable } = await app.message('full-reload')
    assert.deepEqual({ file, ...reason, shouldBeReloadable }, {
      file: addon,
      text: 'build/own.node changed, a native addon, which a process loads only once',
      chain: [],
      shouldBeReloadable: false,
    })
    app.save('b.mjs', `${files['b.mjs']} // 2`)
    assert.equal(await app.ask('get'), 1, 'what requires it is reloaded as before')
    await app.message('invalidated')
    assert.deepEqual(app.told('invalidated').map(({ paths }) => paths), [[app.file('b.mjs')]])
    compile(addon, 2)
    await app.quiet()
    assert.equal(app.told('full-reload').length, 1, 'the same bytes again say nothing')
  })
}
