import type { StageView } from './view.js'

/** From so many clients on a share is enough; of fewer each one has to be healthy. */
const SMALL = 10

/** How many of a stage's clients are healthy, how many have to be, and of how many. */
export interface Quorum {
  readonly healthy: number
  readonly needed: number
  /** The clients that a verdict is asked of. */
  readonly asked: number
}

/**
 * Counts a stage. The number of clients with which it began holds, less those that said why they do
 * not count: what a store forgot since is not taken for health.
 *
 * ```ts
 * const { healthy, needed } = quorumOf(view)
 * ```
 */
export function quorumOf({ exposed, rollout, plan }: StageView): Quorum {
  let healthy = 0
  let excused = 0
  let suspects = 0
  for (const { state } of exposed) {
    if (state.is === 'healthy') healthy += 1
    // In place of one whose failure was no proof another one was exposed.
    if (state.is === 'failed') suspects += 1
    if (state.is === 'left-out') excused += 1
  }
  const { added = 0 } = rollout.stageStart
  const asked = Math.max(0, beganWith({ exposed, rollout }) - excused - Math.min(suspects, added))
  return { healthy, needed: neededOf(asked, plan), asked }
}

/**
 * With how many clients a stage began, as its release says or as are known.
 *
 * ```ts
 * `${running} of ${beganWith(view)} clients run it`
 * ```
 */
export function beganWith({ exposed, rollout }: Pick<StageView, 'exposed' | 'rollout'>): number {
  return Math.max(rollout.stageStart.exposed, exposed.length)
}

/**
 * How many of so many clients have to be healthy.
 *
 * ```ts
 * neededOf(60, { quorum: 0.9 }) // 54
 * ```
 */
export function neededOf(asked: number, { quorum }: Pick<StageView['plan'], 'quorum'>): number {
  return asked < SMALL ? asked : Math.ceil(quorum * asked)
}

/**
 * Whether a stage has lost the clients that it was to learn from, by a deploy or a scale-down: fewer
 * than half of them have not stopped. Then it begins anew with others.
 */
export function hasLostItsClients({ exposed, rollout }: StageView): boolean {
  const gone = exposed.filter(({ state }) => state.is === 'left-out' && state.why === 'stopped').length
  const left = exposed.length - gone
  return rollout.stageStart.exposed > 0 && gone > 0 && left * 2 < rollout.stageStart.exposed
}
