import { asNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Identity } from '../contracts/identity.js'
import type { Json } from '../contracts/json.js'
import type { Position } from '../contracts/position.js'
import type { OutputOf, Schema } from '../contracts/schema.js'
import type { SavedSnapshot } from '../contracts/state.js'
import { positionOf, type Release } from '../core/release.js'
import { linkedAbort } from '../strategies/linked-abort.js'
import { waitForActivation } from './activation.js'
import type { Running } from './engine.js'
import type { GuardedEmitter } from './events.js'
import type { FleetClock } from './fleet-clock.js'
import { readmitted, type Seen } from './intake.js'
import { withGood, type Keeper } from './keeper.js'
import type { Mailbox } from './mailbox.js'
import type { Wanted } from './obtain.js'
import type { Settings } from './options.js'
import type { Participants } from './participants.js'
import { runPipeline, type Outcome, type Pending, type PipelineContext, type Rejection } from './pipeline.js'
import type { Refusals } from './refusals.js'
import type { Origin, View } from './snapshot.js'
import type { Standing } from './standing.js'

/** Takes verified releases to their end, one at a time; a newer one cancels the one before. */
export interface Worker {
  /** Whether something is on its way that is not applied, refused or kept yet. */
  readonly busy: boolean
  readonly held: boolean
  readonly standing: Standing
  /** Puts what an earlier life ran back in force, from disk alone. */
  restore(seen: Seen | undefined): Promise<void>
  /** A release newer than all before. */
  offer(pending: Pending): void
  /** The newest release once more, from the medium: worked on if it was not yet. */
  confirm(pending: Pending): void
  /** Works until the signal aborts. Never rejects. */
  run(): Promise<void>
  hold(): void
  resume(): void
  /** The client closes in order. */
  left(): void
}

export interface WorkerContext<S extends Schema> {
  readonly settings: Settings<S>
  readonly identity: Identity
  readonly keeper: Keeper
  readonly refusals: Refusals
  readonly participants: Participants<OutputOf<S>>
  readonly mailbox: Mailbox<Pending>
  readonly fleetClock: FleetClock
  readonly events: GuardedEmitter<OutputOf<S>>
  readonly signal: AbortSignal
  readonly running: () => Running<OutputOf<S>> | undefined
  /** Makes it what readers see. */
  readonly commit: (next: Running<OutputOf<S>>) => void
  readonly obtain: (wanted: Wanted, signal: AbortSignal) => Promise<Uint8Array | undefined>
  readonly onApplied: (position: Position, origin: Origin) => void
  readonly onStanding: () => void
  /** A release came to its end; `fromNetwork` unless it was restored from disk. */
  readonly onSettled: (fromNetwork: boolean) => void
  readonly complain: (error: NoticeboardError) => void
}

