import { NoticeboardError } from '../../contracts/errors.js'
import type { Random } from '../../contracts/system.js'
import { copyBytes } from '../../core/json/text.js'
import type { Fault, FaultPlan, FaultyCall } from './plan.js'

/** Draws which faults a call meets, and counts calls. */
export interface Draw {
  (call: FaultyCall): readonly Fault[]
}

/** Throws `invalid-option` when the plan makes no sense. */
export function createDraw({ faults }: FaultPlan, random: Random): Draw {
  for (const { type, chance = 1, from = 1 } of faults) {
    if (!(chance >= 0 && chance <= 1))
      throw new NoticeboardError(
        'invalid-option',
        `the chance of a fault (${type}) must be a number from 0 to 1`,
      )
    if (!(from >= 1))
      throw new NoticeboardError(
        'invalid-option',
        `\`from\` of a fault (${type}) must be 1 or more: calls are counted from 1`,
      )
  }
  const counts = new Map<FaultyCall, number>()
  return call => {
    const count = (counts.get(call) ?? 0) + 1
    counts.set(call, count)
    return faults.filter(({ on, chance = 1, from = 1, to = Number.POSITIVE_INFINITY }) => {
      if (typeof on === 'string' ? on !== call : !on.includes(call)) return false
      // Drawn for every call of its kind, so that `from` and `to` do not shift what later calls
      // meet.
      const met = random.number() < chance
      return met && count >= from && count <= to
    })
  }
}

/** Cuts or changes bytes as the faults say. The bytes that come in stay as they are. */
export function injure(bytes: Uint8Array, faults: readonly Fault[], random: Random): Uint8Array {
  let injured = bytes
  for (const fault of faults) {
    if (fault.type === 'truncate')
      injured = injured.slice(0, Math.floor(injured.length * (fault.keep ?? random.number())))
    else if (fault.type === 'corrupt' && injured.length > 0) {
      injured = copyBytes(injured)
      const at = Math.floor(random.number() * injured.length)
      injured[at] = (injured[at] ?? 0) ^ (1 + Math.floor(random.number() * 255))
    }
  }
  return injured
}

/** The error that a fault stands for. */
export function failureOf(
  name: string,
  { code = 'unavailable', retryAfterMs }: Extract<Fault, { readonly type: 'fail' }>,
): NoticeboardError {
  return new NoticeboardError(
    code,
    `${name} failed as planned`,
    retryAfterMs === undefined ? {} : { retryAfterMs },
  )
}
