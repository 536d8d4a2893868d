/* What is compiled into the addon is under licences that are known to be fine, and their texts are there. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { cratesFor, isAllowed, licencesFor } from '../scripts/licences.mjs'

test('which licences are fine', () => {
  for (const one of ['MIT', 'MIT OR Apache-2.0', 'MIT/Apache-2.0', '(MIT OR GPL-3.0) AND Unicode-3.0', 'GPL-2.0 OR Zlib']) assert.ok(isAllowed(one), one)
  for (const one of [null, '', 'GPL-3.0', 'MIT AND GPL-3.0', '(MIT OR Apache-2.0) AND LGPL-2.1']) assert.equal(isAllowed(one), false, String(one))
})

test('each crate that is compiled in has its licence in the package; what only runs at the build is not there', () => {
  const target = 'x86_64-unknown-linux-gnu'
  const crates = cratesFor(target)
  const names = crates.map(({ name }) => name)
  assert.ok(names.includes('globset') && names.includes('napi') && !names.includes('syn') && !names.includes('proptest'), names.join(' '))
  const text = licencesFor(target)
  assert.deepEqual(crates.filter(({ name, version }) => !text.includes(`\n${name} ${version}: `)), [])
  assert.ok(text.split(/permission is hereby granted|licensed under|redistribut/i).length > crates.length / 2)
})
