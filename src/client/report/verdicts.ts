import type { SnapshotVerdict } from '../../contracts/report.js'
import type { Quarantine, Refusal } from '../../contracts/state.js'
import { MAX_VERDICTS } from '../../core/limits.js'

/** A refusal, and whether this client's own overrides had a part in it. */
export interface KnownRefusal extends Refusal {
  readonly overridden: boolean
}

/** What a client found out about snapshots, the latest at the end, four at most. */
export function verdictsOf(
  refused: readonly KnownRefusal[],
  quarantined: readonly Quarantine[],
): readonly SnapshotVerdict[] {
  const found = [
    ...refused.map(refusal => ({ at: refusal.at, verdict: verdictOf(refusal) })),
    // All of them last equally long, so the one that ends last began last.
    ...quarantined.map(({ digest, until }) => ({
      at: until,
      verdict: { digest, verdict: 'quarantined' } as const,
    })),
  ]
  return found
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .slice(-MAX_VERDICTS)
    .map(({ verdict }) => verdict)
}

function verdictOf(refusal: KnownRefusal): SnapshotVerdict {
  const { digest, code, reverted, overridden } = refusal
  return {
    digest,
    verdict: reverted === true ? 'reverted' : 'rejected',
    code,
    ...placeOf(refusal),
    ...(overridden && { overridden: true as const }),
  }
}

/** Where a refusal was, without what is empty. */
export function placeOf({
  validator = '',
  path = '',
}: Partial<Refusal>): Pick<SnapshotVerdict, 'validator' | 'path'> {
  return { ...(validator !== '' && { validator }), ...(path !== '' && { path }) }
}
