import { createLinkedAbortController } from '../../async/signals.js'
import { http } from '../../transports/http/index.js'
import { NAMESPACE } from '../board.js'
import { plainFetch } from './plain-fetch.js'
import { readStream } from './read-stream.js'

/**
 * Opens streams to servers, as many to each, which are read and left, until it is called off: a
 * server looks at its board for whoever follows it. Resolves to what closes them, once each has
 * brought a release.
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
  const query = { namespaces: [NAMESPACE], inline: false }
  const opening = urls.flatMap(url => {
    // Of one transport they would share a connection.
    return Array.from({ length: each }, () =>
      readStream(http(url, { fetch: plainFetch }).watch(query, end.signal)),
    )
  })
  try {
    await Promise.all(opening)
  } catch (error) {
    end.abort()
    throw error
  }
  return () => end.abort()
}
