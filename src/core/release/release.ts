import { NoticeboardError } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import { isDigest, type Digest, namespaceProblem, type Namespace } from '../../contracts/names.js'
import type { Hasher } from '../../contracts/system.js'
import { isEpoch, type Epoch, type Position } from '../../contracts/position.js'
import { canonicalize } from '../json/canonical.js'
import { digestOf } from './digest.js'
import { readAudience, type Audience } from './audience.js'
import { isInstant } from './instant.js'
import { readLabelMatch, type LabelMatch } from './labels.js'
import { readEvidenceRequest, readRollout, type EvidenceRequest, type RolloutState } from './rollout.js'
import { withUnread, written } from './unread.js'
import { shapeOf, type Shape } from '../json/shape.js'
import { parseCanonical } from '../json/strict-parse.js'
import { encodeText, isLine } from '../json/text.js'
import {
  MAX_CRITICAL,
  MAX_READMITTED,
  MAX_RELEASE_BYTES,
  MAX_SHORT_LINE_LENGTH,
  MAX_SIGNATURES,
  MAX_SPREAD_MS,
  MAX_VARIANTS,
  MAX_WITHDRAWN,
} from '../limits.js'

/**
 * One snapshot of an arm, for the clients whose labels match; the last one of an arm is for all
 * others.
 */
export interface Variant {
  /** The labels of the clients that it is for; absent where it is for all others. */
  readonly when?: LabelMatch
  readonly digest: Digest
  /** Its size, in bytes. */
  readonly bytes: number
}

/** What part of the fleet runs: one version, in one or more variants. */
export interface Arm {
  /** The sequence of the release that first named these snapshots, in its epoch. */
  readonly version: number
  readonly variants: readonly [Variant, ...Variant[]]
}

/** Brings back a snapshot that clients had refused, or have under quarantine. */
export interface Readmission {
  readonly digest: Digest
  readonly reason: string
  /**
   * The sequence, in the release's epoch, of the release that said it first, where that was an
   * earlier one: a client that has seen that one has heeded it.
   */
  readonly since?: number
}

/**
 * The statement of which snapshot a namespace's clients run now. Each is complete on its own: only
 * the newest matters. The fields are the members of the release file (docs/formats.md).
 */
export interface Release {
  readonly v: 1
  readonly namespace: Namespace
  readonly epoch: Epoch
  /** Counts the releases of the epoch, from 1. */
  readonly sequence: number
  /** UTC, `2026-11-21T09:30:00.000Z`. */
  readonly issuedAt: string
  /** Why there is a new release: `publish`, `rollback`, `epoch`, …; for people. */
  readonly cause: string
  readonly stable: Arm
  /** What a rollout tries; absent where none is tried. */
  readonly candidate?: Arm
  readonly audience?: Audience
  /** Clients spread the fetching of a new snapshot over this many milliseconds. */
  readonly spreadMs?: number
  /** Clients stage at once and commit at this time. */
  readonly activateAt?: string
  /** Snapshots that are no fallback any more. */
  readonly withdrawn?: readonly Digest[]
  readonly readmit?: readonly Readmission[]
  /** The rollout that this release is a step of. */
  readonly rollout?: RolloutState
  /** What clients are asked to report, and how often, while it goes on. */
  readonly evidence?: EvidenceRequest
  /** Digest of the release before; null for the first of a log. */
  readonly prev: Digest | null
  /** Digest of the audit record. */
  readonly audit?: Digest
  /** Members that a client must know, or keep what it has. */
  readonly crit?: readonly string[]
}

/** A release file, read: the statement, its signatures, and the exact bytes that say it. */
export interface SignedRelease {
  readonly release: Release
  readonly signatures: readonly Json[]
  readonly bytes: Uint8Array
}

/** A release file, read, with its place in the log and its name. */
export interface IdentifiedRelease extends SignedRelease {
  readonly position: Position
  readonly digest: Digest
}

/** The members of version 1 that a client honours, and so may be named in `crit`. */
const KNOWN: ReadonlySet<string> = new Set([
  'v', 'namespace', 'epoch', 'sequence', 'issuedAt', 'cause', 'stable', 'candidate', 'audience', 'spreadMs',
  'activateAt', 'withdrawn', 'readmit', 'rollout', 'evidence', 'prev', 'audit', 'crit',
]) // prettier-ignore

