import { NoticeboardError } from '../contracts/errors.js'
import type { RolloutPolicy } from './policy.js'
import { staged } from './staged.js'
import type { StagedOptions } from './staged-options.js'
import type { StageSpec } from './stage.js'

/** The most steps that a linear plan may have; a timed one likewise. */
const MOST_STEPS = 50

/** What a preset is given besides its own options. */
export type PresetOptions = Omit<StagedOptions, 'stages' | 'excludes'>

/**
 * One client, then a share, then all: `staged([1, '10%', 'all'])`. Throws `invalid-option`.
 *
 * ```ts
 * await publisher.publish(document, { rollout: canary({ share: 0.05 }), reason: 'more load' })
 * ```
 */
export function canary({
  share = 0.1,
  ...options
}: PresetOptions & {
  /**
   * The share of clients that is exposed after the first one: 0.05 is five in a hundred. Default
   * 0.1.
   */
  readonly share?: number
} = {}): RolloutPolicy {
  return staged({ ...options, stages: [1, percentOf(share), 'all'] })
}

/**
 * One client, and then equal steps up to all: with `steps: 4` a quarter more each time. Throws
 * `invalid-option`.
 *
 * ```ts
 * await publisher.publish(document, { rollout: linear({ steps: 5 }), reason: 'more load' })
 * ```
 */
export function linear({
  steps = 4,
  ...options
}: PresetOptions & {
  /** How many steps follow the first client, 2 to 50. Default 4. */
  readonly steps?: number
} = {}): RolloutPolicy {
  checkSteps('linear()', steps)
  const shares = Array.from({ length: steps - 1 }, (_, index) => percentOf((index + 1) / steps))
  return staged({ ...options, stages: [1, ...shares, 'all'] })
}

/** Throws `invalid-option` unless there are 2 to 50 steps. */
export function checkSteps(whose: string, steps: number): void {
  if (!(Number.isInteger(steps) && steps >= 2 && steps <= MOST_STEPS))
    throw new NoticeboardError(
      'invalid-option',
      `${whose}: steps must be a whole number from 2 to ${MOST_STEPS}`,
    )
}

/** A share as a stage writes it, to a hundredth of a percent. */
function percentOf(share: number): StageSpec {
  return `${Math.round(share * 10_000) / 100}%`
}
