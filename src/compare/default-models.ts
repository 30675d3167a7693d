import { essentials } from './formula/estimate.js'
import type { Basis } from './row-of.js'
import { adaptivePullModel, hybridModel, pullModel, pushModel, type Model } from './models.js'

/** Intervals that somebody would choose, in seconds, the longest first. */
const INTERVALS_S = [3_600, 1_800, 900, 600, 300, 120, 60, 30, 20, 15, 10, 5, 4, 3, 2, 1]

/**
 * The models that are compared when none are named: hybrid, push, pull as seldom as the deadlines
 * allow, pull by its default, and pull that adapts.
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
  return [
    hybridModel(),
    pushModel(),
    ...(fitting === undefined || fitting.name === usual.name ? [] : [fitting]),
    usual,
    adaptivePullModel(),
  ]
}
