import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Json } from '../contracts/json.js'
import type { Digest } from '../contracts/names.js'
import { comparePositions, formatPosition, type Position } from '../contracts/position.js'
import { canonicalize } from '../core/json/canonical.js'
import { assertDigest } from '../core/release/digest.js'
import { digestsOf, type Arm, type Release } from '../core/release/release.js'
import { parseCanonical } from '../core/json/strict-parse.js'
import type { PublisherContext } from './context.js'
import { readHistory } from './history.js'
import { readNewest } from './read-head.js'
import { retried } from './retry.js'

/**
 * Names a release of the log: a version of the current epoch, a digest of a snapshot (8 of its
 * digits or more), a position, or `current`.
 */
export type ReleaseRef = number | string | Position

/**
 * The newest release that a reference names by what is stable, or with `candidates` by what a
 * rollout tries as well; in the log that ends with `head` where that was read before. Throws
 * `not-found`, or `invalid-option` for a value that is no reference.
 *
 * ```ts
 * const release = await findRelease(context, 7, signal)
 * ```
 */
export async function findRelease(
  context: PublisherContext,
  ref: ReleaseRef,
  signal: AbortSignal,
  { head, candidates = false }: { readonly head?: Release; readonly candidates?: boolean } = {},
): Promise<Release> {
  const newest = head ?? (await readNewest(context, signal))?.release
  if (newest === undefined)
    throw new NoticeboardError('not-found', `nothing was published in ${context.namespace} yet`)
  const matches = matcher(ref, { newest, candidates })
  if (matches(newest)) return newest
  const found = await firstInHistory(context, { fits: matches }, signal)
  if (found !== undefined) return found
  const { namespace } = context
  const isTried =
    !candidates && armMatcher(ref) !== undefined && (await wasTried(context, ref, newest, signal))
  throw new NoticeboardError(
    'not-found',
    isTried
      ? `${nameRef(ref)} of ${namespace} was tried by a rollout and never given to everyone: publish its document, or name a version that everyone had`
      : `${namespace} has no ${nameRef(ref)}; see which there are in its history`,
  )
}

/** Whether a rollout tries what a version or a digest names, or did. */
async function wasTried(
  context: PublisherContext,
  ref: ReleaseRef,
  newest: Release,
  signal: AbortSignal,
): Promise<boolean> {
  const fits = matcher(ref, { newest, candidates: true })
  return fits(newest) || (await firstInHistory(context, { fits }, signal)) !== undefined
}

/** A release that a reference names, and which of its arms. */
export interface NamedArm {
  readonly release: Release
  readonly arm: Arm
}

/**
 * The arm that a reference names, to be read or compared: also the candidate of a rollout, while it
 * goes on and afterwards, by its version or its digest. A position and `current` name what is
 * stable. Throws as {@link findRelease} does.
 *
 * ```ts
 * const { arm } = await findArm(context, 2, signal)
 * ```
 */
export async function findArm(
  context: PublisherContext,
  ref: ReleaseRef,
  signal: AbortSignal,
): Promise<NamedArm> {
  const isArm = armMatcher(ref)
  const release = await findRelease(context, ref, signal, { candidates: isArm !== undefined })
  const { stable, candidate } = release
  const isCandidate = isArm !== undefined && !isArm(stable) && candidate !== undefined
  return { release, arm: isCandidate ? candidate : stable }
}

/**
 * The newest release of the log that fits, of several that do the newest that is better, where one
 * is. A log that is lost on the way is read anew, as often as any operation is tried again.
 */
async function firstInHistory(
  context: PublisherContext,
  { fits, isBetter = () => true }: Wanted,
  signal: AbortSignal,
): Promise<Release | undefined> {
  const search = async (): Promise<Release | undefined> => {
    let other: Release | undefined
    for await (const { release } of readHistory(context, { signal })) {
      if (!fits(release)) continue
      if (isBetter(release)) return release
      other ??= release
    }
    return other
  }
  return retried(search, { ...context, signal })
}

/** What is looked for in a history. */
interface Wanted {
  readonly fits: (release: Release) => boolean
  /** Of those that fit. Default: all are. */
  readonly isBetter?: (release: Release) => boolean
}

function matcher(
  ref: ReleaseRef,
  { newest, candidates }: { readonly newest: Release; readonly candidates: boolean },
): (release: Release) => boolean {
  if (ref === 'current') return release => release === newest
  const isArm = armMatcher(ref)
  if (isArm !== undefined) {
    const isNamed = ({ stable, candidate }: Release): boolean =>
      isArm(stable) || (candidates && candidate !== undefined && isArm(candidate))
    return release => (typeof ref !== 'number' || release.epoch === newest.epoch) && isNamed(release)
  }
  if (typeof ref === 'object' && ref !== null) return release => comparePositions(release, ref) === 'same'
  throw new NoticeboardError(
    'invalid-option',
    'a version must be named by its number, its position, or 8 or more digits of its digest',
  )
}

