import type { ReportTransport, WatchTransport } from '../../contracts/transport.js'
import { openEventStream } from './event-stream.js'
import { createMultiplexer, type Multiplexer } from './multiplexer.js'
import type { HttpOptions, Settings } from './options.js'
import { readDelta, readLatest, readNext, readSnapshot } from './reading.js'
import { readSettings } from './settings.js'
import { postReports } from './writing.js'

/** What clients need of a board over HTTP: it reads, notifies and carries reports. */
export interface HttpTransport extends WatchTransport, ReportTransport {
  /** Another server serves the board, and makes its marks. */
  readonly remote: true
  delta: NonNullable<WatchTransport['delta']>
  next: NonNullable<WatchTransport['next']>
}

/**
 * A board behind an address, for clients and relays: a server of ours, or any web server, bucket or
 * CDN with the same files. Requests have one total deadline, follow no redirects and read no more
 * than they allow. Watches over one transport share one connection, so pass the same object to all
 * clients of a process. What publishes takes `httpStore()` instead. Throws `invalid-option` when an
 * option makes no sense.
 *
 * ```ts
 * const strategy = hybrid(http('https://config.internal'))
 * ```
 */
export function http(url: string, options: HttpOptions = {}): HttpTransport {
  return transportOver(readSettings('http()', url, options))
}

/** The transport itself, over options that were read. */
export function transportOver(settings: Settings): HttpTransport {
  const { name, clock } = settings
  // Most transports that are only asked never have one.
  let streams: Multiplexer | undefined
  return {
    name,
    remote: true,
    latest: (query, signal) => readLatest(settings, query, signal),
    next: (query, signal) => readNext(settings, query, signal),
    snapshot: (query, signal) => readSnapshot(settings, query, signal),
    delta: (query, signal) => readDelta(settings, query, signal),
    watch(query, signal) {
      streams ??= createMultiplexer((asked, own) => openEventStream(settings, asked, own), clock)
      return streams.watch(query, signal)
    },
    report: (states, signal) => postReports(settings, states, signal),
  }
}
