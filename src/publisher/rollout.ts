import { keepAlive } from '../async/keep-alive.js'
import { isNoticeboardError } from '../contracts/errors.js'
import type { Digest } from '../contracts/names.js'
import { comparePositions, type Position } from '../contracts/position.js'
import { positionOf, type Release } from '../core/release/release.js'
import type { PublisherContext } from './context.js'
import { isLive, summarizeFleet, type Fleet } from '../fleet/summary.js'
import type { MirrorResult } from './mirrors.js'
import { readNewest } from './read-head.js'

/**
 * How a rollout ended. A release for everyone ends as `completed` when it is appended: no stage
 * follows it.
 */
export type RolloutEnd = 'completed' | 'rolled-back' | 'paused' | 'superseded'

/** Where the fleet stands with a release; a new step comes when a count changed. */
export interface RolloutStep {
  readonly stage: 'everyone'
  /** Instances that take part: heard lately and not gone. */
  readonly exposed: number
  readonly applied: number
  readonly behind: number
  readonly rejected: number
  readonly failed: number
  readonly missing: number
  readonly fleet: Fleet
}

/**
 * What became of a publish or a rollback. Iterate it to watch the fleet take it: the steps end when
 * every live instance has run or refused it, when a newer release took its place, or when the store
 * keeps no reports.
 */
export interface Rollout extends AsyncIterable<RolloutStep> {
  /**
   * `unchanged`: this runs already, and no release was appended. `dry-run`: it would have been
   * published.
   */
  readonly outcome: 'published' | 'unchanged' | 'dry-run'
  /** The release; for a dry run the one that it would have been. */
  readonly position: Position
  readonly digest: Digest
  readonly version: number
  /** Snapshots that this release withdrew; empty but for rollbacks. */
  readonly withdrawn: readonly Digest[]
  readonly mirrors: readonly MirrorResult[]
  /** For people: that the store may lose writes, that the schema could not be stored, … */
  readonly warnings: readonly string[]
  /** Never rejects. */
  readonly settled: Promise<RolloutEnd>
}

/** How often the reports are read while a rollout is iterated, in milliseconds. */
const LOOK_MS = 1_000

/** What is known about a rollout when its release was appended. */
export interface RolloutFacts {
  readonly outcome: Rollout['outcome']
  readonly release: Release
  readonly withdrawn?: readonly Digest[]
  readonly mirrors?: readonly MirrorResult[]
  readonly warnings?: readonly string[]
}

/**
 * Makes a rollout of what is known. It reads the fleet's reports only while it is iterated and the
 * publisher is open.
 *
 * ```ts
 * const rollout = createRollout(context, root, facts)
 * for await (const { applied, exposed } of rollout) show(applied, exposed)
 * ```
 */
export function createRollout(context: PublisherContext, root: AbortSignal, facts: RolloutFacts): Rollout {
  const { outcome, release, withdrawn = [], mirrors = [], warnings = [] } = facts
  const { stable } = release
  return {
    outcome,
    position: positionOf(release),
    digest: (stable.variants.at(-1) ?? stable.variants[0]).digest,
    version: stable.version,
    withdrawn,
    mirrors,
    warnings,
    settled: Promise.resolve('completed'),
    [Symbol.asyncIterator]: () => (outcome === 'dry-run' ? none() : watch(context, release, root)),
  }
}

async function* none(): AsyncGenerator<RolloutStep> {
  // A dry run changes nothing, so there is nothing to watch.
}

async function* watch(
  context: PublisherContext,
  release: Release,
  root: AbortSignal,
): AsyncGenerator<RolloutStep> {
  const { store, namespace, clock, logger } = context
  let told = ''
  while (!root.aborted) {
    try {
      const reports = await store.reports?.({ namespace }, root)
      if (reports === undefined) return yield stepOf({ type: 'unknown', why: 'no-reports' })
      const step = stepOf(summarizeFleet(reports, release, clock.now()))
      const { fleet, ...counts } = step
      const shown = JSON.stringify(counts)
      if (shown !== told) yield step
      told = shown
      if (isSettled(fleet) || (await isSuperseded(context, release, root))) return
    } catch (error) {
      if (root.aborted) return
      if (!isNoticeboardError(error, 'unavailable', 'rate-limited')) throw error
      logger.debug('the store cannot be asked for reports now', { namespace })
    }
    await keepAlive(clock.sleep(LOOK_MS, root))
  }
}

function stepOf(fleet: Fleet): RolloutStep {
  if (fleet.type === 'unknown')
    return { stage: 'everyone', exposed: 0, applied: 0, behind: 0, rejected: 0, failed: 0, missing: 0, fleet }
  const { counts, members } = fleet
  return {
    stage: 'everyone',
    exposed: members.filter(isLive).length,
    applied: counts.current,
    behind: counts.behind + counts.paused,
    rejected: counts.rejected,
    failed: counts.failed,
    missing: counts.missing,
    fleet,
  }
}

/**
 * Whether no live instance is still on the way. An unknown fleet is not settled: its first reports
 * may be on their way.
 */
function isSettled(fleet: Fleet): boolean {
  return fleet.type === 'known' && fleet.counts.behind === 0 && fleet.members.some(isLive)
}

async function isSuperseded(
  context: PublisherContext,
  release: Release,
  root: AbortSignal,
): Promise<boolean> {
  const newest = await readNewest(context, root)
  return newest !== undefined && comparePositions(newest.release, release) === 'newer'
}