/** Which arms a version or a digest names; undefined for what names a release. */
function armMatcher(ref: ReleaseRef): ((arm: Arm) => boolean) | undefined {
  if (typeof ref === 'number') return ({ version }) => version === ref
  if (typeof ref !== 'string' || !/^[0-9a-f]{8,64}$/.test(ref)) return undefined
  return ({ variants }) => variants.some(({ digest }) => digest.startsWith(ref))
}

function nameRef(ref: ReleaseRef): string {
  if (typeof ref === 'number') return `version ${ref}`
  return typeof ref === 'string' ? `snapshot ${ref.slice(0, 12)}` : `release at ${formatPosition(ref)}`
}

/**
 * Whether two arms name the same snapshots for the same clients.
 *
 * ```ts
 * const isUnchanged = sameVariants(newest.stable.variants, variants)
 * ```
 */
export function sameVariants(a: Arm['variants'], b: Arm['variants']): boolean {
  return canonicalize(a) === canonicalize(b)
}

/**
 * The default goal of a rollback: the newest earlier snapshots that differ from those that run,
 * were not withdrawn and can still be read. Of those that were given out by labels first, one that
 * had what is gone back from is passed over while there is another, and so is one that is refused.
 * While a candidate is out, or taken back for now, the stable version. Throws `not-found` where
 * there are none.
 *
 * ```ts
 * const { stable } = await findEarlier(context, newest, { isRefused: () => false, signal })
 * ```
 */
export async function findEarlier(
  context: PublisherContext,
  newest: Release,
  { isRefused, signal }: { readonly isRefused: (earlier: Release) => boolean; readonly signal: AbortSignal },
): Promise<Release> {
  if (newest.candidate !== undefined || newest.rollout?.state === 'retreated') return newest
  const ruledOut = new Set(newest.withdrawn)
  const fits = ({ stable }: Release): boolean =>
    !sameVariants(stable.variants, newest.stable.variants) &&
    !digestsOf({ stable }).some(digest => ruledOut.has(digest))
  const isBetter = (earlier: Release): boolean => !hasWhatChanged(earlier, newest) && !isRefused(earlier)
  for (;;) {
    const earlier = await firstInHistory(context, { fits, isBetter }, signal)
    if (earlier === undefined) break
    const { stable } = earlier
    const missing = await firstUnreadable(context, digestsOf({ stable }), signal)
    if (missing === undefined) return earlier
    context.logger.warn('a rollback passes over a version whose snapshot cannot be read', {
      namespace: context.namespace,
      digest: missing,
    })
    ruledOut.add(missing)
  }
  throw new NoticeboardError(
    'not-found',
    `${context.namespace} has no earlier version to go back to; publish a document that works, or name the version to go to`,
  )
}

/**
 * Whether a release already has, for some clients, what the newest one has for others: as it is
 * where a document went to clients with a label first, and to all then.
 */
function hasWhatChanged(earlier: Release, newest: Release): boolean {
  const clientsOf = ({ when }: Arm['variants'][0]): string => (when === undefined ? '' : canonicalize(when))
  const before = new Map(earlier.stable.variants.map(variant => [clientsOf(variant), variant.digest]))
  const changed = new Set(
    newest.stable.variants
      .filter(variant => before.get(clientsOf(variant)) !== variant.digest)
      .map(({ digest }) => digest),
  )
  return earlier.stable.variants.some(({ digest }) => changed.has(digest))
}

/**
 * The first of these snapshots that is missing or damaged in the store; undefined when all can be
 * read. Throws only when the store cannot be asked.
 *
 * ```ts
 * const missing = await firstUnreadable(context, digestsOf(release), signal)
 * ```
 */
export async function firstUnreadable(
  context: PublisherContext,
  digests: readonly Digest[],
  signal: AbortSignal,
): Promise<Digest | undefined> {
  for (const digest of digests) {
    try {
      await readSnapshot(context, digest, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (isNoticeboardError(error, 'unavailable', 'rate-limited', 'unauthorized', 'forbidden')) throw error
      return digest
    }
  }
  return undefined
}

/**
 * The document of a snapshot. Throws what the store throws, and `digest-mismatch`.
 *
 * ```ts
 * const document = await readDocumentOf(context, variant.digest, signal)
 * ```
 */
export async function readDocumentOf(
  context: PublisherContext,
  digest: Digest,
  signal: AbortSignal,
): Promise<Json> {
  const bytes = await readSnapshot(context, digest, signal)
  return parseCanonical(bytes, { what: 'the snapshot', maxBytes: context.maxReadBytes })
}

/** A snapshot of this namespace, checked against its digest. */
async function readSnapshot(
  context: PublisherContext,
  digest: Digest,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { store, namespace, hasher, maxReadBytes: maxSnapshotBytes } = context
  const bytes = await retried(() => store.snapshot({ namespace, digest, maxSnapshotBytes }, signal), {
    ...context,
    signal,
  })
  assertDigest(hasher, { bytes, digest, what: `a snapshot of ${namespace}` })
  return bytes
}
