import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { Clock, Hasher } from '../../contracts/system.js'
import {
  comparePositions,
  formatPosition,
  type PositionOrder,
  type Position,
} from '../../contracts/position.js'
import type { StrategyEvent } from '../../contracts/strategy.js'
import type { Tag, Transport } from '../../contracts/transport.js'
import { createOccasions, type Occasions } from '../../async/occasions.js'
import { createLeaps, type Leaps } from '../../core/release/leaps.js'
import { decodeMark } from '../../core/release/mark.js'
import { identifyRelease, type IdentifiedRelease } from '../../core/release/release.js'
import { sameBytes } from '../../core/json/text.js'
import type { ReceivedRelease } from '../apply/pending.js'
import type { FleetClock } from './fleet-clock.js'

/** What an arrival says about the newest release. */
export type Verdict =
  /**
   * A release newer than any before; it counts as seen from here on. `fork`: it does not follow the
   * one seen before.
   */
  | {
      readonly type: 'newer'
      readonly seen: IdentifiedRelease
      readonly pending: ReceivedRelease
      readonly fork: NoticeboardError | undefined
      /** How long ago it was known to be the newest, in milliseconds. */
      readonly ageMs: number
    }
  /** The newest release once more; `ageMs` as above. */
  | { readonly type: 'same'; readonly pending: ReceivedRelease; readonly ageMs: number }
  /**
   * A release older than the newest: no proof of anything, but an answer. `tell`: nothing else has
   * come for so long that somebody has to look.
   */
  | { readonly type: 'older'; readonly tell: NoticeboardError | undefined }
  /** There is nothing newer than what was seen. */
  | { readonly type: 'current' }
  /** The origin speaks of a newer release than was seen. */
  | { readonly type: 'behind' }
  /** A mark that says nothing about this client; `tell` as for an older release. */
  | { readonly type: 'nothing'; readonly tell?: NoticeboardError | undefined }
  | LookVerdict

/** What an arrival says about a look that brought no release. */
export type LookVerdict =
  /** Nothing was published yet; `nextMs` as below. */
  | {
      readonly type: 'none'
      readonly why: NoticeboardError | undefined
      readonly nextMs?: number | undefined
    }
  /**
   * A look that failed, or an answer that cannot be used; `told`: that was said within the hour.
   */
  | {
      readonly type: 'trouble'
      readonly error: NoticeboardError
      readonly told?: boolean
      /** How long nothing can arrive after it, in milliseconds, where that is known. */
      readonly nextMs?: number | undefined
    }
  /** Nothing came yet, and why. */
  | { readonly type: 'late'; readonly error: NoticeboardError }

/** An arrival that tells of a look that brought no release. */
export type LookEvent = Extract<StrategyEvent, { readonly type: 'none' | 'interrupted' | 'silent' }>

/** Whether an arrival is one that nothing changes which is known of earlier lives. */
export function isLook(arrival: StrategyEvent): arrival is LookEvent {
  return arrival.type === 'none' || arrival.type === 'interrupted' || arrival.type === 'silent'
}

/** What it says of the newest release. */
export function judgeLook(arrival: LookEvent): LookVerdict {
  switch (arrival.type) {
    case 'none':
      return { type: 'none', why: arrival.why, nextMs: arrival.nextMs }
    case 'interrupted':
      return { type: 'trouble', error: arrival.error, nextMs: arrival.nextMs }
    case 'silent':
      return { type: 'late', error: arrival.error }
  }
}

/**
 * Puts what arrives in order. What cannot be read, belongs elsewhere, goes back or contradicts
 * moves nothing.
 */
export interface ReleaseOrder {
  /**
   * Judges an arrival. A `newer` one moves `seen`, and a usable one the tag of its transport. Works
   * without its object.
   */
  readonly judge: (arrival: StrategyEvent) => Verdict
  /** The newest release that was verified here. */
  readonly seen: IdentifiedRelease | undefined
  /** Its position; that of an earlier life when the release itself was lost. */
  readonly position: Position | undefined
  /** The tag of the last verified release from a transport. */
  tag(transport: Transport): Tag | undefined
}