/**
 * The bytes of a release file: canonical, as they are stored, sent and compared. What
 * `decodeRelease` read and did not understand is written again, also of a part that was taken over
 * from another release. Throws `too-large` past 64 KB, and `invalid-data` for a statement that
 * readers would refuse, so that none is ever published.
 *
 * ```ts
 * const bytes = encodeRelease(release)
 * ```
 */
export function encodeRelease(release: Release, signatures: readonly Json[] = []): Uint8Array<ArrayBuffer> {
  const bytes = encodeText(canonicalize({ release: written(release), signatures }))
  if (bytes.length > MAX_RELEASE_BYTES) {
    throw new NoticeboardError(
      'too-large',
      `the release has ${bytes.length} bytes; ${MAX_RELEASE_BYTES} are allowed: use fewer variants, or name fewer clients`,
    )
  }
  decodeRelease(bytes)
  return bytes
}

/**
 * Reads a release file. Members that are unknown are ignored, also inside; known ones must be
 * well-formed. Throws `invalid-data` with the member's path, `too-large`, or `unsupported` for
 * another format version.
 *
 * ```ts
 * const { release } = decodeRelease(bytes)
 * ```
 */
export function decodeRelease(bytes: Uint8Array): SignedRelease {
  return readFile(openFile(bytes), bytes)
}

/**
 * Reads a release file and works out its place and its name, for readers that compare releases.
 * Throws as {@link decodeRelease} does.
 */
export function identifyRelease(hasher: Hasher, bytes: Uint8Array): IdentifiedRelease {
  const file = openFile(bytes)
  const signed = readFile(file, bytes)
  return { ...signed, position: positionOf(signed.release), digest: nameOf(file, bytes, hasher) }
}

/**
 * The name of a release: SHA-256 of the canonical JSON of the statement alone, so that signatures
 * may be added later. Throws as {@link decodeRelease} does for bytes that are no release file.
 *
 * ```ts
 * const prev = releaseDigest(systemHasher, bytes)
 * ```
 */
export function releaseDigest(hasher: Hasher, bytes: Uint8Array): Digest {
  return nameOf(openFile(bytes), bytes, hasher)
}

/**
 * Where a release stands in its log.
 *
 * ```ts
 * formatPosition(positionOf(release))
 * ```
 */
export function positionOf({ epoch, sequence }: Release): Position {
  return { epoch, sequence }
}

/**
 * The first member named in `crit` that this version does not know; undefined when all are known.
 *
 * ```ts
 * if (unknownCritical(release) !== undefined) return { arm: 'keep' }
 * ```
 */
export function unknownCritical({ crit = [] }: Release): string | undefined {
  return crit.find(name => !KNOWN.has(name))
}

/**
 * What something says for all, and what for those who are exposed, where it says that.
 *
 * ```ts
 * for (const { version } of armsOf(release)) console.log(version)
 * ```
 */
export function armsOf<Each>({
  stable,
  candidate,
}: {
  readonly stable: Each
  readonly candidate?: Each | undefined
}): readonly Each[] {
  return candidate === undefined ? [stable] : [stable, candidate]
}

/**
 * Every snapshot that a release names for somebody to run, with its length and for whom.
 *
 * ```ts
 * const bytes = Math.max(...variantsOf(release).map(variant => variant.bytes))
 * ```
 */
export function variantsOf(release: Pick<Release, 'stable' | 'candidate'>): readonly Variant[] {
  return armsOf(release).flatMap(({ variants }) => variants)
}

/**
 * Every digest that a release names for somebody to run.
 *
 * ```ts
 * for (const digest of digestsOf(release)) await prefetch(digest)
 * ```
 */
export function digestsOf(release: Pick<Release, 'stable' | 'candidate'>): readonly Digest[] {
  return [...new Set(variantsOf(release).map(variant => variant.digest))]
}

function openFile(bytes: Uint8Array): Shape {
  return shapeOf(
    parseCanonical(bytes, { what: 'the release', maxBytes: MAX_RELEASE_BYTES }),
    'the release file',
  )
}

function nameOf(file: Shape, bytes: Uint8Array, hasher: Hasher): Digest {
  return digestOf(hasher, statementIn(file, bytes))
}

const BEFORE = encodeText('{"release":')

/**
 * The canonical JSON of the statement. The file is canonical, so its bytes hold it: between what
 * stands before it and the signatures, where there is no other member.
 */
