import { withDeadline } from '../../async/deadline.js'
import { asNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Session } from '../../contracts/strategy.js'
import type { Delivery, NoticeTransport } from '../../contracts/transport.js'
import { MAX_HEARTBEAT_MS, MIN_HEARTBEAT_MS } from '../../core/limits.js'
import { GRACE_MS, settlesWithin } from '../../async/deadline.js'
import { createLinkedAbortController } from '../../async/signals.js'

/**
 * What came since the last look into it: the newest of each kind, since a newer one supersedes an
 * older one.
 */
export interface Inbox {
  readonly release?: Delivery & { readonly type: 'release' }
  readonly mark?: Delivery & { readonly type: 'mark' }
  /** What cannot be read for now, though the watch goes on. */
  readonly trouble?: NoticeboardError
}

/** One watch, from its opening to its end. It belongs to one loop, and is never reopened. */
export interface Connection {
  /** Takes what came. */
  take(): Inbox
  /** When the last delivery came, on the monotonic clock; undefined before the first. */
  readonly lastMs: number | undefined
  /** Whether the server sends signs of life, so that silence means something. */
  readonly signs: boolean
  /** Whether it sends marks, so that nobody needs to ask. */
  readonly marks: boolean
  /** The heartbeat that the server told. */
  readonly heartbeatMs: number | undefined
  /**
   * Why it ended; undefined while it has not. A clean end is a failure too: a watch has no reason
   * to end.
   */
  readonly failure: NoticeboardError | undefined
  /** Ends it. Resolves when nothing is left of it; never rejects. */
  close(): Promise<void>
}

/** What is watched, and who is told. */
export interface ConnectionOptions {
  readonly transport: NoticeTransport
  readonly inline: boolean
  /** Called whenever there is something new to see. */
  readonly wake: () => void
}

/** How long a watch waits to hear whether it may ask for deltas, in milliseconds. */
const DELTAS_MS = 1_000

async function usesDeltas({ deltas, clock }: Session, signal: AbortSignal): Promise<boolean> {
  const answer = deltas?.() ?? false
  if (typeof answer === 'boolean') return answer
  return withDeadline(
    { clock, signal, timeoutMs: DELTAS_MS, what: 'the codec for deltas', graceMs: 0 },
    () => answer,
  ).catch(() => false)
}

/** Opens a watch of the session's namespace, and keeps reading it into a bounded inbox. */
export function openConnection(session: Session, { transport, inline, wake }: ConnectionOptions): Connection {
  const { namespace, identity, clock, signal } = session
  const own = createLinkedAbortController(signal)
  let inbox: Inbox = {}
  let lastMs: number | undefined
  let signs = false
  let marks = false
  let heartbeatMs: number | undefined
  let failure: NoticeboardError | undefined
  let iterator: AsyncIterator<Delivery> | undefined

  const accept = (delivery: Delivery): void => {
    const first = lastMs === undefined
    lastMs = clock.monotonic()
    switch (delivery.type) {
      case 'release':
        // A mark from before the release says nothing about it.
        if (delivery.namespace === namespace) inbox = { release: delivery }
        break
      case 'mark':
        signs = true
        if (delivery.namespace !== namespace) break
        marks = true
        inbox = { ...inbox, mark: delivery }
        break
      case 'alive':
        // A bare `alive` at the start only says that nothing was published yet; it promises no
        // others.
        if (delivery.trouble !== undefined) inbox = { ...inbox, trouble: delivery.trouble }
        else signs ||= !first || delivery.heartbeatMs !== undefined
        heartbeatMs = believed(delivery.heartbeatMs) ?? heartbeatMs
    }
  }

  const pump = async (): Promise<void> => {
    try {
      const deltas = inline && 'delta' in transport && (await usesDeltas(session, own.signal))
      const have = session.have()
      const query = {
        namespaces: [namespace],
        inline,
        ...(inline && { identity }),
        ...(deltas && { deltas }),
        ...(have !== undefined && { have: { [namespace]: have } }),
      }
      iterator = transport.watch(query, own.signal)[Symbol.asyncIterator]()
      while (!own.signal.aborted) {
        const step = await iterator.next()
        if (step.done === true) {
          failure = new NoticeboardError('unavailable', `the stream from ${transport.name} ended`)
          break
        }
        if (own.signal.aborted) break
        accept(step.value)
        wake()
      }
    } catch (error) {
      failure = asNoticeboardError(error, 'unavailable', `the stream from ${transport.name} broke`)
    }
    own.abort()
    wake()
  }
  const pumping = pump()

  return {
    take() {
      const taken = inbox
      inbox = {}
      return taken
    },
    get lastMs() {
      return lastMs
    },
    get signs() {
      return signs
    },
    get marks() {
      return marks
    },
    get heartbeatMs() {
      return heartbeatMs
    },
    get failure() {
      return failure
    },
    async close() {
      own.abort()
      // An iterator that is not a generator may only end by this; a generator finishes its step
      // first.
      const returned = (async () => iterator?.return?.())()
      await settlesWithin(Promise.allSettled([pumping, returned]), { clock, timeoutMs: GRACE_MS })
    },
  }
}

function believed(heartbeatMs: number | undefined): number | undefined {
  if (heartbeatMs === undefined || !Number.isFinite(heartbeatMs) || heartbeatMs <= 0) return undefined
  return Math.min(Math.max(heartbeatMs, MIN_HEARTBEAT_MS), MAX_HEARTBEAT_MS)
}
