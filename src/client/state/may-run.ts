import type { Identity } from '../../contracts/identity.js'
import type { SavedSnapshot } from '../../contracts/state.js'
import type { Hasher } from '../../contracts/system.js'
import { isExposed } from '../../core/release/audience.js'
import type { Release } from '../../core/release/release.js'
import { armOf } from '../../core/release/target.js'

/** Who asks. */
export interface MayRunContext {
  readonly identity: Identity
  readonly hasher: Hasher
}

/**
 * Whether a client may run, under a release, a snapshot that it has: what the release names for it,
 * and of what it does not name neither what it withdraws nor a candidate that was given up.
 */
export function mayRun(saved: SavedSnapshot, release: Release, context: MayRunContext): boolean {
  return isAllowed(saved, release, context) && !isGivenUp(saved, release)
}

/** The same until the release comes into force: the one before it may name the candidate. */
export function isAllowed(
  { digest }: SavedSnapshot,
  release: Release,
  { identity, hasher }: MayRunContext,
): boolean {
  switch (armOf(release, digest)) {
    case 'stable':
      return true
    case 'candidate':
      return release.audience !== undefined && isExposed(release.audience, identity, hasher)
    case undefined:
      return release.withdrawn?.includes(digest) !== true
  }
}

/** Whether it is a candidate that never became stable, and that the release does not name. */
function isGivenUp({ digest, candidate }: SavedSnapshot, release: Release): boolean {
  return candidate === true && armOf(release, digest) === undefined
}
