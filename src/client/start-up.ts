import type { Deltas } from '../contracts/deltas.js'
import type { NoticeboardError } from '../contracts/errors.js'
import type { Identity } from '../contracts/identity.js'
import type { OutputOf, Schema } from '../contracts/schema.js'
import type { Digest } from '../contracts/names.js'
import type { Protection, SavedSnapshot } from '../contracts/state.js'
import type { Hasher } from '../contracts/system.js'
import type { Session, StrategyEvent } from '../contracts/strategy.js'
import { settlesWithin } from '../async/deadline.js'
import { phaseOf } from '../async/jitter.js'
import { createOccasions } from '../async/occasions.js'
import { createLinkedAbortController, onAbort } from '../async/signals.js'
import type { Wakeable } from '../async/wakeable.js'
import { target } from '../core/release/target.js'
import type { Applied, Current } from './apply/applied.js'
import type { ApplyLoop } from './apply/apply-loop.js'
import { attempt, hasOtherThan, type AttemptContext } from './apply/attempt.js'
import { createFetchSnapshot } from './apply/fetch-snapshot.js'
import { createFromDelta } from './apply/from-delta.js'
import type { Participants } from './apply/participants.js'
import { perform, type PerformContext } from './apply/perform.js'
import type { Change } from './apply/prepare-change.js'
import type { Pending } from './apply/pending.js'
import type { Known as KnownBefore, WhyNot } from './apply/why-not.js'
import { isReceived } from './apply/state.js'
import { createRefusals, type Refusals } from './apply/refusals.js'
import { createWaiting, type Waiting } from './apply/waiting.js'
import type { Changes } from './changes.js'
import type { GuardedEmitter } from './events.js'
import { mayRevert, unconfirmed } from './health/confirmation.js'
import { createHealthWatch, type HealthWatch } from './health/watch.js'
import { proposeIdentity, resolveIdentity } from './identity.js'
import { codeOf } from '../core/code-of.js'
import type { Remembered } from './remembered.js'
import type { Settings } from './options.js'
import { accept, acceptLook, type AcceptContext } from './receive/accept.js'
import { createFleetClock, type FleetClock } from './receive/fleet-clock.js'
import type { Looks } from './receive/looks.js'
import { createOrphanTeller } from './receive/orphaned.js'
import {
  createReleaseOrder,
  isLook,
  judgeLook,
  readSeen,
  type ReleaseOrder,
} from './receive/release-order.js'
import { runStrategy } from './receive/run-strategy.js'
import type { Measures } from './report/measures.js'
import { describeClient } from './report/report-state.js'
import { startReporter, type Reporter } from './report/reporter.js'
import { verdictsOf } from './report/verdicts.js'
import { mayRun } from './state/may-run.js'
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
  readonly measures: Measures
  readonly tracker: StatusTracker
  readonly looks: Looks
  readonly whyNot: WhyNot
  readonly loop: ApplyLoop<Change<OutputOf<S>>>
  readonly complain: (error: NoticeboardError) => void
  /** Logs how soon a change arrives, unless that was told. */
  readonly tellBound: () => void
  /** Runs what comes from no release. */
  readonly adopt: (next: Applied<OutputOf<S>>) => void
  /** What the client knew when its life before this one ended; undefined in its first. */
  readonly before: Remembered | undefined
  /** Hears what is known, which grows from here on. */
  readonly known: (known: Pick<Known, 'identity' | 'writer' | 'order' | 'fleetClock'>) => void
  /** Whether a later life brought something that this one must not undo. */
  readonly isOutrun: (pending: Pending) => boolean
}

/** What a client knows of itself and of earlier lives once it has read its state. */
interface Known {
  readonly identity: Identity
  readonly writer: StateWriter
  readonly refusals: Refusals
  readonly fleetClock: FleetClock
  readonly order: ReleaseOrder
  readonly protection: Protection | undefined
  /** What may not be tried yet. */
  readonly waiting: Waiting
  readonly health: HealthWatch
}

/**
 * How long the network waits for the state folder, and how long a start waits for what ran to be
 * back in force, in milliseconds.
 */
const MEANWHILE_MS = 250
const RESTORE_MS = 1_000

/**
 * Starts a client: reads what it knew, begins to report, brings back what ran, and then follows its
 * strategy; where the state folder is slow, the strategy looks meanwhile, and what it brings waits.
 * Resolves when what is on disk is in force, or takes too long; `stop` ends it in order once the
 * signal aborted.
 */