export interface ReleaseOrderOptions {
  readonly namespace: Namespace
  readonly clock: Clock
  readonly hasher: Hasher
  readonly fleetClock: FleetClock
  /** The newest release of an earlier life, if its bytes can still be read. */
  readonly seen: IdentifiedRelease | undefined
  /** The position of that release, also when it was lost. */
  readonly floor: Position | undefined
}

/** Makes a {@link ReleaseOrder}. */
export function createReleaseOrder(options: ReleaseOrderOptions): ReleaseOrder {
  return new Order(options)
}

type ReleaseArrival = Extract<StrategyEvent, { readonly type: 'release' }>

/** A class, since every client has one. */
class Order implements ReleaseOrder {
  seen: IdentifiedRelease | undefined
  readonly #options: ReleaseOrderOptions
  readonly #tags = new Map<Transport, Tag | undefined>()
  readonly #leaps: Leaps
  readonly #leapTold: Occasions
  /** The time of the last mark, as it says it itself. */
  #markedAt: string | undefined

  constructor(options: ReleaseOrderOptions) {
    const { clock, seen, floor } = options
    this.seen = seen
    this.#options = options
    this.#leaps = createLeaps({ clock, seen: seen?.position ?? floor })
    this.#leapTold = createOccasions(clock, TELL_AGAIN_MS)
  }

  get position(): Position | undefined {
    return this.seen?.position ?? this.#options.floor
  }

  tag(transport: Transport): Tag | undefined {
    return this.#tags.get(transport)
  }

  readonly judge = (arrival: StrategyEvent): Verdict => {
    if (isLook(arrival)) return judgeLook(arrival)
    try {
      switch (arrival.type) {
        case 'release':
          return this.#judgeRelease(arrival)
        case 'mark':
          return this.#judgeMark(arrival.bytes)
        case 'current':
          // A tag is kept of what was followed alone.
          this.#leaps.current()
          return { type: 'current' }
      }
    } catch (error) {
      if (!isNoticeboardError(error)) throw error
      return { type: 'trouble', error }
    }
  }

  #judgeRelease(arrival: ReleaseArrival): Verdict {
    const { namespace, hasher, floor } = this.#options
    const { bytes, from, tag, ageMs = 0 } = arrival
    const { seen } = this
    // What is brought again, byte for byte, need not be read again.
    const received =
      seen !== undefined && sameBytes(seen.bytes, bytes) ? seen : identifyRelease(hasher, bytes)
    const { release, position } = received
    if (release.namespace !== namespace) {
      throw new NoticeboardError(
        'invalid-data',
        `${from.name} answered a request for ${namespace} with a release of another namespace; check the address and any rewriting in between`,
      )
    }
    const pending: ReceivedRelease = {
      type: 'release',
      release,
      position,
      from,
      inline: arrival.snapshots ?? [],
      origin: from.unmanaged === true ? 'unmanaged' : 'network',
    }
    switch (this.#orderOf(position)) {
      case 'older':
        // A replica or mirror that lags; it will catch up, and the position keeps it harmless.
        return {
          type: 'older',
          tell: this.#lastingly(from.name, position),
        }
      case 'fork':
        throw this.#forkAt(
          position,
          `another epoch with the number of ${seen?.position.epoch ?? floor?.epoch}`,
        )
      case 'same':
        if (seen !== undefined && seen.digest !== received.digest)
          throw this.#forkAt(position, 'another release at this position')
        this.#tags.set(from, tag)
        this.#leaps.current()
        return { type: 'same', pending, ageMs }
      case 'newer': {
        if (pending.origin === 'network' && !this.#leaps.follows(position))
          return { type: 'trouble', error: this.#leap(from, position), told: !this.#leapTold.now() }
        const fork = this.#forkBefore(received, pending)
        this.seen = received
        this.#tags.set(from, tag)
        return { type: 'newer', seen: received, pending, fork, ageMs }
      }
    }
  }

