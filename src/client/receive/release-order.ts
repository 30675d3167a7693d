import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { Hasher } from '../../contracts/system.js'
import {
  comparePositions,
  formatPosition,
  type PositionOrder,
  type Position,
} from '../../contracts/position.js'
import type { StrategyEvent } from '../../contracts/strategy.js'
import type { Tag, Transport } from '../../contracts/transport.js'
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
  /** A release older than the newest: no proof of anything, but an answer. */
  | { readonly type: 'older' }
  /** There is nothing newer than what was seen. */
  | { readonly type: 'current' }
  /** The origin speaks of a newer release than was seen. */
  | { readonly type: 'behind' }
  /** Nothing was published yet. */
  | { readonly type: 'none' }
  /** A look that failed, or an answer that cannot be used. */
  | { readonly type: 'trouble'; readonly error: NoticeboardError }
  /** A mark that says nothing about this client. */
  | { readonly type: 'nothing' }

/**
 * Puts what arrives in order. What cannot be read, belongs elsewhere, goes back or contradicts
 * moves nothing.
 */
export interface ReleaseOrder {
  /** Judges an arrival. A `newer` one moves `seen`, and a usable one the tag of its transport. */
  judge(arrival: StrategyEvent): Verdict
  /** The newest release that was verified here. */
  readonly seen: IdentifiedRelease | undefined
  /** Its position; that of an earlier life when the release itself was lost. */
  readonly position: Position | undefined
  /** The tag of the last verified release from a transport. */
  tag(transport: Transport): Tag | undefined
}

export interface ReleaseOrderOptions {
  readonly namespace: Namespace
  readonly hasher: Hasher
  readonly fleetClock: FleetClock
  /** The newest release of an earlier life, if its bytes can still be read. */
  readonly seen: IdentifiedRelease | undefined
  /** The position of that release, also when it was lost. */
  readonly floor: Position | undefined
}

/** Makes a {@link ReleaseOrder}. */
export function createReleaseOrder(options: ReleaseOrderOptions): ReleaseOrder {
  const { namespace, hasher, fleetClock, floor } = options
  const tags = new Map<Transport, Tag | undefined>()
  let { seen } = options

  const judgeRelease = (arrival: Extract<StrategyEvent, { type: 'release' }>): Verdict => {
    const { bytes, from, tag, ageMs = 0 } = arrival
    // What is brought again, byte for byte, need not be read again.
    const received =
      seen !== undefined && sameBytes(seen.bytes, bytes) ? seen : identifyRelease(hasher, bytes)
    const { release, position } = received
    if (release.namespace !== namespace) {
      throw new NoticeboardError(
        'invalid-data',
        `${from.name} answered with a release of another namespace than ${namespace}`,
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
    switch (orderOf(position)) {
      case 'older':
        // A replica or mirror that lags; it will catch up, and the position keeps it harmless.
        return { type: 'older' }
      case 'fork':
        throw forkAt(position, `another epoch with the number of ${seen?.position.epoch ?? floor?.epoch}`)
      case 'same':
        if (seen !== undefined && seen.digest !== received.digest)
          throw forkAt(position, 'another release at this position')
        tags.set(from, tag)
        return { type: 'same', pending, ageMs }
      case 'newer': {
        const fork = forkBefore(received, pending)
        seen = received
        tags.set(from, tag)
        return { type: 'newer', seen, pending, fork, ageMs }
      }
    }
  }

  /**
   * Whether the newer release comes right after the one seen, and names another. It is told and
   * followed all the same: only the newest counts, and refusing it would leave this client behind
   * for good.
   */
  const forkBefore = (
    { release, position }: IdentifiedRelease,
    { origin }: ReceivedRelease,
  ): NoticeboardError | undefined => {
    // A bare document has editions and no log, so none of them names the one before it.
    if (origin === 'unmanaged' || seen === undefined || !follows(position, seen.position)) return undefined
    return release.prev === seen.digest ? undefined : forkAt(position, 'another release before it')
  }

  const judgeMark = (bytes: Uint8Array): Verdict => {
    const mark = decodeMark(bytes)
    if (mark.namespace !== namespace) return { type: 'nothing' }
    fleetClock.hear(mark.asOf)
    if (fleetClock.now() > Date.parse(mark.validUntil)) return { type: 'nothing' }
    if (seen === undefined) return { type: 'behind' }
    switch (comparePositions(mark, seen.position)) {
      case 'older':
        return { type: 'nothing' }
      case 'newer':
        return { type: 'behind' }
      case 'fork':
        throw forkAt(mark, `another epoch with the number of ${seen.position.epoch}`)
      case 'same':
        if (mark.digest !== seen.digest) throw forkAt(mark, 'another release at this position')
        return { type: 'current' }
    }
  }

  const orderOf = (position: Position): PositionOrder => {
    if (seen !== undefined) return comparePositions(position, seen.position)
    if (floor === undefined) return 'newer'
    const order = comparePositions(position, floor)
    // The release at the floor was lost here; having it again is news.
    return order === 'same' ? 'newer' : order
  }

  const forkAt = (position: Position, what: string): NoticeboardError =>
    new NoticeboardError(
      'fork',
      `${namespace} at ${formatPosition(position)}: ${what} was seen before; two stores speak for one namespace. Open a new epoch in the right one`,
    )

  return {
    get seen() {
      return seen
    },
    get position() {
      return seen?.position ?? floor
    },
    tag: transport => tags.get(transport),
    judge(arrival) {
      try {
        switch (arrival.type) {
          case 'release':
            return judgeRelease(arrival)
          case 'mark':
            return judgeMark(arrival.bytes)
          case 'current':
          case 'none':
            return { type: arrival.type }
          case 'interrupted':
            return { type: 'trouble', error: arrival.error }
        }
      } catch (error) {
        if (!isNoticeboardError(error)) throw error
        return { type: 'trouble', error }
      }
    },
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

function follows(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.sequence === b.sequence + 1
}
