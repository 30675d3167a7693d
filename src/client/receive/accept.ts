import type { NoticeboardError } from '../../contracts/errors.js'
import { isAtLeast, type Position } from '../../contracts/position.js'
import type { Protection, SavedReadmission } from '../../contracts/state.js'
import type { Release } from '../../core/release/release.js'
import type { ApplyEvent } from '../apply/events.js'
import type { Refusals } from '../apply/refusals.js'
import { stillGood, withReadmitted } from '../state/saved-after.js'
import type { StateWriter } from '../state/state-writer.js'
import type { Looks } from './looks.js'
import type { LookVerdict, Verdict } from './release-order.js'

/** Who hears of what a strategy brought. */
export interface AcceptContext {
  readonly refusals: Refusals
  readonly writer: StateWriter
  readonly protection: Protection | undefined
  readonly send: (event: ApplyEvent<never>) => void
  readonly looks: Looks
  /** It is known which release is the newest, or was so many milliseconds ago. Default: now. */
  readonly heard: (ageMs?: number) => void
  /** The strategy is to look now. */
  readonly lookNow: () => void
  readonly complain: (error: NoticeboardError) => void
  /** What this client has to tell the fleet changed, or may be told again: it is connected. */
  readonly report: () => void
}

/**
 * Hands on what a verdict says: what is seen to the disk, what is to run to the apply path, how the
 * look went to who waits for it.
 */
export function accept(verdict: Verdict, context: AcceptContext): void {
  const { send, looks } = context
  const looked = (): void => {
    // An outage is over: the fleet hears of it as soon as it can.
    if (looks.error !== undefined) context.report()
    looks.succeeded()
  }
  switch (verdict.type) {
    case 'newer':
      if (verdict.fork !== undefined) context.complain(verdict.fork)
      context.heard(verdict.ageMs)
      keepSeen(verdict, context)
      send({ type: 'release', pending: verdict.pending })
      // It was seen, whatever becomes of it: a snapshot may be long in coming.
      context.report()
      return looked()
    case 'same':
      context.heard(verdict.ageMs)
      send({ type: 'again', pending: verdict.pending })
      return looked()
    case 'current':
      context.heard()
      send({ type: 'current' })
      return looked()
    case 'older':
      if (verdict.tell !== undefined) context.complain(verdict.tell)
      return looked()
    case 'behind':
      return context.lookNow()
    case 'nothing':
      if (verdict.tell !== undefined) context.complain(verdict.tell)
      return
    case 'none':
    case 'trouble':
    case 'late':
      return acceptLook(verdict, looks)
  }
}

/** Tells who waits for a look how one went that brought no release. */
export function acceptLook(verdict: LookVerdict, looks: Looks): void {
  switch (verdict.type) {
    case 'none':
      return looks.foundNothing(verdict.why, verdict.nextMs)
    case 'trouble':
      return looks.failed(verdict.error, { told: verdict.told, nextMs: verdict.nextMs })
    case 'late':
      return looks.isLate(verdict.error)
  }
}

/**
 * Keeps the newest release, and what it withdraws and readmits with it: a readmission counts once,
 * and what is refused again after it stays refused.
 */
function keepSeen(
  { seen, pending }: Extract<Verdict, { type: 'newer' }>,
  { refusals, writer, protection }: AcceptContext,
): void {
  // A bare document's positions are of its own making, and must not stand against a publisher's
  // later.
  if (pending.origin === 'unmanaged') return
  const readmitted = newlyReadmitted(seen.release, writer.state.seen)
  if (readmitted.length > 0) {
    const digests = readmitted.map(({ digest }) => digest)
    refusals.forget(digests)
    protection?.readmit(digests)
  }
  writer.update({
    ...stillGood(writer.state, seen.release),
    seen: seen.position,
    release: seen.bytes,
    refused: refusals.list(),
    ...(readmitted.length > 0 && withReadmitted(writer.state, readmitted)),
  })
}

/**
 * What a release readmits that none has readmitted that was seen here before, with the one that did
 * first.
 */
function newlyReadmitted(
  { epoch, sequence, readmit = [] }: Release,
  before: Position | undefined,
): readonly SavedReadmission[] {
  const hasHeeded = ({ position }: SavedReadmission): boolean =>
    before !== undefined && isAtLeast(before, position)
  return readmit
    .map(({ digest, since = sequence }) => ({ digest, position: { epoch, sequence: since } }))
    .filter(readmission => !hasHeeded(readmission))
}
