import { count, percent, sayMs } from '../words.js'
import type { Miss, Row } from '../row.js'
import type { Workload } from '../workload.js'

/** Beyond this share of a processor a server's queue grows with every hiccup. */
const BUSY = 0.7

/** More clients than this share on dead streams is not "all but a few". */
const MOST_HALF_OPEN = 0.01

/** How many streams a server takes unless it is told otherwise. */
const MOST_STREAMS = 50_000

/**
 * Why a model does not fit a workload; nothing where it does. A deadline holds for the clients that
 * are there and whose connection lives, as long as the others are fewer than one in a hundred.
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
      text: `a kill switch takes ${sayMs(all)}, and has ${sayMs(killSwitchMs)}`,
    })
  if (all > routineMs)
    misses.push({ what: 'routine', text: `a change takes ${sayMs(all)}, and has ${sayMs(routineMs)}` })
  if (share > MOST_HALF_OPEN && halfOpen.worstMs > Math.min(killSwitchMs, routineMs))
    misses.push({
      what: 'half-open',
      text: `${percent(share)} of the clients wait on dead streams at any time, for up to ${sayMs(halfOpen.worstMs)}`,
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
