import type { Digest } from '../contracts/names.js'
import type { Epoch, Position } from '../contracts/position.js'
import type { Audience } from '../core/release/audience.js'
import { digestOf, toHex } from '../core/release/digest.js'
import {
  digestsOf,
  releaseDigest,
  type Arm,
  type Readmission,
  type Release,
  type SignedRelease,
} from '../core/release/release.js'
import type { EvidenceRequest, RolloutState } from '../core/release/rollout.js'
import { keepingUnread, unreadOf } from '../core/release/unread.js'
import type { PublisherContext } from './context.js'
import { readHistory } from './history.js'
import { sameVariants } from './resolve-ref.js'
import { retried } from './retry.js'
import { listReadmitted } from './readmitted.js'
import { encodeFitting, listWithdrawn } from './withdrawn.js'

/**
 * What a new release says: every member of docs/formats.md that does not follow from its place in
 * the log. Position, versions, `prev` and `issuedAt` are added by {@link compose}.
 */
export type Statement = Said & CandidatePart

interface Said {
  /** Why there is a new release, for people: `publish`, `rollback`, `epoch`, `promote`, … */
  readonly cause: string
  /** The snapshots of all clients that are not exposed to a candidate. */
  readonly stable: Arm['variants']
  /** The audit record that is kept beside the release. */
  readonly audit: Uint8Array
  /**
   * Digests that stop being a fallback, the newest last. Those that the release before withdrew
   * stay withdrawn, up to 128 together.
   */
  readonly withdrawn?: readonly Digest[]
  /**
   * Digests that clients may run again although they refused them. Those that the release before
   * readmitted stay so for as long as they are named, so that a client that missed it heeds them
   * too.
   */
  readonly readmit?: readonly Readmission[] | undefined
  /** The state of the rollout that this release is a step of. */
  readonly rollout?: RolloutState | undefined
  /** What clients are asked to report while that rollout goes on. */
  readonly evidence?: EvidenceRequest | undefined
  /** Clients spread their fetches over this many milliseconds. */
  readonly spreadMs?: number | undefined
  /** When clients switch, a time of docs/formats.md. */
  readonly activateAt?: string | undefined
  /** Members that a client must know, or keep what it has. */
  readonly crit?: readonly string[] | undefined
  /** The position of the release. Default: right after the head. */
  readonly at?: Position
  /**
   * Whether this is the head with changes. What this version does not know of the head stays then,
   * and so does its `crit`.
   */
  readonly rewrites?: boolean
}

/** The snapshots of the exposed clients, and which clients those are: both or neither. */
type CandidatePart =
  | { readonly candidate: Arm['variants']; readonly audience: Audience }
  | { readonly candidate?: undefined; readonly audience?: undefined }

/**
 * Makes the release that follows `head` and says what the statement says, encoded. Reads the log
 * as far back as it takes to number the versions. Throws `too-large` or `invalid-data` for a
 * statement that readers would refuse.
 *
 * ```ts
 * const next = await compose(context, head, { cause: 'publish', stable: variants, audit }, signal)
 * ```
 */
export async function compose(
  context: PublisherContext,
  head: SignedRelease | undefined,
  statement: Statement,
  signal: AbortSignal,
): Promise<SignedRelease> {
  const { namespace, clock, hasher } = context
  const { cause, audit, rollout, evidence, spreadMs, activateAt } = statement
  const at = statement.at ?? following(context, head?.release)
  const rewritten = statement.rewrites === true ? head?.release : undefined
  const crit = statement.crit ?? rewritten?.crit
  const armOf = async (variants: Arm['variants'], from: Arm | undefined): Promise<Arm> =>
    taking(from, {
      version: await versionOf(context, { variants, head: head?.release, at, signal }),
      variants,
    })
  const becomesStable =
    rewritten?.candidate !== undefined && sameVariants(statement.stable, rewritten.candidate.variants)
  const release: Release = taking(rewritten, {
    v: 1,
    namespace,
    ...at,
    issuedAt: new Date(clock.now()).toISOString(),
    cause,
    stable: await armOf(statement.stable, becomesStable ? rewritten.candidate : rewritten?.stable),
    ...(statement.candidate !== undefined && {
      candidate: await armOf(statement.candidate, rewritten?.candidate),
      audience: taking(rewritten?.audience, statement.audience),
    }),
    ...(spreadMs !== undefined && { spreadMs }),
    ...(activateAt !== undefined && { activateAt }),
    ...(rollout !== undefined && { rollout }),
    ...(evidence !== undefined && { evidence }),
    prev: head === undefined ? null : releaseDigest(hasher, head.bytes),
    audit: digestOf(hasher, audit),
    ...(crit !== undefined && { crit }),
  })
  const withdrawn = listWithdrawn({
    before: head?.release.withdrawn,
    added: statement.withdrawn,
    named: digestsOf(release),
  })
  const readmit = listReadmitted({ before: head?.release, added: statement.readmit, next: release })
  return encodeFitting(
    { ...release, ...((statement.readmit !== undefined || readmit.length > 0) && { readmit }) },
    withdrawn,
  )
}

/**
 * A part of a release with what this version does not know of the part that it takes the place of.
 */
function taking<Part extends object>(from: object | undefined, part: Part): Part {
  return from === undefined ? part : keepingUnread(part, unreadOf(from))
}

/**
 * Draws the name of an epoch: its number, and eight random digits that tell two epochs of one
 * number apart.
 *
 * ```ts
 * newEpoch(context, 2) // 2-9f3a01bc
 * ```
 */
export function newEpoch({ random }: Pick<PublisherContext, 'random'>, number: number): Epoch {
  return `${number}-${toHex(random.bytes(4))}`
}

function following(context: PublisherContext, head: Release | undefined): Position {
  if (head === undefined) return { epoch: newEpoch(context, 1), sequence: 1 }
  return { epoch: head.epoch, sequence: head.sequence + 1 }
}

interface VersionQuery {
  readonly variants: Arm['variants']
  readonly head: Release | undefined
  readonly at: Position
  readonly signal: AbortSignal
}

/** The sequence that first named these snapshots in their epoch: an earlier one, or this. */
async function versionOf(
  context: PublisherContext,
  { variants, head, at, signal }: VersionQuery,
): Promise<number> {
  if (head === undefined || head.epoch !== at.epoch) return at.sequence
  const find = (): Promise<number | undefined> =>
    context.versions.find(variants, head, () => readHistory(context, { signal }))
  const known = await retried(find, { ...context, signal })
  return known ?? at.sequence
}
