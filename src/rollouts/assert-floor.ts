import { NoticeboardError } from '../contracts/errors.js'
import { isLine } from '../core/json/text.js'
import { checkOptions } from '../core/options.js'
import type { RolloutFloor } from './floor.js'

/**
 * Throws `invalid-option`, naming the member, for what is no floor: a mistyped one would hold
 * nobody back. `whose` says where it stands: `floor of createPublisher()`.
 *
 * ```ts
 * assertFloor('floor of createPublisher()', { firstStage: 1, minQuorum: 0.9 })
 * ```
 */
export function assertFloor(whose: string, floor: RolloutFloor): void {
  checkOptions(whose, floor, {
    staged: true,
    firstStage: true,
    growth: true,
    minBakeMs: true,
    minWatchMs: true,
    minQuorum: true,
    gates: true,
  })
  const { staged, firstStage, growth, minBakeMs, minWatchMs, minQuorum, gates } = floor
  const assert = (isFine: boolean, wanted: string): void => {
    if (!isFine) throw new NoticeboardError('invalid-option', `${whose}: ${wanted}`)
  }
  assert(staged === undefined || typeof staged === 'boolean', 'staged must be true or false')
  assert(
    firstStage === undefined || (Number.isInteger(firstStage) && firstStage >= 1),
    'firstStage must be a whole number of clients from 1',
  )
  assert(isFrom(1, growth), 'growth must be a number from 1, such as 10')
  assert(isFrom(0, minBakeMs), 'minBakeMs must be a number of milliseconds from 0')
  assert(isFrom(0, minWatchMs), 'minWatchMs must be a number of milliseconds from 0')
  assert(
    isFrom(0, minQuorum) && (minQuorum === undefined || minQuorum <= 1),
    'minQuorum must be a share from 0 to 1, such as 0.9',
  )
  assert(
    gates === undefined || (Array.isArray(gates) && gates.every(name => isLine(name))),
    'gates must be a list of the names of gates',
  )
}

function isFrom(least: number, value: number | undefined): boolean {
  return value === undefined || (Number.isFinite(value) && value >= least)
}
