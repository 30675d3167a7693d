import { asNoticeboardError, isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Clock, Logger } from '../../contracts/system.js'
import { withDeadline } from '../../async/deadline.js'
import { createLinkedAbortController } from '../../async/signals.js'
import { oneLine } from '../../core/json/text.js'
import { callGuarded } from '../events.js'

/**
 * A part of the program that must change together with the configuration, or keep everybody from
 * changing: a pool that has to connect first. A throw in `prepare` vetoes the change for everybody.
 * What is thrown stays in this process, since it may quote a value; to have the fleet see why,
 * throw `new NoticeboardError('vetoed', 'the pool has no room')`, whose message goes into reports
 * and must hold none.
 */
export interface Participant<Value> {
  readonly name: string
  /**
   * Gets ready for the next value without changing anything that is in use. The signal aborts when
   * the change is off.
   */
  prepare(next: Value, context: { readonly signal: AbortSignal }): Prepared | PromiseLike<Prepared>
}

/** What a participant prepared. Exactly one of the two is called, once. */
export interface Prepared {
  /** Switches over. Called in one tick with everybody else's; must not throw. */
  commit(): void
  /** Lets go of what was prepared. */
  discard?(): void
}

/** Everybody who takes part in a change. */
export interface Participants<Value> {
  /** Joins; the result leaves again. Joining does not call `prepare` for the value that runs. */
  join(participant: Participant<Value>): () => void
  /**
   * Prepares everybody. Throws `vetoed` when one refuses or takes too long; then everybody else is
   * discarded.
   */
  prepare(next: Value, signal: AbortSignal): Promise<PreparedChange>
}

/** A change that everybody is ready for. */
export interface PreparedChange {
  commit(): void
  discard(): void
}

/** Makes {@link Participants}. `timeoutMs` bounds each one's `prepare`. */
export function createParticipants<Value>(options: ParticipantsOptions): Participants<Value> {
  return new Joined<Value>(options)
}

export interface ParticipantsOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly timeoutMs: number
}

/** A change that nobody takes part in. */
const NOBODY: PreparedChange = { commit() {}, discard() {} }

/** A class, since every client has one; most have no participant. */
class Joined<Value> implements Participants<Value> {
  readonly #options: ParticipantsOptions
  /** Made with the first that joins. */
  #joined: Set<Participant<Value>> | undefined

  constructor(options: ParticipantsOptions) {
    this.#options = options
  }

  join(participant: Participant<Value>): () => void {
    const joined = (this.#joined ??= new Set())
    joined.add(participant)
    return () => void joined.delete(participant)
  }

  async prepare(next: Value, signal: AbortSignal): Promise<PreparedChange> {
    const joined = [...(this.#joined ?? [])]
    if (joined.length === 0) return NOBODY
    const { logger } = this.#options
    const over = createLinkedAbortController(signal)
    const ready: Ready[] = []
    let refused: unknown
    await Promise.all(
      joined.map(async participant => {
        try {
          ready.push({
            name: participant.name,
            prepared: await this.#prepareOne(participant, next, over.signal),
          })
        } catch (error) {
          refused ??= error
          // One veto is enough: the others need not go on.
          over.abort()
        }
      }),
    )
    // From here on the change is on: the signal that said it might be off stays silent.
    over.finish()
    const discard = (): void => {
      for (const each of ready) this.#letGo(each)
    }
    if (refused !== undefined) {
      discard()
      throw asNoticeboardError(refused, 'vetoed', 'a participant refused the change')
    }
    return {
      discard,
      commit() {
        for (const { name, prepared } of ready)
          callGuarded(() => prepared.commit(), logger, `commit() of participant "${name}"`)
      },
    }
  }

  /**
   * One participant's answer, or its refusal as `vetoed`; what it prepares too late is discarded.
   */
  async #prepareOne(participant: Participant<Value>, next: Value, signal: AbortSignal): Promise<Prepared> {
    const { clock, timeoutMs } = this.#options
    const { name } = participant
    const veto = (reason: string, cause?: unknown): NoticeboardError => vetoOf(name, reason, cause)
    const ask = async (): Promise<Prepared> => {
      let prepared: Prepared
      try {
        prepared = await participant.prepare(next, { signal })
      } catch (error) {
        throw veto(reasonOf(error), error)
      }
      assertPrepared(name, prepared)
      return prepared
    }
    let asked: Promise<Prepared> | undefined
    try {
      return await withDeadline(
        {
          clock,
          signal,
          timeoutMs,
          graceMs: 0,
          what: `participant "${name}"`,
          late: ms => veto(`did not prepare within ${ms} ms`),
        },
        () => (asked = ask()),
      )
    } catch (error) {
      asked?.then(
        prepared => this.#letGo({ name, prepared }),
        () => {},
      )
      throw signal.aborted ? veto('was interrupted by a newer change') : error
    }
  }

  #letGo({ name, prepared }: Ready): void {
    callGuarded(() => prepared.discard?.(), this.#options.logger, `discard() of participant "${name}"`)
  }
}

/** What a participant did that threw. Only a text that is meant to be read elsewhere is told. */
function reasonOf(error: unknown): string {
  return isNoticeboardError(error, 'vetoed') ? `refused the change: ${error.message}` : 'refused the change'
}

/** The veto of a participant: `issues` holds its name and what it did. */
function vetoOf(name: string, reason: string, cause?: unknown): NoticeboardError {
  const issue = { path: '', message: oneLine(reason), validator: oneLine(name) || 'participant' }
  return new NoticeboardError('vetoed', `participant "${name}" ${reason}; the configuration stays as it is`, {
    cause,
    issues: [issue],
  })
}

/** Throws `vetoed` for what a participant prepared that cannot switch over. */
export function assertPrepared(name: string, prepared: unknown): asserts prepared is Prepared {
  if (typeof (prepared as Partial<Prepared> | undefined | null)?.commit === 'function') return
  throw vetoOf(name, 'did not return an object with commit() from prepare()')
}

/** A participant that is ready for the change. */
interface Ready {
  readonly name: string
  readonly prepared: Prepared
}
