import { epochNumber, type Position } from '../../contracts/position.js'
import { MAX_CONFIRMED_EPOCH_LEAP, MAX_EPOCH_LEAP, MAX_SEQUENCE_LEAP } from '../limits.js'

/**
 * How far a position is ahead of another. `near`: a fleet may have come there. `far`: so many
 * epochs that it has to be said for a while. `beyond`: no fleet comes there.
 */
export type Leap = 'near' | 'far' | 'beyond'

/**
 * Judges a position that is newer than `from`, by their numbers alone: a forged one must leave room
 * above itself, so that a store can still come after it. Without `from`, as for who has seen
 * nothing yet, every epoch up to the farthest is near.
 *
 * ```ts
 * leapOf({ epoch: '1-9f3a01bc', sequence: 7 }, { epoch: '999999999-ffffffff', sequence: 1 }) // 'beyond'
 * ```
 */
export function leapOf(from: Position | undefined, to: Position): Leap {
  const epochs = epochNumber(to.epoch) - (from === undefined ? 0 : epochNumber(from.epoch))
  const sequences = to.sequence - (from?.epoch === to.epoch ? from.sequence : 0)
  if (sequences > MAX_SEQUENCE_LEAP || epochs > MAX_CONFIRMED_EPOCH_LEAP) return 'beyond'
  return from !== undefined && epochs > MAX_EPOCH_LEAP ? 'far' : 'near'
}
