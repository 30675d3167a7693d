import { count, percent, sayApart, sayBeyond, sayMs } from '../words.js'
import type { Miss, Row } from '../row.js'
import type { Workload } from '../workload.js'

const DAY_MS = 86_400_000

/** Beyond this share of a processor a server's queue grows with every hiccup. */
const BUSY = 0.7

/** More clients than this share on dead streams is not "all but a few". */
export const MOST_HALF_OPEN = 0.01

/** How many streams a server takes unless it is told otherwise. */
const MOST_STREAMS = 50_000

/**
 * Why a model does not fit a workload; nothing where it does. A deadline holds for the clients that
 * are there and whose connection lives; from one in a hundred on also for those whose connection is
 * dead without their knowing.
 *
 * ```ts
 * missesOf(row, { workload, keepsUp: true, processes: 1, servedBy: 'server', servingMs, sharingMs: 0, streams: 3_000, share: 0.0002 })
 * ```
 */
export function missesOf(
  { stalenessMs, halfOpen, missed }: Pick<Row, 'stalenessMs' | 'halfOpen' | 'missed'>,
  {
    workload,
    keepsUp,
    processes,
    servedBy,
    servingMs,
    sharingMs,
    streams,
    share,
  }: {
    readonly workload: Workload
    /** Whether the servers do in a day what comes in a day; if not, no time holds. */
    readonly keepsUp: boolean
    /** How many processes serve, and what they are. */
    readonly processes: number
    readonly servedBy: 'server' | 'worker' | 'folder'
    /**
     * What all of these take of a processor in a day, and what the process of one server takes that
     * shares its connections out, in milliseconds.
     */
    readonly servingMs: number
    readonly sharingMs: number
    /** Open streams of each process. */
    readonly streams: number
    /** The share of clients on dead streams. */
    readonly share: number
  },
): readonly Miss[] {
  const { killSwitchMs, routineMs } = workload
  const { all } = stalenessMs
  const misses: Miss[] = []
  if (keepsUp && all > killSwitchMs)
    misses.push({
      what: 'kill-switch',
      text: `a kill switch ${sayTaken(all, killSwitchMs)} (deadline: ${sayMs(killSwitchMs)})`,
    })
  if (keepsUp && all > routineMs)
    misses.push({
      what: 'routine',
      text: `a routine change ${sayTaken(all, routineMs)} (deadline: ${sayMs(routineMs)})`,
    })
  const deadlineMs = deadlineOf(workload)
  if (keepsUp && share > MOST_HALF_OPEN && halfOpen.worstMs > deadlineMs)
    misses.push({
      what: 'half-open',
      text: `${percent(share)} of the clients are on dead streams at any time, and have a change after up to ${sayBeyond(halfOpen.worstMs, deadlineMs)} (deadline: ${sayMs(deadlineMs)})`,
    })
  const each =
    servedBy === 'folder'
      ? 'what serves the folder, counted as a server of this library,'
      : `each ${servedBy}`
  for (const [who, ms] of [
    [each, servingMs / processes],
    ['the process that shares connections out', sharingMs],
  ] as const)
    if (ms / DAY_MS > BUSY)
      misses.push({
        what: 'processor',
        text: `${who} is busy for ${sayApart(percent, ms / DAY_MS, BUSY)} of a processor in the mean of a day with its changes and restarts; ${percent(BUSY)} is the most${ms > DAY_MS ? '; its queue grows all day, so there are no times' : ''}`,
      })
  if (streams > MOST_STREAMS)
    misses.push({
      what: 'connections',
      text: `${each} holds ${count(Math.ceil(streams))} streams, and takes ${count(MOST_STREAMS)}`,
    })
  if (missed > 0)
    misses.push({ what: 'missed', text: `a change never reached ${count(missed)} of the clients` })
  return misses
}

function sayTaken(ms: number, deadlineMs: number): string {
  return ms === Infinity ? 'never reaches anybody' : `takes ${sayBeyond(ms, deadlineMs)}`
}

/**
 * By when a change has to be everywhere: the shorter of the two deadlines, since both are met by
 * the same delivery.
 *
 * ```ts
 * deadlineOf({ killSwitchMs: 5_000, routineMs: 60_000 }) // 5,000
 * ```
 */
export function deadlineOf({
  killSwitchMs,
  routineMs,
}: Pick<Workload, 'killSwitchMs' | 'routineMs'>): number {
  return Math.min(killSwitchMs, routineMs)
}