export async function startUp<S extends Schema>(parts: Parts<S>): Promise<{ stop(): Promise<void> }> {
  const { settings, looks, complain } = parts
  const { clock, strategy } = settings
  const proposed = { ...proposeIdentity(settings, settings), ...parts.before?.name }
  let opened: Opened | undefined
  const opening = open(parts, proposed).then(done => (opened = done))
  if (await settlesWithin(opening, { clock, timeoutMs: MEANWHILE_MS })) await opening
  // Only a start that is still under way can end what follows before the client closes.
  const following = opened === undefined ? createLinkedAbortController(parts.signal) : undefined
  const delivering = runStrategy(strategy, {
    session: sessionOf(parts, { proposed, signal: following?.signal ?? parts.signal, opened: () => opened }),
    accept(event) {
      parts.tellBound()
      if (opened !== undefined) {
        opened.accept(event)
        return undefined
      }
      if (isLook(event)) {
        acceptLook(judgeLook(event), looks)
        return undefined
      }
      // The server has something. Until then the state folder is waited for: whoever starts while
      // the server is down has nothing else.
      settings.state?.hurry()
      return opening.then(
        ({ accept: take }) => take(event),
        // The start says why; nothing is followed then.
        () => following?.abort(),
      )
    },
    ended(error, nextMs) {
      complain(error)
      looks.failed(error, { told: true, nextMs })
    },
  })
  opening.catch(() => following?.abort())
  const forget = onAbort(parts.signal, () => settings.state?.hurry())
  const { reporter, writer, protection } = await opening.finally(forget)
  return {
    async stop() {
      await delivering
      await reporter.stop()
      writer.update({})
      await writer.flush()
      await protection?.close()
    },
  }
}

/** A client whose state was read. */
interface Opened extends Pick<Known, 'identity' | 'order' | 'writer' | 'protection'> {
  readonly reporter: Reporter
  readonly accept: (event: StrategyEvent) => void
}

/** Reads what the client knew, and brings back what ran. */
async function open<S extends Schema>(parts: Parts<S>, proposed: Identity): Promise<Opened> {
  const { settings, signal, loop, changes, complain } = parts
  const { hasher } = settings
  const known = await readKnown(parts, proposed)
  const { identity, writer, order, protection } = known
  parts.known(known)
  parts.measures.follow(order.seen?.release)
  const reporter = startReporting(parts, known)
  const report = (): void => reporter.touch()
  known.health.onChange(report)
  openLoop(parts, known, reporter)

  // Who died of something says so before it tries anything again.
  if (protection?.previous?.end === 'abrupt') await reporter.now()

  const pin = await readPin<S>(settings, signal)
  if (pin !== undefined) parts.adopt(pin)
  const restore =
    pin === undefined && isFree(parts.current.applied)
      ? restorePlan(writer.state, order.seen, { identity, hasher, nowMs: known.fleetClock.now() })
      : []
  loop.send({ type: 'boot', restore, pinned: pin !== undefined })
  // What ran may be slow to prepare, or never be done; what the network has does not wait for that.
  await changes.until(() => loop.state.work.at !== 'restoring', RESTORE_MS)

  const accepting: AcceptContext = {
    refusals: known.refusals,
    writer,
    protection,
    looks: parts.looks,
    heard: ageMs => parts.tracker.heard(ageMs),
    complain,
    send: event => loop.send(event),
    lookNow: parts.news.wake,
    report,
  }
  const tellOrphaned = createOrphanTeller({
    namespace: settings.namespace,
    logger: settings.logger,
    strategy: settings.strategy,
    order,
    fleetClock: known.fleetClock,
  })
  return {
    identity,
    order,
    writer,
    protection,
    reporter,
    accept(event) {
      const verdict = order.judge(event)
      parts.measures.follow(order.seen?.release)
      accept(verdict, accepting)
      tellOrphaned()
    },
  }
}

/** Whether nothing runs that a document from the disk must not take the place of. */
function isFree(applied: Applied<unknown> | undefined): boolean {
  return applied === undefined || applied.running.origin === 'defaults'
}

/** What there is of a client before its state was read. */
interface Meanwhile {
  readonly proposed: Identity
  readonly signal: AbortSignal
  readonly opened: () => Opened | undefined
}

/** What a strategy knows of its client, which may not have been read from the disk yet. */
function sessionOf<S extends Schema>(
  { settings, current, news }: Parts<S>,
  { proposed, signal, opened }: Meanwhile,
): Session {
  const { namespace, clock, random } = settings
  return {
    namespace,
    // Only a place in time and a hint for what is sent along: which release is for whom is judged
    // here.
    get identity() {
      return opened()?.identity ?? proposed
    },
    clock,
    random,
    signal,
    tag: transport => opened()?.order.tag(transport),
    seen: () => opened()?.order.position,
    have: () => current.applied?.running.digest,
    deltas: () => mayHaveDeltas(settings.deltas),
    wait: (delayMs, until) => news.wait(delayMs, until).then(asOutcome),
  }
}

