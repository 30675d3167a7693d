import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Digest } from '../contracts/names.js'
import { comparePositions } from '../contracts/position.js'
import type { Store } from '../contracts/transport.js'
import { checkOptions } from '../core/options.js'
import { positionOf, type Release } from '../core/release/release.js'
import { goesOn } from '../core/release/rollout.js'
import { assertDidNotGoBack } from '../core/store/remembering-store.js'
import type { PublisherContext } from './context.js'
import { readNewest } from './read-head.js'
import { namedSince, readNamed } from './retention.js'
import { retried } from './retry.js'
import { findGoals } from './rollback.js'
import { findWayBack, trialIfKept } from './rollouts/find-trial.js'
import { inRollout } from './rollouts/steps.js'

/** What a store keeps of its snapshots. */
export interface PruneOptions {
  /** How many of the newest releases keep what they name. Default 50, 1 at least. */
  readonly keepReleases?: number
  /** For how many days a release that is no longer the newest keeps what it names. Default 30. */
  readonly keepDays?: number
  /** Tell what would be removed, and remove nothing. Default false. */
  readonly dryRun?: boolean
  /** Ends the call early when it aborts. Default: none. */
  readonly signal?: AbortSignal
}

/** What became of the snapshots that the log names. */
export interface Pruned {
  /** How many were removed; of a dry run, how many a prune would ask the store to remove. */
  readonly removed: number
  /** How long they are together, in bytes. */
  readonly removedBytes: number
  /**
   * How many more the store refused to remove: they were written or touched within the hour, or
   * the newest release names them. A dry run asks for none, so it counts none.
   */
  readonly refused: number
  /** How many are kept, since a release names them that is kept, or a way back leads to them. */
  readonly kept: number
  /** How many more of those the store should have and does not: a rollback to them is not open. */
  readonly lost: number
}

/** What a prune keeps unless it is told otherwise, as docs/formats.md says. */
export const DEFAULT_RETENTION = { keepReleases: 50, keepDays: 30 } as const

const DAY_MS = 86_400_000

/**
 * Removes the snapshots that only expired releases name. Before each of them it looks for releases
 * that were appended meanwhile. See `Publisher.prune`.
 *
 * ```ts
 * const { removed } = await pruneSnapshots(context, { keepReleases: 100 }, signal)
 * ```
 */
export async function pruneSnapshots(
  context: PublisherContext,
  options: PruneOptions,
  signal: AbortSignal,
): Promise<Pruned> {
  const { keepReleases, keepDays, dryRun } = readOptions(options)
  const { store, namespace, clock } = context
  const remove = store.remove?.bind(store)
  if (remove === undefined) throw removesNothing(store)
  const retention = { releases: keepReleases, sinceMs: clock.now() - keepDays * DAY_MS }
  let newest = await readHead(context, signal)
  if (newest === undefined) return { removed: 0, removedBytes: 0, refused: 0, kept: 0, lost: 0 }
  const named = await retried(() => readNamed(context, retention, signal), { ...context, signal })
  const kept = new Set([...named.kept, ...(await waysBack(context, newest, signal))])

  /** Keeps what releases name that were appended since the last look. */
  const lookAgain = async (before: Release): Promise<Release> => {
    const head = (await readHead(context, signal)) ?? before
    const position = positionOf(before)
    if (comparePositions(positionOf(head), position) === 'same') return head
    const since = await retried(() => namedSince(context, position, signal), { ...context, signal })
    for (const digest of [...since, ...(await waysBack(context, head, signal))]) kept.add(digest)
    return head
  }

  let [removed, removedBytes, refused] = [0, 0, 0]
  for (const [digest, length] of named.expired) {
    if (kept.has(digest) || !(await isThere(context, digest, signal))) continue
    newest = await lookAgain(newest)
    if (kept.has(digest)) continue
    try {
      if (!dryRun) await retried(() => remove({ namespace, digest }, signal), { ...context, signal })
      removed += 1
      removedBytes += length
    } catch (error) {
      if (!isNoticeboardError(error, 'forbidden')) throw error
      refused += 1
    }
  }
  let lost = 0
  for (const digest of kept) if (!(await isThere(context, digest, signal))) lost += 1
  return { removed, removedBytes, refused, kept: kept.size - lost, lost }
}

/**
 * The `unsupported` of a store that removes no snapshots.
 *
 * ```ts
 * if (store.remove === undefined) throw removesNothing(store)
 * ```
 */
export function removesNothing({ name }: Pick<Store, 'name'>): NoticeboardError {
  return new NoticeboardError(
    'unsupported',
    `${name} cannot remove snapshots: prune where the board is kept, by noticeboard prune --board FOLDER, or by publisher.prune() over the store that the server has`,
  )
}

function readOptions(options: PruneOptions): Required<Omit<PruneOptions, 'signal'>> {
  checkOptions('prune()', options, { keepReleases: true, keepDays: true, dryRun: true, signal: true })
  const {
    keepReleases = DEFAULT_RETENTION.keepReleases,
    keepDays = DEFAULT_RETENTION.keepDays,
    dryRun = false,
  } = options
  if (!Number.isInteger(keepReleases) || keepReleases < 1)
    throw new NoticeboardError('invalid-option', 'prune(): keepReleases must be a whole number from 1')
  if (!(keepDays >= 0))
    throw new NoticeboardError('invalid-option', 'prune(): keepDays must be a number from 0')
  if (typeof dryRun !== 'boolean')
    throw new NoticeboardError('invalid-option', 'prune(): dryRun must be true or false')
  return { keepReleases, keepDays, dryRun }
}

/**
 * The newest release. Throws `store-damaged` where the store went back: it lost some of its log.
 */
async function readHead(context: PublisherContext, signal: AbortSignal): Promise<Release | undefined> {
  const { store, namespace } = context
  const head = await readNewest(context, signal)
  assertDidNotGoBack(store, namespace)
  return head?.release
}

/**
 * What a rollback would go back to, and what the rollout of the newest release leads to, forward
 * and back: these may stand in older releases alone.
 */
async function waysBack(
  context: PublisherContext,
  newest: Release,
  signal: AbortSignal,
): Promise<readonly Digest[]> {
  const goals = await findGoals(context, newest, signal)
  const arms = goals.map(({ stable: { variants } }) => variants)
  const trial = await trialIfKept(context, newest, signal)
  if (trial !== undefined) arms.push(trial.candidate)
  if (inRollout(newest) && goesOn(newest.rollout)) {
    try {
      arms.push(await findWayBack(context, newest, signal))
    } catch (error) {
      // The log lost that release, so the way back is closed already.
      if (!isNoticeboardError(error, 'not-found')) throw error
    }
  }
  return arms.flat().map(({ digest }) => digest)
}

/** No snapshot is so short, so a store that has one says `too-large`, and brings nothing. */
const SHORTER_THAN_ANY = 1

/**
 * Whether the store has a snapshot, damaged or not: an earlier prune has removed most of what old
 * releases name.
 */
async function isThere(context: PublisherContext, digest: Digest, signal: AbortSignal): Promise<boolean> {
  const { store, namespace } = context
  const query = { namespace, digest, maxSnapshotBytes: SHORTER_THAN_ANY }
  try {
    await retried(() => store.snapshot(query, signal), { ...context, signal })
    return true
  } catch (error) {
    if (isNoticeboardError(error, 'not-found')) return false
    if (isNoticeboardError(error, 'too-large', 'digest-mismatch')) return true
    throw error
  }
}
