import type { Digest } from '../contracts/names.js'
import { canonicalize } from '../core/json/canonical.js'
import { encodeText } from '../core/json/text.js'
import { MAX_RELEASE_BYTES, MAX_WITHDRAWN } from '../core/limits.js'
import { encodeRelease, type Release, type SignedRelease } from '../core/release/release.js'
import { written } from '../core/release/unread.js'

/** What the withdrawn digests of a release follow from. */
export interface Withdrawals {
  /** The list of the release before. */
  readonly before?: readonly Digest[] | undefined
  /** The digests that are withdrawn now, the newest last. */
  readonly added?: readonly Digest[] | undefined
  /** The digests that the new release's own arms name: naming one ends its withdrawal. */
  readonly named: readonly Digest[]
}

/**
 * Lists the withdrawn digests of the release that follows, each once, the newest last. A digest
 * that is withdrawn again counts as new. Past 128 the oldest are left out.
 *
 * ```ts
 * listWithdrawn({ before: [a, b], added: [a], named: [c] }) // [b, a]
 * ```
 */
export function listWithdrawn({ before = [], added = [], named }: Withdrawals): readonly Digest[] {
  const list = new Set<Digest>()
  for (const digest of [...before, ...added]) {
    // A set keeps the place of what it holds already, so a repeated digest is taken out first.
    list.delete(digest)
    list.add(digest)
  }
  for (const digest of named) list.delete(digest)
  return [...list].slice(-MAX_WITHDRAWN)
}

/** The bytes that one digest takes in a list of a release: 64 digits, two quotes and a comma. */
const BYTES_PER_DIGEST = 67

/**
 * Encodes a release with as many of the withdrawn digests as fit, the newest of them: a long list
 * must not stop a rollback. Throws `too-large` when the release is too large even without any.
 *
 * ```ts
 * const { release, bytes } = encodeFitting(statement, listWithdrawn({ before, added, named }))
 * ```
 */
export function encodeFitting(release: Release, withdrawn: readonly Digest[]): SignedRelease {
  const sizeWithAll = encodeText(
    canonicalize({ release: written({ ...release, withdrawn }), signatures: [] }),
  ).length
  const excess = Math.max(0, sizeWithAll - MAX_RELEASE_BYTES)
  const kept = withdrawn.slice(Math.ceil(excess / BYTES_PER_DIGEST))
  const fitting: Release = { ...release, ...(kept.length > 0 && { withdrawn: kept }) }
  return { release: fitting, signatures: [], bytes: encodeRelease(fitting) }
}
