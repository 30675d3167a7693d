import { canRead, canReport, canWatch } from '../contracts/capabilities.js'
import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Clock, System } from '../contracts/system.js'
import type {
  Delivery,
  Latest,
  ReportTransport,
  Tag,
  Transport,
  WatchTransport,
} from '../contracts/transport.js'
import { withDeadline } from '../async/deadline.js'
import { checkOptions, isPositive } from '../core/options.js'
import { readSystem } from '../system/system.js'

/** Everything has a default. */
export interface FallbackOptions {
  /** How long a transport that failed is asked last, in milliseconds. Default 60,000. */
  readonly avoidMs?: number
  /**
   * How long one transport may take to say what is newest before the next is asked, in
   * milliseconds. Default 4,000.
   */
  readonly tryMs?: number
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System>
}

/** Notifies or carries reports where one of the transports does. */
export type Fallback<Transports extends readonly Transport[]> = Transport &
  (Extract<Transports[number], WatchTransport> extends never ? unknown : WatchTransport) &
  (Extract<Transports[number], ReportTransport> extends never ? unknown : ReportTransport)

/** One transport or more, the preferred one first. */
export type FallbackTransports = readonly [Transport, ...Transport[]]

/**
 * Several transports that carry the same log, in order of preference: what one cannot be reached
 * for, the next is asked. One that failed is asked last for a while. Snapshots are also looked for
 * further on when one does not have them. A refusal is an answer: nobody else is asked. Throws
 * `invalid-option` without any.
 *
 * ```ts
 * const strategy = hybrid(fallback([http('http://near:4600'), http('http://far:4600')]))
 * ```
 */
export function fallback<const Given extends FallbackTransports>(
  transports: Given,
  options: FallbackOptions = {},
): Fallback<Given> {
  return createFallback(transports, options) as Fallback<Given>
}

function createFallback(transports: readonly Transport[], options: FallbackOptions): Transport {
  checkOptions('fallback()', options, { avoidMs: true, tryMs: true, system: true })
  const { avoidMs = 60_000, tryMs = 4_000 } = options
  for (const [option, value] of Object.entries({ avoidMs, tryMs })) {
    if (!isPositive(value))
      throw new NoticeboardError('invalid-option', `fallback: ${option} must be a number above 0`)
  }
  const { clock } = readSystem('fallback()', options.system)
  if (!Array.isArray(transports) || transports.length === 0 || !transports.every(canRead)) {
    throw new NoticeboardError(
      'invalid-option',
      'fallback() needs an array of at least one transport, and nothing else: fallback([http(near), http(far)])',
    )
  }
  const name = `fallback ${transports.map(transport => transport.name).join(', ')}`
  // A transport whose stream is broken may well answer questions, and the other way round.
  const asking = createOrder(transports, { avoidMs, clock })
  const watching = createOrder(transports.filter(canWatch), { avoidMs, clock })

  /** Asks one after the other until one answers. */
  const ask = async <T>(
    signal: AbortSignal,
    isPassed: (error: unknown) => boolean,
    run: (transport: Transport) => Promise<T>,
  ): Promise<T> => {
    const errors: unknown[] = []
    for (const transport of asking.inOrder()) {
      try {
        const answer = await run(transport)
        asking.good(transport)
        return answer
      } catch (error) {
        if (signal.aborted || !isPassed(error)) throw error
        // That something is not there says nothing against the transport.
        if (!isNoticeboardError(error, 'not-found')) asking.bad(transport)
        errors.push(error)
      }
    }
    throw summed(name, errors)
  }

  /**
   * One request under a deadline of its own, so that a transport that hangs leaves time for the
   * next.
   */
  const briefly = (
    signal: AbortSignal,
    transport: Transport,
    run: (signal: AbortSignal) => Promise<Latest>,
  ): Promise<Latest> => {
    const last = asking.inOrder().at(-1) === transport
    const timeoutMs = last ? Number.POSITIVE_INFINITY : tryMs
    return withDeadline({ clock, signal, timeoutMs, what: transport.name, graceMs: 0 }, run)
  }

  const latest: Transport['latest'] = ({ namespace, tag }, signal) =>
    ask(signal, isUnreachable, async transport => {
      const index = transports.indexOf(transport)
      const own = tag === undefined ? undefined : unwrap(tag, index)
      const answer = await briefly(signal, transport, inner =>
        transport.latest({ namespace, ...(own !== undefined && { tag: own }) }, inner),
      )
      return wrap(answer, index)
    })

  const next: NonNullable<Transport['next']> = (query, signal) =>
    ask(signal, isUnreachable, async transport => {
      const answer = await briefly(
        signal,
        transport,
        inner => transport.next?.(query, inner) ?? Promise.resolve({ type: 'none' }),
      )
      return wrap(answer, transports.indexOf(transport))
    })

  /**
   * Of the one that is asked first alone: where it has none, the snapshot itself is the shorter
   * way.
   */
  const delta: NonNullable<Transport['delta']> = async (query, signal) =>
    asking.inOrder()[0]?.delta?.(query, signal)

  async function* watch(
    query: Parameters<WatchTransport['watch']>[0],
    signal: AbortSignal,
  ): AsyncGenerator<Delivery, void, undefined> {
    const errors: unknown[] = []
    for (const transport of watching.inOrder()) {
      let started = false
      try {
        for await (const delivery of transport.watch(query, signal)) {
          if (delivery.type === 'alive' && isUnwatchable(delivery.trouble)) throw delivery.trouble
          started = true
          watching.good(transport)
          yield delivery
        }
        if (started || signal.aborted) return
        throw new NoticeboardError(
          'unavailable',
          `the stream from ${transport.name} ended before its first event`,
        )
      } catch (error) {
        if (signal.aborted) return
        if (started || !isUnwatchable(error)) throw error
        errors.push(error)
      } finally {
        // Also when it was given up without a first frame: else the next try would hang at the same
        // one.
        if (!started) watching.bad(transport)
      }
    }
    throw summed(name, errors)
  }

  const reporters = transports.filter(canReport)
  return {
    name,
    latest,
    snapshot: (query, signal) => ask(signal, isElsewhere, transport => transport.snapshot(query, signal)),
    ...(transports.some(transport => transport.delta !== undefined) && { delta }),
    ...(transports.some(transport => transport.next !== undefined) && { next }),
    ...(transports.every(transport => transport.unmanaged) && { unmanaged: true as const }),
    ...(transports.some(transport => transport.remote) && { remote: true as const }),
    ...(watching.inOrder().length > 0 && { watch }),
    ...(reporters.length > 0 && {
      async report(states: Parameters<ReportTransport['report']>[0], signal: AbortSignal): Promise<void> {
        const errors: unknown[] = []
        for (const transport of asking.inOrder().filter(canReport)) {
          try {
            return await transport.report(states, signal)
          } catch (error) {
            if (signal.aborted || !isUnreachable(error)) throw error
            errors.push(error)
          }
        }
        throw summed(name, errors)
      },
    }),
  }
}

