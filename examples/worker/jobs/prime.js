import { isPrime } from '../numbers.js'

/** The next prime number. */
export default function prime({ from }) {
  let n = from
  while (!isPrime(n)) n++
  return `${n} is prime`
}
