import { isNoticeboardError } from '../contracts/errors.js'
import type { Digest } from '../contracts/names.js'
import type { Arm, Release } from '../core/release/release.js'
import type { PublisherContext } from './context.js'
import { retried } from './retry.js'

/** Arms that may be new. */
export interface NewArms {
  readonly head: Release
  readonly arms: readonly Arm['variants'][]
  /** Which snapshots may be missing. Default: any of them. */
  readonly mayBeNew?: (digest: Digest) => boolean
}

/**
 * Takes note of arms that no release can name yet, since a snapshot of theirs is not in the store:
 * so the version of a new document is known without reading a long log. To be called before
 * snapshots are put, about a head that was read before.
 *
 * ```ts
 * await ruleOutNewArms(context, { head: head.release, arms: [statement.stable] }, signal)
 * ```
 */
export async function ruleOutNewArms(
  context: PublisherContext,
  { head, arms, mayBeNew = () => true }: NewArms,
  signal: AbortSignal,
): Promise<void> {
  for (const variants of arms) {
    if (!context.versions.isFar(variants, head)) continue
    for (const { digest } of variants) {
      if (!mayBeNew(digest) || (await isHere(context, digest, signal))) continue
      context.versions.ruleOut(variants, head)
      break
    }
  }
}

/**
 * Whether the store holds a snapshot, for all we know: one that cannot be read just now may be
 * there.
 */
async function isHere(
  { store, namespace, maxReadBytes: maxSnapshotBytes, ...retrying }: PublisherContext,
  digest: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await retried(() => store.snapshot({ namespace, digest, maxSnapshotBytes }, signal), {
      ...retrying,
      signal,
    })
    return true
  } catch (error) {
    signal.throwIfAborted()
    return !isNoticeboardError(error, 'not-found')
  }
}
