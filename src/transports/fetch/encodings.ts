import { fetchModes } from './fetch-modes.js'

/** The `Accept-Encoding` of what shall come as it is. */
export const PLAIN = 'identity'

/** The one of an event stream that may come encoded. */
export const STREAM_ENCODINGS = 'gzip'

/**
 * The one of a snapshot: what every `fetch` decodes. Workers of Cloudflare from before there were
 * cache modes may not know `br`.
 */
export function snapshotEncodings(): string {
  return fetchModes().cache === undefined ? 'gzip' : 'br, gzip'
}
