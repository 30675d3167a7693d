import type { VirtualClock } from '../../../../src/sim/virtual-clock.js'

/**
 * Lets time pass until some work is done, for two minutes at most, and hands on what became of it.
 */
export async function drive<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let over = false
  const done = work.finally(() => (over = true))
  done.catch(() => {})
  await clock.runUntil(() => over, 120_000)
  return done
}
