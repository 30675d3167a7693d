import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import type { Clock, Hasher, Logger, Random } from '../../contracts/system.js'
import type { StateStorage } from '../../contracts/state.js'
import type { InlineSnapshot, Transport } from '../../contracts/transport.js'
import { digestOf } from '../../core/release/digest.js'
import { BUCKETS, cohortHash } from '../../core/release/audience.js'
import { createBackoff } from '../../async/backoff.js'
import { withDeadline } from '../../async/deadline.js'

/** How long one attempt may take over transports that keep no deadline of their own, in milliseconds. */
const ATTEMPT_MS = 60_000

/** How long releases gather, in milliseconds, once a newer one overtook a fetch that was under way. */
const GATHER_MS = 1_000

/** When the next fetch may begin: publishes that come faster than they can be fetched cost two fetches, the first and the last. */
export interface FetchPace {
  notBeforeMs: number
}

export interface ObtainContext {
  readonly namespace: Namespace
  readonly clientId: string
  readonly clock: Clock
  readonly random: Random
  readonly hasher: Hasher
  readonly logger: Logger
  readonly state: StateStorage | undefined
  /** One a client. */
  readonly pace: FetchPace
  /** Told of each failed attempt. */
  readonly onFailure: (error: NoticeboardError) => void
}

export interface Wanted {
  readonly digest: Digest
  readonly bytes: number
  readonly inline: readonly InlineSnapshot[]
  /** Where to fetch it; undefined while there is only the disk to ask. */
  readonly from: Transport | undefined
  /** The snapshot in hand, for transports that send differences. */
  readonly have: Digest | undefined
  /** Over how many milliseconds the fleet spreads its fetches. */
  readonly spreadMs: number
}

/**
 * The bytes of a snapshot, checked against length and digest: from what came along, from disk, or from the transport, asked
 * again with backoff until it answers or the signal aborts. Undefined when the signal aborted, or when there was only the disk
 * to ask and it has none. Nothing wrong with the bytes is ever final: what one copy damaged, another one has.
 */
export async function obtain(
  wanted: Wanted,
  context: ObtainContext,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const { hasher } = context
  const right = (bytes: Uint8Array | undefined): bytes is Uint8Array =>
    bytes !== undefined && bytes.length === wanted.bytes && digestOf(hasher, bytes) === wanted.digest

  const along = wanted.inline.find(({ digest }) => digest === wanted.digest)?.bytes
  if (right(along)) return along
  const kept = await fromDisk(wanted, context)
  if (right(kept)) return kept
  return wanted.from === undefined
    ? undefined
    : fromMedium(wanted, wanted.from, { ...context, right }, signal)
}

async function fromDisk(
  { digest, bytes }: Wanted,
  { state, namespace, logger }: ObtainContext,
): Promise<Uint8Array | undefined> {
  try {
    return await state?.readSnapshot({ namespace, digest, maxSnapshotBytes: bytes })
  } catch {
    // The transport has it too; the state folder's own warnings tell of its trouble.
    logger.debug('a kept snapshot could not be read', { namespace, digest: digest.slice(0, 12) })
    return undefined
  }
}

async function fromMedium(
  { digest, bytes, have, spreadMs }: Wanted,
  from: Transport,
  {
    namespace,
    clientId,
    clock,
    random,
    hasher,
    pace,
    onFailure,
    right,
  }: ObtainContext & { readonly right: (bytes: Uint8Array) => boolean },
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const backoff = createBackoff({ random, clock })
  if (spreadMs > 0) {
    const bucket = Number.parseInt(cohortHash(digest, clientId, hasher).slice(0, 8), 16)
    await clock.sleep((bucket / BUCKETS) * spreadMs, signal)
  }
  if (pace.notBeforeMs > clock.monotonic()) await clock.sleep(pace.notBeforeMs - clock.monotonic(), signal)
  while (!signal.aborted) {
    const failure = await attempt()
    if (failure instanceof Uint8Array) return failure
    if (signal.aborted) {
      pace.notBeforeMs = clock.monotonic() + GATHER_MS
      return undefined
    }
    onFailure(failure)
    await clock.sleep(backoff.failed(failure.retryAfterMs), signal)
  }
  return undefined

  async function attempt(): Promise<Uint8Array | NoticeboardError> {
    try {
      const answer = await withDeadline({ clock, signal, timeoutMs: ATTEMPT_MS, what: from.name }, own =>
        from.snapshot({ namespace, digest, maxSnapshotBytes: bytes, have }, own),
      )
      if (right(answer)) return answer
      return new NoticeboardError(
        'digest-mismatch',
        `${from.name}: the snapshot ${digest.slice(0, 12)} is not what its digest names; asking again`,
      )
    } catch (error) {
      if (isNoticeboardError(error)) return error
      return new NoticeboardError(
        'unavailable',
        `${from.name}: the snapshot ${digest.slice(0, 12)} could not be fetched`,
        { cause: error },
      )
    }
  }
}
