import { sizeOf, type Stage } from './stage.js'

/** The most stages that are made: where growth takes more of them, somebody has to name them. */
const MOST_STAGES = 50

/** How many clients a stage may expose after one that exposes `before`. */
export function mostAfter(before: number, growth: number): number {
  return Math.max(before + 1, growth * before)
}

/**
 * The same stages, with as many more in between as it takes for none to grow faster than a floor
 * allows; each of those exposes as few clients as the next one allows. Undefined for stages by
 * label or by name, whose clients differ, and where it would take more than 50.
 *
 * ```ts
 * withinGrowth(defaultStages(6), { live: 6, growth: 5 })?.map(sayStage) // ['1 client', '2 clients', 'all']
 * ```
 */
export function withinGrowth(
  stages: readonly Stage[],
  { live, growth }: { readonly live: number; readonly growth: number },
): readonly Stage[] | undefined {
  const made: Stage[] = []
  let before: number | undefined
  for (const stage of stages) {
    if (stage.by === 'labels' || stage.by === 'ids') return undefined
    const size = Math.min(live, Math.max(before ?? 0, sizeOf(stage, live)))
    const counts: number[] = []
    for (let next = size; before !== undefined && next > mostAfter(before, growth);) {
      next = fewestBefore(next, growth)
      counts.push(next)
      if (counts.length > MOST_STAGES) return undefined
    }
    made.push(...counts.reverse().map((count): Stage => ({ by: 'count', count })), stage)
    before = size
  }
  return made.length > MOST_STAGES ? undefined : made
}

/** How few clients a stage may expose so that so many may follow. */
function fewestBefore(next: number, growth: number): number {
  const fewest = Math.min(next - 1, Math.ceil(next / growth))
  return next > mostAfter(fewest, growth) ? fewest + 1 : fewest
}
