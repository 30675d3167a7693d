import { comparePositions } from '../../contracts/position.js'
import type { Identity } from '../../contracts/identity.js'
import type { Digest } from '../../contracts/names.js'
import type { SavedSnapshot, SavedState } from '../../contracts/state.js'
import type { Hasher } from '../../contracts/system.js'
import type { IdentifiedRelease, Release } from '../../core/release/release.js'
import { armOf, target } from '../../core/release/target.js'
import type { Pending } from '../apply/pending.js'
import { isAllowed, mayRun } from './may-run.js'

/** Who restarts, and when. */
export interface RestorePlanContext {
  readonly identity: Identity
  readonly hasher: Hasher
  /** The fleet's time, in milliseconds since 1970. */
  readonly nowMs: number
}

/**
 * What a restart tries to bring back from disk alone, best first: what the newest release asks for;
 * then its stable snapshot; then last-known-good; then what ran. What that release withdraws is not
 * among it, nor a candidate that this client is not exposed to, or that was given up for another
 * one. Without a release that can be read, what ran comes first.
 */
export function restorePlan(
  state: SavedState,
  seen: IdentifiedRelease | undefined,
  context: RestorePlanContext,
): readonly Pending[] {
  const { current, good, applied: position } = state
  const ran = current === undefined ? [] : [current]
  const version = (saved: SavedSnapshot): Pending => ({ type: 'saved-version', saved, position })
  if (seen === undefined) return [...ran, ...good].map(version)
  const { release } = seen
  const others = good.some(({ digest }) => digest === current?.digest) ? good : [...good, ...ran]
  const isApplied = position !== undefined && comparePositions(seen.position, position) === 'same'
  if (!isApplied && isYetToCome(release, context))
    return others.filter(saved => isAllowed(saved, release, context)).map(version)
  const runnable = others.filter(saved => mayRun(saved, release, context))
  // A candidate that is not on disk yet is no reason to run what this client was told to leave.
  const stable = stableOf(release, context)
  const isStable = ({ digest }: SavedSnapshot): boolean => digest === stable
  const ordered = [...runnable.filter(isStable), ...runnable.filter(saved => !isStable(saved))]
  return [{ type: 'saved-release', release, position: seen.position }, ...ordered.map(version)]
}

/** What a release asks of this client if it runs no candidate. */
function stableOf(release: Release, { identity, hasher }: RestorePlanContext): Digest | undefined {
  const refused = (digest: Digest): boolean => armOf(release, digest) === 'candidate'
  const wanted = target(release, { identity, refused, hasher })
  return wanted.arm === 'keep' ? undefined : wanted.digest
}

function isYetToCome({ activateAt }: Release, { nowMs }: RestorePlanContext): boolean {
  return activateAt !== undefined && Date.parse(activateAt) > nowMs
}
