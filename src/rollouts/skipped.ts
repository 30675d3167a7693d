import { isOfStage, type StageStart } from '../core/release/rollout.js'

/**
 * The stages that somebody promoted a rollout past, for people; nothing where there are none.
 *
 * ```ts
 * saySkipped([1, 2]) // ['stages 2 and 3 were skipped by hand']
 * ```
 */
export function saySkipped(stages: readonly number[] = []): readonly string[] {
  if (stages.length === 0) return []
  return [`${sayStageNumbers(stages)} ${stages.length === 1 ? 'was' : 'were'} skipped by hand`]
}

/**
 * What comes before the first stage of a rollout that has not begun it, for people; nothing once it
 * has.
 *
 * ```ts
 * sayAhead(rollout.stageStart) // ['the gates before the first stage']
 * ```
 */
export function sayAhead(start: Pick<StageStart, 'rehearsal' | 'awaitsGates'>): readonly string[] {
  if (isOfStage(start)) return []
  return [start.awaitsGates === true ? 'the gates before the first stage' : 'the rehearsal of the way back']
}

/**
 * Stages by their numbers, as people count.
 *
 * ```ts
 * sayStageNumbers([0, 2, 3, 4]) // 'stages 1 and 3 to 5'
 * ```
 */
export function sayStageNumbers(stages: readonly number[]): string {
  const runs: { first: number; last: number }[] = []
  for (const stage of stages) {
    const run = runs.at(-1)
    if (run !== undefined && stage === run.last + 1) run.last = stage
    else runs.push({ first: stage, last: stage })
  }
  const said = runs.flatMap(({ first, last }) =>
    last > first + 1
      ? [`${first + 1} to ${last + 1}`]
      : first === last
        ? [`${first + 1}`]
        : [`${first + 1}`, `${last + 1}`],
  )
  const before = said.slice(0, -1)
  const list = [...(before.length > 0 ? [before.join(', ')] : []), said.at(-1)].join(' and ')
  return `${stages.length === 1 ? 'stage' : 'stages'} ${list}`
}
