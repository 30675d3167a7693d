import type { NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { Clock, Logger } from '../../contracts/system.js'
import type { GuardedEmitter } from '../events.js'
import type { Refusals } from './refusals.js'
import { savedAfter, withGood } from '../state/saved-after.js'
import type { StateWriter } from '../state/state-writer.js'
import type { StatusTracker } from '../track-status.js'
import type { Current } from './applied.js'
import type { Change } from './prepare-change.js'
import type { ApplyEffect, RefusedSnapshot } from './events.js'
import { originOf, type Pending } from './pending.js'

/** What the effects of the apply state act on. */
export interface PerformContext<Value> {
  readonly namespace: Namespace
  readonly clock: Clock
  readonly logger: Logger
  readonly events: GuardedEmitter<Value>
  readonly refusals: Refusals
  readonly writer: StateWriter
  readonly current: Current<Value>
  readonly tracker: StatusTracker
  readonly complain: (error: NoticeboardError) => void
  readonly report: () => void
}

/** Does what an effect says: the only place where the apply path acts on anything. */
export function perform<Value>(effect: ApplyEffect<Change<Value>>, context: PerformContext<Value>): void {
  switch (effect.type) {
    case 'commit':
      return commit(effect.change, effect.pending, context)
    case 'discard':
      return effect.change.participants.discard()
    case 'confirm':
      return confirm(effect, context)
    case 'save':
      return save(effect, context)
    case 'earn':
      return earn(context)
    case 'refuse':
      return refuse(effect.refused, effect.pending, context)
    case 'value':
      return context.tracker.valued()
    case 'prove':
      if (context.current.applied !== undefined) context.tracker.proven()
      return
    case 'complain':
      return context.complain(effect.error)
    case 'report':
      return context.report()
  }
}

/** Readers, participants and then listeners, all in this tick and nothing in between. */
function commit<Value>(
  { next, participants }: Change<Value>,
  pending: Pending,
  { current, events }: PerformContext<Value>,
): void {
  const previous = current.applied?.running.value
  const { running } = next
  current.run(next)
  participants.commit()
  events.emit('change', {
    previous,
    current: running.value,
    running,
    release: pending.type === 'saved-version' ? undefined : pending.release,
  })
}

/** The value stays the same object; where it comes from is told anew. */
function confirm<Value>(
  { pending, saved }: Extract<ApplyEffect<Change<Value>>, { type: 'confirm' }>,
  { current }: PerformContext<Value>,
): void {
  const { applied } = current
  if (applied === undefined) return
  const { version } = saved
  const { position } = pending
  current.run({
    ...applied,
    saved,
    running: { ...applied.running, version, position, origin: originOf(pending) },
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

function earn<Value>({ current, writer }: PerformContext<Value>): void {
  const saved = current.applied?.saved
  if (saved !== undefined) writer.update(withGood(writer.state, saved))
}

function refuse<Value>(
  { digest, version, code, issues, overridden }: RefusedSnapshot,
  { position }: Pending,
  { namespace, clock, logger, events, refusals, writer }: PerformContext<Value>,
): void {
  refusals.add({ digest, code, issues, at: new Date(clock.now()).toISOString(), lasting: !overridden })
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
