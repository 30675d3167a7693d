import { NoticeboardError } from '../contracts/errors.js'
import { checkOptions, type OptionNames } from '../core/options.js'
import { positionOf, type SignedRelease } from '../core/release/release.js'
import { encodeAudit } from './audit.js'
import { append, compose } from './append.js'
import type { PublisherContext } from './context.js'
import { sameVariants } from './resolve-ref.js'
import { assertExpected, assertFree, behindFleet, heardReports, type Expected } from './preconditions.js'
import { mainVariant } from './history.js'
import { syncMirrors } from './mirrors.js'
import { readNewest } from './read-head.js'
import {
  prepareAll,
  readPrevious,
  validateAll,
  variantsOf,
  type Prepared,
  type VariantDocument,
} from './prepare.js'
import { awake } from './awake.js'
import { retried } from './retry.js'
import { assertPolicy, type RolloutPolicy } from '../rollouts/everyone.js'
import type { RolloutFacts } from './rollout.js'
import { storeSchema } from './store-schema.js'

/** How a document is published. */
export interface PublishOptions<Input = unknown> extends Expected {
  /** How it spreads: `everyone()`. */
  readonly rollout: RolloutPolicy
  /** Why, for whoever reads the history. */
  readonly reason: string
  /** Who; the publisher's own author unless given. */
  readonly author?: string
  /** Checks everything and writes nothing. */
  readonly dryRun?: boolean
  /** Clients spread the fetching over this many milliseconds, 3,600,000 at most; at once unless given. */
  readonly spreadMs?: number
  /** Clients fetch and check it at once and switch at this time; on arrival unless given. */
  readonly activateAt?: Date
  /** Other documents for clients with certain labels; the first that matches holds. */
  readonly variants?: readonly VariantDocument<Input>[]
  /** Replaces a rollout that is under way; refused unless set. */
  readonly supersede?: boolean
  /** Publishes although clients claim to have seen more than the store has; refused unless set. For when you know that they are wrong. */
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

/** How often a publish evaluates anew because somebody else was first. */
const MAX_RACES = 32
const RACE_DELAY_MS = 50

/** Validates and appends a document, or says why not. See `Publisher.publish`. */
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
  const variants = variantsOf(prepared)

  for (let race = 0; race < MAX_RACES; race += 1) {
    const newest = await readNewest(context, signal)
    assertExpected(context, newest?.release, options)
    if (newest !== undefined) assertFree(context, newest.release, { supersede: options.supersede === true })
    const previous = await readPrevious(context, newest && mainVariant(newest.release).digest, signal)
    await validateAll(context, prepared, { previous, signal })
    const reports = options.ignoreReports === true ? undefined : await heardReports(context, signal)
    const behind = behindFleet(context, reports, newest?.release)
    if (behind !== undefined) throw new NoticeboardError('store-damaged', behind)

    const unchanged =
      newest !== undefined &&
      newest.release.candidate === undefined &&
      sameVariants(newest.release.stable.variants, variants)
    if (options.dryRun === true) {
      if (unchanged) return { outcome: 'unchanged', release: newest.release }
      const next = await compose(context, newest, { cause: 'publish', variants, audit, ...timing }, signal)
      return { outcome: 'dry-run', release: next.release }
    }

    // Also when nothing changed: a snapshot that was damaged in the store is repaired by this.
    await putAll(context, prepared, signal)
    if (unchanged) return finish(context, { outcome: 'unchanged', signed: newest, signal })
    const next = await compose(context, newest, { cause: 'publish', variants, audit, ...timing }, signal)
    if ((await append(context, next, { audit, urgent: false, signal })) === 'appended') {
      return finish(context, { outcome: 'published', signed: next, signal })
    }
    await pauseAfterRace(context, signal)
  }
  throw new NoticeboardError(
    'conflict',
    `${context.namespace} changed ${MAX_RACES} times while this was being published: somebody publishes without a pause; find out who`,
  )
}

/** Lets whoever won go on first, so that two who race do not stay in step. */
export async function pauseAfterRace(
  { clock, random }: PublisherContext,
  signal: AbortSignal,
): Promise<void> {
  await awake(clock.sleep(random.number() * RACE_DELAY_MS, signal))
  signal.throwIfAborted()
}

/** Puts every snapshot into the store. */
export async function putAll(
  context: PublisherContext,
  prepared: readonly Prepared[],
  signal: AbortSignal,
): Promise<void> {
  const { store, namespace } = context
  for (const { digest, bytes } of prepared) {
    await retried(() => store.put({ namespace, digest, bytes }, signal), { ...context, signal })
  }
}

interface Ending {
  readonly outcome: 'published' | 'unchanged'
  readonly signed: SignedRelease
  readonly signal: AbortSignal
  readonly withdrawn?: readonly string[]
  /** What is known already; the store's own warnings are added. */
  readonly warnings?: readonly string[]
}

/** What follows an append and can no longer fail it: mirrors, the JSON Schema, warnings. */
export async function finish(
  context: PublisherContext,
  { outcome, signed, signal, withdrawn = [], warnings = [] }: Ending,
): Promise<RolloutFacts> {
  const { store, namespace, logger } = context
  const told = [...warnings]
  if (outcome === 'published' && store.durability === 'may-lose') {
    told.push(`${store.name} may lose what it acknowledged: keep what you publish elsewhere too`)
  }
  const schemaWarning = await storeSchema(context, signal)
  if (schemaWarning !== undefined) told.push(schemaWarning)
  for (const warning of told) logger.warn(warning, { namespace })
  const mirrors = await syncMirrors(context, signed, signal)
  if (outcome === 'published')
    logger.info('appended a release', {
      namespace,
      ...positionOf(signed.release),
      cause: signed.release.cause,
    })
  return { outcome, release: signed.release, withdrawn, mirrors, warnings: told }
}

function readTiming({ spreadMs, activateAt }: PublishOptions): {
  readonly spreadMs: number | undefined
  readonly activateAt: string | undefined
} {
  if (spreadMs !== undefined && !(Number.isInteger(spreadMs) && spreadMs >= 0 && spreadMs <= 3_600_000)) {
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
