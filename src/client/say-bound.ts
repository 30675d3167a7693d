import type { Namespace } from '../contracts/names.js'
import type { Strategy, StreamBound } from '../contracts/strategy.js'
import type { Logger } from '../contracts/system.js'

/**
 * How soon a change reaches a client, in the words of people, from what its strategy states.
 *
 * ```ts
 * sayBound(pull(transport)) // pull: a change arrives within 33 s and a request
 * ```
 */
export function sayBound({ name, lookMs, maxAgeMs, stream }: Strategy): string {
  if (stream !== undefined) {
    const { brings, deadStreamMs, heartbeatMs, isTold, pollIntervalMs } = stream
    const live = brings === 'documents' ? 'is sent at once' : 'is announced at once, and fetched'
    const source = isTold ? 'as the server tells it' : 'unless the server tells another'
    return `${name}: a change ${live}; over a stream that died unnoticed it arrives within ${seconds(deadStreamMs)} and a request (heartbeat ${seconds(heartbeatMs)}, ${source}); while no stream is live the client asks every ${seconds(pollIntervalMs)}`
  }
  if (maxAgeMs !== undefined)
    return `${name}: a change arrives with the first ready() more than ${seconds(maxAgeMs)} after the last look, or with refresh()`
  if (!Number.isFinite(lookMs)) return `${name}: a change arrives when the strategy looks; it states no bound`
  return `${name}: a change arrives within ${seconds(lookMs)} and a request`
}

/**
 * Makes what logs the bound: the first time it is called, and whenever the strategy states another
 * one.
 *
 * ```ts
 * const tellBound = createBoundTeller({ strategy, namespace, logger })
 * ```
 */
export function createBoundTeller({
  strategy,
  namespace,
  logger,
}: {
  readonly strategy: Strategy
  readonly namespace: Namespace
  readonly logger: Logger
}): () => void {
  let told: { readonly stream: StreamBound | undefined } | undefined
  return () => {
    const { stream } = strategy
    if (told !== undefined && told.stream === stream) return
    // That a server tells the heartbeat that was expected is no news.
    const isNews = told === undefined || told.stream?.deadStreamMs !== stream?.deadStreamMs
    told = { stream }
    if (isNews) logger.info(sayBound(strategy), { namespace })
  }
}

/** Rounded up, as a bound has to be. */
function seconds(ms: number): string {
  const tenths = Math.ceil(Number((ms / 100).toFixed(6)))
  return ms < 1_000 ? `${Math.ceil(ms)} ms` : `${tenths / 10} s`
}
