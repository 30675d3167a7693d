import type { LogEntry } from '../../contracts/transport.js'
import { isNoticeboardError } from '../../contracts/errors.js'
import { decodeRelease, digestsOf, type Release } from '../../core/release/release.js'
import {
  addedWithdrawals,
  asksForOthers,
  isOfSameRollout,
  isSame,
  sameArm,
  type Objection,
  type Proposal,
} from './rule.js'

const CAUSES: ReadonlySet<string> = new Set(['rollback', 'abort', 'retreat', 'pause'])
const STATES: ReadonlySet<string> = new Set(['rolled-back', 'retreated', 'paused'])

/**
 * Whether a release does more than take back or hold up: it runs what runs or what ran, and exposes
 * nobody who was not. Reads the log as far back as it takes.
 */
export async function objectionToRevert(
  proposal: Proposal,
  history: () => AsyncIterable<LogEntry>,
): Promise<Objection> {
  const { head, release } = proposal
  const before = head.release
  if (!CAUSES.has(release.cause)) return `its cause is ${release.cause}, which takes nothing back`
  const { rollout } = release
  if (rollout !== undefined && !(isOfSameRollout(release, before) && STATES.has(rollout.state)))
    return 'it is no end of the rollout that is under way'
  if (release.candidate !== undefined && !isHeldUp(release, before))
    return 'it exposes clients to a candidate'
  if (asksForOthers(release, before)) return 'it asks clients for other reports'
  if (release.activateAt !== undefined && release.activateAt !== before.activateAt)
    return 'it has clients wait until a time'
  const isBack = sameArm(release.stable, before.stable)
  const wanted = new Set(addedWithdrawals(proposal))
  for (const digest of digestsOf(before)) wanted.delete(digest)
  if (isBack && wanted.size === 0) return undefined
  let found = isBack
  for await (const { bytes } of history()) {
    const earlier = readable(bytes)
    if (earlier === undefined) continue
    for (const digest of digestsOf(earlier)) wanted.delete(digest)
    found ||= sameArm(release.stable, earlier.stable)
    if (found && wanted.size === 0) return undefined
  }
  return found
    ? 'it withdraws what no release of the log names'
    : 'it makes stable what no release of the log had for stable'
}

function isHeldUp(release: Release, before: Release): boolean {
  return (
    release.cause === 'pause' &&
    before.candidate !== undefined &&
    release.candidate !== undefined &&
    sameArm(release.candidate, before.candidate) &&
    isSame(release.audience, before.audience ?? null)
  )
}

function readable(bytes: Uint8Array): Release | undefined {
  try {
    return decodeRelease(bytes).release
  } catch (error) {
    // Of a later version, or damaged: nobody can say what it named.
    if (isNoticeboardError(error)) return undefined
    throw error
  }
}
