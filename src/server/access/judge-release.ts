import type { Grant } from '../../contracts/access.js'
import { comparePositions, nextPosition } from '../../contracts/position.js'
import type { HeardReports } from '../../contracts/report.js'
import type { Hasher } from '../../contracts/system.js'
import type { LogEntry } from '../../contracts/transport.js'
import { hasScope } from '../../core/access/scopes.js'
import { shapeOf } from '../../core/json/shape.js'
import { parseCanonical } from '../../core/json/strict-parse.js'
import { MAX_AUDIT_BYTES } from '../../core/limits.js'
import { positionOf, type IdentifiedRelease, type Release } from '../../core/release/release.js'
import { OR_SAY_WHY, type RolloutFloor } from '../../rollouts/floor.js'
import { objectionToControl } from './control-rule.js'
import { objectionToRevert } from './revert-rule.js'
import { objectionToAny, type Proposal } from './rule.js'
import { objectionByFloors, objectionToStaged } from './staged-rule.js'

/** What a release is judged by that somebody wants to append who may not do everything. */
export interface JudgeContext {
  /** The newest release; undefined where there is none. */
  readonly head: IdentifiedRelease | undefined
  readonly heard: () => Promise<HeardReports>
  readonly history: () => AsyncIterable<LogEntry>
  /** How careful rollouts of the namespace have to be; each holds. */
  readonly floors: readonly RolloutFloor[]
  readonly hasher: Hasher
}

/** `taken`: its position is not the next one, so that it is a conflict and nobody's fault. */
export type Judgement =
  | { readonly type: 'allowed' }
  | { readonly type: 'taken' }
  | { readonly type: 'refused'; readonly why: string }

const ALLOWED: Judgement = { type: 'allowed' }

/**
 * Whether a token without `admin` may append a release, by the scopes that it has: see "Releases of
 * a token without `admin`" in docs/formats.md.
 *
 * ```ts
 * const judgement = await judgeRelease(grant, { release, bytes, urgent }, context)
 * if (judgement.type === 'refused') return errorAnswer('forbidden', judgement.why)
 * ```
 */
export async function judgeRelease(
  grant: Grant,
  { release, bytes, urgent }: { readonly release: Release; readonly bytes: number; readonly urgent: boolean },
  { head, heard, history, floors, hasher }: JudgeContext,
): Promise<Judgement> {
  if (head === undefined) return refused('the first release of a namespace goes to everyone')
  const at = positionOf(release)
  if (at.epoch !== head.position.epoch) {
    // Below the newest one nothing can be written, and the store says so.
    return comparePositions(at, head.position) === 'older' ? ALLOWED : refused('it begins an epoch')
  }
  // An older one is there already or is taken: the store tells the two apart.
  if (at.sequence <= head.position.sequence) return ALLOWED
  if (comparePositions(at, nextPosition(head.position)) !== 'same') return { type: 'taken' }

  const proposal: Proposal = { head, release, bytes }
  const objection = objectionToAny(proposal)
  if (objection !== undefined) return refused(objection)
  const objections: string[] = []
  if (hasScope(grant, 'publish-staged') && !urgent) {
    const staged = objectionToStaged(proposal, { heard: await heard(), floors, hasher })
    if (staged === undefined) return ALLOWED
    objections.push(staged)
  }
  if (hasScope(grant, 'control')) {
    const control = objectionToControl(proposal)
    if (control === undefined) return ALLOWED
    objections.push(control)
  }
  if (hasScope(grant, 'revert')) {
    const revert = await objectionToRevert(proposal, history)
    if (revert === undefined) return ALLOWED
    objections.push(revert)
  }
  return refused(objections.join('; ') || 'it is urgent')
}

/**
 * Whether a token with `admin` may append a release of cause `publish`: one that is looser than the
 * floors of its namespace needs an audit record that says so. What goes back, and each later step
 * of a rollout, is not held to them and not asked about here.
 *
 * ```ts
 * const judgement = await judgeByFloors({ release, audit }, context)
 * ```
 */
export async function judgeByFloors(
  { release, audit }: { readonly release: Release; readonly audit: Uint8Array | undefined },
  { head, heard, floors }: Pick<JudgeContext, 'head' | 'heard' | 'floors'>,
): Promise<Judgement> {
  if (head === undefined) return ALLOWED
  // What is not the next release is a conflict, which the store says, or begins an epoch.
  if (comparePositions(positionOf(release), nextPosition(head.position)) !== 'same') return ALLOWED
  if (audit !== undefined && recordIn(audit).isBelowFloor) return ALLOWED
  const loose = objectionByFloors(release, { heard: await heard(), floors })
  return loose === undefined ? ALLOWED : refused(`${loose}; ${OR_SAY_WHY}`)
}

/** Whether an audit record names the author that a token is bound to. */
export function isByAuthor({ author }: Grant, audit: Uint8Array | undefined): boolean {
  if (author === undefined) return true
  return audit !== undefined && recordIn(audit).author === author
}

/** What the server reads in an audit record. */
function recordIn(audit: Uint8Array): { readonly author: unknown; readonly isBelowFloor: boolean } {
  const what = 'the audit record'
  const record = shapeOf(parseCanonical(audit, { what, maxBytes: MAX_AUDIT_BYTES }), what)
  return {
    author: record.has('author') ? record.member('author') : undefined,
    isBelowFloor: record.has('belowFloor') && record.member('belowFloor') === true,
  }
}

function refused(why: string): Judgement {
  return { type: 'refused', why }
}
