import type { DeltaCodec, Deltas, HeldSnapshot } from '../../contracts/deltas.js'
import { isNoticeboardError } from '../../contracts/errors.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import type { StateStorage } from '../../contracts/state.js'
import type { Clock, Hasher, Logger } from '../../contracts/system.js'
import type { Transport } from '../../contracts/transport.js'
import { withDeadline } from '../../async/deadline.js'
import { digestOf } from '../../core/release/digest.js'
import { maxDeltaBytes } from '../../core/release/delta-size.js'
import { MIN_DELTA_SNAPSHOT_BYTES } from '../../core/limits.js'
import type { SnapshotQuery } from './snapshot-query.js'

/** How long a delta may take, in milliseconds; then the snapshot itself is asked for. */
const DELTA_MS = 5_000

/**
 * After how many snapshots without a delta a transport is asked for one with each sixteenth only.
 */
const PATIENCE = 3
const SELDOM = 16

/**
 * Makes snapshots of the one that runs. What it cannot make for whatever reason is undefined: then
 * the whole one is fetched.
 */
export interface FromDelta {
  /** From a delta that came along with the release. */
  alongside(query: SnapshotQuery): Promise<Uint8Array | undefined>
  /**
   * From a delta that the transport has. Throws only what asks to wait before anything else is
   * asked.
   */
  fetched(query: SnapshotQuery, from: Transport, signal: AbortSignal): Promise<Uint8Array | undefined>
  /** Remembers a snapshot that was found, for the next delta, where no disk does. */
  found(snapshot: HeldSnapshot, have: Digest | undefined): void
}

export interface FromDeltaOptions {
  readonly namespace: Namespace
  /** Undefined where only whole snapshots are taken. */
  readonly deltas: Deltas | undefined
  readonly clock: Clock
  readonly hasher: Hasher
  readonly logger: Logger
  readonly state?: StateStorage | undefined
  /** The largest snapshot that may have been found before. */
  readonly maxSnapshotBytes: number
}

/** Makes a {@link FromDelta}, one a client. */
export function createFromDelta(options: FromDeltaOptions): FromDelta {
  return new Maker(options)
}

/** A class, since every client has one. */
class Maker implements FromDelta {
  readonly #options: FromDeltaOptions
  /** What was found last and what runs, where there is no disk: a delta leads from one of them. */
  #kept: readonly HeldSnapshot[] = []
  /**
   * How many snapshots came since a transport last had a delta; made with the first that is asked.
   */
  #since: WeakMap<Transport, number> | undefined

  constructor(options: FromDeltaOptions) {
    this.#options = options
  }

  async alongside({ digest, bytes: length, inline }: SnapshotQuery): Promise<Uint8Array | undefined> {
    for (const { digest: made, base: from, bytes: delta } of inline) {
      if (made !== digest || from === undefined) continue
      const codec = await this.#options.deltas?.codec()
      const base = codec && (await this.#baseOf(from))
      const bytes = codec && base && this.#decoded(codec, { base, delta, digest, length })
      if (bytes !== undefined) return bytes
    }
    return undefined
  }

  async fetched(
    { digest, bytes: length, have }: SnapshotQuery,
    from: Transport,
    signal: AbortSignal,
  ): Promise<Uint8Array | undefined> {
    const { namespace, deltas, clock } = this.#options
    const maxBytes = maxDeltaBytes(length)
    if (have === undefined || maxBytes === 0 || from.delta === undefined) return undefined
    const codec = await deltas?.codec()
    if (codec === undefined) return undefined
    const since = (this.#since ??= new WeakMap())
    const passed = since.get(from) ?? 0
    if (passed >= PATIENCE && passed % SELDOM !== 0) {
      // Nothing is read from the disk for it.
      since.set(from, passed + 1)
      return undefined
    }
    const base = await this.#baseOf(have)
    if (base === undefined) return undefined
    since.set(from, passed + 1)
    const query = { namespace, digest, base: have, maxBytes }
    const delta = await withDeadline({ clock, signal, timeoutMs: DELTA_MS, what: from.name }, async own =>
      from.delta?.(query, own),
    ).catch(unlessItAsksToWait)
    const bytes = delta && this.#decoded(codec, { base, delta, digest, length })
    if (bytes !== undefined) since.set(from, 0)
    return bytes
  }

  found({ digest, bytes }: HeldSnapshot, have: Digest | undefined): void {
    const { deltas, state } = this.#options
    if (deltas === undefined || state !== undefined || bytes.length < MIN_DELTA_SNAPSHOT_BYTES) return
    void deltas.codec().then(codec => {
      if (codec !== undefined)
        this.#kept = [{ digest, bytes }, ...this.#kept.filter(one => one.digest === have)]
    })
  }

  async #baseOf(digest: Digest): Promise<HeldSnapshot | undefined> {
    const { namespace, state, maxSnapshotBytes } = this.#options
    const here = this.#kept.find(one => one.digest === digest)
    if (here !== undefined || state === undefined) return here
    try {
      // Damage shows in what is made of it.
      const bytes = await state.readSnapshot({ namespace, digest, maxSnapshotBytes })
      return bytes && { digest, bytes }
    } catch {
      // The state folder's own warnings tell of its trouble.
      return undefined
    }
  }

  #decoded(
    codec: DeltaCodec,
    { base, delta, digest, length }: Parameters<DeltaCodec['decode']>[0] & { readonly digest: Digest },
  ): Uint8Array | undefined {
    const { namespace, hasher, logger } = this.#options
    const because = (reason: string): undefined =>
      logger.debug('a delta was not used; the whole snapshot is fetched', {
        namespace,
        digest: digest.slice(0, 12),
        reason,
      }) as undefined
    try {
      const bytes = codec.decode({ base, delta, length })
      return digestOf(hasher, bytes) === digest ? bytes : because('its result has another digest')
    } catch (error) {
      return because(isNoticeboardError(error) ? error.message : 'it could not be decoded')
    }
  }
}

/** A server that says when to come back is not asked for more before that. */
function unlessItAsksToWait(error: unknown): undefined {
  if (isNoticeboardError(error) && error.retryAfterMs !== undefined) throw error
  return undefined
}
