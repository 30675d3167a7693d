import { createBackoff } from '../async/backoff.js'
import { withDeadline } from '../async/deadline.js'
import { createLatestByKey } from '../async/latest.js'
import { createLinkedAbortController, type LinkedAbortController } from '../async/signals.js'
import { asNoticeboardError, isNoticeboardError } from '../contracts/errors.js'
import type { Namespace } from '../contracts/names.js'
import { comparePositions, formatPosition, type Position } from '../contracts/position.js'
import type { Session, Strategy } from '../contracts/strategy.js'
import type { Clock, Logger, Random } from '../contracts/system.js'
import type { Transport } from '../contracts/transport.js'
import { MAX_SNAPSHOT_BYTES } from '../core/limits.js'
import { toHex } from '../core/release/digest.js'
import { createLeaps } from '../core/release/leaps.js'
import { createOccasions } from '../async/occasions.js'
import { decodeRelease, digestsOf, positionOf, type SignedRelease } from '../core/release/release.js'
import type { Applier } from './applier.js'

export interface FollowStoreOptions {
  readonly strategy: Strategy
  readonly namespace: Namespace
  readonly applier: Applier
  /** How often the newest release is applied again. */
  readonly repeatMs: number
  /** How long reading one snapshot may take. */
  readonly timeoutMs: number
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** A release as it arrived, and where its snapshots are. */
interface Arrived extends SignedRelease {
  readonly from: Transport
}

/**
 * Applies each newest release of a namespace until the signal aborts. A newer one ends what is
 * under way for an older one; what failed is tried again, with backoff, until it works or a newer
 * one comes.
 *
 * ```ts
 * await followStore({ strategy: hybrid(store), namespace, applier, repeatMs, timeoutMs, clock, random, logger }, signal)
 * ```
 */
export async function followStore(options: FollowStoreOptions, signal: AbortSignal): Promise<void> {
  const { strategy, namespace, repeatMs, clock, random, logger } = options
  const own = createLinkedAbortController(signal)
  const news = createLatestByKey<Namespace, Arrived>(clock)
  const backoff = createBackoff({ clock, random })
  let attempt: LinkedAbortController | undefined
  let newest: Arrived | undefined

  const reading = readReleases(options, own.signal, arrived => {
    news.put(namespace, arrived)
    attempt?.abort()
  }).catch(news.fail)
  try {
    while (!own.signal.aborted) {
      newest = news.take() ?? newest
      if (newest === undefined) {
        await news.wait(Number.POSITIVE_INFINITY, own.signal)
        continue
      }
      attempt = createLinkedAbortController(own.signal)
      try {
        await applyOne(options, newest, attempt.signal)
        backoff.succeeded()
        await news.wait(repeatMs, own.signal)
      } catch (thrown) {
        if (attempt.signal.aborted) continue
        const error = asNoticeboardError(thrown, 'internal', 'a board could not be applied')
        const { code, message, retryAfterMs } = error
        const position = formatPosition(positionOf(newest.release))
        logger.error('a board could not be applied; it is tried again', {
          namespace,
          position,
          code,
          message,
        })
        await news.wait(backoff.failed(retryAfterMs), own.signal)
      } finally {
        attempt.finish()
      }
    }
  } finally {
    own.abort()
    await reading
  }
  if (!signal.aborted)
    logger.warn('a store cannot be followed any longer; releases of it are no longer applied', {
      namespace,
      strategy: strategy.name,
    })
}

/** Fetches what is not here yet, and applies all of it. */
async function applyOne(
  { namespace, applier, timeoutMs, clock }: FollowStoreOptions,
  { release, bytes, from }: Arrived,
  signal: AbortSignal,
): Promise<void> {
  for (const digest of digestsOf(release)) {
    if (applier.holds({ namespace, digest })) continue
    const query = { namespace, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES }
    const snapshot = await withDeadline({ clock, signal, timeoutMs, what: from.name }, inner =>
      from.snapshot(query, inner),
    )
    await applier.put({ namespace, digest, bytes: snapshot }, signal)
  }
  await applier.announce({ namespace, bytes }, signal)
}

/** How often a store that names what it cannot have is told of, in milliseconds. */
const TELL_AGAIN_MS = 3_600_000

/** Tells of each release that is newer than those before it. */
async function readReleases(
  { strategy, namespace, clock, random, logger }: FollowStoreOptions,
  signal: AbortSignal,
  arrived: (release: Arrived) => void,
): Promise<void> {
  let seen: Position | undefined
  const leaps = createLeaps({ clock, seen })
  const leapTold = createOccasions(clock, TELL_AGAIN_MS)
  const session: Session = {
    namespace,
    signal,
    clock,
    random,
    identity: {
      clientId: 'config-map-mirror',
      instanceId: toHex(random.bytes(8)),
      ephemeral: true,
      labels: {},
    },
    tag: () => undefined,
    have: () => undefined,
    seen: () => seen,
    wait: async (delayMs, within) => {
      await clock.sleep(delayMs, within)
      return 'elapsed'
    },
  }
  for await (const event of strategy.deliver(session)) {
    if (event.type === 'interrupted')
      logger.warn('a store cannot be read; it is tried again', { namespace, code: event.error.code })
    if (event.type !== 'release') continue
    try {
      const signed = decodeRelease(event.bytes)
      const position = positionOf(signed.release)
      if (signed.release.namespace !== namespace) continue
      if (seen !== undefined && comparePositions(position, seen) !== 'newer') {
        leaps.current()
        continue
      }
      if (event.from.unmanaged !== true && !leaps.follows(position)) {
        if (leapTold.now())
          logger.warn(
            'a store says that its newest release is further on than it can be; it is not applied',
            {
              namespace,
              position: formatPosition(position),
              ...(seen !== undefined && { seen: formatPosition(seen) }),
            },
          )
        continue
      }
      seen = position
      arrived({ ...signed, from: event.from })
    } catch (error) {
      if (!isNoticeboardError(error)) throw error
      logger.warn('a release cannot be read, and is not applied', { namespace, code: error.code })
    }
  }
}
