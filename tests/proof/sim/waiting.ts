import type { World } from './world.js'

/** Lets time pass until the work is done, or the time is over: then undefined. */
export async function during<T>(
  clock: World['clock'],
  work: Promise<T>,
  maxMs: number,
): Promise<T | undefined> {
  let done: { readonly value: T } | 'failed' | undefined
  work.then(
    value => (done = { value }),
    () => (done = 'failed'),
  )
  await clock.runUntil(() => done !== undefined, maxMs).catch(() => {})
  return done === undefined || done === 'failed' ? undefined : done.value
}

/** Lets time pass until the work is done, and complains when it is not within half a minute. */
export async function within(
  clock: World['clock'],
  work: Promise<unknown>,
  complain: () => void,
): Promise<void> {
  const done = work.then(() => true)
  if ((await during(clock, done, 30_000)) !== true) complain()
}
