import { asNoticeboardError, type NoticeboardError } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import type { Position } from '../../contracts/position.js'
import type { Session } from '../../contracts/strategy.js'
import type { Schema, OutputOf } from '../../contracts/schema.js'
import { createBell } from '../receive/wakeable.js'
import { runStrategy } from '../receive/run-strategy.js'
import { createEmitter, type GuardedEmitter } from '../events.js'
import { createFleetClock } from '../receive/fleet-clock.js'
import { createFreshness, type Freshness } from '../receive/freshness.js'
import { resolveIdentity } from '../identity.js'
import { createIntake, readmitted, readSeen } from '../receive/release-order.js'
import { openKeeper } from '../state/state-writer.js'
import { obtain, type FetchPace } from './fetch-snapshot.js'
import type { Settings } from '../options.js'
import { createParticipants, type Participants } from './participants.js'
import { nextStatus, type ClientStatus, type StatusEvent } from '../status.js'
import { createRefusals } from './refusals.js'
import { startReporter } from '../report/reporter.js'
import type { Running } from '../running.js'
import { describeStanding } from '../report/report-state.js'
import { checkDefaults, readPin } from '../state/starting-value.js'
import { createWorker, type Worker } from './apply-loop.js'

/** What runs now: the view that readers see, and the document it was made of. */
export interface RunningDocument<Value> {
  readonly view: Running<Value>
  readonly document: Json
}

/** Everything of a client but its face: from arrivals to commits, reports and state. */
export interface Engine<Value> {
  readonly status: ClientStatus
  readonly events: GuardedEmitter<Value>
  readonly participants: Participants<Value>
  readonly freshness: Freshness
  /** The last look that failed, for messages; undefined since one succeeded. */
  readonly trouble: NoticeboardError | undefined
  /** Whether the transport was asked and nothing was published yet. */
  readonly nothingPublished: boolean
  /** Starts everything, once; resolves when what is on disk is in force. Rejects when defaults or pin do not pass the schema. */
  start(): Promise<void>
  /** Asks the strategy to look now. */
  ring(): void
  /** Calls back after each look, with its error if it failed, and after each commit; until the result is called. */
  onStep(listener: (step: Step) => void): () => void
  /** Whether a release is being worked on, or is about to be. */
  readonly working: boolean
  /** Whether this client follows no releases for now: paused, or pinned. */
  readonly paused: boolean
  /** Makes the defaults what runs; false when there are none. */
  adoptDefaults(): boolean
  pause(): void
  resume(): void
  close(): Promise<void>
}

/** What `onStep` tells. */
export type Step =
  | { readonly type: 'looked'; readonly error?: NoticeboardError }
  | { readonly type: 'settled' }
  | { readonly type: 'closed' }

