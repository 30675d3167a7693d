import { defaultPeriods } from '../../core/defaults.js'
import { deadStreamTimes } from '../../strategies/watch/mark-patience.js'
import type { Kind } from '../costs/costs.js'
import type { Recovery } from '../row.js'
import type { Shape } from '../shape.js'
import { isInline, REQUEST_TRIPS, sendsDeltas } from './counts.js'
import { onlineOf, processesOf, serversOf } from './processes.js'
import { serviceOf } from './service.js'
import { timesOf, type TimesBasis } from './times.js'

/** Of how many clients one is on a dead link, or away, when a change comes: at every depth. */
export const ONE_IN = 10

/** For how long nothing comes through a link that dies, in milliseconds: at every depth. */
export const CUT_MS = 1_000

/**
 * How long a change takes to clients whose link died as it came, from `publish()` on: nothing came
 * through for a second, and a stream brings nothing any more. It died just after a mark, so that
 * the next one is missed the latest: the client asks beside it then. Who polls waits for the next
 * poll, and where that was lost in the second, until it is given up and made again.
 *
 * ```ts
 * linkRecoveryOf(pushModel().shape, { workload, costs }).all // 13.2 s, and two requests
 * ```
 */
export function linkRecoveryOf(shape: Shape, basis: TimesBasis): Recovery {
  const { workload } = basis
  const service = serviceOf(shape, basis)
  const fetched: Kind = sendsDeltas(shape, workload) ? 'delta' : 'snapshot'
  const besideMs =
    2 * REQUEST_TRIPS * workload.rttMs +
    service.occupiedMs('release') +
    service.occupiedMs(fetched) +
    service.transferMs('release') +
    service.transferMs(fetched) +
    service.appliedMs
  if (shape.type === 'stream') {
    const { asks } = deadStreamTimes(shape.heartbeatMs)
    return { half: asks.meanMs + besideMs, all: asks.latestMs + besideMs }
  }
  const { half, all } = timesOf(shape, basis)
  const { timeoutMs, backoff } = defaultPeriods
  const againMs = CUT_MS + timeoutMs + backoff.baseMs + besideMs
  // Polls of half of an interval, but for those that were lost.
  const isMostlyLost = half - besideMs < CUT_MS
  return { half: isMostlyLost ? againMs : half + CUT_MS, all: Math.max(all, againMs) }
}

/**
 * How long a change takes to a tenth of the fleet that was away when it came, and starts at once,
 * from that start on: all of them ask, and behind that wait for what they missed.
 *
 * ```ts
 * tenthRecoveryOf(hybridModel().shape, { workload, costs }).all
 * ```
 */
export function tenthRecoveryOf(shape: Shape, basis: TimesBasis): Recovery {
  const { workload } = basis
  const service = serviceOf(shape, basis)
  const away = onlineOf(workload) / ONE_IN
  const inline = isInline(shape, workload.documentBytes)
  // Who starts without a document has nothing that a delta could lead from.
  const deltas = workload.keepsState && sendsDeltas(shape, workload)
  const asked: Kind = shape.type === 'stream' ? 'connect' : 'release'
  const brought: Kind = inline ? (deltas ? 'deltaDelivery' : 'delivery') : deltas ? 'delta' : 'snapshot'
  const fixedMs =
    (inline ? 1 : 2) * REQUEST_TRIPS * workload.rttMs +
    service.transferMs(asked) +
    service.transferMs(brought) +
    (deltas ? service.appliedMs : 0)
  const at = (share: number): number => {
    const perProcess = away / processesOf(shape, workload)
    const sharedMs = service.sharedMs(asked) + (inline ? 0 : service.sharedMs(brought))
    return (
      fixedMs +
      Math.max(
        perProcess * (service.occupiedMs(asked) + share * service.occupiedMs(brought)),
        (share * away * sharedMs) / serversOf(shape, workload),
      )
    )
  }
  return { half: at(0.5), all: at(1) }
}