/** A codec of this machine is loaded within milliseconds, once in a process. */
function mayHaveDeltas(deltas: Deltas | undefined): boolean | Promise<boolean> {
  if (deltas === undefined) return false
  return deltas.expected ?? deltas.codec().then(codec => codec !== undefined)
}

function asOutcome(how: 'woken' | 'elapsed'): 'asked' | 'elapsed' {
  return how === 'woken' ? 'asked' : 'elapsed'
}

/** How often it is told that servers' clocks differ, in milliseconds. */
const CLOCK_TOLD_MS = 3_600_000

async function readKnown<S extends Schema>(
  { settings, signal, loop, before }: Parts<S>,
  proposed: Identity,
): Promise<Known> {
  const { namespace, clock, hasher, logger, state } = settings
  const { instanceId, build } = proposed
  // Side by side: a disk that does not answer is waited for once.
  const [identity, writer] = await Promise.all([
    resolveIdentity(proposed, { ...settings, state }),
    openStateWriter({ storage: state, namespace, instanceId, logger, before: before?.state }),
  ])
  const clockTold = createOccasions(clock, CLOCK_TOLD_MS)
  const fleetClock = createFleetClock(clock, aheadMs => {
    if (clockTold.now())
      logger.warn(
        `a server's clock was ${Math.round(aheadMs / 1_000)} s ahead of the marks after it, and is not followed any longer; check the clocks of the servers`,
        { namespace, aheadMs: Math.round(aheadMs) },
      )
  })
  const seen = readSeen(writer.state.release, settings)
  const waiting = createWaiting(loop)
  return {
    identity,
    waiting,
    health: createHealthWatch({ options: settings.health, clock, signal }),
    protection: await openProtection(settings, identity, () => waiting.free()),
    writer,
    refusals: createRefusals(build, writer.state.refused),
    fleetClock,
    order: createReleaseOrder({ namespace, clock, hasher, fleetClock, seen, floor: writer.state.seen }),
  }
}

/**
 * Begins to protect this life from what kills processes. Without a disk, or under a name made up at
 * this start, nothing could be found again.
 */
async function openProtection<S extends Schema>(
  { namespace, state, logger }: Settings<S>,
  { instanceId, build = '', ephemeral }: Identity,
  onFree: () => void,
): Promise<Protection | undefined> {
  if (ephemeral) return undefined
  const warn = (text: string): void => logger.warn(text, { namespace })
  try {
    return await state?.protect?.({ namespace, instanceId, build, onFree, warn })
  } catch (error) {
    logger.warn('the state folder cannot protect this client from a configuration that kills its process', {
      namespace,
      code: codeOf(error),
    })
    return undefined
  }
}

function startReporting<S extends Schema>(
  { settings, signal, loop, current, measures }: Parts<S>,
  { identity, writer, refusals, order, protection, health }: Known,
): Reporter {
  const { namespace, strategy, clock, random, logger, hasher, reports } = settings
  const first = (): Digest | undefined => firstWanted(order, { identity, hasher })
  return startReporter({
    to: strategy.reportTo,
    state: () => {
      const running = current.applied?.running
      const digest = first()
      const quarantined = protection?.quarantined ?? []
      return describeClient({
        namespace,
        identity,
        strategy,
        state: loop.state,
        running,
        seen: order.position,
        applied: running?.position,
        refusal: digest === undefined ? undefined : refusals.get(digest),
        quarantined: quarantined.find(held => held.digest === digest)?.digest,
        verdicts: verdictsOf(refusals.known(), quarantined),
        slot: protection?.slot,
        previous: protection?.previous,
        health: health.health,
        measures: measures.said(),
        protects: writer.protects,
      })
    },
    clock,
    random,
    logger,
    signal,
    batchMs: reports.batchMs,
    runsSinceMs: () => current.sinceMs,
    rhythm: () => {
      const { reportMs = Number.POSITIVE_INFINITY, bakeMs } = order.seen?.release.evidence ?? {}
      return {
        intervalMs: strategy.maxAgeMs === undefined ? Math.min(reports.intervalMs, reportMs) : undefined,
        bakeMs,
      }
    },
  })
}

/** What the newest release asks of this client first of all. */
function firstWanted(
  { seen }: ReleaseOrder,
  { identity, hasher }: { readonly identity: Identity; readonly hasher: Hasher },
): Digest | undefined {
  if (seen === undefined) return undefined
  const wanted = target(seen.release, { identity, refused: () => false, hasher })
  return wanted.arm === 'keep' ? undefined : wanted.digest
}

