import type { Digest } from '../../contracts/names.js'
import type { SavedSnapshot } from '../../contracts/state.js'
import type { RefusedSnapshot } from '../apply/events.js'
import type { Pending } from '../apply/pending.js'

/** What came into force last, as long as a probe may not confirm it. */
export interface Trialled {
  readonly pending: Pending
  readonly saved: SavedSnapshot
  /** What ran before it. */
  readonly previous: SavedSnapshot | undefined
  readonly overridden: boolean
}

/** What an operator does in an incident: a probe that is red anyway does not take it back. */
const BY_HAND: ReadonlySet<string> = new Set(['rollback', 'abort', 'retreat', 'kill'])

/**
 * Whether a probe may take a snapshot back: there is something that ran before it, it was not
 * earned before, and it is not what an operator puts up in an incident.
 */
export function mayRevert(
  pending: Pending,
  digest: Digest,
  { runs, good }: { readonly runs: SavedSnapshot | undefined; readonly good: readonly SavedSnapshot[] },
): boolean {
  if (pending.type === 'saved-version' || BY_HAND.has(pending.release.cause)) return false
  return runs !== undefined && good.every(earned => earned.digest !== digest)
}

/** Why a snapshot is taken back. */
export function unconfirmed({ saved, overridden }: Trialled, confirmMs: number): RefusedSnapshot {
  const { digest, version } = saved
  const message = `the health probe did not confirm it within ${confirmMs} ms`
  return {
    digest,
    version,
    code: 'unhealthy',
    issues: [{ path: '', message, validator: 'health' }],
    overridden,
    reverted: true,
  }
}
