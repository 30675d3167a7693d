import type { LabelMatch } from '../core/release/labels.js'
import { percent } from './resolving-power.js'

/**
 * What one stage of a plan exposes, beside everything that the stages before it exposed.
 * - `count`: so many clients; as the first stage it is the canary, which is chosen with care;
 * - `share`: a part of the live clients, at least `atLeast` of them;
 * - `labels`: all clients that carry these labels: a ring, or a whole cell, so that load shows too;
 * - `ids`: clients by name, as the hashed ids of an audience;
 * - `all`: every client, less what the plan holds back.
 */
export type Stage =
  | { readonly by: 'count'; readonly count: number }
  | { readonly by: 'share'; readonly share: number; readonly atLeast?: number }
  | { readonly by: 'labels'; readonly labels: LabelMatch }
  | { readonly by: 'ids'; readonly ids: readonly string[] }
  | { readonly by: 'all' }

/**
 * A stage as a user writes it: a number of clients, a share (`'10%'`), labels, clients by name, or
 * `'all'`.
 */
export type StageSpec =
  | number
  | `${number}%`
  | 'all'
  | { readonly labels: Readonly<Record<string, string | readonly string[]>> }
  | { readonly clients: readonly string[] }

/**
 * The stages of a plan that names none, by the number of live clients.
 *
 * ```ts
 * defaultStages(60).map(sayStage) // ['1 client', '10 %', '50 %', 'all']
 * ```
 */
export function defaultStages(live: number): readonly Stage[] {
  const one: Stage = { by: 'count', count: 1 }
  const all: Stage = { by: 'all' }
  if (live < 3) return [all]
  if (live < 20) return [one, all]
  if (live < 200) return [one, { by: 'share', share: 0.1, atLeast: 3 }, { by: 'share', share: 0.5 }, all]
  if (live < 1_000) return [one, { by: 'share', share: 0.05 }, { by: 'share', share: 0.25 }, all]
  return [one, { by: 'share', share: 0.01 }, { by: 'share', share: 0.1 }, { by: 'share', share: 0.5 }, all]
}

/**
 * The stages of a plan, for people: `1 client, 10 %, all`.
 *
 * ```ts
 * sayStages(readStagedPlan(rollout.plan).stages)
 * ```
 */
export function sayStages(stages: readonly Stage[]): string {
  return stages.map(sayStage).join(', ')
}

/**
 * A stage for people: `1 client`, `10 %`, `tier=canary`.
 *
 * ```ts
 * sayStage({ by: 'share', share: 0.1 }) // '10 %'
 * ```
 */
export function sayStage(stage: Stage): string {
  switch (stage.by) {
    case 'count':
      return stage.count === 1 ? '1 client' : `${stage.count} clients`
    case 'share':
      return percent(stage.share)
    case 'labels':
      return Object.entries(stage.labels)
        .map(([name, values]) => `${name}=${values.join(' or ')}`)
        .join(', ')
    case 'ids':
      return stage.ids.length === 1 ? '1 client by name' : `${stage.ids.length} clients by name`
    case 'all':
      return 'all'
  }
}

/**
 * How many of the live clients a stage by number exposes; one by labels may expose all of them.
 *
 * ```ts
 * sizeOf({ by: 'share', share: 0.1 }, 25) // 3
 * ```
 */
export function sizeOf(stage: Stage, live: number): number {
  switch (stage.by) {
    case 'count':
      return stage.count
    case 'share':
      return Math.max(Math.ceil(stage.share * live), stage.atLeast ?? 1)
    case 'ids':
      return stage.ids.length
    case 'labels':
    case 'all':
      return live
  }
}
