import { asNoticeboardError, type NoticeboardError } from '../../contracts/errors.js'
import type { Identity } from '../../contracts/identity.js'
import type { Json } from '../../contracts/json.js'
import type { Position } from '../../contracts/position.js'
import type { OutputOf, Schema } from '../../contracts/schema.js'
import type { SavedSnapshot } from '../../contracts/state.js'
import type { Release } from '../../core/release/release.js'
import { createLinkedAbortController } from '../../async/signals.js'
import { waitForActivation } from './activation.js'
import type { RunningDocument } from './engine.js'
import type { GuardedEmitter } from '../events.js'
import type { FleetClock } from '../receive/fleet-clock.js'
import type { Seen } from '../receive/release-order.js'
import type { Keeper } from '../state/state-writer.js'
import { createMailbox } from '../receive/latest.js'
import type { Wanted } from './fetch-snapshot.js'
import type { Settings } from '../options.js'
import { createOutcomes } from './outcomes.js'
import type { Participants } from './participants.js'
import { runPipeline, type Outcome, type Pending, type PipelineContext } from './pipeline.js'
import type { Refusals } from './refusals.js'
import type { Origin, Running } from '../running.js'
import type { Standing } from '../report/report-state.js'

/** Takes verified releases to their end, one at a time; a newer one cancels the one before. */
export interface Worker {
  /** Whether something is on its way that is not applied, refused or kept yet. */
  readonly busy: boolean
  /** Whether a release is being worked on, or is about to be: unlike `busy`, not one that waits for its retry or for `resume`. */
  readonly working: boolean
  readonly paused: boolean
  readonly standing: Standing
  /** Puts what an earlier life ran back in force, from disk alone. */
  restore(seen: Seen | undefined): Promise<void>
  /** A release newer than all before. */
  offer(pending: Pending): void
  /** The newest release once more, from the transport: worked on if it was not yet. */
  confirm(pending: Pending): void
  /** Works until the signal aborts. Never rejects. */
  run(): Promise<void>
  pause(): void
  resume(): void
  /** The client closes in order. */
  stopped(): void
}

export interface WorkerContext<S extends Schema> {
  readonly settings: Settings<S>
  readonly identity: Identity
  readonly keeper: Keeper
  readonly refusals: Refusals
  readonly participants: Participants<OutputOf<S>>
  readonly fleetClock: FleetClock
  readonly events: GuardedEmitter<OutputOf<S>>
  readonly signal: AbortSignal
  readonly running: () => RunningDocument<OutputOf<S>> | undefined
  /** Makes it what readers see. */
  readonly commit: (next: RunningDocument<OutputOf<S>>) => void
  readonly obtain: (wanted: Wanted, signal: AbortSignal) => Promise<Uint8Array | undefined>
  readonly onApplied: (position: Position, origin: Origin) => void
  readonly onStanding: () => void
  /** A release came to its end; `fromMedium` unless it was restored from disk. */
  readonly onSettled: (fromMedium: boolean) => void
  readonly complain: (error: NoticeboardError) => void
}

