import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import { comparePositions, formatPosition, type Position } from '../contracts/position.js'
import type { ClientReport } from '../contracts/report.js'
import { positionOf, unknownCritical, type Release } from '../core/release/release.js'
import type { PublisherContext } from './context.js'
import { seenBeyond } from '../fleet/summary.js'
import { nameOf } from './history.js'
import { retried } from './retry.js'

/** Which head a publish is meant to follow. */
export interface Expected {
  /** Publish only on top of this version; 0 when nothing may be there yet. */
  readonly ifVersion?: number | undefined
  /** Publish only right after this release. */
  readonly ifPosition?: Position | undefined
}

/**
 * The `conflict`, saying what is there, unless the newest release is the one that the caller
 * expects; undefined when it is.
 *
 * ```ts
 * const refusal = notExpected(context, head?.release, { ifVersion: 7 })
 * ```
 */
export function notExpected(
  { namespace }: Pick<PublisherContext, 'namespace'>,
  newest: Release | undefined,
  { ifVersion, ifPosition }: Expected,
): NoticeboardError | undefined {
  const there =
    newest === undefined
      ? 'nothing was published there yet'
      : `${nameOf(newest)} is current, of ${newest.issuedAt}`
  const conflict = (wanted: string): NoticeboardError =>
    new NoticeboardError(
      'conflict',
      `${namespace} is not at ${wanted}: ${there}. Look at what changed, then publish on top of that`,
    )
  if (ifVersion !== undefined && ifVersion !== (newest?.stable.version ?? 0))
    return conflict(`version ${ifVersion}`)
  if (ifPosition === undefined) return undefined
  if (newest === undefined || comparePositions(positionOf(newest), ifPosition) !== 'same')
    return conflict(formatPosition(ifPosition))
  return undefined
}

/**
 * What keeps a publish from following the newest release: `conflict` while a rollout is under way
 * and `supersede` is not set, `unsupported` after a release that this version does not understand;
 * undefined when nothing does.
 *
 * ```ts
 * const refusal = notFree(context, head?.release, { supersede: true })
 * ```
 */
export function notFree(
  { namespace }: Pick<PublisherContext, 'namespace'>,
  newest: Release | undefined,
  { supersede = false }: { readonly supersede?: boolean },
): NoticeboardError | undefined {
  if (newest === undefined) return undefined
  const unknown = unknownCritical(newest)
  if (unknown !== undefined)
    return new NoticeboardError(
      'unsupported',
      `the newest release of ${namespace} uses "${unknown}", which this version does not know: update noticeboard here`,
    )
  if (newest.candidate === undefined || supersede) return undefined
  return new NoticeboardError(
    'conflict',
    `a rollout is under way in ${namespace}: wait for its end, roll it back, or pass { supersede: true } to replace it`,
  )
}

/**
 * The reports of a namespace; undefined when the store keeps none or cannot be asked, which is
 * logged and stops no publish.
 *
 * ```ts
 * const reports = await heardReports(context, signal)
 * ```
 */
export async function heardReports(
  context: PublisherContext,
  signal: AbortSignal,
): Promise<readonly ClientReport[] | undefined> {
  const { store, namespace, logger } = context
  try {
    return await retried(async () => store.reports?.({ namespace }, signal), { ...context, signal })
  } catch (error) {
    signal.throwIfAborted()
    const code = isNoticeboardError(error) ? error.code : 'internal'
    // A caller that may not read them may not write either, and its write fails with that error.
    if (code !== 'unauthorized' && code !== 'forbidden')
      logger.warn('the reports cannot be read, so a store that is behind its fleet would go unnoticed', {
        namespace,
        code,
      })
    return undefined
  }
}

/**
 * A message when the fleet has seen more than the store has, so that clients would ignore a release
 * that is appended now; undefined when it has not.
 *
 * ```ts
 * const behind = behindFleet(context, await heardReports(context, signal), newest)
 * ```
 */
export function behindFleet(
  { namespace }: PublisherContext,
  reports: readonly ClientReport[] | undefined,
  newest: Release | undefined,
): string | undefined {
  const seen = reports && seenBeyond(reports, newest)
  if (seen === undefined) return undefined
  const own = newest === undefined ? 'has no release' : `ends at ${formatPosition(positionOf(newest))}`
  return `the store is behind its fleet: ${namespace} ${own} here, and a client has seen ${formatPosition(seen)}. It was restored or copied; check that this is the right store, then open a new epoch`
}
