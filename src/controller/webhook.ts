import { NoticeboardError } from '../contracts/errors.js'
import type { Fetch } from '../contracts/system.js'
import { checkOptions, checkPositive } from '../core/options.js'
import { encodeText } from '../core/json/text.js'
import { discard, send } from '../transports/fetch/exchange.js'
import { readRetryAfter } from '../transports/http/refusal.js'
import type { Provided } from '../transports/http/options.js'
import type { RolloutListener } from './listener.js'

/** Where a webhook is, and how it is spoken to. */
export interface WebhookOptions {
  /**
   * An address of http or https, which is sent a `POST` for each move. A query is sent and never
   * logged, nor is the path.
   */
  readonly url: string
  /** Names it in the log. Default: `webhook` and the origin of the address. */
  readonly name?: string
  /** Sent as `Authorization: Bearer`; a function is asked each time. Default: none. */
  readonly token?: Provided<string>
  /** Sent with every request; a function is asked each time. Default: none. */
  readonly headers?: Provided<Readonly<Record<string, string>>>
  /** How long one request may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
  /**
   * Stands in for `fetch`: for TLS options, client certificates, a proxy. Must honour `signal`.
   * Default: the global `fetch`.
   */
  readonly fetch?: Fetch
}

/**
 * A listener that sends each move of a rollout to an address, as docs/formats.md says. Follows no
 * redirect. Throws `invalid-option`.
 *
 * ```ts
 * const controller = createController({ store, listeners: [webhook({ url: 'https://hooks.internal/rollouts' })] })
 * ```
 */
export function webhook(options: WebhookOptions): RolloutListener {
  checkOptions('webhook()', options, {
    url: true,
    name: true,
    token: true,
    headers: true,
    timeoutMs: true,
    fetch: true,
  })
  const { token, headers = {}, timeoutMs = 10_000 } = options
  const { fetch = (address, init) => globalThis.fetch(address, init) } = options
  checkPositive('webhook()', { timeoutMs })
  if (token !== undefined && typeof token !== 'function' && (typeof token !== 'string' || token === ''))
    throw refusal('webhook(): token must be a string, or a function that returns one')
  const { href, origin } = parseAddress(options.url)
  const { name = `webhook ${origin}` } = options
  const way = { base: href, name, headers, token, fetch, hint: () => '' }
  return {
    name,
    timeoutMs,
    async hear(move, signal) {
      const body = encodeText(JSON.stringify(move))
      const response = await send(
        way,
        { method: 'POST', path: '', what: 'a move of a rollout', body },
        signal,
      )
      discard(response)
      if (!response.ok) throw answered(name, response)
    },
  }
}

function answered(name: string, { status, headers }: Response): NoticeboardError {
  const says = `${name} answered ${status}`
  if (status !== 408 && status !== 425 && status !== 429 && status < 500)
    return new NoticeboardError('forbidden', `${says}; check its address, its token and its headers`)
  const retryAfterMs = readRetryAfter(headers.get('retry-after'), Date.parse(headers.get('date') ?? ''))
  const code = status === 429 ? 'rate-limited' : 'unavailable'
  return new NoticeboardError(code, says, retryAfterMs === undefined ? {} : { retryAfterMs })
}

/** The address, without a fragment. What may be a secret is not repeated. */
function parseAddress(address: unknown): { readonly href: string; readonly origin: string } {
  const url = typeof address === 'string' && URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined)
    throw refusal('webhook(): url must be an absolute address, such as "https://hooks.internal/rollouts"')
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refusal('webhook(): url must be an address of http or https')
  if (url.username !== '' || url.password !== '')
    throw refusal(
      'webhook(): url must be an address without a user name or password; pass { token } or { headers }',
    )
  url.hash = ''
  return { href: url.href, origin: url.origin }
}

function refusal(message: string): NoticeboardError {
  return new NoticeboardError('invalid-option', message)
}
