import { NoticeboardError } from './errors.js'

/**
 * The name of one life of a log, `<n>-<8 hex>`: `1-9f3a01bc`. Epochs are ordered by `n`; a restored
 * or copied store goes on in a new one. Equal `n` with another suffix is a fork.
 */
export type Epoch = string

/**
 * A place in a namespace's log: the sequence starts at 1 in each epoch and grows by one, without
 * gaps.
 */
export interface Position {
  readonly epoch: Epoch
  /** The release's number in its epoch, from 1. */
  readonly sequence: number
}

/**
 * How one position lies to another; `fork` when the epochs share their number but are not the same.
 */
export type PositionOrder = 'older' | 'same' | 'newer' | 'fork'

/**
 * A board that went back: whoever says so has read more of it than it has now, as after a backup was
 * restored or a database flushed. Also where another release stands at that place.
 */
export interface WentBack {
  /** The newest release that was read of it before. */
  readonly from: Position
  /** The newest that it has now; absent where it says that nothing was published. */
  readonly to?: Position
}

const EPOCH = /^([1-9][0-9]{0,8})-([0-9a-f]{8})$/

/**
 * Whether a text has the form of an epoch.
 *
 * ```ts
 * isEpoch('1-9f3a01bc') // true
 * ```
 */
export function isEpoch(text: unknown): text is Epoch {
  return typeof text === 'string' && EPOCH.test(text)
}

/**
 * The number that orders an epoch. Throws `invalid-data` on anything that is not one.
 *
 * ```ts
 * epochNumber('12-9f3a01bc') // 12
 * ```
 */
export function epochNumber(epoch: Epoch): number {
  const match = EPOCH.exec(epoch)
  if (match === null)
    throw new NoticeboardError(
      'invalid-data',
      'an epoch must read <number>-<8 hex digits>, such as 1-9f3a01bc',
    )
  return Number(match[1])
}

/**
 * Whether a number can be a sequence: a whole number from 1 to 2^53-1.
 *
 * ```ts
 * isSequence(0) // false
 * ```
 */
export function isSequence(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1
}

/**
 * Orders `a` relative to `b`: `newer` means that `a` comes after `b`. Throws `invalid-data` for an
 * epoch that cannot be read.
 *
 * ```ts
 * if (comparePositions(received, seen) === 'newer') apply(received)
 * ```
 */
export function comparePositions(a: Position, b: Position): PositionOrder {
  if (a.epoch !== b.epoch) {
    const difference = epochNumber(a.epoch) - epochNumber(b.epoch)
    if (difference === 0) return 'fork'
    return difference > 0 ? 'newer' : 'older'
  }
  if (a.sequence === b.sequence) return 'same'
  return a.sequence > b.sequence ? 'newer' : 'older'
}

/**
 * Whether a position is another one or newer; false for a fork.
 *
 * ```ts
 * isAtLeast(seen, stageStart) // whether who saw that knows of the stage
 * ```
 */
export function isAtLeast(position: Position, least: Position): boolean {
  const order = comparePositions(position, least)
  return order === 'same' || order === 'newer'
}

/**
 * The position right after another, in the same epoch.
 *
 * ```ts
 * nextPosition({ epoch: '1-9f3a01bc', sequence: 42 }).sequence // 43
 * ```
 */
export function nextPosition({ epoch, sequence }: Position): Position {
  return { epoch, sequence: sequence + 1 }
}

/**
 * A position as people write it: `1-9f3a01bc:42`.
 *
 * ```ts
 * formatPosition({ epoch: '1-9f3a01bc', sequence: 42 }) // '1-9f3a01bc:42'
 * ```
 */
export function formatPosition({ epoch, sequence }: Position): string {
  return `${epoch}:${sequence}`
}

/**
 * Reads `1-9f3a01bc:42`. Throws `invalid-option` on anything else.
 *
 * ```ts
 * parsePosition(formatPosition(position))
 * ```
 */
export function parsePosition(text: string): Position {
  const position = positionIn(text, ':')
  if (position === undefined)
    throw new NoticeboardError(
      'invalid-option',
      'a position must read <epoch>:<sequence>, such as 1-9f3a01bc:42',
    )
  return position
}

/**
 * The position that a text says with another mark between its parts, as names of files have it;
 * undefined for any other text.
 *
 * ```ts
 * positionIn('1-9f3a01bc.42', '.') // { epoch: '1-9f3a01bc', sequence: 42 }
 * ```
 */
export function positionIn(text: string, mark: string): Position | undefined {
  const at = text.indexOf(mark)
  const epoch = text.slice(0, Math.max(at, 0))
  const digits = text.slice(at + 1)
  const sequence = /^[1-9][0-9]{0,15}$/.test(digits) ? Number(digits) : Number.NaN
  return isEpoch(epoch) && isSequence(sequence) ? { epoch, sequence } : undefined
}
