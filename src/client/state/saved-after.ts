import type { SavedReadmission, SavedSnapshot, SavedState } from '../../contracts/state.js'
import { MAX_GOOD, MAX_READMITTED } from '../../core/limits.js'
import type { Release } from '../../core/release/release.js'
import { armOf } from '../../core/release/target.js'
import type { Saveable } from '../apply/events.js'
import type { ReceivedRelease } from '../apply/pending.js'

/** What the end of an attempt with a transport's release changes of what is kept on disk. */
export function savedAfter(
  state: SavedState,
  { release, origin, position }: ReceivedRelease,
  end: Saveable<unknown>,
): Partial<SavedState> {
  const good = stillGood(state, release)
  if (end.type === 'kept') return good
  const current = { current: end.saved }
  if (end.type === 'prepared' && end.restores === true) return { ...good, ...current }
  if (origin === 'network') return { ...good, ...current, applied: position }
  // A bare document's positions begin anew at each start, and must not stand against a publisher's.
  const isOwn = state.applied === undefined || state.current?.digest === end.saved.digest
  return { ...good, ...(isOwn && current) }
}

/**
 * Last-known-good without what a release withdraws: that is no fallback any more. What the release
 * names as stable is a candidate no more.
 */
export function stillGood({ good }: SavedState, release: Release): Pick<SavedState, 'good'> {
  return {
    good: good
      .filter(({ digest }) => release.withdrawn?.includes(digest) !== true)
      .map(saved => withoutMark(saved, release)),
  }
}

function withoutMark(saved: SavedSnapshot, release: Release): SavedSnapshot {
  const { candidate, ...stable } = saved
  return candidate === true && armOf(release, saved.digest) === 'stable' ? stable : saved
}

/** What releases readmitted, with what the newest one does. */
export function withReadmitted(
  { readmitted = [] }: SavedState,
  added: readonly SavedReadmission[],
): Required<Pick<SavedState, 'readmitted'>> {
  const others = readmitted.filter(({ digest }) => !added.some(other => other.digest === digest))
  return { readmitted: [...others, ...added].slice(-MAX_READMITTED) }
}

/**
 * Last-known-good with one more generation in front, each digest once. What the newest release
 * withdraws runs on where nothing else may, and is no fallback however long it does.
 */
export function withGood(
  { good }: SavedState,
  earned: SavedSnapshot,
  newest: Release | undefined,
): Pick<SavedState, 'good'> {
  if (newest?.withdrawn?.includes(earned.digest) === true) return { good }
  return { good: [earned, ...good.filter(({ digest }) => digest !== earned.digest)].slice(0, MAX_GOOD) }
}
