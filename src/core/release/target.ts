import type { Identity } from '../../contracts/identity.js'
import type { Digest } from '../../contracts/names.js'
import type { Hasher } from '../../contracts/system.js'
import { isExposed } from './audience.js'
import { labelsMatch } from './labels.js'
import type { Arm, Release, Variant } from './release.js'

/**
 * What part of the fleet a snapshot is for: the clients that are exposed to it first, or all
 * others.
 */
export type ArmName = 'candidate' | 'stable'

/**
 * What a release asks of one client. `keep`: nothing that it has not refused; it stays with what it
 * has.
 */
export type Target =
  | {
      readonly arm: ArmName
      /** The sequence of the release that first named the snapshot, in its epoch. */
      readonly version: number
      readonly digest: Digest
      /** The size of the snapshot, in bytes. */
      readonly bytes: number
    }
  | { readonly arm: 'keep' }

/**
 * Which snapshot a client runs: a pure function of the release, the identity and what it has
 * refused. An order of preference: the candidate if exposed, then stable, then what the client has.
 *
 * ```ts
 * const wanted = target(release, { identity, refused: () => false, hasher: systemHasher })
 * ```
 */
export function target(release: Release, { identity, refused, hasher }: TargetContext): Target {
  const { candidate, audience, stable } = release
  if (candidate !== undefined && audience !== undefined && isExposed(audience, identity, hasher)) {
    const variant = variantFor(candidate, identity)
    if (!refused(variant.digest)) return { arm: 'candidate', version: candidate.version, ...pick(variant) }
  }
  const variant = variantFor(stable, identity)
  return refused(variant.digest)
    ? { arm: 'keep' }
    : { arm: 'stable', version: stable.version, ...pick(variant) }
}

/**
 * The arm of a release that a snapshot belongs to; undefined when neither names it. One that both
 * name is stable: nobody runs anything else.
 *
 * ```ts
 * const arm = armOf(release, running.digest)
 * ```
 */
export function armOf({ stable, candidate }: Release, digest: Digest): ArmName | undefined {
  const names = (arm: Arm): boolean => arm.variants.some(variant => variant.digest === digest)
  if (names(stable)) return 'stable'
  return candidate !== undefined && names(candidate) ? 'candidate' : undefined
}

/** Who asks what a release wants of it. */
export interface TargetContext {
  readonly identity: Identity
  /** Whether this client refused a snapshot, and is not to run it again. */
  readonly refused: (digest: Digest) => boolean
  readonly hasher: Hasher
}

/**
 * The variant of an arm for a client: the first whose labels match; the last one has no condition.
 *
 * ```ts
 * const { digest } = variantFor(release.stable, { labels: { region: 'eu' } })
 * ```
 */
export function variantFor({ variants }: Pick<Arm, 'variants'>, identity: Pick<Identity, 'labels'>): Variant {
  return variants.find(({ when }) => when === undefined || labelsMatch(when, identity)) ?? variants[0]
}

function pick({ digest, bytes }: Variant): { readonly digest: Digest; readonly bytes: number } {
  return { digest, bytes }
}
