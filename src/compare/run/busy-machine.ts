import { availableParallelism, loadavg } from 'node:os'
import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'

/** How many wanted a processor during the last minute, and how many processors there are. */
export interface MachineLoad {
  readonly load: number
  readonly processors: number
}

/** From so many for each processor on, a machine is called busy. */
const BUSY = 1.5

/** How many times the usual time a busy machine is given at most. */
const LONGEST = 12

/**
 * What this machine has to do.
 *
 * ```ts
 * const { load, processors } = thisMachine()
 * ```
 */
export function thisMachine(): MachineLoad {
  return { load: loadavg()[0] ?? 0, processors: availableParallelism() }
}

/**
 * How many times as long as usual an answer may take on a machine: 1 where it has little to do.
 *
 * ```ts
 * patienceOf({ load: 6, processors: 2 }) // 3
 * ```
 */
export function patienceOf({ load, processors }: MachineLoad): number {
  return Math.min(LONGEST, Math.max(1, load / processors))
}

/**
 * What to say of a busy machine; undefined of any other.
 *
 * ```ts
 * sayBusy(thisMachine())
 * ```
 */
export function sayBusy({ load, processors }: MachineLoad): string | undefined {
  if (load / processors < BUSY) return undefined
  return `this machine is busy, with a load of ${load.toFixed(1)} on ${processors} processors`
}

/**
 * An error of a measurement; what came too late on a busy machine says that the machine was busy.
 *
 * ```ts
 * throw blamingMachine(error, thisMachine())
 * ```
 */
export function blamingMachine(error: unknown, machine: MachineLoad): unknown {
  const busy = sayBusy(machine)
  if (busy === undefined || !isNoticeboardError(error, 'unavailable')) return error
  return new NoticeboardError(
    'unavailable',
    `${error.message}; ${busy}: measure again when it has less to do`,
    { cause: error },
  )
}
