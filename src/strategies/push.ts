import type { Strategy } from '../contracts/strategy.js'
import type { WatchTransport } from '../contracts/transport.js'
import { checkWatches } from './options.js'
import type { WatchOptions } from './watch/watch-loop.js'
import { watchStrategy } from './watch/watch-strategy.js'

/**
 * The server sends: the stream brings each release with the snapshot that is for this client, and
 * nothing needs to be fetched while it is well. Changes arrive soonest, and cost the server the
 * most.
 *
 * A stream that is dead is noticed within 2.5 heartbeats; while none is live the transport is
 * polled, and a sweep asks it every few minutes in any case. Keeps the process alive from `ready()`
 * to `close()`, also while the server is away. Throws `invalid-option`, also for a transport
 * without `watch`.
 *
 * ```ts
 * const config = createClient({ namespace: 'checkout/prod', schema, strategy: push(http(url)) })
 * ```
 */
export function push(transport: WatchTransport, options: PushOptions = {}): Strategy {
  checkWatches('push', 'a transport', transport)
  return watchStrategy('push', { notify: transport, fetch: transport, inline: true }, options)
}

/** Times of push; every one has a default. */
export interface PushOptions extends WatchOptions {}
