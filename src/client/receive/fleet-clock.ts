import type { Clock } from '../../contracts/system.js'

/**
 * Time as the origin tells it: the last mark's, plus what the monotonic clock counted since. The
 * machine's own until a mark came.
 */
export interface FleetClock {
  now(): number
  /** A mark said that it is `asOf` now. An older one than the last changes nothing. */
  hear(asOf: string): void
}

/** Makes a {@link FleetClock}. */
export function createFleetClock(clock: Clock): FleetClock {
  let heard: { readonly at: number; readonly time: number } | undefined
  const now = (): number => (heard === undefined ? clock.now() : heard.time + (clock.monotonic() - heard.at))

  return {
    now,
    hear(asOf) {
      const time = Date.parse(asOf)
      if (heard === undefined || time > now()) heard = { at: clock.monotonic(), time }
    },
  }
}
