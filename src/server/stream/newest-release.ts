import type { Digest, Namespace } from '../../contracts/names.js'
import type { Hasher } from '../../contracts/system.js'
import { comparePositions, type Position } from '../../contracts/position.js'
import { digestOf } from '../../core/release/digest.js'
import { identifyRelease, variantsOf, type Release, type Variant } from '../../core/release/release.js'
import { JSON_HEADERS } from '../http/answers.js'
import { releaseFrame } from './frames.js'
import { markFrames, type MarkTimes } from './mark-frames.js'
import type { Answer, Frame } from './messages.js'

/** The newest release of a namespace with everything that is made of it once, however many ask. */
export interface Newest {
  readonly bytes: Uint8Array
  readonly etag: string
  readonly found: Answer
  readonly unchanged: Answer
  /** The release alone. */
  readonly frame: Frame
  /**
   * The release with a snapshot, by the snapshot's digest; undefined where it cannot come along.
   */
  readonly withSnapshot: Map<Digest, Frame | undefined>
  /**
   * What it says; undefined for a release that this version cannot read, which is passed on all the
   * same.
   */
  readonly read:
    | {
        readonly release: Release
        readonly position: Position
        readonly digest: Digest
        /** The snapshot that it asks of everybody alike; undefined while it tells clients apart. */
        readonly common: Variant | undefined
        /** Its mark as of a time. */
        readonly markAt: (times: MarkTimes) => Frame
      }
    | undefined
}

export function describeNewest(namespace: Namespace, bytes: Uint8Array, hasher: Hasher): Newest {
  const etag = `"${digestOf(hasher, bytes).slice(0, 32)}"`
  const caching = { 'Cache-Control': 'no-cache', ETag: etag }
  return {
    bytes,
    etag,
    found: {
      type: 'whole',
      status: 200,
      headers: { ...JSON_HEADERS, ...caching, 'Content-Length': String(bytes.length) },
      body: bytes,
    },
    unchanged: { type: 'whole', status: 304, headers: caching },
    frame: releaseFrame(namespace, bytes),
    withSnapshot: new Map(),
    read: readRelease(namespace, bytes, hasher),
  }
}

/** How long a snapshot is that the newest release names, in bytes; 0 for another one. */
export function lengthOf({ read }: Newest, digest: Digest): number {
  const named = read === undefined ? [] : variantsOf(read.release)
  return named.find(variant => variant.digest === digest)?.bytes ?? 0
}

/**
 * Whether one release may stand in for another: everything but an older one. What a fork means,
 * clients decide.
 */
export function supersedes(next: Newest, present: Newest | undefined): boolean {
  if (present?.read === undefined || next.read === undefined) return true
  return comparePositions(next.read.position, present.read.position) !== 'older'
}

/** `If-None-Match`: one tag, a list, or `*`; weak ones count as well. */
export function matchesTag(header: string, etag: string): boolean {
  if (header === etag) return true
  return header.split(',').some(part => {
    const tag = part.trim()
    return tag === '*' || tag === etag || tag === `W/${etag}`
  })
}

function readRelease(namespace: Namespace, bytes: Uint8Array, hasher: Hasher): Newest['read'] {
  try {
    const { release, position, digest } = identifyRelease(hasher, bytes)
    const { candidate, stable } = release
    const common = candidate === undefined && stable.variants.length === 1 ? stable.variants[0] : undefined
    const markAt = markFrames({ v: 1, namespace, ...position, digest })
    return { release, position, digest, common, markAt }
  } catch {
    // Another version's release, or a damaged one: clients say what is wrong with it, the server
    // moves bytes.
    return undefined
  }
}
