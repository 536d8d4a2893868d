import { setTimeout as sleep } from 'node:timers/promises'

export async function handle(job) {
  console.log(`begin ${job.id}`)
  await sleep(Number(process.env.WORK ?? 300))
  console.log(`end ${job.id}`)
}
