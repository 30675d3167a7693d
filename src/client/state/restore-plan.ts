import { comparePositions } from '../../contracts/position.js'
import type { SavedState } from '../../contracts/state.js'
import type { IdentifiedRelease } from '../../core/release/release.js'
import type { Pending } from '../apply/pending.js'

/**
 * What a restart tries to bring back from disk alone, best first: what the newest release asks for,
 * if that was applied; then what ran; then last-known-good.
 */
export function restorePlan(state: SavedState, seen: IdentifiedRelease | undefined): readonly Pending[] {
  const { current, good, applied: position } = state
  const saved = current === undefined ? good : [current, ...good]
  const versions = saved.map((saved): Pending => ({ type: 'saved-version', saved, position }))
  if (seen === undefined || position === undefined || comparePositions(seen.position, position) !== 'same')
    return versions
  return [{ type: 'saved-release', release: seen.release, position }, ...versions]
}