function statementIn(file: Shape, bytes: Uint8Array): Uint8Array {
  const statement = file.member('release')
  if (file.names().join() !== 'release,signatures') return encodeText(canonicalize(statement))
  const after = encodeText(`,"signatures":${canonicalize(file.member('signatures'))}}`)
  return bytes.subarray(BEFORE.length, bytes.length - after.length)
}

function readFile(file: Shape, bytes: Uint8Array): SignedRelease {
  const shape = file.object('release')
  const signatures = file.list('signatures', MAX_SIGNATURES)
  if (shape.member('v') !== 1) {
    throw new NoticeboardError(
      'unsupported',
      'the release has a format version that this version cannot read; update noticeboard here',
    )
  }
  return { release: readRelease(shape), signatures, bytes }
}

function readRelease(shape: Shape): Release {
  const namespace = shape.string('namespace', text => namespaceProblem(text) === undefined)
  if (shape.has('candidate') !== shape.has('audience')) {
    throw shape.refuse('audience', 'and candidate come together: who is exposed, and to what')
  }
  const prev = shape.member('prev')
  if (prev !== null && !isDigest(prev)) throw shape.refuse('prev', 'must be a digest or null')
  const release: Release = {
    v: 1,
    namespace,
    epoch: shape.string('epoch', isEpoch),
    sequence: shape.integer('sequence', 1, Number.MAX_SAFE_INTEGER),
    issuedAt: shape.string('issuedAt', isInstant),
    cause: shape.string('cause', text => isLine(text, MAX_SHORT_LINE_LENGTH)),
    stable: readArm(shape.object('stable')),
    ...(shape.has('candidate') && {
      candidate: readArm(shape.object('candidate')),
      audience: readAudience(shape.object('audience')),
    }),
    ...shape.optional('spreadMs', name => shape.integer(name, 0, MAX_SPREAD_MS)),
    ...shape.optional('activateAt', name => shape.string(name, isInstant)),
    ...shape.optional('withdrawn', name => readDigests(shape, name, MAX_WITHDRAWN)),
    ...shape.optional('readmit', name => shape.objects(name, MAX_READMITTED).map(readReadmission)),
    ...shape.optional('rollout', name => readRollout(shape.object(name))),
    ...shape.optional('evidence', name => readEvidenceRequest(shape.object(name))),
    prev,
    ...shape.optional('audit', name => shape.string(name, isDigest)),
    ...shape.optional('crit', name => readNames(shape, name, MAX_CRITICAL)),
  }
  return withUnread(release, shape, KNOWN)
}

const OF_ARM: ReadonlySet<string> = new Set(['version', 'variants'])
const OF_VARIANT: ReadonlySet<string> = new Set(['when', 'digest', 'bytes'])

function readArm(shape: Shape): Arm {
  const shapes = shape.objects('variants', MAX_VARIANTS)
  const variants = shapes.map((variant, index): Variant => {
    const last = index === shapes.length - 1
    if (variant.has('when') === last) {
      throw shape.refuse('variants', 'must each have "when", but for the last, which is for everybody else')
    }
    const read: Variant = {
      ...variant.optional('when', name => readLabelMatch(variant.object(name))),
      digest: variant.string('digest', isDigest),
      bytes: variant.integer('bytes', 1, Number.MAX_SAFE_INTEGER),
    }
    return withUnread(read, variant, OF_VARIANT)
  })
  const [first, ...rest] = variants
  if (first === undefined) throw shape.refuse('variants', 'must hold at least one')
  const arm: Arm = {
    version: shape.integer('version', 1, Number.MAX_SAFE_INTEGER),
    variants: [first, ...rest],
  }
  return withUnread(arm, shape, OF_ARM)
}

function readReadmission(shape: Shape): Readmission {
  return {
    digest: shape.string('digest', isDigest),
    reason: shape.string('reason', isLine),
    ...shape.optional('since', name => shape.integer(name, 1, Number.MAX_SAFE_INTEGER)),
  }
}

function readDigests(shape: Shape, name: string, most: number): readonly Digest[] {
  return shape.list(name, most).map(item => {
    if (!isDigest(item)) throw shape.refuse(name, 'must be a list of digests')
    return item
  })
}

function readNames(shape: Shape, name: string, most: number): readonly string[] {
  return shape.list(name, most).map(item => {
    if (!isLine(item)) throw shape.refuse(name, 'must be a list of names')
    return item
  })
}
