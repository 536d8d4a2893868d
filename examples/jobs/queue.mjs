/** Jobs that wait, and consumers that wait for one. */
class Queue {
  #jobs = []
  #takers = []

  add(job) {
    const taker = this.#takers.shift()
    if (taker) taker(job)
    else this.#jobs.push(job)
  }

  /** The next job; undefined once `signal` is aborted. */
  take(signal) {
    if (signal?.aborted) return undefined
    if (this.#jobs.length > 0) return this.#jobs.shift()
    return new Promise((resolve) => {
      const taker = (job) => {
        signal?.removeEventListener('abort', leave)
        resolve(job)
      }
      const leave = () => {
        this.#takers = this.#takers.filter((other) => other !== taker)
        resolve(undefined)
      }
      this.#takers.push(taker)
      signal?.addEventListener('abort', leave)
    })
  }
}

export const queue = new Queue()
