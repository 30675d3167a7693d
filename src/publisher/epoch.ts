import { epochNumber, type Position } from '../contracts/position.js'
import { checkOptions } from '../core/options.js'
import { leapOf } from '../core/release/leap.js'
import { positionOf, type Release } from '../core/release/release.js'
import { claimsOf, highestEpoch } from '../fleet/claims.js'
import { appendUntil, refuse, type Decide } from './append.js'
import { encodeAudit } from './audit.js'
import { newEpoch } from './compose.js'
import type { PublisherContext } from './context.js'
import { finish } from './finish.js'
import { doubtfulClaims, heardReports, WITHOUT_LABELS } from './preconditions.js'
import { readAnyHead } from './read-head.js'
import { prepareAll, validateAll, variantsOf } from './prepare.js'
import type { RolloutFacts } from './rollout.js'

/** How a new epoch begins. */
export interface OpenEpochOptions<Input = unknown> {
  /** Why, for the readers of the history. */
  readonly reason: string
  /** Who opens it. Default: the publisher's own author. */
  readonly author?: string
  /** What the new epoch starts with. Default: the stable version of the store's newest release. */
  readonly document?: Input
  /**
   * Start above what the store knows, and not above what clients claim to have seen. For when you
   * know that their reports are wrong. Default false.
   */
  readonly ignoreReports?: boolean
  /** Ends the call early when it aborts. Default: none. */
  readonly signal?: AbortSignal
}

const LAST_EPOCH = 999_999_999

/**
 * Goes on in a new epoch, above everything that the store and the fleet know; tries until it wins.
 * See `Publisher.openEpoch`.
 *
 * ```ts
 * await openNewEpoch(context, { reason: 'restored from the backup of Monday' }, signal)
 * ```
 */
export async function openNewEpoch(
  context: PublisherContext,
  options: OpenEpochOptions,
  signal: AbortSignal,
): Promise<RolloutFacts> {
  checkOptions('openEpoch()', options, {
    reason: true,
    author: true,
    document: true,
    ignoreReports: true,
    signal: true,
  })
  const audit = encodeAudit(context, options)
  const prepared = options.document === undefined ? undefined : prepareAll(context, options.document, [])
  // What the damaged store calls current is nothing to compare a document with.
  const unknown =
    prepared === undefined ? [] : await validateAll(context, prepared, { newest: undefined, signal })

  let warnings: readonly string[] = []

  const decide: Decide = async head => {
    const stable = prepared === undefined ? head?.release.stable.variants : variantsOf(prepared)
    if (stable === undefined || stable.at(0) === undefined)
      return refuse(
        'invalid-option',
        `${context.namespace} has no release that this version can read: pass { document } to start the new epoch with`,
      )
    const heard = await heardReports(context, signal, WITHOUT_LABELS)
    const newest = head?.release
    const claims = options.ignoreReports === true ? undefined : heard && claimsOf(heard, newest)
    const before = heard?.wentBack?.from
    if (claims?.counted !== undefined && leapOf(furthest(newest, before), claims.counted) === 'beyond')
      return refuse(
        'invalid-data',
        `${claims.says}: an epoch cannot begin so far ahead. If the reports are wrong, pass { ignoreReports: true } (--ignore-reports); clients that saw that position have to forget it`,
      )
    const highest = highestEpoch(newest, claims)
    const number = (before === undefined ? highest : Math.max(highest, epochNumber(before.epoch))) + 1
    if (number > LAST_EPOCH)
      return refuse(
        'invalid-data',
        `${context.namespace} is in the last epoch that there can be; publish under another namespace`,
      )
    const doubt = claims === undefined ? undefined : doubtfulClaims(context, heard, newest)
    warnings = doubt === undefined ? unknown : [...unknown, doubt]
    const at = { epoch: newEpoch(context, number), sequence: 1 }
    return { type: 'append', urgent: true, statement: { cause: 'epoch', stable, audit, at } }
  }
  const appended = await appendUntil(context, decide, {
    snapshots: prepared ?? [],
    readHead: readAnyHead,
    opens: true,
    signal,
  })
  return finish(context, appended, { warnings, signal })
}

/** Where the store is, or was before it went back. */
function furthest(newest: Release | undefined, before: Position | undefined): Position | undefined {
  return before ?? (newest && positionOf(newest))
}
