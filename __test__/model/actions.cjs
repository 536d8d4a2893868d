// What is done to files: by the test, and by the app itself. All of it is synchronous.
'use strict'
const fs = require('node:fs')
const path = require('node:path')

const pause = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)

const methods = {
  write: (file, text) => fs.writeFileSync(file, text),
  atomic(file, text) {
    fs.writeFileSync(`${file}.tmp`, text)
    fs.renameSync(`${file}.tmp`, file)
  },
  vim(file, text) {
    if (!fs.existsSync(file)) return methods.write(file, text)
    fs.renameSync(file, `${file}~`)
    fs.writeFileSync(file, text)
    fs.unlinkSync(`${file}~`)
  },
  slow(file, text) {
    const descriptor = fs.openSync(file, 'w')
    const half = Math.floor(text.length / 2)
    fs.writeSync(descriptor, text.slice(0, half))
    pause(5)
    fs.writeSync(descriptor, text.slice(half))
    fs.closeSync(descriptor)
  },
  again(file, text) {
    if (fs.existsSync(file)) fs.unlinkSync(file)
    fs.writeFileSync(file, text)
  },
  delete: (file) => fs.unlinkSync(file),
  touch: (file) => fs.utimesSync(file, new Date(), new Date()),
  chmod(file) {
    fs.chmodSync(file, 0o600)
    fs.chmodSync(file, 0o644)
  },
}

/** @param {string} folder @param {{ method: string, path: string, text?: string, other?: string }[]} actions */
function act(folder, actions) {
  for (const { method, path: name, text, other } of actions) {
    const file = path.join(folder, name)
    if (method === 'swap') {
      fs.renameSync(file, `${file}.tmp`)
      fs.renameSync(path.join(folder, other), file)
      fs.renameSync(`${file}.tmp`, path.join(folder, other))
    } else methods[method](file, text)
  }
}

module.exports = { act }
