import type { NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { Protection } from '../../contracts/state.js'
import type { Clock, Logger } from '../../contracts/system.js'
import type { Release } from '../../core/release/release.js'
import type { GuardedEmitter } from '../events.js'
import type { Trialled } from '../health/confirmation.js'
import type { HealthWatch } from '../health/watch.js'
import type { Refusals } from './refusals.js'
import { savedAfter, withGood } from '../state/saved-after.js'
import type { StateWriter } from '../state/state-writer.js'
import type { StatusTracker } from '../track-status.js'
import type { Current } from './applied.js'
import type { Change } from './prepare-change.js'
import type { ApplyEffect, RefusedSnapshot } from './events.js'
import { originOf, partOf, type Pending } from './pending.js'

/** What the effects of the apply state act on. */
export interface PerformContext<Value> {
  readonly namespace: Namespace
  readonly clock: Clock
  readonly logger: Logger
  readonly events: GuardedEmitter<Value>
  readonly refusals: Refusals
  readonly writer: StateWriter
  readonly protection: Protection | undefined
  readonly health: Pick<HealthWatch, 'committed'>
  /**
   * What is done once a probe confirms what attempt number `commit` committed, or does not; whether
   * that decides it.
   */
  readonly decideOn: (commit: number, trialled: Trialled) => (isConfirmed: boolean) => boolean
  /** The newest release that was seen. */
  readonly newest: () => Release | undefined
  /** How long a snapshot has to run until it counts as good, in milliseconds. */
  readonly soakMs: number
  readonly current: Current<Value>
  readonly tracker: StatusTracker
  /** Whether a later life brought something that this one must not undo. */
  readonly isOutrun: (pending: Pending) => boolean
  readonly complain: (error: NoticeboardError) => void
  /** Tells the fleet, at once or spread over that many milliseconds. */
  readonly report: (spreadMs?: number) => void
}

/** Does what an effect says: the only place where the apply path acts on anything. */
export function perform<Value>(effect: ApplyEffect<Change<Value>>, context: PerformContext<Value>): void {
  switch (effect.type) {
    case 'commit':
      return context.isOutrun(effect.pending) ? discard(effect.change, context) : commit(effect, context)
    case 'discard':
      return discard(effect.change, context)
    case 'confirm':
      return confirm(effect, context)
    case 'save':
      return save(effect, context)
    case 'earn':
      return earn(context)
    case 'refuse':
      return refuse(effect.refused, effect.pending, context)
    case 'value':
      if (context.current.applied !== undefined) context.tracker.valued()
      return
    case 'prove':
      if (context.current.applied !== undefined) context.tracker.proven()
      return
    case 'fall-behind':
      return context.tracker.refused()
    case 'complain':
      return context.complain(effect.error)
    case 'report':
      return context.report(effect.spreadMs)
  }
}

type CommitEffect<Value> = Extract<ApplyEffect<Change<Value>>, { readonly type: 'commit' }>

/** Readers, participants and then listeners, all in this tick and nothing in between. */
function commit<Value>(
  { id, pending, change: { next, participants, before } }: CommitEffect<Value>,
  context: PerformContext<Value>,
): void {
  const { current, events, protection, health, refusals, soakMs } = context
  const ran = current.applied
  const previous = ran?.running.value
  const { running } = next
  current.run(next)
  // What a probe took back, and a release brought again where it left nothing else.
  if (pending.type === 'release' && next.saved !== undefined) refusals.retract(next.saved.digest)
  const bakeMs = pending.type === 'saved-version' ? 0 : (pending.release.evidence?.bakeMs ?? 0)
  // What kills a process right after it was earned is to be found as well.
  protection?.committed(running.digest, Math.max(2 * soakMs, bakeMs))
  participants.commit()
  health.committed({
    before,
    decide:
      next.saved &&
      context.decideOn(id, {
        pending,
        saved: next.saved,
        previous: ran?.saved,
        overridden: running.overridden.length > 0,
      }),
  })
  events.emit('change', {
    previous,
    current: running.value,
    running,
    release: pending.type === 'saved-version' ? undefined : pending.release,
  })
  const { version, digest, origin, arm } = running
  context.logger.info(`version ${version} runs now`, {
    namespace: context.namespace,
    digest: digest?.slice(0, 12),
    origin,
    ...(arm === 'candidate' && { arm }),
  })
}

function discard<Value>({ next, participants }: Change<Value>, { protection }: PerformContext<Value>): void {
  const { digest } = next.running
  if (digest !== undefined) protection?.drop(digest)
  participants.discard()
}

/** The value stays the same object; where it comes from is told anew. */
function confirm<Value>(
  { pending, saved }: Extract<ApplyEffect<Change<Value>>, { type: 'confirm' }>,
  { current }: PerformContext<Value>,
): void {
  const { applied } = current
  if (applied === undefined) return
  const { digest, version } = saved
  const { position } = pending
  current.run({
    ...applied,
    saved,
    running: {
      ...applied.running,
      version,
      position,
      origin: originOf(pending),
      ...partOf(pending, digest),
    },
  })
}

function save<Value>(
  { pending, end }: Extract<ApplyEffect<Change<Value>>, { type: 'save' }>,
  { writer, refusals }: PerformContext<Value>,
): void {
  const change = savedAfter(writer.state, pending, end)
  const snapshot =
    end.type === 'prepared' && change.current !== undefined
      ? { digest: end.saved.digest, bytes: end.change.bytes }
      : undefined
  writer.update({ ...change, refused: refusals.list() }, snapshot)
}

function earn<Value>({ current, writer, protection, newest }: PerformContext<Value>): void {
  const saved = current.applied?.saved
  if (saved === undefined) return
  protection?.earned()
  writer.update(withGood(writer.state, saved, newest()))
}

function refuse<Value>(
  { digest, version, code, issues, path, overridden, reverted = false }: RefusedSnapshot,
  { position }: Pending,
  { namespace, clock, logger, events, refusals, writer }: PerformContext<Value>,
): void {
  refusals.add({
    digest,
    code,
    issues,
    path,
    at: new Date(clock.now()).toISOString(),
    lasting: !overridden,
    reverted,
  })
  writer.update({ refused: refusals.list() })
  const [first] = issues
  const where = first === undefined || first.path === '' ? 'the document' : first.path
  logger.error(`version ${version} was refused: ${where}: ${first?.message ?? code}`, {
    namespace,
    version,
    code,
  })
  events.emit('rejected', { digest, version, position, code, issues })
}
