import { defaultPeriods } from '../../core/defaults.js'
import type { Shape } from '../shape.js'

/** A client that looks more seldom makes a run too long, in milliseconds. */
const MOST_LOOK_MS = 60_000

/**
 * Why a real run cannot show a model, in a few words; undefined where it can. Its row is computed
 * then.
 *
 * ```ts
 * whyNotRun(hybridModel({ cdn: true }).shape) // a content delivery network is not on this machine
 * ```
 */
export function whyNotRun(shape: Shape): string | undefined {
  if (shape.type === 'stream' && shape.compressed) return 'its clients count bytes, and decode none'
  if (shape.deltas) return 'the documents of a run have nothing in common'
  if (shape.relays > 0 || shape.hops.length > 0) return 'what stands in between is not on this machine'
  if (shape.snapshots === 'cache') return 'a content delivery network is not on this machine'
  if (shape.answers === 'static') return 'a web server for a folder is not on this machine'
  if (shape.type === 'stream')
    return shape.maxConnectionAgeMs === defaultPeriods.maxConnectionAgeMs
      ? undefined
      : 'streams are renewed too soon'
  if (shape.adapts !== undefined) return 'its documents would have to be hours old'
  return shape.pollIntervalMs > MOST_LOOK_MS ? 'its clients ask too seldom for a run of minutes' : undefined
}
