import type { Digest } from '../../contracts/names.js'
import { MAX_DELTAS_A_RELEASE } from '../limits.js'
import { maxDeltaBytes } from './delta-size.js'
import { armsOf, variantsOf, type Release } from './release.js'
import { pairVariants } from './variant-pairs.js'

/** Two snapshots of a namespace, of which clients go from one to the other. */
export interface DeltaPair {
  readonly base: Digest
  readonly digest: Digest
}

/** Whether a release names a snapshot that is long enough to have deltas. */
export function mayHaveDeltas(release: Release): boolean {
  return variantsOf(release).some(({ bytes }) => maxDeltaBytes(bytes) > 0)
}

/**
 * The pairs for which deltas are worth having: from what releases before the newest gave to
 * clients, the latest first, to what the newest gives to the same clients; at most 64.
 *
 * ```ts
 * for (const { base, digest } of deltaPairs(newest, [before])) console.log(base, digest)
 * ```
 */
export function deltaPairs(newest: Release, before: readonly Release[]): readonly DeltaPair[] {
  const pairs = new Map<string, DeltaPair>()
  for (const release of before)
    for (const from of armsOf(release))
      for (const to of armsOf(newest))
        for (const { before: old, after } of pairVariants(from, to)) {
          if (old.digest === after.digest || maxDeltaBytes(after.bytes) === 0) continue
          if (pairs.size === MAX_DELTAS_A_RELEASE) return [...pairs.values()]
          pairs.set(`${after.digest} ${old.digest}`, { base: old.digest, digest: after.digest })
        }
  return [...pairs.values()]
}
