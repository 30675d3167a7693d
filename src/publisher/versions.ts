import type { Epoch } from '../contracts/position.js'
import { canonicalize } from '../core/json/canonical.js'
import type { Arm, Release } from '../core/release/release.js'

/**
 * Which version number an arm has in an epoch. Remembers what it read of the log, so a publisher
 * reads it once.
 */
export interface VersionIndex {
  /**
   * The sequence that first named these snapshots in the epoch of `newest`; undefined when none
   * has. Reads the log, newest first, only as far back as it was not read before.
   */
  find(
    variants: Arm['variants'],
    newest: Release,
    log: () => AsyncIterable<{ readonly release: Release }>,
  ): Promise<number | undefined>
}

/**
 * An index that knows nothing yet.
 *
 * ```ts
 * const versions = createVersionIndex()
 * const version = await versions.find(variants, newest, () => readHistory(context, { signal }))
 * ```
 */
export function createVersionIndex(): VersionIndex {
  let epoch: Epoch | undefined
  let readTo = 0
  let known = new Map<string, number>()

  const learn = ({ stable, candidate }: Release): void => {
    for (const arm of candidate === undefined ? [stable] : [stable, candidate]) {
      const key = canonicalize(arm.variants)
      known.set(key, Math.min(arm.version, known.get(key) ?? arm.version))
    }
  }

  return {
    async find(variants, newest, log) {
      if (newest.epoch !== epoch) {
        epoch = newest.epoch
        readTo = 0
        known = new Map()
      }
      const key = canonicalize(variants)
      learn(newest)
      // The number that a release states for its own arm is right; only arms that no release read
      // so far names need the rest of the log.
      if (known.has(key) || readTo >= newest.sequence) return known.get(key)
      for await (const { release } of log()) {
        if (release.epoch !== epoch || release.sequence <= readTo) break
        learn(release)
        if (known.has(key)) return known.get(key)
      }
      readTo = Math.max(readTo, newest.sequence)
      return known.get(key)
    },
  }
}
