import { asNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Clock, Logger } from '../../contracts/system.js'
import { onAbort } from '../../async/signals.js'
import { callGuarded } from '../events.js'

/**
 * A part of the program that must change together with the configuration, or keep everybody from changing: a pool that
 * has to connect first. A throw in `prepare` vetoes the change for everybody.
 */
export interface Participant<Value> {
  readonly name: string
  /** Gets ready for the next value without changing anything that is in use. The signal aborts when the change is off. */
  prepare(next: Value, context: { readonly signal: AbortSignal }): Prepared | Promise<Prepared>
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
  /** Prepares everybody. Throws `vetoed` when one refuses or takes too long; then everybody else is discarded. */
  prepare(next: Value, signal: AbortSignal): Promise<PreparedChange>
}

/** A change that everybody is ready for. */
export interface PreparedChange {
  commit(): void
  discard(): void
}

/** Makes {@link Participants}. `timeoutMs` bounds each one's `prepare`. */
export function createParticipants<Value>({
  clock,
  logger,
  timeoutMs,
}: {
  readonly clock: Clock
  readonly logger: Logger
  readonly timeoutMs: number
}): Participants<Value> {
  const joined = new Set<Participant<Value>>()

  return {
    join(participant) {
      joined.add(participant)
      return () => void joined.delete(participant)
    },
    async prepare(next, signal) {
      const over = new AbortController()
      const abort = (): void => over.abort()
      signal.addEventListener('abort', abort, { once: true })
      const everybody = [...joined]
      const results = await Promise.allSettled(
        everybody.map(participant => prepareOne(participant, next, over)),
      )
      // From here on the change is on: the signal that said it might be off stays silent.
      signal.removeEventListener('abort', abort)

      const ready = results.flatMap((result, index) =>
        result.status === 'fulfilled' ? [{ name: everybody[index]?.name ?? '', prepared: result.value }] : [],
      )
      const discard = (): void => {
        for (const { name, prepared } of ready)
          callGuarded(() => prepared.discard?.(), logger, `discard() of participant "${name}"`)
      }
      const refused = results.find(result => result.status === 'rejected')
      if (refused !== undefined) {
        discard()
        throw asNoticeboardError(refused.reason, 'vetoed', 'a participant refused the change')
      }
      return {
        discard,
        commit() {
          for (const { name, prepared } of ready)
            callGuarded(() => prepared.commit(), logger, `commit() of participant "${name}"`)
        },
      }
    },
  }

  /** One participant's answer, or its refusal as `vetoed`; what comes after the deadline is discarded. */
  async function prepareOne(
    participant: Participant<Value>,
    next: Value,
    over: AbortController,
  ): Promise<Prepared> {
    const veto = (reason: string, cause?: unknown): NoticeboardError =>
      new NoticeboardError(
        'vetoed',
        `participant "${participant.name}" ${reason}; the configuration stays as it is`,
        { cause },
      )
    return new Promise((resolve, reject) => {
      let open = true
      const settle = (finish: () => void): void => {
        if (!open) return
        open = false
        cancel()
        offAbort()
        finish()
      }
      const refuse = (error: NoticeboardError): void =>
        settle(() => {
          reject(error)
          // One veto is enough: the others need not go on.
          over.abort()
        })
      const aborted = (): void => settle(() => reject(veto('was interrupted by a newer change')))
      const cancel = clock.after(timeoutMs, () => refuse(veto(`did not prepare within ${timeoutMs} ms`)))
      // One listener on the signal, however many take part.
      const offAbort = onAbort(over.signal, aborted)
      Promise.resolve()
        .then(() => participant.prepare(next, { signal: over.signal }))
        .then(
          prepared => {
            if (typeof prepared?.commit !== 'function')
              refuse(veto('prepared nothing that has a commit(), so it could not switch over'))
            else if (open) settle(() => resolve(prepared))
            else
              callGuarded(
                () => prepared.discard?.(),
                logger,
                `discard() of participant "${participant.name}"`,
              )
          },
          (error: unknown) => refuse(veto('refused the change', error)),
        )
    })
  }
}
