import { epochNumber } from '../contracts/position.js'
import type { ClientReport } from '../contracts/report.js'
import { checkOptions } from '../core/options.js'
import type { SignedRelease } from '../core/release/release.js'
import { appendUntil, refuse, type Decide } from './append.js'
import { encodeAudit } from './audit.js'
import { newEpoch } from './compose.js'
import type { PublisherContext } from './context.js'
import { finish } from './finish.js'
import { heardReports } from './preconditions.js'
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
  if (prepared !== undefined) await validateAll(context, prepared, { previous: undefined, signal })

  const decide: Decide = async head => {
    const stable = prepared === undefined ? head?.release.stable.variants : variantsOf(prepared)
    if (stable === undefined)
      return refuse(
        'invalid-option',
        `${context.namespace} has no release to go on from: pass { document } to start the new epoch with`,
      )
    const heard = options.ignoreReports === true ? undefined : await heardReports(context, signal)
    const number = highestEpoch(head, heard?.reports ?? []) + 1
    if (number > LAST_EPOCH)
      return refuse(
        'invalid-data',
        'a client claims to have seen the last epoch there can be; if that is wrong, pass { ignoreReports: true }',
      )
    const at = { epoch: newEpoch(context, number), sequence: 1 }
    return { type: 'append', urgent: true, statement: { cause: 'epoch', stable, audit, at } }
  }
  return finish(context, await appendUntil(context, decide, { snapshots: prepared ?? [], signal }), {
    signal,
  })
}

/** The highest number of an epoch that the store or a client knows; 0 where there is none. */
function highestEpoch(head: SignedRelease | undefined, reports: readonly ClientReport[]): number {
  let highest = head === undefined ? 0 : epochNumber(head.release.epoch)
  for (const { seen } of reports) if (seen !== undefined) highest = Math.max(highest, epochNumber(seen.epoch))
  return highest
}
