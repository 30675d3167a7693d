import type { Digest } from '../../contracts/names.js'
import { canonicalize } from '../../core/json/canonical.js'
import { isJsonObject } from '../../core/json/shape.js'
import { MAX_RELEASE_BYTES, MAX_WITHDRAWN } from '../../core/limits.js'
import { digestsOf, type Arm, type IdentifiedRelease, type Release } from '../../core/release/release.js'
import { unreadOf } from '../../core/release/unread.js'

/** A release that somebody wants to append, and the one that it would follow. */
export interface Proposal {
  readonly head: IdentifiedRelease
  readonly release: Release
  /** How many bytes the release has. */
  readonly bytes: number
}

/** Why a release is refused, for whoever sent it; undefined where it is not. */
export type Objection = string | undefined

/**
 * What a release may say only for somebody with `admin`: a place elsewhere in the log, members that
 * nobody here can judge, and what was withdrawn or readmitted.
 */
export function objectionToAny({ head, release, bytes }: Proposal): Objection {
  const before = head.release
  if (release.prev !== head.digest) return 'it does not name the newest release as the one before it'
  const critical = new Set(before.crit)
  if (release.crit?.some(name => !critical.has(name)) === true)
    return 'it names in crit what the newest release does not'
  // What becomes stable may keep what it had as the candidate.
  const stable = sameArm(release.stable, before.stable) ? before.stable : (before.candidate ?? before.stable)
  if (addsUnread(release, { ...before, stable }))
    return 'it has a member that this server does not know, and cannot judge'
  const readmitted = new Set(before.readmit?.map(({ digest }) => digest))
  if (release.readmit?.some(({ digest }) => !readmitted.has(digest)) === true) return 'it readmits a document'
  const lost = lostWithdrawals({ before, release })
  const isFull =
    (release.withdrawn ?? []).length >= MAX_WITHDRAWN ||
    bytes + lost.length * BYTES_PER_DIGEST > MAX_RELEASE_BYTES
  if (lost.length > 0 && !isFull) return 'it leaves out what was withdrawn'
  const back = digestsOf(release).find(digest => before.withdrawn?.includes(digest))
  return back === undefined ? undefined : `it brings back ${back.slice(0, 12)}, which was withdrawn`
}

/** The digests that a release withdraws and the one before does not. */
export function addedWithdrawals({ head, release }: Proposal): readonly Digest[] {
  const before = new Set(head.release.withdrawn)
  return (release.withdrawn ?? []).filter(digest => !before.has(digest))
}

/**
 * Whether two arms give the same snapshots to the same clients, as far as this version reads them.
 */
export function sameArm(a: Arm, b: Arm): boolean {
  return isSame(a.variants, b.variants)
}

/** Whether two parts of releases say the same, as far as this version reads them. */
export function isSame(a: unknown, b: unknown): boolean {
  return canonicalize(a) === canonicalize(b)
}

/**
 * Whether a release is of the rollout of the one before, with the plan and the beginning that this
 * has.
 */
export function isOfSameRollout({ rollout }: Release, { rollout: before }: Release): boolean {
  return (
    rollout !== undefined &&
    before !== undefined &&
    rollout.id === before.id &&
    isSame(rollout.plan, before.plan) &&
    isSame(rollout.from, before.from)
  )
}

/** Whether a release asks clients for reports that the one before does not ask for. */
export function asksForOthers(release: Release, before: Release): boolean {
  return release.evidence !== undefined && !isSame(release.evidence, before.evidence ?? null)
}

/** The bytes that one digest takes in a list of a release. */
const BYTES_PER_DIGEST = 67

function lostWithdrawals({
  before,
  release,
}: {
  readonly before: Release
  readonly release: Release
}): readonly Digest[] {
  const kept = new Set(release.withdrawn)
  return (before.withdrawn ?? []).filter(digest => !kept.has(digest))
}

/** Whether a part has members that this version does not know, and that the part before has not. */
function addsUnread(part: unknown, before: unknown): boolean {
  if (Array.isArray(part))
    return part.some((item, index) => addsUnread(item, Array.isArray(before) ? before[index] : undefined))
  if (!isJsonObject(part)) return false
  const own = unreadOf(part)
  if (own !== undefined && !(isJsonObject(before) && isSame(own, unreadOf(before) ?? null))) return true
  return Object.entries(part).some(([name, member]) =>
    addsUnread(member, isJsonObject(before) ? before[name] : undefined),
  )
}
