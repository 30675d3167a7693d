import type { Fetch } from '../../contracts/system.js'

/**
 * Asks for everything as it is, since a transport that is given a `fetch` does: a document of the
 * wanted size is on the wire what it is, whatever it would be encoded.
 *
 * ```ts
 * const transport = http(url, { fetch: plainFetch })
 * ```
 */
export const plainFetch: Fetch = (url, init) => fetch(url, init)
