import { systemClock } from '../system/system.js'
import type { VirtualClock } from './virtual-clock.js'

/** How often other work has its turn before time passes by itself. */
const IDLE_TURNS = 3

/**
 * Waits for work that waits for virtual time: while the work lets no time pass itself, time passes
 * from timer to timer. Rejects as the work does, and when the work does not end within `maxMs` of
 * time that passed so, or waits for something that no timer brings.
 */
export async function drive(clock: VirtualClock, work: () => Promise<void>, maxMs: number): Promise<void> {
  const { advance, runUntil } = clock
  let passing = 0
  const counted = async (passes: Promise<void>): Promise<void> => {
    passing += 1
    try {
      await passes
    } finally {
      passing -= 1
    }
  }
  clock.advance = ms => counted(advance(ms))
  clock.runUntil = (condition, limitMs) => counted(runUntil(condition, limitMs))

  let ended = false
  const end = (): void => void (ended = true)
  const working = work()
  working.then(end, end)
  let leftMs = maxMs
  for (let idle = 0; !ended; idle = passing > 0 ? 0 : idle + 1) {
    await systemClock.turn()
    if (ended || passing > 0 || idle < IDLE_TURNS) continue
    const beganMs = clock.monotonic()
    let asked = 0
    // To the next timer, and no further.
    await runUntil(() => asked++ > 0, leftMs).catch(() => {
      throw new Error(`the run waits for something that did not come within ${maxMs} ms of virtual time`)
    })
    leftMs -= clock.monotonic() - beganMs
  }
  await working
}
