import { NoticeboardError } from '../../contracts/errors.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import type { Clock, Logger } from '../../contracts/system.js'
import type { Position } from '../../contracts/position.js'
import type { SavedSnapshot } from '../../contracts/state.js'
import { positionOf, type Release } from '../../core/release/release.js'
import type { RunningDocument } from './engine.js'
import type { GuardedEmitter } from '../events.js'
import { withGood, type Keeper } from '../state/state-writer.js'
import type { Outcome, Pending, Rejection } from './pipeline.js'
import type { Refusals } from './refusals.js'
import type { Origin } from '../running.js'
import type { Standing } from '../report/report-state.js'

/** What follows from how a release ended: what is kept on disk, what is said to the fleet, what is earned by running on. */
export interface Outcomes {
  readonly standing: Standing
  /** A release begins: what was refused of an earlier one is no longer what this client has to say. */
  begin(): void
  /** A snapshot was refused. */
  reject(rejection: Rejection): void
  /** The release asks for a snapshot that was refused before. */
  refusedBefore(digest: Digest): void
  /** The snapshot waits for its time. */
  staged(): void
  /** Keeps and says what follows. Returns what to do with the release: it is `done`, to be tried `later`, or still `open`. */
  settle(outcome: Outcome | undefined, pending: Pending): Promise<'done' | 'later' | 'open'>
  /** The client closes in order. */
  stopped(): void
  stop(): void
}

export interface OutcomesContext<Value> {
  readonly namespace: Namespace
  readonly clock: Clock
  readonly logger: Logger
  readonly soakMs: number
  readonly keeper: Keeper
  readonly refusals: Refusals
  readonly events: GuardedEmitter<Value>
  readonly running: () => RunningDocument<Value> | undefined
  readonly commit: (next: RunningDocument<Value>) => void
  readonly onApplied: (position: Position, origin: Origin) => void
  /** What this client has to say changed. */
  readonly onStanding: () => void
  readonly complain: (error: NoticeboardError) => void
}

/** Makes {@link Outcomes}. */
export function createOutcomes<Value>(context: OutcomesContext<Value>): Outcomes {
  const { namespace, clock, logger, keeper, refusals, events } = context
  let standing: Standing = { phase: 'waiting' }
  /** What was refused of the release at hand; it outweighs that something else could be applied. */
  let rejection: Standing | undefined
  let cancelSoak: () => void = () => {}

  const say = (next: Standing): void => {
    standing = rejection ?? next
    context.onStanding()
  }
  const sayRejected = (next: Standing): void => {
    rejection = next
    say(next)
  }

  /** Only a publisher's positions are kept: a bare document's begin anew at each start. */
  const placed = (position: Position, origin: Origin): { readonly applied?: Position } =>
    origin === 'unmanaged' ? {} : { applied: position }

  /** Last-known-good without what the release withdraws: that is no fallback any more. */
  const stillGood = ({ withdrawn = [] }: Release): readonly SavedSnapshot[] =>
    keeper.state.good.filter(({ digest }) => !withdrawn.includes(digest))

  async function applied(
    { digest, version, bytes }: Extract<Outcome, { type: 'applied' }>,
    { release, origin }: Pending,
  ): Promise<void> {
    const position = positionOf(release)
    const saved: SavedSnapshot = { digest, version, bytes: bytes.length }
    if (origin === 'network' || (origin === 'unmanaged' && keeper.state.applied === undefined)) {
      await keeper.writeSnapshot(digest, bytes)
      await keeper.update({
        ...placed(position, origin),
        current: saved,
        refused: refusals.list(),
        good: stillGood(release),
      })
    }
    context.onApplied(position, origin)
    say({ phase: 'applied' })
    soak(saved)
  }

  async function unchanged(saved: SavedSnapshot, { release, origin }: Pending): Promise<void> {
    const { version } = saved
    const position = positionOf(release)
    const now = context.running()
    if (now !== undefined) context.commit({ ...now, view: { ...now.view, version, position, origin } })
    await keeper.update({
      ...placed(position, origin),
      refused: refusals.list(),
      good: stillGood(release),
      ...((origin === 'network' || keeper.state.current?.digest === saved.digest) && { current: saved }),
    })
    context.onApplied(position, origin)
    say({ phase: standing.phase === 'healthy' ? 'healthy' : 'applied' })
  }

  /** Last-known-good is earned: by running for a while. */
  function soak(saved: SavedSnapshot): void {
    cancelSoak()
    cancelSoak = clock.after(context.soakMs, () => {
      if (context.running()?.view.digest !== saved.digest) return
      void keeper.update({ good: withGood(keeper.state.good, saved) })
      if (standing.phase === 'applied') say({ phase: 'healthy' })
    })
  }

  return {
    get standing() {
      return standing
    },
    begin() {
      rejection = undefined
    },
    staged: () => say({ phase: 'staged' }),
    refusedBefore(digest) {
      const refusal = refusals.get(digest)
      if (refusal === undefined) return
      const { code, validator, path } = refusal
      rejection = { phase: 'rejected', refused: digest, code, validator, path }
    },
    reject({ release, digest, version, code, issues, overridden }) {
      const [first] = issues
      refusals.add({ digest, code, issues, at: new Date(clock.now()).toISOString(), lasting: !overridden })
      sayRejected({
        phase: 'rejected',
        refused: digest,
        code,
        validator: first?.validator,
        path: first?.path,
      })
      const where = first === undefined || first.path === '' ? 'the document' : first.path
      logger.error(`version ${version} was refused: ${where}: ${first?.message ?? code}`, {
        namespace,
        version,
        code,
      })
      events.emit('rejected', { digest, version, position: positionOf(release), code, issues })
    },
    async settle(outcome, pending) {
      switch (outcome?.type) {
        case 'applied':
          await applied(outcome, pending)
          return 'done'
        case 'unchanged':
          await unchanged({ digest: outcome.digest, version: outcome.version, bytes: outcome.bytes }, pending)
          return 'done'
        case 'kept':
          await keeper.update({ refused: refusals.list(), good: stillGood(pending.release) })
          say(standing)
          return 'done'
        case 'vetoed':
          sayRejected({ phase: 'rejected', refused: outcome.digest, code: outcome.error.code })
          context.complain(outcome.error)
          return 'later'
        case 'unsupported':
          sayRejected({ phase: 'rejected', code: 'unsupported' })
          context.complain(
            new NoticeboardError(
              'unsupported',
              `the release needs "${outcome.member}", which this version of noticeboard does not know; what runs goes on. Update noticeboard here`,
            ),
          )
          return 'open'
        case 'missing':
        case 'superseded':
          return 'open'
        case undefined:
          return 'later'
      }
    },
    stopped() {
      rejection = undefined
      standing = { phase: 'stopped' }
    },
    stop: () => cancelSoak(),
  }
}
