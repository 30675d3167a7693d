import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import { comparePositions, formatPosition, type Position } from '../contracts/position.js'
import type { HeardReports } from '../contracts/report.js'
import type { ReportsQuery } from '../contracts/transport.js'
import { positionOf, unknownCritical, type Arm, type Release } from '../core/release/release.js'
import { isUnderWay, stageNumberOf } from '../core/release/rollout.js'
import { sayWentBack } from '../core/store/went-back.js'
import type { PublisherContext } from './context.js'
import { claimsOf } from '../fleet/claims.js'
import { nameOf } from './history.js'
import { readReports } from './read-reports.js'

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
  // Both stand on a version that others have moved on from, or come back to.
  if (ifVersion !== undefined && ifPosition === undefined && isRollingOut(newest))
    return conflict(`version ${ifVersion} alone, since a rollout is under way (pass { ifPosition })`)
  if (ifVersion !== undefined && ifPosition === undefined && wentBack(newest))
    return conflict(
      `version ${ifVersion} as first published, since a rollback brought it back (pass { ifPosition })`,
    )
  if (ifPosition === undefined) return undefined
  if (newest === undefined || comparePositions(positionOf(newest), ifPosition) !== 'same')
    return conflict(formatPosition(ifPosition))
  return undefined
}

/**
 * The `unsupported` of a release that this version does not understand, so that nothing is published
 * after it; undefined for any other.
 *
 * ```ts
 * const refusal = notUnderstood(context, head.release)
 * ```
 */
export function notUnderstood(
  { namespace }: Pick<PublisherContext, 'namespace'>,
  newest: Release,
): NoticeboardError | undefined {
  const unknown = unknownCritical(newest)
  return unknown === undefined
    ? undefined
    : new NoticeboardError(
        'unsupported',
        `the newest release of ${namespace} needs the feature "${unknown}", which this version does not have: update noticeboard here`,
      )
}

/**
 * What keeps a publish from taking the place of the newest release: `rollout-in-progress` while one
 * is under way and `supersede` is not set; undefined when nothing does. The end of a rollout is not
 * one.
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
  if (supersede || !isRollingOut(newest)) return undefined
  return new NoticeboardError(
    'rollout-in-progress',
    `a rollout is under way in ${namespace}: wait for its end, abort it, or pass { supersede: true } to replace it`,
  )
}

/**
 * Whether a rollout has not come to its end.
 *
 * ```ts
 * if (hasRolloutUnderWay(head?.release)) wait()
 * ```
 */
export function hasRolloutUnderWay(newest: Release | undefined): boolean {
  return newest?.rollout !== undefined && isUnderWay(newest.rollout)
}

/**
 * The `rollout-in-progress` of a document that is to go to everyone at once while a rollout of it is
 * under way, unless the caller supersedes that; undefined when it may.
 *
 * ```ts
 * const refusal = notOvertaken(context, newest, { supersede: options.supersede })
 * ```
 */
export function notOvertaken(
  { namespace }: Pick<PublisherContext, 'namespace'>,
  newest: Release | undefined,
  { supersede = false }: { readonly supersede?: boolean },
): NoticeboardError | undefined {
  const rollout = newest?.rollout
  if (supersede || rollout === undefined) return undefined
  return new NoticeboardError(
    'rollout-in-progress',
    `a rollout of this very document is ${rollout.state} in stage ${stageNumberOf(rollout)} in ${namespace}, so not everyone runs it: promote it, or pass { supersede: true } to give it to everyone at once`,
  )
}

/**
 * The `withdrawn` of a document that a rollback, an abort or a kill left behind, unless the caller
 * says why it may come back; undefined when it was not withdrawn.
 *
 * ```ts
 * const refusal = notAdmitted(context, head?.release, { variants, readmit: options.readmit })
 * ```
 */
export function notAdmitted(
  { namespace }: Pick<PublisherContext, 'namespace'>,
  newest: Release | undefined,
  { variants, readmit }: { readonly variants: Arm['variants']; readonly readmit: string | undefined },
): NoticeboardError | undefined {
  const withdrawn = new Set(newest?.withdrawn)
  if (readmit !== undefined || !variants.some(({ digest }) => withdrawn.has(digest))) return undefined
  return new NoticeboardError(
    'withdrawn',
    `this document was withdrawn from ${namespace}, and the history says why; to publish it again, pass { readmit: "why it may come back" }`,
  )
}

/** Whether the newest release names an older version again. */
function wentBack(newest: Release | undefined): boolean {
  return newest !== undefined && (newest.cause === 'rollback' || newest.rollout?.state === 'rolled-back')
}

function isRollingOut(newest: Release | undefined): boolean {
  return newest?.rollout === undefined ? newest?.candidate !== undefined : isUnderWay(newest.rollout)
}

/** What of reports a rollback or an epoch goes by: no labels. */
export const WITHOUT_LABELS: NonNullable<ReportsQuery['brief']> = { labels: [] }

/**
 * What was heard of a namespace, in full unless `brief` is given; undefined when the store keeps
 * none or cannot be asked, which is logged and stops no publish.
 *
 * ```ts
 * const heard = await heardReports(context, signal)
 * ```
 */
export async function heardReports(
  context: PublisherContext,
  signal: AbortSignal,
  brief?: ReportsQuery['brief'],
): Promise<HeardReports | undefined> {
  const { namespace, logger } = context
  try {
    return await readReports(context, signal, brief)
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
 * A message when enough of the fleet, or whoever answers for the store, has seen more than the
 * store has, so that clients would ignore a release that is appended now; undefined when neither
 * has.
 *
 * ```ts
 * const behind = behindFleet(context, await heardReports(context, signal), newest)
 * ```
 */
export function behindFleet(
  { namespace }: Pick<PublisherContext, 'namespace'>,
  heard: HeardReports | undefined,
  newest: Release | undefined,
): string | undefined {
  if (heard?.wentBack !== undefined) return sayWentBack(namespace, heard.wentBack)
  const claims = heard && claimsOf(heard, newest)
  if (claims?.counted === undefined) return undefined
  return `the store is behind its fleet: ${claims.says}, and ${namespace} ${endOf(newest)} here. If it was restored or copied, check that this is the right store, then open a new epoch (noticeboard epoch); if the reports are wrong, pass { ignoreReports: true } (--ignore-reports)`
}

/**
 * A word about what too few claim to have seen for the store to count as behind; undefined where
 * nobody does.
 *
 * ```ts
 * const doubt = doubtfulClaims(context, heard, newest)
 * ```
 */
export function doubtfulClaims(
  { namespace }: Pick<PublisherContext, 'namespace'>,
  heard: HeardReports | undefined,
  newest: Release | undefined,
): string | undefined {
  const claims = heard && claimsOf(heard, newest)
  if (heard?.wentBack !== undefined || claims === undefined || claims.counted !== undefined) return undefined
  return `${claims.says}, and ${namespace} ${endOf(newest)} here; they are too few to count. Either a report was forged, or those clients follow another store`
}

function endOf(newest: Release | undefined): string {
  return newest === undefined ? 'has no release' : `ends at ${formatPosition(positionOf(newest))}`
}
