import { MIN_DELTA_SNAPSHOT_BYTES } from '../limits.js'

/**
 * The longest delta that a snapshot of some length may have, in bytes: half of it; 0 for a snapshot
 * that is too short to have any.
 *
 * ```ts
 * const delta = await transport.delta({ namespace, digest, base, maxBytes: maxDeltaBytes(variant.bytes) }, signal)
 * ```
 */
export function maxDeltaBytes(snapshotBytes: number): number {
  return snapshotBytes < MIN_DELTA_SNAPSHOT_BYTES ? 0 : Math.floor(snapshotBytes / 2)
}
