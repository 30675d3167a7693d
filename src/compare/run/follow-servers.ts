import { createLinkedAbortController } from '../../async/signals.js'
import { http } from '../../transports/http/index.js'
import { NAMESPACE } from '../board.js'
import { manyTimes } from './many-times.js'
import { plainFetch } from './plain-fetch.js'
import { readStream } from './read-stream.js'

/**
 * Opens so many streams to servers, in turn, which are read and left, until it is called off: a
 * server looks at its board for whoever follows it. Resolves to what closes them, once each has
 * brought a release.
 *
 * ```ts
 * const leave = await followServers(urls, { count: urls.length, signal })
 * ```
 */
export async function followServers(
  urls: readonly string[],
  { count, signal }: { readonly count: number; readonly signal: AbortSignal },
): Promise<() => void> {
  const end = createLinkedAbortController(signal)
  const query = { namespaces: [NAMESPACE], inline: false }
  let opened = 0
  const openOne = (): Promise<void> => {
    const url = urls[opened++ % urls.length] as string
    // Of one transport they would share a connection.
    return readStream(http(url, { fetch: plainFetch }).watch(query, end.signal))
  }
  try {
    await manyTimes(count, openOne, end.signal)
  } catch (error) {
    end.abort()
    throw error
  }
  return () => end.abort()
}
