import type { FetchInit } from '../../contracts/system.js'

/**
 * Whether this runtime's requests have a cache mode: Cloudflare Workers has none before its
 * compatibility date of November 2024.
 */
let hasCacheMode: boolean | undefined

/**
 * What each request says of redirects and of caches in between. A redirect is returned and then
 * refused ({@link isRedirect}), which every runtime can do; where there is no cache mode, a header
 * says the same.
 */
export function fetchModes(): Pick<FetchInit, 'redirect' | 'cache'> & {
  readonly headers: Record<string, string>
} {
  hasCacheMode ??= takesCacheMode()
  return hasCacheMode
    ? { redirect: 'manual', cache: 'no-store', headers: {} }
    : { redirect: 'manual', headers: { 'cache-control': 'no-cache' } }
}

/** Whether a response is a redirect, or what a `fetch` brought that followed one unasked. */
export function isRedirect({ status, type, redirected }: Response): boolean {
  return redirected || type === 'opaqueredirect' || [301, 302, 303, 307, 308].includes(status)
}

function takesCacheMode(): boolean {
  try {
    return Boolean(new Request('http://localhost', { cache: 'no-store' } as RequestInit))
  } catch {
    // A mode that is not known is refused when the request is made.
    return false
  }
}
