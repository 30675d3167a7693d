import { http, type HttpOptions } from '../../transports/http/index.js'
import { plainFetch } from './plain-fetch.js'

/**
 * Asks a server as a client that asks once in a while does, which finds its connection closed: each
 * request opens one.
 *
 * ```ts
 * const transport = unkeptHttp('http://127.0.0.1:4600')
 * ```
 */
export function unkeptHttp(
  url: string,
  options: Pick<HttpOptions, 'timeoutMs' | 'firstEventTimeoutMs'> = {},
): ReturnType<typeof http> {
  return http(url, { headers: { connection: 'close' }, fetch: plainFetch, ...options })
}
