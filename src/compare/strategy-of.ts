import { hybrid, pull, push } from '../strategies/index.js'
import type { Strategy } from '../contracts/strategy.js'
import type { HttpTransport } from '../transports/http/index.js'
import { adaptivePull } from './adaptive-pull.js'
import type { Shape } from './shape.js'

/**
 * What clients of a model do, told by its shape alone, which another process can be told.
 *
 * ```ts
 * strategyOf(shape, http(url))
 * ```
 */
export function strategyOf(shape: Shape, transport: HttpTransport): Strategy {
  if (shape.type === 'poll') {
    const { pollIntervalMs, sweepIntervalMs, adapts } = shape
    if (adapts !== undefined) return adaptivePull(transport, { ...adapts, mostMs: pollIntervalMs })
    return pull(transport, { pollIntervalMs, sweepIntervalMs })
  }
  return shape.inline ? push(transport) : hybrid(transport)
}