interface Preference<Given> {
  /** Those that work first; among equals in the order given. */
  inOrder(): readonly Given[]
  good(transport: Given): void
  bad(transport: Given): void
}

function createOrder<Given extends Transport>(
  transports: readonly Given[],
  { avoidMs, clock }: { readonly avoidMs: number; readonly clock: Clock },
): Preference<Given> {
  const avoidedUntil = new Map<Given, number>()
  const isAvoided = (transport: Given): boolean => clock.monotonic() < (avoidedUntil.get(transport) ?? 0)
  return {
    inOrder: () => [
      ...transports.filter(transport => !isAvoided(transport)),
      ...transports.filter(isAvoided),
    ],
    good: transport => void avoidedUntil.delete(transport),
    bad: transport => void avoidedUntil.set(transport, clock.monotonic() + avoidMs),
  }
}

/** Tags carry whose they are, so that one never reaches another transport. */
function wrap(answer: Latest, index: number): Latest {
  return answer.type === 'release' && answer.tag !== undefined
    ? { ...answer, tag: `${index}:${answer.tag}` }
    : answer
}

function unwrap(tag: Tag, index: number): Tag | undefined {
  const prefix = `${index}:`
  return tag.startsWith(prefix) ? tag.slice(prefix.length) : undefined
}

function isUnreachable(error: unknown): boolean {
  return isNoticeboardError(error, 'unavailable', 'rate-limited', 'timeout')
}

function isElsewhere(error: unknown): boolean {
  return isNoticeboardError(error, 'unavailable', 'rate-limited', 'timeout', 'not-found')
}

function isUnwatchable(error: unknown): error is NoticeboardError {
  return isNoticeboardError(error, 'unavailable', 'rate-limited', 'timeout', 'no-watch')
}

/** What to say when nobody answered: all agree, or they are out of reach. */
function summed(name: string, errors: readonly unknown[]): unknown {
  const [first] = errors
  if (errors.length === 1) return first
  const known = errors.filter(error => isNoticeboardError(error))
  for (const code of ['not-found', 'no-watch'] as const) {
    if (errors.length > 0 && known.every(error => error.code === code)) return first
  }
  const waits = known.map(({ retryAfterMs }) => retryAfterMs ?? 0)
  const retryAfterMs = Math.min(...waits)
  return new NoticeboardError(
    'unavailable',
    `${name}: none of its ${errors.length} transports could be reached${isNoticeboardError(first) ? `; the first says: ${first.message}` : ''}`,
    {
      cause: first,
      ...(retryAfterMs > 0 && Number.isFinite(retryAfterMs) && { retryAfterMs }),
    },
  )
}
