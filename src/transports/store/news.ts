import { createLatestByKey } from '../../async/latest.js'
import { asNoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import { systemClock } from '../../system/system.js'
import type { EngineNews } from './engine.js'

/** Where a driver's callbacks go. Calls after the end are harmless. */
export interface NewsSink {
  /** Notifications arrive from now on: at first, and again after the driver has connected anew. */
  listening(): void
  /** The newest release of the namespace may have changed. */
  changed(namespace: Namespace): void
  /** The connection is lost. */
  lost(error: unknown): void
}

/**
 * Makes the notifications of a driver that calls back into what `listen` of an engine returns.
 * `subscribe` resolves to what ends the subscription, which is called once, however it ends.
 * Nothing piles up: a namespace that changes often while nobody reads is told once.
 *
 * ```ts
 * listen: signal =>
 *   engineNews(async sink => {
 *     const subscription = await client.subscribe('news', sink.changed)
 *     sink.listening()
 *     return () => subscription.close()
 *   }, signal)
 * ```
 */
export async function* engineNews(
  subscribe: (sink: NewsSink) => Promise<() => void>,
  signal: AbortSignal,
): AsyncGenerator<EngineNews, void, undefined> {
  // Reads without a timer, so which clock it is makes no difference.
  const news = createLatestByKey<Namespace, EngineNews>(systemClock)
  const lost = (error: unknown): void =>
    news.fail(asNoticeboardError(error, 'unavailable', 'the connection for notifications was lost'))
  const subscribing = subscribe({
    listening: () => news.put('', 'listening'),
    changed: namespace => news.put(namespace, { changed: namespace }),
    lost,
  })
  subscribing.catch(lost)
  try {
    yield* news.items(signal)
  } finally {
    // A subscription that comes about only now ends as soon as it does; one that failed needs no
    // end.
    void subscribing.then(
      end => end(),
      () => {},
    )
  }
}
