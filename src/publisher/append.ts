import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Digest } from '../contracts/names.js'
import { formatPosition, type Epoch, type Position } from '../contracts/position.js'
import { digestOf, toHex } from '../core/release/digest.js'
import {
  digestsOf,
  encodeRelease,
  positionOf,
  releaseDigest,
  type Arm,
  type Release,
  type SignedRelease,
} from '../core/release/release.js'
import type { PublisherContext } from './context.js'
import { readHistory } from './history.js'
import { retried } from './retry.js'

/** What a new release says, beside what follows from its place in the log. */
export interface Statement {
  readonly cause: 'publish' | 'rollback' | 'epoch'
  readonly variants: Arm['variants']
  readonly audit: Uint8Array
  /** Digests that are no fallback any more, beside those that the release before withdrew. */
  readonly withdrawn?: readonly Digest[]
  readonly spreadMs?: number | undefined
  readonly activateAt?: string | undefined
  /** Where it goes, when that is not right after the newest. */
  readonly at?: Position
}

const MAX_WITHDRAWN = 128

/** The release that follows `newest` and says that; encoded. */
export async function compose(
  context: PublisherContext,
  newest: SignedRelease | undefined,
  statement: Statement,
  signal: AbortSignal,
): Promise<SignedRelease> {
  const { namespace, clock, hasher } = context
  const { cause, variants, audit, spreadMs, activateAt } = statement
  const at = statement.at ?? following(context, newest?.release)
  const stable: Arm = { version: await versionOf(context, { variants, newest, at, signal }), variants }
  const named = new Set(digestsOf({ stable } as Release))
  const withdrawn = [...new Set([...(newest?.release.withdrawn ?? []), ...(statement.withdrawn ?? [])])]
    .filter(digest => !named.has(digest))
    .slice(-MAX_WITHDRAWN)
  const release: Release = {
    v: 1,
    namespace,
    ...at,
    issuedAt: new Date(clock.now()).toISOString(),
    cause,
    stable,
    ...(spreadMs !== undefined && { spreadMs }),
    ...(activateAt !== undefined && { activateAt }),
    prev: newest === undefined ? null : releaseDigest(hasher, newest.bytes),
    audit: digestOf(hasher, audit),
  }
  return encodeFitting(release, withdrawn)
}

/** A first epoch, or a later one: its number and eight random digits, so that two that are opened apart are told apart. */
export function newEpoch({ random }: PublisherContext, number: number): Epoch {
  return `${number}-${toHex(random.bytes(4))}`
}

/** Writes a release; `taken` when somebody else was first. Tries again while the store is unavailable, which is safe: the same bytes count once. */
export async function append(
  context: PublisherContext,
  { release, bytes }: SignedRelease,
  {
    audit,
    urgent,
    signal,
  }: { readonly audit: Uint8Array; readonly urgent: boolean; readonly signal: AbortSignal },
): Promise<'appended' | 'taken'> {
  const { store, namespace } = context
  const at = positionOf(release)
  try {
    return await retried(() => store.append({ namespace, at, bytes, audit, urgent }, signal), {
      ...context,
      signal,
    })
  } catch (error) {
    if (!isNoticeboardError(error, 'unavailable', 'rate-limited')) throw error
    throw new NoticeboardError(
      'unavailable',
      `${store.name} did not acknowledge ${namespace} ${formatPosition(at)}; it may have been written: do the same again, which changes nothing twice`,
      { cause: error, ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }) },
    )
  }
}

function following(context: PublisherContext, newest: Release | undefined): Position {
  if (newest === undefined) return { epoch: newEpoch(context, 1), sequence: 1 }
  return { epoch: newest.epoch, sequence: newest.sequence + 1 }
}

interface VersionQuery {
  readonly variants: Arm['variants']
  readonly newest: SignedRelease | undefined
  readonly at: Position
  readonly signal: AbortSignal
}

/** The sequence that first named these snapshots in their epoch: an earlier one, or this. */
async function versionOf(
  context: PublisherContext,
  { variants, newest, at, signal }: VersionQuery,
): Promise<number> {
  if (newest === undefined || newest.release.epoch !== at.epoch) return at.sequence
  return (
    (await context.versions.find(variants, newest.release, () => readHistory(context, { signal }))) ??
    at.sequence
  )
}

/** Encodes a release, leaving out the oldest withdrawals when it would be too large: nothing may stop a rollback. */
function encodeFitting(release: Release, withdrawn: readonly Digest[]): SignedRelease {
  const full: Release = { ...release, ...(withdrawn.length > 0 && { withdrawn }) }
  try {
    return { release: full, signatures: [], bytes: encodeRelease(full) }
  } catch (error) {
    if (withdrawn.length === 0 || !isNoticeboardError(error, 'too-large')) throw error
    return encodeFitting(release, withdrawn.slice(Math.ceil(withdrawn.length / 2)))
  }
}
