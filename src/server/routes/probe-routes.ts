import { withDeadline } from '../../async/deadline.js'
import type { Clock, Logger } from '../../contracts/system.js'
import type { Transport } from '../../contracts/transport.js'
import { causeOf } from '../../core/cause-of.js'
import { codeOf } from '../../core/code-of.js'
import { errorAnswer, jsonAnswer } from '../http/answers.js'
import type { Lifetime } from '../http/lifetime.js'
import type { Answer } from '../stream/messages.js'

/** What asks whether a server is well: load balancers, kubelets, monitors. */
export interface ProbeRoutes {
  /** That this process answers. */
  health(): Answer
  /** Whether the store answers as well. */
  ready(): Promise<Answer>
}

export interface ProbeRoutesOptions {
  readonly transport: Transport
  readonly lifetime: Lifetime
  readonly clock: Clock
  readonly logger: Logger | undefined
}

/** How long an answer of the store holds, in milliseconds: whoever may ask may ask often. */
const HOLDS_MS = 1_000

/** How long the store may take, in milliseconds; kubelets wait for one second unless told. */
const TIMEOUT_MS = 900

/** A name that nothing has to have: that there is nothing is an answer. */
const ASKED = 'noticeboard/ready'

/**
 * Makes the routes of probes. A server over a transport to another server counts as ready while
 * that one is away, since it goes on serving what it has.
 *
 * ```ts
 * const probes = probeRoutes({ transport, lifetime, clock, logger })
 * ```
 */
export function probeRoutes({ transport, lifetime, clock, logger }: ProbeRoutesOptions): ProbeRoutes {
  let known: { readonly answers: Promise<boolean>; readonly atMs: number } | undefined

  const ask = async (): Promise<boolean> => {
    if (transport.remote === true) return true
    try {
      await lifetime.run(own =>
        withDeadline({ clock, signal: own, timeoutMs: TIMEOUT_MS, what: 'the store' }, signal =>
          transport.latest({ namespace: ASKED }, signal),
        ),
      )
      return true
    } catch (error) {
      logger?.warn('not ready: the store does not answer', {
        code: codeOf(error),
        cause: causeOf(error),
      })
      return false
    }
  }

  return {
    health: () => jsonAnswer(200, { status: 'alive' }),
    async ready() {
      const nowMs = clock.monotonic()
      if (known === undefined || nowMs - known.atMs >= HOLDS_MS) known = { answers: ask(), atMs: nowMs }
      return (await known.answers)
        ? jsonAnswer(200, { status: 'ready' })
        : errorAnswer('unavailable', 'the store does not answer; the log of the server says why')
    },
  }
}
