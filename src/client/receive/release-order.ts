import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Digest, Namespace } from '../../contracts/names.js'
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
import { decodeRelease, positionOf, releaseDigest, type Release } from '../../core/release/release.js'
import { sameBytes } from '../../core/json/text.js'
import type { FleetClock } from './fleet-clock.js'
import type { Pending } from '../apply/pipeline.js'

/** The newest release that was verified here. */
export interface Seen {
  readonly position: Position
  readonly release: Release
  readonly bytes: Uint8Array
}

export interface IntakeContext {
  readonly namespace: Namespace
  readonly hasher: Hasher
  readonly fleetClock: FleetClock
  /** A release newer than any before: it was verified and is `seen` now. */
  readonly onNewer: (seen: Seen, pending: Pending) => void
  /** The newest release once more. */
  readonly onSame: (pending: Pending) => void
  /** A release older than the newest: no proof of anything, but an answer. */
  readonly onOlder: () => void
  /** The transport has nothing newer than what was seen. */
  readonly onCurrent: () => void
  /** The origin speaks of a newer release than was seen: look now. */
  readonly onBehind: () => void
  readonly onNone: () => void
  readonly onTrouble: (error: NoticeboardError) => void
}

/** Puts what arrives in order. Nothing that cannot be read, belongs elsewhere, goes back or contradicts moves `seen`. */
export interface Intake {
  accept(arrival: StrategyEvent): void
  readonly seen: Seen | undefined
  /** The tag of the last verified release from a transport. */
  tag(transport: Transport): Tag | undefined
}

/** Makes an {@link Intake}, starting from what an earlier life had seen; `floor` is its position, when the release itself is lost. */
export function createIntake(
  context: IntakeContext,
  before: Seen | undefined,
  floor: Position | undefined,
): Intake {
  const { namespace, hasher } = context
  const tags = new Map<Transport, Tag | undefined>()
  let seen = before

  const acceptRelease = (arrival: Extract<StrategyEvent, { type: 'release' }>): void => {
    const { release } = decodeRelease(arrival.bytes)
    if (release.namespace !== namespace) {
      throw new NoticeboardError(
        'invalid-data',
        `${arrival.from.name} answered with a release of another namespace than ${namespace}`,
      )
    }
    const position = positionOf(release)
    const pending: Pending = {
      release,
      from: arrival.from,
      inline: arrival.snapshots ?? [],
      origin: arrival.from.unmanaged === true ? 'unmanaged' : 'network',
    }
    switch (orderOf(position)) {
      case 'older':
        // A replica or mirror that lags; it will catch up, and the position keeps it harmless.
        return context.onOlder()
      case 'fork':
        throw fork(position, `another epoch with the number of ${(seen?.position ?? position).epoch}`)
      case 'same':
        if (
          seen !== undefined &&
          !sameBytes(seen.bytes, arrival.bytes) &&
          differs(arrival.bytes, seen.bytes)
        ) {
          throw fork(position, 'another release at this position')
        }
        tags.set(arrival.from, arrival.tag)
        return context.onSame(pending)
      case 'newer':
        if (
          // A bare document has editions and no log, so none of them names the one before it.
          pending.origin !== 'unmanaged' &&
          seen !== undefined &&
          follows(position, seen.position) &&
          release.prev !== releaseDigest(hasher, seen.bytes)
        ) {
          // Told, and followed: only the newest release counts, and refusing it would leave this client behind for good.
          context.onTrouble(fork(position, 'another release before it'))
        }
        seen = { position, release, bytes: arrival.bytes }
        tags.set(arrival.from, arrival.tag)
        return context.onNewer(seen, pending)
    }
  }

  const acceptMark = (bytes: Uint8Array): void => {
    const mark = decodeMark(bytes)
    if (mark.namespace !== namespace) return
    context.fleetClock.hear(mark.asOf)
    if (context.fleetClock.now() > Date.parse(mark.validUntil)) return
    if (seen === undefined) return context.onBehind()
    switch (comparePositions(mark, seen.position)) {
      case 'older':
        return
      case 'newer':
        return context.onBehind()
      case 'fork':
        throw fork(mark, `another epoch with the number of ${seen.position.epoch}`)
      case 'same':
        if (mark.digest !== releaseDigest(hasher, seen.bytes))
          throw fork(mark, 'another release at this position')
        return context.onCurrent()
    }
  }

  const orderOf = (position: Position): PositionOrder => {
    if (seen !== undefined) return comparePositions(position, seen.position)
    if (floor === undefined) return 'newer'
    const order = comparePositions(position, floor)
    // The release at the floor was lost here; having it again is news.
    return order === 'same' ? 'newer' : order
  }

  const follows = (a: Position, b: Position): boolean => a.epoch === b.epoch && a.sequence === b.sequence + 1

  const differs = (a: Uint8Array, b: Uint8Array): boolean =>
    releaseDigest(hasher, a) !== releaseDigest(hasher, b)

  const fork = (position: Position, what: string): NoticeboardError =>
    new NoticeboardError(
      'fork',
      `${namespace} at ${formatPosition(position)}: ${what} was seen before; two stores speak for one namespace. Open a new epoch in the right one`,
    )

  return {
    get seen() {
      return seen
    },
    tag: transport => tags.get(transport),
    accept(arrival) {
      try {
        switch (arrival.type) {
          case 'release':
            return acceptRelease(arrival)
          case 'mark':
            return acceptMark(arrival.bytes)
          case 'current':
            return context.onCurrent()
          case 'none':
            return context.onNone()
          case 'interrupted':
            return context.onTrouble(arrival.error)
        }
      } catch (error) {
        if (!isNoticeboardError(error)) throw error
        context.onTrouble(error)
      }
    },
  }
}

/** What an earlier life had seen, from the bytes that it kept; undefined when they cannot be read any more. */
export function readSeen(bytes: Uint8Array | undefined, namespace: Namespace): Seen | undefined {
  if (bytes === undefined) return undefined
  try {
    const { release } = decodeRelease(bytes)
    return release.namespace === namespace ? { position: positionOf(release), release, bytes } : undefined
  } catch {
    // Written by a later version, or damaged: the network has it again.
    return undefined
  }
}

/** The digests named by a release's readmissions. */
export function readmitted({ readmit = [] }: Release): readonly Digest[] {
  return readmit.map(({ digest }) => digest)
}
