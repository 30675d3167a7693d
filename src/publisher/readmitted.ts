import { digestsOf, type Readmission, type Release } from '../core/release/release.js'

/**
 * How many readmissions of earlier releases are said again: each takes room that a step may need.
 */
const MAX_KEPT = 8

/** What the readmissions of a release follow from. */
export interface Readmissions {
  /** The release before. */
  readonly before: Release | undefined
  readonly added: readonly Readmission[] | undefined
  readonly next: Release
}

/**
 * Lists what the release that follows readmits: what is new, and what the release before readmitted
 * and is named by this one too, with where that was said first. A client that was not there for one
 * release must not miss it. An epoch begins anew; past eight the oldest are left out.
 *
 * ```ts
 * const readmit = listReadmitted({ before: head.release, added: [{ digest, reason }], next: release })
 * ```
 */
export function listReadmitted({ before, added = [], next }: Readmissions): readonly Readmission[] {
  const isAdded = (digest: string): boolean => added.some(other => other.digest === digest)
  const named = digestsOf(next)
  const kept: readonly Readmission[] =
    before === undefined || before.epoch !== next.epoch
      ? []
      : (before.readmit ?? [])
          .filter(({ digest }) => named.includes(digest) && !isAdded(digest))
          .map(({ digest, reason, since = before.sequence }) => ({ digest, reason, since }))
  return [...kept.slice(-MAX_KEPT), ...added]
}
