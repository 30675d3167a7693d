import type { VirtualClock } from './virtual-clock.js'

/** More timers than that in one instant are a loop that does not let time pass. */
const MOST_TIMERS = 20_000

/**
 * Makes a clock on which a loop without delay ends: from then on its timers do not fire any more.
 * `complain` is called once, with how many there were.
 */
export function guardLoops(clock: VirtualClock, complain: (timers: number) => void): VirtualClock {
  let [instantMs, made, over] = [-1, 0, false]
  const after = clock.after.bind(clock)
  clock.after = (delayMs, callback) => {
    const nowMs = clock.monotonic()
    if (nowMs !== instantMs) [instantMs, made] = [nowMs, 0]
    made += 1
    if (made > MOST_TIMERS && !over) {
      over = true
      complain(MOST_TIMERS)
    }
    return over ? () => {} : after(delayMs, callback)
  }
  return clock
}
