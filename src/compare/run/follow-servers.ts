import { createLinkedAbortController } from '../../async/signals.js'
import { http } from '../../transports/http/index.js'
import { NAMESPACE } from '../board.js'
import { plainFetch } from './plain-fetch.js'

/**
 * Opens streams to servers, as many to each, which are read and left, until it is called off: a
 * server looks at its board for whoever follows it. Resolves to what closes them, once each has
 * brought something.
 *
 * ```ts
 * const leave = await followServers(urls, { each: 1, signal })
 * ```
 */
export async function followServers(
  urls: readonly string[],
  { each, signal }: { readonly each: number; readonly signal: AbortSignal },
): Promise<() => void> {
  const end = createLinkedAbortController(signal)
  const opening = urls.flatMap(url => Array.from({ length: each }, () => followOne(url, end.signal)))
  try {
    await Promise.all(opening)
  } catch (error) {
    end.abort()
    throw error
  }
  return () => end.abort()
}

async function followOne(url: string, signal: AbortSignal): Promise<void> {
  const deliveries = http(url, { fetch: plainFetch })
    .watch({ namespaces: [NAMESPACE], inline: false }, signal)
    [Symbol.asyncIterator]()
  await deliveries.next()
  void (async () => {
    try {
      while ((await deliveries.next()).done !== true);
    } catch {
      // What ends it, the signal or its server, is nobody's matter.
    }
  })()
}
