import { defaultPeriods } from '../core/defaults.js'
import { essentials } from './formula/estimate.js'
import { halfOpenOf } from './formula/half-open.js'
import { adaptivePullModel, hybridModel, pullModel, pushModel, type Model } from './models.js'
import type { Basis } from './row-of.js'
import { deadlineOf, MOST_HALF_OPEN } from './verdict/misses.js'

/** Round intervals that somebody would choose, in seconds, the longest first. */
const INTERVALS_S = [
  3_600, 1_800, 1_200, 900, 600, 480, 300, 240, 180, 120, 90, 60, 50, 30, 20, 15, 10, 8, 5, 4, 3, 2, 1,
]

/** Round heartbeats beside the default one, in seconds, the longest first. */
const LONGER_S = [30, 15]
const SHORTER_S = [5, 3, 2]

/**
 * The models that are compared when none are named, fitted to the deadlines on both sides: hybrid
 * and push by their default and with the heartbeat that suits, pull as seldom as the deadlines
 * allow and by its default, and pull that adapts.
 *
 * ```ts
 * defaultModels({ workload, costs }).map(({ name }) => name)
 * ```
 */
export function defaultModels(basis: Basis): readonly Model[] {
  const fitting = INTERVALS_S.map(seconds => pullModel({ pollIntervalMs: seconds * 1_000 })).find(model => {
    const { misses } = essentials(model, basis)
    return !misses.some(({ what }) => what === 'kill-switch' || what === 'routine')
  })
  const usual = pullModel()
  const heartbeatMs = heartbeatFor(basis)
  return [
    hybridModel(),
    ...(heartbeatMs === undefined ? [] : [hybridModel({ heartbeatMs })]),
    pushModel(),
    ...(heartbeatMs === undefined ? [] : [pushModel({ heartbeatMs })]),
    ...(fitting === undefined || fitting.name === usual.name ? [] : [fitting]),
    usual,
    adaptivePullModel(),
  ]
}

/**
 * The heartbeat to compare beside the default: the longest that brings a change also to dead
 * connections within the deadline. Undefined where that is the default, or none.
 */
function heartbeatFor({ workload }: Basis): number | undefined {
  const suits = (heartbeatMs: number): boolean => {
    const { share, worstMs } = halfOpenOf(pushModel({ heartbeatMs }).shape, workload)
    return share <= MOST_HALF_OPEN && worstMs <= deadlineOf(workload)
  }
  const others = suits(defaultPeriods.heartbeatMs) ? LONGER_S : SHORTER_S
  return others.map(seconds => seconds * 1_000).find(suits)
}
