import type { Dice } from '../../../../src/sim/dice.js'
import type { VirtualClock } from '../../../../src/sim/virtual-clock.js'

/**
 * A small world of its own beside the fleet of a history: one part of the library, a plain model of
 * what it promises, and drawn happenings. It closes what it opened. Everything is in memory, so a
 * scene costs some milliseconds.
 */
export type Scene = (stage: SceneStage) => Promise<void>

/** What a scene is played with. */
export interface SceneStage {
  readonly seed: number
  readonly clock: VirtualClock
  readonly dice: Dice
  /** Says that something that always holds did not. */
  violate(oracle: string, text: string): void
  /** Notes what a run has to meet now and then. */
  met(what: string): void
  /** Puts an event into the trace of the history. */
  note(event: string): void
}
