import type { Json } from '../../contracts/json.js'
import { isJsonObject } from '../../core/json/shape.js'

/** What every plan may say, whatever its policy. */
export interface PlanOutline {
  /** How many stages there are; 0 where the plan does not say. */
  readonly stages: number
  /** How long a stage lasts at least, in milliseconds; 0 where the plan does not say. */
  readonly stageMs: number
  /** How long the candidate is watched once it is stable, in milliseconds. */
  readonly watchMs: number
}

/** How long a candidate is watched of which no plan says how long, in milliseconds. */
const WATCH_MS = 1_800_000

/**
 * Reads of a plan what a person's step has to know, without its policy.
 *
 * ```ts
 * const { stages, watchMs } = outlineOf(release.rollout.plan)
 * ```
 */
export function outlineOf(plan: Json): PlanOutline {
  const { stages, watchMs, bakeMs, everyMs } = isJsonObject(plan) ? plan : {}
  return {
    stages: Array.isArray(stages) ? stages.length : 0,
    stageMs: durationOf(bakeMs) ?? durationOf(everyMs) ?? 0,
    watchMs: durationOf(watchMs) ?? WATCH_MS,
  }
}

function durationOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined
}
