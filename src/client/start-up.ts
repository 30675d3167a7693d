import type { NoticeboardError } from '../contracts/errors.js'
import type { Identity } from '../contracts/identity.js'
import type { OutputOf, Schema } from '../contracts/schema.js'
import type { Refusal } from '../contracts/state.js'
import type { Session } from '../contracts/strategy.js'
import type { Wakeable } from '../async/wakeable.js'
import { target } from '../core/release/target.js'
import type { Applied, Current } from './apply/applied.js'
import type { ApplyLoop } from './apply/apply-loop.js'
import { attempt, type AttemptContext } from './apply/attempt.js'
import { createFetchSnapshot } from './apply/fetch-snapshot.js'
import type { Participants } from './apply/participants.js'
import { perform, type PerformContext } from './apply/perform.js'
import type { Change } from './apply/prepare-change.js'
import { createRefusals, type Refusals } from './apply/refusals.js'
import type { Changes } from './changes.js'
import type { GuardedEmitter } from './events.js'
import { resolveIdentity } from './identity.js'
import type { Settings } from './options.js'
import { accept, type AcceptContext } from './receive/accept.js'
import { createFleetClock, type FleetClock } from './receive/fleet-clock.js'
import type { Looks } from './receive/looks.js'
import { createReleaseOrder, readSeen, type ReleaseOrder } from './receive/release-order.js'
import { runStrategy } from './receive/run-strategy.js'
import { describeClient } from './report/report-state.js'
import { startReporter, type Reporter } from './report/reporter.js'
import { restorePlan } from './state/restore-plan.js'
import { readPin } from './state/starting-value.js'
import { openStateWriter, type StateWriter } from './state/state-writer.js'
import type { StatusTracker } from './track-status.js'

/** What a client has before it starts. */
export interface Parts<S extends Schema> {
  readonly settings: Settings<S>
  /** Aborts when the client closes. */
  readonly signal: AbortSignal
  /** Wakes the strategy for a look. */
  readonly news: Wakeable
  readonly changes: Changes
  readonly events: GuardedEmitter<OutputOf<S>>
  readonly participants: Participants<OutputOf<S>>
  readonly current: Current<OutputOf<S>>
  readonly tracker: StatusTracker
  readonly looks: Looks
  readonly loop: ApplyLoop<Change<OutputOf<S>>>
  readonly complain: (error: NoticeboardError) => void
  /** Runs what comes from no release. */
  readonly adopt: (next: Applied<OutputOf<S>>) => void
}

/** What a client knows of itself and of earlier lives once it has read its state. */
interface Known {
  readonly identity: Identity
  readonly writer: StateWriter
  readonly refusals: Refusals
  readonly fleetClock: FleetClock
  readonly order: ReleaseOrder
}

/**
 * Starts a client: reads what it knew, begins to report, brings back what ran, and then follows its
 * strategy. Resolves when what is on disk is in force; `stop` ends it in order once the signal
 * aborted.
 */
export async function startUp<S extends Schema>(parts: Parts<S>): Promise<{ stop(): Promise<void> }> {
  const { settings, signal, loop, changes, complain } = parts
  const known = await readKnown(settings)
  const { identity, writer, order } = known
  const reporter = startReporting(parts, known)
  openLoop(parts, known, reporter)

  const pin = await readPin<S>(settings, signal)
  if (pin !== undefined) parts.adopt(pin)
  const restore = pin === undefined ? restorePlan(writer.state, order.seen) : []
  loop.send({ type: 'boot', restore, pinned: pin !== undefined })
  await changes.until(() => loop.state.work.at !== 'restoring', Number.POSITIVE_INFINITY)

  const { namespace, clock, random, strategy } = settings
  const session: Session = {
    namespace,
    identity,
    clock,
    random,
    signal,
    tag: order.tag,
    seen: () => order.position,
    have: () => parts.current.applied?.running.digest,
    wait: async (delayMs, until) =>
      (await parts.news.wait(delayMs, until)) === 'woken' ? 'asked' : 'elapsed',
  }
  const accepting: AcceptContext = {
    refusals: known.refusals,
    writer,
    looks: parts.looks,
    heard: parts.tracker.heard,
    complain,
    send: loop.send,
    lookNow: parts.news.wake,
    report: reporter.touch,
  }
  const delivering = runStrategy(strategy, {
    session,
    accept: event => accept(order.judge(event), accepting),
    complain,
  })
  return {
    async stop() {
      await delivering
      await reporter.stop()
      writer.update({})
      await writer.flush()
    },
  }
}

async function readKnown<S extends Schema>(settings: Settings<S>): Promise<Known> {
  const { namespace, clock, hasher, logger, state } = settings
  const identity = await resolveIdentity(settings, { ...settings, state })
  const { instanceId, build } = identity
  const writer = await openStateWriter({ storage: state, namespace, instanceId, logger })
  const fleetClock = createFleetClock(clock)
  const seen = readSeen(writer.state.release, settings)
  return {
    identity,
    writer,
    refusals: createRefusals(build, writer.state.refused),
    fleetClock,
    order: createReleaseOrder({ namespace, hasher, fleetClock, seen, floor: writer.state.seen }),
  }
}

function startReporting<S extends Schema>(
  { settings, signal, loop, current }: Parts<S>,
  { identity, writer, refusals, order }: Known,
): Reporter {
  const { namespace, strategy, clock, random, logger, hasher, reports } = settings
  /** What was refused here of what the newest release asks of this client first of all. */
  const refusal = (): Refusal | undefined => {
    if (order.seen === undefined) return undefined
    const first = target(order.seen.release, { identity, refused: () => false, hasher })
    return first.arm === 'keep' ? undefined : refusals.get(first.digest)
  }
  return startReporter({
    to: strategy.reportTo,
    state: () => {
      const running = current.applied?.running
      return describeClient({
        namespace,
        identity,
        strategy: strategy.name,
        state: loop.state,
        running,
        seen: order.position,
        applied: running?.position,
        refusal: refusal(),
        protects: writer.protects,
      })
    },
    clock,
    random,
    logger,
    signal,
    batchMs: reports.batchMs,
    reportIntervalMs: strategy.maxAgeMs === undefined ? reports.intervalMs : undefined,
  })
}

/** Gives the apply loop what it makes attempts with, and what their effects act on. */
function openLoop<S extends Schema>(parts: Parts<S>, known: Known, reporter: Reporter): void {
  const { settings, loop, looks, tracker, current, changes, participants, events, complain } = parts
  const { namespace, clock, random, hasher, logger, state } = settings
  const { identity, refusals, writer, fleetClock } = known
  const attempts: AttemptContext<OutputOf<S>> = {
    identity,
    clock,
    hasher,
    fleetClock,
    schema: settings.schema as unknown as Schema<unknown, OutputOf<S>>,
    validators: settings.validators as AttemptContext<OutputOf<S>>['validators'],
    overrides: settings.overrides,
    maxSnapshotBytes: settings.maxSnapshotBytes,
    refusals,
    participants,
    current,
    fetchSnapshot: createFetchSnapshot({
      namespace,
      clientId: identity.clientId,
      clock,
      random,
      hasher,
      logger,
      state,
      onFailure: looks.failed,
    }),
  }
  const effects: PerformContext<OutputOf<S>> = {
    namespace,
    clock,
    logger,
    events,
    refusals,
    writer,
    current,
    tracker,
    complain,
    report: reporter.touch,
  }
  loop.start({
    attempt: (pending, course) => attempt(pending, attempts, course),
    perform: effect => perform(effect, effects),
    changed: changes.changed,
  })
}