/** Makes a {@link Worker}. */
export function createWorker<S extends Schema>(context: WorkerContext<S>): Worker {
  type Value = OutputOf<S>
  const { settings, keeper, refusals, mailbox, events, signal } = context
  const { clock, random, logger, namespace } = settings
  let job: AbortController | undefined
  let parked: Pending | undefined
  let held = false
  let unsettled = true
  let standing: Standing = { phase: 'waiting' }
  /** What was refused while the release at hand was worked on; it outweighs that something else could be applied. */
  let rejection: Standing | undefined
  let cancelSoak: () => void = () => {}
  let cancelRetry: () => void = () => {}

  const say = (next: Standing): void => {
    standing = rejection ?? next
    context.onStanding()
  }

  const pipeline: PipelineContext<Value> = {
    identity: context.identity,
    crypto: settings.crypto,
    schema: settings.schema as unknown as Schema<never, Value>,
    validators: settings.validators as PipelineContext<Value>['validators'],
    overrides: settings.overrides,
    maxBytes: settings.maxSnapshotBytes,
    refusals,
    participants: context.participants,
    running: context.running,
    obtain: context.obtain,
    async activation(release, staged, jobSignal) {
      await waitForActivation(release, { clock, fleetClock: context.fleetClock, onWait: () => say({ phase: 'staged' }) }, jobSignal)
    },
    onRejected: reject,
    commit: (view, release, document) => commit(view, release, document),
  }

  function reject({ release, digest, version, code, issues, overridden }: Rejection): void {
    const [first] = issues
    refusals.add({ digest, code, issues, at: new Date(clock.now()).toISOString(), lasting: !overridden })
    rejection = { phase: 'rejected', refused: digest, code, validator: first?.validator, path: first?.path }
    say(rejection)
    const where = first === undefined || first.path === '' ? 'the document' : first.path
    logger.error(`version ${version} was refused: ${where}: ${first?.reason ?? code}`, { namespace, version, code })
    events.emit('rejected', { digest, version, position: positionOf(release), code, issues })
  }

  function commit(made: View<Value>, release: Release, document: Json): void {
    const previous = context.running()
    const view = release.epoch === UNPLACED.epoch ? { ...made, position: undefined } : made
    context.commit({ view, document })
    // Participants switch in this same tick; listeners are told right after it.
    queueMicrotask(() => {
      const snapshot = { ...view, ageMs: view.origin === 'state' ? Number.POSITIVE_INFINITY : 0 }
      events.emit('change', { previous: previous?.view.value, current: view.value, snapshot, release })
    })
  }

  async function work(pending: Pending): Promise<void> {
    const { release } = pending
    const own = linkedAbort(signal)
    job = own
    rejection = undefined
    refusals.forget(readmitted(release))
    let outcome: Outcome<Value> | undefined
    try {
      outcome = await runPipeline(pending, pipeline, own.signal)
    } catch (error) {
      context.complain(asNoticeboardError(error, 'internal', 'a release could not be worked on; it will be tried again'))
    }
    await settle(outcome, pending)
    // Ends the listener on the long-lived signal.
    own.abort()
    if (job === own) job = undefined
    if (outcome?.type !== 'superseded') context.onSettled(pending.from !== undefined)
  }

  async function settle(outcome: Outcome<Value> | undefined, pending: Pending): Promise<void> {
    const position = positionOf(pending.release)
    switch (outcome?.type) {
      case 'applied':
        return applied(outcome, pending, position)
      case 'unchanged':
        return unchanged(outcome.version, pending, position)
      case 'kept':
        unsettled = false
        await keeper.update({ refused: refusals.list(), good: stillGood(pending.release) })
        return say(keptStanding(pending.release) ?? standing)
      case 'vetoed':
        rejection = { phase: 'rejected', refused: outcome.digest, code: outcome.error.code }
        say(rejection)
        context.complain(outcome.error)
        return retryLater(pending)
      case 'unsupported':
        rejection = { phase: 'rejected', code: 'unsupported' }
        say(rejection)
        return context.complain(
          new NoticeboardError('unsupported', `the release needs "${outcome.member}", which this version of noticeboard does not know; what runs goes on. Update noticeboard here`),
        )
      case 'missing':
      case 'superseded':
        return
      case undefined:
        return retryLater(pending)
    }
  }

  async function applied(outcome: Extract<Outcome<Value>, { type: 'applied' }>, { release, origin }: Pending, position: Position): Promise<void> {
    const { bytes, digest, version } = outcome
    unsettled = false
    const saved: SavedSnapshot = { digest, version, bytes: bytes.length }
    if (origin === 'network' || (origin === 'unmanaged' && keeper.state.applied === undefined)) {
      await keeper.writeSnapshot(digest, bytes)
      await keeper.update({ ...placed(position, origin), current: saved, refused: refusals.list(), good: stillGood(release) })
    }
    context.onApplied(position, origin)
    say({ phase: 'applied' })
    soak(saved)
  }

  async function unchanged(version: number, { release, origin }: Pending, position: Position): Promise<void> {
    const now = context.running()
    unsettled = false
    if (now !== undefined) context.commit({ ...now, view: { ...now.view, version, position, origin } })
    const current = keeper.state.current
    await keeper.update({
      ...placed(position, origin),
      refused: refusals.list(),
      good: stillGood(release),
      ...(current !== undefined && { current: { ...current, version } }),
    })
    context.onApplied(position, origin)
    say({ phase: standing.phase === 'healthy' ? 'healthy' : 'applied' })
  }

  /** Only a publisher's positions are kept: a bare document's begin anew at each start. */
  const placed = (position: Position, origin: Origin): { readonly applied?: Position } => (origin === 'unmanaged' ? {} : { applied: position })

  /** Last-known-good without what the release withdraws: that is no fallback any more. */
  const stillGood = ({ withdrawn = [] }: Release): readonly SavedSnapshot[] =>
    keeper.state.good.filter(({ digest }) => !withdrawn.includes(digest))

  /** Last-known-good is earned: by running for a while. */
  function soak(saved: SavedSnapshot): void {
    cancelSoak()
    cancelSoak = clock.after(settings.soakMs, () => {
      if (context.running()?.view.digest !== saved.digest) return
      void keeper.update({ good: withGood(keeper.state.good, saved) })
      if (standing.phase === 'applied') say({ phase: 'healthy' })
    })
  }

  function retryLater(pending: Pending): void {
    cancelRetry()
    cancelRetry = clock.after(settings.vetoRetryMs * (0.8 + 0.4 * random.number()), () => {
      if (!mailbox.full && job === undefined) mailbox.put(pending)
    })
  }

  function keptStanding({ stable }: Release): Standing | undefined {
    for (const { digest } of stable.variants) {
      const refusal = refusals.get(digest)
      if (refusal !== undefined) return { phase: 'rejected', refused: digest, code: refusal.code, validator: refusal.validator, path: refusal.path }
    }
    return undefined
  }

  function offer(pending: Pending): void {
    unsettled = true
    if (held) return void (parked = pending)
    cancelRetry()
    mailbox.put(pending)
    job?.abort()
  }

  return {
    offer,
    get busy() {
      return unsettled || mailbox.full || job !== undefined
    },
    get held() {
      return held
    },
    get standing() {
      return standing
    },
    confirm(pending) {
      if (!unsettled || mailbox.full || job !== undefined || rejection !== undefined) return
      offer(pending)
    },
    async restore(seen) {
      const { current, good, applied: appliedAt } = keeper.state
      const releases: Release[] = []
      const wasApplied = seen !== undefined && appliedAt?.epoch === seen.position.epoch && appliedAt.sequence === seen.position.sequence
      if (wasApplied) releases.push(withoutActivation(seen.release))
      for (const saved of current === undefined ? good : [current, ...good]) {
        releases.push(releaseOf(saved, appliedAt ?? UNPLACED, namespace))
      }
      for (const release of releases) {
        await work({ release, from: undefined, inline: [], origin: 'state' })
        if (context.running() !== undefined) break
      }
      // Only what the newest release asked for may be confirmed by a mere mark.
      unsettled = !(wasApplied && context.running() !== undefined)
    },
    async run() {
      for (;;) {
        const pending = await mailbox.take(signal)
        if (pending === undefined) break
        if (held) parked = pending
        else await work(pending)
      }
      cancelSoak()
      cancelRetry()
    },
    hold() {
      if (held) return
      held = true
      logger.warn('held: this client does not follow releases until it is resumed', { namespace })
      context.onStanding()
    },
    resume() {
      if (!held) return
      held = false
      logger.warn('resumed: this client follows releases again', { namespace })
      const pending = parked
      parked = undefined
      if (pending !== undefined) offer(pending)
      context.onStanding()
    },
    left() {
      rejection = undefined
      standing = { phase: 'left' }
    },
  }
}

/** Where a kept snapshot stands that came from a bare document: nowhere. */
const UNPLACED: Position = { epoch: '1-00000000', sequence: 1 }

/** A release that ran before has had its time. */
function withoutActivation({ activateAt: _, ...release }: Release): Release {
  return release
}

/** A release that asks for one kept snapshot, for the way back through the same pipeline. */
function releaseOf({ digest, version, bytes }: SavedSnapshot, { epoch, sequence }: Position, namespace: string): Release {
  return {
    v: 1,
    namespace,
    epoch,
    sequence,
    issuedAt: '1970-01-01T00:00:00.000Z',
    cause: 'restore',
    stable: { version, variants: [{ digest, bytes }] },
    prev: null,
  }
}
