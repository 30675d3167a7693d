import { count, percent, sayBeyond, sayMs } from '../words.js'
import type { Miss, Row } from '../row.js'
import type { Workload } from '../workload.js'

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
 * missesOf(row, { workload, servers: 1, streams: 3_000, share: 0.0002 })
 * ```
 */
export function missesOf(
  { stalenessMs, cpu, halfOpen, missed }: Pick<Row, 'stalenessMs' | 'cpu' | 'halfOpen' | 'missed'>,
  {
    workload,
    servers,
    streams,
    share,
  }: {
    readonly workload: Workload
    readonly servers: number
    /** Open streams of each server. */
    readonly streams: number
    /** The share of clients on dead streams. */
    readonly share: number
  },
): readonly Miss[] {
  const { killSwitchMs, routineMs } = workload
  const { all } = stalenessMs
  const misses: Miss[] = []
  if (all > killSwitchMs)
    misses.push({
      what: 'kill-switch',
      text: `a kill switch takes ${sayBeyond(all, killSwitchMs)}, and has ${sayMs(killSwitchMs)}`,
    })
  if (all > routineMs)
    misses.push({
      what: 'routine',
      text: `a change takes ${sayBeyond(all, routineMs)}, and has ${sayMs(routineMs)}`,
    })
  const deadlineMs = deadlineOf(workload)
  if (share > MOST_HALF_OPEN && halfOpen.worstMs > deadlineMs)
    misses.push({
      what: 'half-open',
      text: `${percent(share)} of the clients wait on dead streams at any time, for up to ${sayBeyond(halfOpen.worstMs, deadlineMs)}, and have ${sayMs(deadlineMs)}`,
    })
  if (cpu.share / servers > BUSY)
    misses.push({
      what: 'processor',
      text: `each server is busy for ${percent(cpu.share / servers)} of a processor before anything happens`,
    })
  if (streams > MOST_STREAMS)
    misses.push({
      what: 'connections',
      text: `each server holds ${count(streams)} streams, and takes ${count(MOST_STREAMS)}`,
    })
  if (missed > 0)
    misses.push({ what: 'missed', text: `a change never reached ${count(missed)} of the clients` })
  return misses
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
