import { KINDS, REQUESTS, type Kind } from '../costs/costs.js'
import type { Shape } from '../shape.js'
import type { Workload } from '../workload.js'
import { countsOf } from './counts.js'
import { onlineOf, processesOf } from './processes.js'

/** What a process does although nothing changes, as shares of its time; nothing without streams. */
export interface Steady {
  /** Its processor works, its line sends, and one of the two is occupied with requests. */
  readonly working: number
  readonly sending: number
  readonly answering: number
  /** How long what comes waits in the mean until all before it is done, in milliseconds. */
  readonly backlogMs: number
}

/**
 * A server that has more than this to do falls behind for good. It is taken to have so much at most,
 * and to be a hundred times as slow, so that its times stay numbers; it does not fit in any case.
 */
export const BUSIEST = 0.99

const DAY_MS = 86_400_000

/** What one event takes, in milliseconds. */
type Takes = (kind: Kind) => number

/**
 * What each process that holds streams does although nothing changes: marks, sweeps, reports, and
 * streams that are renewed. Requests wait as in a queue in which they come at any time (Pollaczek
 * and Khinchine); marks come all at once, and are part of the shares alone.
 *
 * ```ts
 * steadyOf(shape, { workload, workedMs, sentMs, servedMs }).working // 0.034
 * ```
 */
export function steadyOf(
  shape: Shape | undefined,
  {
    workload,
    workedMs,
    sentMs,
    servedMs,
  }: {
    readonly workload: Workload
    /** Of its processor, of its line, and of the slower of the two. */
    readonly workedMs: Takes
    readonly sentMs: Takes
    readonly servedMs: Takes
  },
): Steady {
  if (shape?.type !== 'stream') return { working: 0, sending: 0, answering: 0, backlogMs: 0 }
  const perProcess = onlineOf(workload) / processesOf(shape, workload)
  const { day } = countsOf(shape, workload)
  let [working, sending, answering, waitMs] = [0, 0, 0, 0]
  for (const kind of KINDS) {
    const perMs = ((day[kind] ?? 0) * perProcess) / DAY_MS
    if (perMs === 0) continue
    working += perMs * workedMs(kind)
    sending += perMs * sentMs(kind)
    if (!REQUESTS.has(kind)) continue
    answering += perMs * servedMs(kind)
    waitMs += (perMs * servedMs(kind) ** 2) / 2
  }
  const bounded = (share: number): number => Math.min(BUSIEST, share)
  return {
    working: bounded(working),
    sending: bounded(sending),
    answering: bounded(answering),
    backlogMs: waitMs / (1 - bounded(Math.max(working, sending))),
  }
}
