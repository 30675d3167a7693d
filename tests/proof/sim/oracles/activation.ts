import type { Release } from '../../../../src/core/release/release.js'
import type { SimProcess } from '../../../../src/sim/process.js'
import type { World } from '../world.js'

/**
 * How late a client may switch that was ready for it: marks tell the time as late as they travel.
 */
const LATE_MS = 1_000

/** Looks at when a client of one life switches. */
export interface ActivationWatch {
  /** A document passed the validators. */
  validated(text: string): void
  /** A document of a release that came over the network came into force. */
  committed(text: string, release: Release | undefined): void
}

/**
 * `activation-is-kept`: no client switches before the time that a release names, one that has the
 * document by then switches within a second of it, and one that comes later at once. Clocks that
 * jumped, at clients or at servers, tell no time.
 */
export function watchActivation(
  world: Pick<World, 'clock' | 'truth' | 'sometimes' | 'clocksJumped'>,
  {
    own,
    isSound,
  }: {
    readonly own: SimProcess
    /** Whether nothing delayed what this life heard and did. */
    readonly isSound: () => boolean
  },
): ActivationWatch {
  const { clock, truth, sometimes } = world
  const validatedMs = new Map<string, number>()

  return {
    validated: text => void validatedMs.set(text, clock.now()),
    committed(text, release) {
      const nowMs = clock.now()
      const readyMs = validatedMs.get(text)
      if (release?.activateAt === undefined || readyMs === undefined) return
      if (world.clocksJumped || own.clock.now() !== nowMs) return
      const atMs = Date.parse(release.activateAt)
      if (nowMs < atMs)
        truth.violate('activation-is-kept', `${own.name} switched ${Math.round(atMs - nowMs)} ms early`)
      if (!isSound()) return
      sometimes.add(
        readyMs < atMs ? 'a client waited for its time' : 'a client came late and switched at once',
      )
      const dueMs = Math.max(atMs, readyMs)
      if (nowMs - dueMs > LATE_MS)
        truth.violate('activation-is-kept', `${own.name} switched ${Math.round(nowMs - dueMs)} ms late`)
    },
  }
}