/** What was known of a snapshot before it was asked for. */
function knownOf(digest: Digest | undefined, { refusals, protection }: Known): KnownBefore {
  if (digest === undefined) return { refusal: undefined, isQuarantined: false }
  return {
    refusal: refusals.get(digest),
    isQuarantined: protection?.quarantined.some(held => held.digest === digest) === true,
  }
}

/** Gives the apply loop what it makes attempts with, and what their effects act on. */
function openLoop<S extends Schema>(parts: Parts<S>, known: Known, reporter: Reporter): void {
  const { settings, loop, looks, whyNot, tracker, current, changes, participants, events, complain } = parts
  const { namespace, clock, random, hasher, logger, state } = settings
  const { identity, refusals, writer, fleetClock, order, protection, waiting, health } = known
  const identified = { identity, hasher }
  const first = (): Digest | undefined => firstWanted(order, identified)
  /** The newest release that was attempted. */
  let newest: Pending | undefined
  /** What ran before what runs. */
  let ranBefore: SavedSnapshot | undefined
  const attempts: AttemptContext<OutputOf<S>> = {
    identity,
    clock,
    hasher,
    fleetClock,
    schema: settings.schema as unknown as Schema<unknown, OutputOf<S>>,
    validators: settings.validators as AttemptContext<OutputOf<S>>['validators'],
    overrides: settings.overrides,
    logger,
    maxSnapshotBytes: settings.maxSnapshotBytes,
    refusals,
    protection,
    waiting,
    health,
    mayRevert: (pending, digest) =>
      mayRevert(pending, digest, { runs: current.applied?.saved, good: writer.state.good }),
    before() {
      // Where nothing runs, what the last life ran may be on the disk, and come late.
      const { good, current: last } = writer.state
      const ran = current.applied?.saved === undefined ? last : ranBefore
      const all = ran === undefined ? good : [ran, ...good]
      return all.filter(saved => order.seen === undefined || mayRun(saved, order.seen.release, identified))
    },
    appliedBefore: () => writer.state.applied,
    participants,
    current,
    tell: () => reporter.now(),
    unmarked(error) {
      logger.warn(
        'the state folder cannot note which configuration is tried, so this client is not protected if it kills the process',
        {
          namespace,
          code: codeOf(error),
        },
      )
    },
    hasOther(pending) {
      const { work } = loop.state
      const runs = current.applied?.saved
      if (runs === undefined) return work.at === 'restoring' && work.rest.length > 0
      return pending.type === 'saved-version' || mayRun(runs, pending.release, identified)
    },
    fetchSnapshot: createFetchSnapshot({
      namespace,
      clientId: identity.clientId,
      clock,
      random,
      hasher,
      logger,
      state,
      fromDelta: createFromDelta(settings),
      onFailure: (error, nextMs) => looks.failed(error, { nextMs }),
    }),
  }
  const effects: PerformContext<OutputOf<S>> = {
    namespace,
    clock,
    logger,
    events,
    refusals,
    writer,
    protection,
    health,
    decideOn(commit, trialled) {
      ranBefore = trialled.previous
      return isConfirmed => {
        if (isConfirmed) {
          loop.send({ type: 'confirmed', commit })
          return true
        }
        const pending = newest ?? trialled.pending
        // Where there is nothing else, and while nothing may change, it stays as it is.
        if (loop.state.mode.at !== 'following' || !hasOtherThan(trialled.saved.digest, pending, attempts))
          return false
        const refused = unconfirmed(trialled, settings.health?.confirmMs ?? 0)
        loop.send({ type: 'reverted', commit, pending, refused })
        return true
      }
    },
    newest: () => order.seen?.release,
    soakMs: settings.soakMs,
    current,
    tracker,
    isOutrun: parts.isOutrun,
    complain,
    report: spreadMs => reporter.touch(spreadMs === undefined ? 0 : phaseOf(identity.instanceId, spreadMs)),
  }
  loop.start({
    async attempt(pending, course) {
      if (isReceived(pending)) newest = pending
      whyNot.begins()
      const end = await attempt(pending, attempts, {
        ...course,
        progress(step) {
          if (step.type === 'refused') whyNot.refused(step.refused)
          course.progress(step)
        },
      })
      whyNot.ended(pending, end, () => knownOf(first(), known))
      return end
    },
    perform: effect => perform(effect, effects),
    changed() {
      changes.changed()
      waiting.ended()
    },
  })
}
