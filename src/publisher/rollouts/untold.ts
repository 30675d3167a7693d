import { comparePositions, type Position } from '../../contracts/position.js'
import type { Release } from '../../core/release/release.js'
import { goesOn } from '../../core/release/rollout.js'
import type { PublisherContext } from '../context.js'
import { describe, readHistory, type HistoryEntry } from '../history.js'

/** A release that is to be told. */
export interface Untold {
  readonly entry: HistoryEntry
  /** The one before it; undefined for the first of a log. */
  readonly before: Release | undefined
}

/** How many releases are read back at most. */
const MOST_READ = 200

/** How far back whoever has told nothing yet reads what has ended, in milliseconds. */
const DAY_MS = 86_400_000

/**
 * The releases of a log that were not told yet, the oldest first: those after `told`; where that is
 * undefined those of the last day, and all of a rollout that goes on. What is further back than 200
 * releases is left out.
 *
 * ```ts
 * for (const { entry } of await untoldIn(context, { newest, told }, signal)) console.log(entry.cause)
 * ```
 */
export async function untoldIn(
  context: PublisherContext,
  { newest, told }: { readonly newest: Release; readonly told: Position | undefined },
  signal: AbortSignal,
): Promise<readonly Untold[]> {
  const sinceMs = context.clock.now() - DAY_MS
  const current = newest.rollout !== undefined && goesOn(newest.rollout) ? newest.rollout.id : undefined
  const isNews = ({ position, issuedAt, release }: HistoryEntry): boolean => {
    if (told !== undefined) return comparePositions(position, told) === 'newer'
    return Date.parse(issuedAt) >= sinceMs || (current !== undefined && release.rollout?.id === current)
  }
  if (!isNews(describe(newest))) return []
  const untold: Untold[] = []
  let later: HistoryEntry | undefined
  for await (const entry of readHistory(context, { limit: MOST_READ, signal })) {
    if (later !== undefined) untold.push({ entry: later, before: entry.release })
    later = isNews(entry) ? entry : undefined
    if (later === undefined) break
  }
  if (later?.release.prev === null) untold.push({ entry: later, before: undefined })
  return untold.toReversed()
}
