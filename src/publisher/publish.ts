import { NoticeboardError } from '../contracts/errors.js'
import { MAX_SPREAD_MS } from '../core/limits.js'
import { checkOptions, type OptionNames } from '../core/options.js'
import { appendUntil, rehearse, type Decide } from './append.js'
import { encodeAudit } from './audit.js'
import type { PublisherContext } from './context.js'
import { finish } from './finish.js'
import { mainVariant } from './history.js'
import { assertPolicy, type RolloutPolicy } from '../rollouts/everyone.js'
import { behindFleet, heardReports, notExpected, notFree, type Expected } from './preconditions.js'
import { prepareAll, readPrevious, validateAll, variantsOf, type VariantDocument } from './prepare.js'
import { sameVariants } from './resolve-ref.js'
import type { RolloutFacts } from './rollout.js'

/** How a document is published. */
export interface PublishOptions<Input = unknown> extends Expected {
  /** How it spreads: `everyone()`. */
  readonly rollout: RolloutPolicy
  /** Why, for the readers of the history. */
  readonly reason: string
  /** Who publishes. Default: the publisher's own author. */
  readonly author?: string
  /** Check everything and write nothing. Default false. */
  readonly dryRun?: boolean
  /** Clients spread their fetches over this many milliseconds, 3,600,000 at most. Default 0. */
  readonly spreadMs?: number
  /** Clients fetch and check it at once and switch at this time. Default: on arrival. */
  readonly activateAt?: Date
  /** Other documents for clients with certain labels; the first that matches holds. */
  readonly variants?: readonly VariantDocument<Input>[]
  /** Replace a rollout that is under way. Default false: it is refused. */
  readonly supersede?: boolean
  /**
   * Publish although clients claim to have seen more than the store has. For when you know that
   * their reports are wrong. Default false: it is refused.
   */
  readonly ignoreReports?: boolean
  readonly signal?: AbortSignal
}

const PUBLISH_OPTIONS: OptionNames<PublishOptions> = {
  ifVersion: true,
  ifPosition: true,
  rollout: true,
  reason: true,
  author: true,
  dryRun: true,
  spreadMs: true,
  activateAt: true,
  variants: true,
  supersede: true,
  ignoreReports: true,
  signal: true,
}

/** How many lost races end a publish. */
const MAX_RACES = 32

/**
 * Validates and appends a document, or says why not. See `Publisher.publish`.
 *
 * ```ts
 * await publishDocument(context, { pool: 8 }, { rollout: everyone(), reason: 'more load' }, signal)
 * ```
 */
export async function publishDocument(
  context: PublisherContext,
  document: unknown,
  options: PublishOptions,
  signal: AbortSignal,
): Promise<RolloutFacts> {
  checkOptions('publish()', options, PUBLISH_OPTIONS)
  assertPolicy(options.rollout)
  const timing = readTiming(options)
  const audit = encodeAudit(context, options)
  const prepared = prepareAll(context, document, options.variants ?? [])
  const stable = variantsOf(prepared)

  const decide: Decide = async head => {
    const newest = head?.release
    const refusal = notExpected(context, newest, options) ?? notFree(context, newest, options)
    if (refusal !== undefined) return { type: 'refuse', error: refusal }
    const previous = await readPrevious(context, newest && mainVariant(newest).digest, signal)
    await validateAll(context, prepared, { previous, signal })
    const reports = options.ignoreReports === true ? undefined : await heardReports(context, signal)
    const behind = behindFleet(context, reports, newest)
    if (behind !== undefined) return { type: 'refuse', error: new NoticeboardError('store-damaged', behind) }

    const runs = head?.release.candidate === undefined ? head?.release.stable.variants : undefined
    if (head !== undefined && runs !== undefined && sameVariants(runs, stable))
      return { type: 'unchanged', head }
    return { type: 'append', statement: { cause: 'publish', stable, audit, ...timing } }
  }
  if (options.dryRun === true) return rehearse(context, decide, signal)
  const appended = await appendUntil(context, decide, { snapshots: prepared, maxRaces: MAX_RACES, signal })
  return finish(context, appended, { signal })
}

function readTiming({ spreadMs, activateAt }: PublishOptions): {
  readonly spreadMs: number | undefined
  readonly activateAt: string | undefined
} {
  if (spreadMs !== undefined && !(Number.isInteger(spreadMs) && spreadMs >= 0 && spreadMs <= MAX_SPREAD_MS)) {
    throw new NoticeboardError(
      'invalid-option',
      'spreadMs is a whole number of milliseconds from 0 to 3600000',
    )
  }
  if (activateAt !== undefined && !(activateAt instanceof Date && !Number.isNaN(activateAt.getTime()))) {
    throw new NoticeboardError('invalid-option', 'activateAt is a valid Date')
  }
  return { spreadMs, activateAt: activateAt?.toISOString() }
}
