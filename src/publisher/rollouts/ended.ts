import type { Arm } from '../../core/release/release.js'
import { goesOn } from '../../core/release/rollout.js'
import { explainEnd } from '../../rollouts/explain-end.js'
import type { Explanation } from '../../rollouts/explanation.js'
import type { PublisherContext } from '../context.js'
import { readHistory, type HistoryEntry } from '../history.js'
import { outlineOf } from './outline.js'
import type { Standing } from './standing.js'
import type { RolloutRelease } from './steps.js'

/**
 * Whether nothing is decided about a rollout any more: it has come to its end, or the log went on
 * to something else.
 *
 * ```ts
 * if (hasEnded(standing)) return explainEnded(context, standing.release, signal)
 * ```
 */
export function hasEnded({ type, release }: Exclude<Standing, { readonly type: 'gone' }>): boolean {
  return type === 'followed' || !goesOn(release.rollout)
}

/**
 * Explains a rollout that has ended by the evidence that its log keeps: neither its policy nor a
 * gate is asked.
 */
export async function explainEnded(
  context: PublisherContext,
  { rollout }: RolloutRelease,
  signal: AbortSignal,
): Promise<Explanation> {
  const of = Math.max(outlineOf(rollout.plan).stages, rollout.stage + 1)
  let last: HistoryEntry['audit']
  for await (const { release, audit } of releasesOf(context, rollout.id, signal)) {
    if (release.rollout?.state !== rollout.state) break
    // An end that was said again, by a readmission, came with the first of these releases.
    last = audit
    if (goesOn(rollout)) break
  }
  return explainEnd({ rollout, of, evidence: last?.evidence, reason: last?.reason })
}

/**
 * What a rollout tries or tried, also once it was taken back: then its newest release names it no
 * more. Undefined where the log does not hold it any longer.
 *
 * ```ts
 * const tried = await triedBy(context, release, signal)
 * ```
 */
export async function triedBy(
  context: PublisherContext,
  { rollout, candidate, stable }: RolloutRelease,
  signal: AbortSignal,
): Promise<Arm | undefined> {
  if (candidate !== undefined) return candidate
  if (rollout.state !== 'rolled-back' && rollout.state !== 'retreated') return stable
  for await (const { release } of releasesOf(context, rollout.id, signal)) {
    if (release.candidate !== undefined) return release.candidate
    const state = release.rollout?.state
    if (state === 'watching' || state === 'completed') return release.stable
  }
  return undefined
}

/** The releases of one rollout, the newest first. */
async function* releasesOf(
  context: PublisherContext,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<HistoryEntry> {
  let found = false
  for await (const entry of readHistory(context, { signal })) {
    if (entry.release.rollout?.id === id) {
      found = true
      yield entry
    } else if (found) return
  }
}