  /**
   * Whether the newer release comes right after the one seen, and names another. It is told and
   * followed all the same: only the newest counts, and refusing it would leave this client behind
   * for good.
   */
  #forkBefore(
    { release, position }: IdentifiedRelease,
    { origin }: ReceivedRelease,
  ): NoticeboardError | undefined {
    const { seen } = this
    // A bare document has editions and no log, so none of them names the one before it.
    if (origin === 'unmanaged' || seen === undefined || !follows(position, seen.position)) return undefined
    return release.prev === seen.digest ? undefined : this.#forkAt(position, 'another release before it')
  }

  #judgeMark(bytes: Uint8Array): Verdict {
    const { namespace, fleetClock } = this.#options
    const mark = decodeMark(bytes)
    if (mark.namespace !== namespace) return { type: 'nothing' }
    const isRepeated = mark.asOf === this.#markedAt
    this.#markedAt = mark.asOf
    fleetClock.hear(mark.asOf)
    const { seen } = this
    if (seen === undefined) return { type: 'behind' }
    switch (comparePositions(mark, seen.position)) {
      case 'older':
        return { type: 'nothing', tell: this.#lastingly('a mark', mark) }
      case 'newer':
        return { type: 'behind' }
      case 'fork':
        throw this.#forkAt(mark, `another epoch with the number of ${seen.position.epoch}`)
      case 'same':
        if (mark.digest !== seen.digest) throw this.#forkAt(mark, 'another release at this position')
        this.#leaps.current()
        // Its time says nothing: servers' clocks differ. Only the same one again is no news.
        return { type: isRepeated ? 'nothing' : 'current' }
    }
  }

  #orderOf(position: Position): PositionOrder {
    const { seen } = this
    const { floor } = this.#options
    if (seen !== undefined) return comparePositions(position, seen.position)
    if (floor === undefined) return 'newer'
    const order = comparePositions(position, floor)
    // The release at the floor was lost here; having it again is news.
    return order === 'same' ? 'newer' : order
  }

  /** What is told of an older position once nothing else came for long. */
  #lastingly(who: string, position: Position): NoticeboardError | undefined {
    return this.#leaps.older() ? this.#behind(who, position) : undefined
  }

  #leap(from: Transport, position: Position): NoticeboardError {
    return new NoticeboardError(
      'fork',
      `${this.#options.namespace}: ${from.name} says that ${formatPosition(position)} is the newest, and this client has seen ${this.#seenHere()}. No log grows that far at once, so the release is ignored; if it is right, see "A position that nobody published" in docs/operations.md`,
    )
  }

  #behind(who: string, position: Position): NoticeboardError {
    return new NoticeboardError(
      'fork',
      `${this.#options.namespace}: ${who} says that ${formatPosition(position)} is the newest, which is older than ${this.#seenHere()}, seen here before, so it is ignored. Either the store lost releases: open a new epoch; or the later position was forged: see "A position that nobody published" in docs/operations.md`,
    )
  }

  #forkAt(position: Position, what: string): NoticeboardError {
    return new NoticeboardError(
      'fork',
      `${this.#options.namespace} at ${formatPosition(position)}: ${what} was seen before, so two stores publish this namespace. Open a new epoch in the right one: noticeboard epoch`,
    )
  }

  #seenHere(): string {
    const { position } = this
    return position === undefined ? 'nothing' : formatPosition(position)
  }
}

/**
 * What an earlier life had seen, from the bytes that it kept; undefined when they cannot be read
 * any more.
 */
export function readSeen(
  bytes: Uint8Array | undefined,
  { namespace, hasher }: { readonly namespace: Namespace; readonly hasher: Hasher },
): IdentifiedRelease | undefined {
  if (bytes === undefined) return undefined
  try {
    const seen = identifyRelease(hasher, bytes)
    return seen.release.namespace === namespace ? seen : undefined
  } catch {
    // Written by a later version, or damaged: the network has it again.
    return undefined
  }
}

/** How often somebody is told of what goes on, in milliseconds. */
const TELL_AGAIN_MS = 3_600_000

function follows(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.sequence === b.sequence + 1
}
