import { asNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { Clock, Hasher, Logger, Random } from '../../contracts/system.js'
import type { StateStorage } from '../../contracts/state.js'
import type { Transport } from '../../contracts/transport.js'
import { createBackoff } from '../../async/backoff.js'
import { withDeadline } from '../../async/deadline.js'
import { digestOf } from '../../core/release/digest.js'
import { BUCKETS, cohortHash } from '../../core/release/audience.js'
import { isBytes } from '../../core/built-ins.js'
import type { FromDelta } from './from-delta.js'
import type { SnapshotQuery } from './snapshot-query.js'

/**
 * How long one attempt may take over transports that keep no deadline of their own, in
 * milliseconds.
 */
const ATTEMPT_MS = 60_000

/**
 * How long releases gather, in milliseconds, once a newer one overtook a fetch that was under way.
 */
const GATHER_MS = 1_000

/**
 * Finds the bytes of a snapshot, checked against length and digest: what came along, whole or as a
 * delta, what is on disk, or what the transport has, asked again with backoff until it answers, and
 * for a delta no more than once. Undefined when there was only the disk to ask and it has none, and
 * for a fallback that the transport does not have. Nothing wrong with the bytes is ever final: what
 * one copy damaged, another one has. Rejects once the signal aborts.
 */
export type FetchSnapshot = (query: SnapshotQuery, signal: AbortSignal) => Promise<Uint8Array | undefined>

export interface FetchSnapshotOptions {
  readonly namespace: Namespace
  readonly clientId: string
  readonly clock: Clock
  readonly random: Random
  readonly hasher: Hasher
  readonly logger: Logger
  readonly state: StateStorage | undefined
  readonly fromDelta: FromDelta
  /** Called with each failed attempt, and after how many milliseconds the next one begins. */
  readonly onFailure: (error: NoticeboardError, nextMs: number) => void
}

/**
 * Makes a {@link FetchSnapshot}, one a client: fetches that follow each other too fast are
 * gathered.
 */
export function createFetchSnapshot(options: FetchSnapshotOptions): FetchSnapshot {
  const fetcher = new Fetcher(options)
  return (query, signal) => fetcher.fetch(query, signal)
}

/** A class, since every client has one. */
class Fetcher {
  readonly #options: FetchSnapshotOptions
  /**
   * When the next fetch may begin: publishes that come faster than they can be fetched cost two
   * fetches, the first and the last.
   */
  #notBeforeMs = 0

  constructor(options: FetchSnapshotOptions) {
    this.#options = options
  }

  async fetch(query: SnapshotQuery, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const bytes = await this.#find(query, signal)
    if (bytes !== undefined) this.#options.fromDelta.found({ digest: query.digest, bytes }, query.have)
    return bytes
  }

  async #find(query: SnapshotQuery, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const along = query.inline.find(
      ({ digest, base }) => digest === query.digest && base === undefined,
    )?.bytes
    if (this.#isRight(along, query)) return along
    const kept = await this.#fromDisk(query)
    if (this.#isRight(kept, query)) return kept
    const made = await this.#options.fromDelta.alongside(query)
    if (made !== undefined) return made
    return query.from === undefined ? undefined : this.#fromTransport(query, query.from, signal)
  }

  #isRight(bytes: Uint8Array | undefined, wanted: SnapshotQuery): bytes is Uint8Array {
    const { hasher } = this.#options
    return bytes !== undefined && bytes.length === wanted.bytes && digestOf(hasher, bytes) === wanted.digest
  }

  async #fromDisk({ digest, bytes }: SnapshotQuery): Promise<Uint8Array | undefined> {
    const { namespace, logger, state } = this.#options
    try {
      return await state?.readSnapshot({ namespace, digest, maxSnapshotBytes: bytes })
    } catch {
      // The transport has it too; the state folder's own warnings tell of its trouble.
      logger.debug('a kept snapshot could not be read', { namespace, digest: digest.slice(0, 12) })
      return undefined
    }
  }

  async #fromTransport(
    query: SnapshotQuery,
    from: Transport,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const { clock, random, onFailure } = this.#options
    const backoff = createBackoff({ random, clock })
    if (query.spreadMs > 0) await clock.sleep(this.#ownShareOf(query), signal)
    if (this.#notBeforeMs > clock.monotonic())
      await clock.sleep(this.#notBeforeMs - clock.monotonic(), signal)
    for (let asked = 0; ; asked += 1) {
      signal.throwIfAborted()
      const answer = await this.#ask(query, from, { signal, isFirst: asked === 0 })
      if (isBytes(answer)) return answer
      if (signal.aborted) this.#notBeforeMs = clock.monotonic() + GATHER_MS
      signal.throwIfAborted()
      if (query.isFallback === true && answer.code === 'not-found') return undefined
      const nextMs = backoff.failed(answer.retryAfterMs)
      onFailure(answer, nextMs)
      await clock.sleep(nextMs, signal)
    }
  }

  /** This client's place in the time over which the fleet spreads. */
  #ownShareOf({ digest, spreadMs }: SnapshotQuery): number {
    const { clientId, hasher } = this.#options
    const bucket = Number.parseInt(cohortHash(digest, clientId, hasher).slice(0, 8), 16)
    return (bucket / BUCKETS) * spreadMs
  }

  async #ask(
    query: SnapshotQuery,
    from: Transport,
    { signal, isFirst }: { readonly signal: AbortSignal; readonly isFirst: boolean },
  ): Promise<Uint8Array | NoticeboardError> {
    const { namespace, clock, fromDelta } = this.#options
    const { digest, bytes: maxSnapshotBytes, have } = query
    const what = `${from.name}: the snapshot ${digest.slice(0, 12)}`
    try {
      // Whoever could not be reached is not asked for twice as much.
      const made = isFirst ? await fromDelta.fetched(query, from, signal) : undefined
      if (made !== undefined) return made
      const answer = await withDeadline({ clock, signal, timeoutMs: ATTEMPT_MS, what: from.name }, own =>
        from.snapshot({ namespace, digest, maxSnapshotBytes, have }, own),
      )
      if (this.#isRight(answer, query)) return answer
      return new NoticeboardError('digest-mismatch', `${what} does not match its digest; fetching it again`)
    } catch (error) {
      return asNoticeboardError(error, 'unavailable', `${what} could not be fetched`)
    }
  }
}
