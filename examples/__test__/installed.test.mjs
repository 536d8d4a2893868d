/** `npm run test:examples`: the examples that install packages. */
import test from 'node:test'
import { follow, isComplete, manifestOf, names } from './steps.mjs'

for (const name of names.filter((each) => !isComplete(each))) {
  const needed = Number(/^>=(\d+)/.exec(manifestOf(name).engines?.node ?? '')?.[1] ?? 0)
  const skip = needed > parseInt(process.versions.node, 10) && `needs Node ${needed}`
  test(`the example ${name} does what its README says`, { skip }, (t) => follow(t, name))
}