/** Makes an {@link Engine}; no I/O before `start`. `show` makes a view what the client's readers see. */
export function createEngine<S extends Schema>(
  settings: Settings<S>,
  show: (view: Running<OutputOf<S>>) => void,
): Engine<OutputOf<S>> {
  type Value = OutputOf<S>
  const { namespace, clock, random, hasher, logger, strategy } = settings
  const root = new AbortController()
  const bell = createBell(clock)
  const fleetClock = createFleetClock(clock)
  const events = createEmitter<Value>(logger)
  const participants = createParticipants<Value>({ clock, logger, timeoutMs: settings.prepareTimeoutMs })
  const steps = new Set<(step: Step) => void>()
  const freshness = createFreshness({
    clock,
    // A client that looks on demand keeps no timers; `ready()` judges the age.
    freshMs: () => (strategy.maxAgeMs === undefined ? strategy.freshMs : Number.POSITIVE_INFINITY),
    onOverdue: () => advance('overdue'),
  })
  let status: ClientStatus = 'idle'
  let running: RunningDocument<Value> | undefined
  let defaults: RunningDocument<Value> | undefined
  let starting: Promise<void> | undefined
  let worker: Worker | undefined
  let finish: () => Promise<void> = () => Promise.resolve()
  let trouble: NoticeboardError | undefined
  let nothingPublished = false
  let pausedFromStart = false
  let pinned = false

  const advance = (event: StatusEvent): void => {
    const previous = status
    status = nextStatus(status, event)
    if (status !== previous) events.emit('status', { previous, current: status })
  }
  const tell = (step: Step): void => {
    for (const listener of steps) listener(step)
  }
  const complain = (error: NoticeboardError): void => {
    logger.warn(error.message, { namespace, code: error.code })
    events.emit('error', error)
  }
  const run = (next: RunningDocument<Value>): void => {
    running = next
    show(Object.freeze(next.view))
  }
  const prove = (): void => {
    if (worker?.busy !== false || running === undefined) return
    freshness.prove()
    advance('proven')
  }

  const pace: FetchPace = { notBeforeMs: 0 }

  const begin = async (): Promise<void> => {
    advance('started')
    defaults = await checkDefaults(settings, root.signal)
    const identity = await resolveIdentity(settings, {
      platform: settings.platform,
      random,
      state: settings.state,
      logger,
    })
    const keeper = await openKeeper({
      folder: settings.state,
      namespace,
      instanceId: identity.instanceId,
      logger,
    })
    const refusals = createRefusals(identity.build, keeper.state.refused)
    const seenBefore = readSeen(keeper.state.release, namespace)
    let applied: Position | undefined = keeper.state.applied

    const working = createWorker<S>({
      settings, identity, keeper, refusals, participants, fleetClock, events, signal: root.signal,
      running: () => running,
      commit: run,
      obtain: (wanted, signal) =>
        obtain(wanted, { namespace, clientId: identity.clientId, clock, random, hasher, logger, state: settings.state, pace, onFailure: failed }, signal),
      onApplied: (position, origin) => {
        applied = position
        // What comes from the transport is proven as soon as it is settled.
        if (origin === 'state') advance('valued')
      },
      onStanding: () => reporter.touch(),
      onSettled: fromMedium => {
        if (fromMedium) prove()
        tell({ type: 'settled' })
      },
      complain,
    }) // prettier-ignore
    worker = working

    const failed = (thrown: NoticeboardError): void => {
      const error = asNoticeboardError(thrown, 'unavailable', `strategy ${strategy.name} could not look`)
      const first = trouble === undefined
      trouble = error
      // An outage is told once in full; its repetitions are details.
      if (first || error.code === 'fork' || error.code === 'invalid-data') complain(error)
      else logger.debug(error.message, { namespace, code: error.code })
      tell({ type: 'looked', error })
    }
    const looked = (): void => {
      if (trouble !== undefined) reporter.touch()
      trouble = undefined
      tell({ type: 'looked' })
    }
    const intake = createIntake(
      {
        namespace,
        hasher,
        fleetClock,
        onNewer(seen, pending) {
          // A bare document's positions are of its own making, and must not stand against a publisher's later.
          if (pending.origin !== 'unmanaged') {
            // With the release, in one write: a readmission counts once, and what is refused again after it stays refused.
            refusals.forget(readmitted(pending.release))
            void keeper.update({ seen: seen.position, release: seen.bytes, refused: refusals.list() })
          }
          working.offer(pending)
          looked()
        },
        onSame(pending) {
          working.confirm(pending)
          prove()
          looked()
        },
        onCurrent() {
          prove()
          looked()
        },
        onOlder: looked,
        onBehind: () => bell.ring(),
        onNone() {
          nothingPublished = true
          looked()
        },
        onTrouble: failed,
      },
      seenBefore,
      keeper.state.seen,
    )
    const reporter = startReporter({
      to: strategy.reportTo,
      state: () =>
        describeStanding({
          namespace, identity, strategy: strategy.name, standing: working.standing, seen: intake.seen?.position ?? keeper.state.seen,
          applied, view: running?.view, paused: working.paused, protects: keeper.protects,
        }), // prettier-ignore
      clock, random, logger, signal: root.signal, batchMs: settings.reports.batchMs,
      presenceMs: strategy.maxAgeMs === undefined ? settings.reports.intervalMs : undefined,
    }) // prettier-ignore

    if (pausedFromStart) working.pause()
    const pin = await readPin<S>(settings, root.signal)
    if (pin !== undefined) {
      pinned = true
      working.pause()
      run(pin)
      events.emit('change', {
        previous: undefined,
        current: pin.view.value,
        running: pin.view,
        release: undefined,
      })
      advance('valued')
    } else {
      await working.restore(seenBefore)
    }

    const session: Session = {
      namespace, identity, clock, random, signal: root.signal,
      tag: intake.tag,
      seen: () => intake.seen?.position ?? keeper.state.seen,
      have: () => running?.view.digest,
      wait: bell.pause,
    } // prettier-ignore
    const workingOn = working.run()
    const delivering = runStrategy(strategy, { session, accept: intake.accept, complain })
    finish = async () => {
      await Promise.all([workingOn, delivering])
      working.stopped()
      await reporter.leave()
      await keeper.update({})
    }
  }

  return {
    events,
    participants,
    freshness,
    get status() {
      return status
    },
    get trouble() {
      return trouble
    },
    get nothingPublished() {
      return nothingPublished
    },
    get working() {
      return worker?.working ?? true
    },
    get paused() {
      return worker?.paused ?? pausedFromStart
    },
    start: () => (starting ??= begin()),
    ring: () => bell.ring(),
    onStep(listener) {
      steps.add(listener)
      return () => void steps.delete(listener)
    },
    adoptDefaults() {
      if (defaults === undefined || running !== undefined) return running !== undefined
      const { view } = defaults
      run(defaults)
      events.emit('change', {
        previous: undefined,
        current: view.value,
        running: view,
        release: undefined,
      })
      advance('valued')
      return true
    },
    pause() {
      pausedFromStart = true
      worker?.pause()
    },
    resume() {
      pausedFromStart = false
      if (pinned)
        logger.warn('pinned: this client cannot be resumed while its pin file names it', { namespace })
      else worker?.resume()
    },
    async close() {
      advance('closed')
      root.abort()
      freshness.stop()
      tell({ type: 'closed' })
      // A start that failed was told to whoever asked for it.
      await starting?.catch(() => {})
      await finish()
      events.removeAll()
    },
  }
}
