import type { Clock } from '../../contracts/system.js'

/**
 * Does work that keeps the event loop busy, in the order of the calls; throws what the work throws.
 */
export type Turns = <Result>(work: () => Result) => Promise<Result>

/** Makes a queue of such work: everything else that is ready has its turn between two pieces. */
export function createTurns(clock: Pick<Clock, 'turn'>): Turns {
  let last: Promise<unknown> = Promise.resolve()
  return work => {
    const mine = last.then(async () => {
      await clock.turn()
      return work()
    })
    last = mine.catch(() => undefined)
    return mine
  }
}