/** Makes a {@link Worker}. */
export function createWorker<S extends Schema>(context: WorkerContext<S>): Worker {
  type Value = OutputOf<S>
  const { settings, keeper, refusals, events, signal } = context
  const { clock, random, logger, namespace, soakMs } = settings
  const mailbox = createMailbox<Pending>()
  const outcomes = createOutcomes<Value>({ ...context, namespace, clock, logger, soakMs })
  let job: AbortController | undefined
  /** The newest release that the transport brought; once `paused` ends it is the one to go on with. */
  let newest: Pending | undefined
  let restoring = false
  let working = false
  let paused = false
  /** Whether the newest release is not applied, refused or kept yet. */
  let open = true
  /** Whether the transport's copy of the newest release was worked on. */
  let tried = false
  let cancelRetry: () => void = () => {}

  const pipeline: PipelineContext<Value> = {
    identity: context.identity,
    hasher: settings.hasher,
    schema: settings.schema as unknown as Schema<unknown, Value>,
    validators: settings.validators as PipelineContext<Value>['validators'],
    overrides: settings.overrides,
    maxSnapshotBytes: settings.maxSnapshotBytes,
    refusals,
    participants: context.participants,
    running: context.running,
    obtain: context.obtain,
    activation: (release, jobSignal) =>
      waitForActivation(
        release,
        { clock, fleetClock: context.fleetClock, onWait: outcomes.staged },
        jobSignal,
      ),
    onRejected: outcomes.reject,
    onRefusedBefore: outcomes.refusedBefore,
    commit,
  }

  function commit(made: Running<Value>, release: Release, document: Json): void {
    const previous = context.running()
    const view = release.epoch === UNPLACED.epoch ? { ...made, position: undefined } : made
    context.commit({ view, document })
    // Participants switch in this same tick; listeners are told right after it.
    queueMicrotask(() => {
      events.emit('change', { previous: previous?.view.value, current: view.value, running: view, release })
    })
  }

  async function work(pending: Pending): Promise<void> {
    const own = createLinkedAbortController(signal)
    job = own
    tried = pending.from !== undefined
    outcomes.begin()
    let outcome: Outcome | undefined
    try {
      outcome = await runPipeline(pending, pipeline, own.signal)
    } catch (error) {
      context.complain(
        asNoticeboardError(error, 'internal', 'a release could not be worked on; it will be tried again'),
      )
    }
    if (outcome?.type === 'applied' || outcome?.type === 'unchanged' || outcome?.type === 'kept')
      open = mailbox.full
    const next = await outcomes.settle(outcome, pending)
    // Ends the listener on the long-lived signal.
    own.abort()
    if (job === own) job = undefined
    if (next === 'later') retryLater(pending)
    working = mailbox.full
    if (outcome?.type !== 'superseded' || !working) context.onSettled(pending.from !== undefined)
  }

  function retryLater(pending: Pending): void {
    cancelRetry()
    cancelRetry = clock.after(settings.vetoRetryMs * (0.8 + 0.4 * random.number()), () => {
      // Only the newest release counts: what a newer one, or a pause, overtook is not brought back.
      if (!paused && !working && (newest ?? pending) === pending) post(pending)
    })
  }

  function offer(pending: Pending): void {
    open = true
    tried = false
    newest = pending
    cancelRetry()
    if (paused) return
    post(pending)
    job?.abort()
  }

  function post(pending: Pending): void {
    working = true
    mailbox.put(pending)
  }

  return {
    offer,
    get busy() {
      return open || working
    },
    get working() {
      return working
    },
    get paused() {
      return paused
    },
    get standing() {
      return outcomes.standing
    },
    confirm(pending) {
      const unconfirmed = open || context.running()?.view.origin === 'state'
      if (unconfirmed && !tried && !working) offer(pending)
    },
    async restore(seen) {
      const { applied } = keeper.state
      const wasApplied =
        seen !== undefined &&
        applied?.epoch === seen.position.epoch &&
        applied.sequence === seen.position.sequence
      const saved = savedReleases(keeper, namespace)
      const asked = wasApplied ? withoutActivation(seen.release) : undefined
      let last: Release | undefined
      restoring = true
      for (const release of asked === undefined ? saved : [asked, ...saved]) {
        last = release
        await work({ release, from: undefined, inline: [], origin: 'state' })
        if (context.running() !== undefined) break
      }
      restoring = false
      // Only what the newest release asks of this client, as it is now, may be confirmed by a mere mark.
      open = asked === undefined || last !== asked || context.running() === undefined
    },
    async run() {
      for (;;) {
        const pending = await mailbox.take(signal)
        if (pending === undefined) break
        if (!paused) await work(pending)
        else {
          working = false
          context.onSettled(false)
        }
      }
      outcomes.stop()
      cancelRetry()
    },
    pause() {
      if (paused) return
      paused = true
      cancelRetry()
      // What is on its way is not in force yet, and may not come into force now.
      if (!restoring) job?.abort()
      logger.warn('paused: this client does not follow releases until it is resumed', { namespace })
      context.onStanding()
    },
    resume() {
      if (!paused) return
      paused = false
      logger.warn('resumed: this client follows releases again', { namespace })
      if (open && newest !== undefined) offer(newest)
      context.onStanding()
    },
    stopped: outcomes.stopped,
  }
}

/** Where a kept snapshot stands that came from a bare document: nowhere. */
const UNPLACED: Position = { epoch: '1-00000000', sequence: 1 }

/** Releases that each ask for one kept snapshot, for the way back through the same pipeline: what ran, then last-known-good. */
function savedReleases({ state }: Keeper, namespace: string): readonly Release[] {
  const { current, good, applied = UNPLACED } = state
  return (current === undefined ? good : [current, ...good]).map(
    ({ digest, version, bytes }: SavedSnapshot): Release => ({
      v: 1,
      namespace,
      ...applied,
      issuedAt: '1970-01-01T00:00:00.000Z',
      cause: 'restore',
      stable: { version, variants: [{ digest, bytes }] },
      prev: null,
    }),
  )
}

/** A release that ran before has had its time. */
function withoutActivation({ activateAt: _, ...release }: Release): Release {
  return release
}
