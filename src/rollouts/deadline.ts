import type { Member } from './members.js'
import type { StagedPlan } from './plan.js'

/** What a stage is given beside the times of its clients, in milliseconds. */
const SLACK_MS = 1_800_000

/**
 * How long a stage may take before somebody has to look, in milliseconds: two looks of the slowest
 * clients but for one in ten, the spread, two bakes and half an hour. By stage, since a fleet that
 * looks once an hour would miss one deadline for all of them.
 *
 * ```ts
 * const decideBy = new Date(nowMs + decideWithinMs(plan, live, spreadMs)).toISOString()
 * ```
 */
export function decideWithinMs(
  { bakeMs, spreadMs }: Pick<StagedPlan, 'bakeMs' | 'spreadMs'>,
  live: readonly Member[],
  fetchSpreadMs = 0,
): number {
  const looks = live
    .map(({ current }) => Math.max(0, ...current.map(({ lookMs }) => lookMs)))
    .toSorted((a, b) => a - b)
  const slow = looks[Math.max(0, Math.ceil(0.9 * looks.length) - 1)] ?? 0
  return 2 * Math.min(slow, 86_400_000) + Math.max(spreadMs, fetchSpreadMs) + 2 * bakeMs + SLACK_MS
}
