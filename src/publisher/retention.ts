import { asNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Digest } from '../contracts/names.js'
import { comparePositions, type Position } from '../contracts/position.js'
import {
  decodeRelease,
  digestsOf,
  positionOf,
  unknownCritical,
  variantsOf,
  type Release,
} from '../core/release/release.js'
import type { PublisherContext } from './context.js'

/** Which releases keep what they name. */
export interface Retention {
  /** So many of the newest do. */
  readonly releases: number
  /** Each that was the newest one at that time or later does, in milliseconds since 1970. */
  readonly sinceMs: number
}

/** What the log names, by whether a release that is kept names it. */
export interface NamedSnapshots {
  readonly kept: ReadonlySet<Digest>
  /** With their lengths in bytes. */
  readonly expired: ReadonlyMap<Digest, number>
}

/**
 * Reads the log as its store hands it out, one release after the other, and holds no more of it
 * than the names. Throws `unsupported` or `invalid-data` where a release that may be kept cannot be
 * read or understood: what it names is not known then.
 *
 * ```ts
 * const { kept, expired } = await readNamed(context, { releases: 50, sinceMs }, signal)
 * ```
 */
export async function readNamed(
  context: PublisherContext,
  { releases, sinceMs }: Retention,
  signal: AbortSignal,
): Promise<NamedSnapshots> {
  const { store, namespace, logger } = context
  const kept = new Set<Digest>()
  const expired = new Map<Digest, number>()
  let count = 0
  /** When the release was issued that took the place of the one at hand. */
  let endedMs = Number.POSITIVE_INFINITY
  for await (const { bytes } of store.history({ namespace }, signal)) {
    count += 1
    try {
      const release = understood(bytes)
      const issuedMs = Date.parse(release.issuedAt)
      const isKept = count <= releases || Math.max(issuedMs, endedMs) >= sinceMs
      if (isKept) for (const digest of digestsOf(release)) kept.add(digest)
      else for (const { digest, bytes: length } of variantsOf(release)) expired.set(digest, length)
      endedMs = issuedMs
    } catch (error) {
      const { code, message } = asNoticeboardError(error, 'invalid-data', 'it is no release')
      // Every release after one that expired is older, and expired as well.
      if (expired.size > 0) {
        logger.warn('left out an entry of the log', { namespace, code, message })
        continue
      }
      throw new NoticeboardError(
        code,
        `a release of ${namespace} that may be kept cannot be read, so what it names is not known, and no snapshot was removed: ${message}`,
        { cause: error },
      )
    }
  }
  for (const digest of kept) expired.delete(digest)
  return { kept, expired }
}

/**
 * What the releases name that were appended after a position.
 *
 * ```ts
 * for (const digest of await namedSince(context, position, signal)) kept.add(digest)
 * ```
 */
export async function namedSince(
  context: PublisherContext,
  position: Position,
  signal: AbortSignal,
): Promise<ReadonlySet<Digest>> {
  const { store, namespace } = context
  const named = new Set<Digest>()
  for await (const { bytes } of store.history({ namespace }, signal)) {
    const release = understood(bytes)
    if (comparePositions(positionOf(release), position) === 'same') break
    for (const digest of digestsOf(release)) named.add(digest)
  }
  return named
}

/** A release of which every snapshot is known that it names. */
function understood(bytes: Uint8Array): Release {
  const { release } = decodeRelease(bytes)
  const unknown = unknownCritical(release)
  if (unknown === undefined) return release
  throw new NoticeboardError(
    'unsupported',
    `it needs the feature "${unknown}", which this version does not have; update noticeboard here`,
  )
}
