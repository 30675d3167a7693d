import type { Strategy } from '../contracts/strategy.js'
import type { NoticeTransport, Transport, WatchTransport } from '../contracts/transport.js'
import { checkOptions } from '../core/options.js'
import { checkNotifies, checkReads } from './options.js'
import type { WatchOptions } from './watch/watch-loop.js'
import { watchStrategy } from './watch/watch-strategy.js'

/** Times of hybrid; every one has a default. */
export interface HybridOptions extends WatchOptions {}

/** Two transports: one that notifies, and one that everything is fetched from (a CDN, a bucket). */
export interface HybridTransports {
  /**
   * Where notices come from; nothing is asked here, so `name` and `watch` are all that it needs.
   */
  readonly notify: NoticeTransport
  /** Where releases are asked for, and snapshots fetched. */
  readonly fetch: Transport
}

/**
 * The server sends notices, the client fetches: the stream brings each release, a few hundred
 * bytes, and the snapshot is fetched by its digest, through whatever caches there are. The right
 * choice for most.
 *
 * A stream that is dead is noticed within 2.5 heartbeats; while none is live the transport is
 * polled, and a sweep asks it every few minutes in any case. Keeps the process alive from `ready()`
 * to `close()`, also while the server is away. Throws `invalid-option`, also for a transport
 * without `watch`.
 *
 * ```ts
 * const strategy = hybrid(http(url))
 * ```
 */
export function hybrid(transport: WatchTransport, options?: HybridOptions): Strategy
/**
 * The same over two transports; reports go to `fetch` where it carries them, else to `notify`.
 * Throws `invalid-option`, also where `notify` has no `watch`, or `fetch` no `latest` and
 * `snapshot`.
 *
 * ```ts
 * const strategy = hybrid({ notify: http(url), fetch: http('https://cdn.example.com/board') })
 * ```
 */
export function hybrid(transports: HybridTransports, options?: HybridOptions): Strategy
export function hybrid(transport: WatchTransport | HybridTransports, options: HybridOptions = {}): Strategy {
  const two = typeof transport === 'object' && transport !== null && 'notify' in transport
  if (two) checkOptions('the transports of hybrid()', transport, { notify: true, fetch: true })
  const { notify, fetch } = two ? transport : { notify: transport, fetch: transport }
  checkReads('hybrid', two ? 'a `fetch` transport' : 'a transport', fetch)
  checkNotifies('hybrid', two ? 'a `notify` transport' : 'a transport', notify)
  return watchStrategy('hybrid', { notify, fetch, inline: false }, options)
}
