import { KINDS, type Cost, type Costs, type Kind, type Making } from './costs.js'
import { recordedMaking } from './recorded.js'

/**
 * The costs of a server that takes so many times the processor time for everything. Bytes, memory
 * and what clients do stay as they are.
 *
 * ```ts
 * timesAsSlow(recordedCosts, 5)
 * ```
 */
export function timesAsSlow(costs: Costs, factor: number): Costs {
  const {
    kinds,
    making = recordedMaking,
    sharing,
    idleMsPerSecond,
    wakeMs,
    changeMs,
    streamMsPerSecond,
  } = costs
  const slower = ({ serverMs, serverMsPerKB = 0, bytes }: Cost): Cost => ({
    serverMs: factor * serverMs,
    serverMsPerKB: factor * serverMsPerKB,
    bytes,
  })
  const longer = ({ ms, msPerKB }: Making): Making => ({ ms: factor * ms, msPerKB: factor * msPerKB })
  return {
    ...costs,
    kinds: Object.fromEntries(
      KINDS.flatMap((kind): [Kind, Cost][] => {
        const cost = kinds[kind]
        return cost === undefined ? [] : [[kind, slower(cost)]]
      }),
    ) as Costs['kinds'],
    making: { delta: longer(making.delta), applied: making.applied, encoding: longer(making.encoding) },
    ...(sharing !== undefined && {
      sharing: {
        connectionMs: factor * sharing.connectionMs,
        reportMs: factor * sharing.reportMs,
        takenMs: factor * sharing.takenMs,
        changeMs: factor * sharing.changeMs,
        lookMsPerSecond: factor * sharing.lookMsPerSecond,
      },
    }),
    ...(idleMsPerSecond !== undefined && { idleMsPerSecond: factor * idleMsPerSecond }),
    ...(wakeMs !== undefined && { wakeMs: factor * wakeMs }),
    changeMs: factor * changeMs,
    streamMsPerSecond: factor * streamMsPerSecond,
  }
}
