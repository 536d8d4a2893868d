/** Part of `npm test`: the examples that need nothing but this project. */
import test from 'node:test'
import { follow, isComplete, names } from './steps.mjs'

for (const name of names.filter(isComplete)) test(`the example ${name} does what its README says`, (t) => follow(t, name))
