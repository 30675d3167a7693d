import type { Epoch } from '../contracts/position.js'
import { canonicalize } from '../core/json/canonical.js'
import { armsOf, type Arm, type Release } from '../core/release/release.js'

/**
 * Which version number an arm has in an epoch. Remembers what it read of the log, so a publisher
 * reads it once.
 */
export interface VersionIndex {
  /** Whether {@link VersionIndex.find} would read more of the log than is soon done. */
  isFar(variants: Arm['variants'], newest: Release): boolean
  /** Takes note that no release up to `newest` names these snapshots. */
  ruleOut(variants: Arm['variants'], newest: Release): void
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

/** How many releases are read without asking first whether they need be. */
const SOON_READ = 64

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
  /** The lowest version of each arm that a release was read of. */
  let known = new Map<string, number>()
  /** Up to which sequence no release names an arm. */
  let absentTo = new Map<string, number>()

  const turnTo = (newest: Release): void => {
    if (newest.epoch === epoch) return
    epoch = newest.epoch
    readTo = 0
    known = new Map()
    absentTo = new Map()
  }

  const learn = (release: Release): void => {
    for (const arm of armsOf(release)) {
      const key = canonicalize(arm.variants)
      known.set(key, Math.min(arm.version, known.get(key) ?? arm.version))
    }
  }

  const floorOf = (key: string): number => Math.max(readTo, absentTo.get(key) ?? 0)

  return {
    isFar(variants, newest) {
      turnTo(newest)
      learn(newest)
      const key = canonicalize(variants)
      return !known.has(key) && newest.sequence - floorOf(key) > SOON_READ
    },

    ruleOut(variants, newest) {
      turnTo(newest)
      absentTo.set(canonicalize(variants), newest.sequence)
    },

    async find(variants, newest, log) {
      turnTo(newest)
      const key = canonicalize(variants)
      learn(newest)
      const floor = floorOf(key)
      // The number that a release states for its own arm is right; only arms that no release read
      // so far names need the rest of the log.
      if (known.has(key) || floor >= newest.sequence) return known.get(key)
      for await (const { release } of log()) {
        if (release.epoch !== epoch || release.sequence <= floor) break
        learn(release)
        if (known.has(key)) return known.get(key)
      }
      if (floor === readTo) readTo = newest.sequence
      else absentTo.set(key, newest.sequence)
      return undefined
    },
  }
}
