import { asNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Fetch, System } from '../../contracts/system.js'
import { checkOptions, isPositive } from '../../core/options.js'
import { readSystem } from '../../system/system.js'
import { encodeText } from '../../core/json/text.js'
import { readBody } from '../fetch/body.js'
import { discard, responseOf } from '../fetch/exchange.js'
import { fetchModes, isRedirect } from '../fetch/fetch-modes.js'
import { proxyHint } from '../fetch/proxy-hint.js'
import { createRequestDeadline } from '../fetch/request-deadline.js'
import type { EtcdClient } from './client.js'
import { refusalOf } from './gateway-errors.js'
import { openGatewayWatch, type Gateway } from './gateway-watch.js'
import { lease, outcomeOf, transactionBody } from './gateway-messages.js'

/** How the JSON gateway of an etcd is spoken to. */
export interface EtcdGatewayOptions {
  /** A member of the cluster, or what stands before it: `http://127.0.0.1:2379`. */
  readonly url: string
  /**
   * Sent with every request, such as `authorization`; a function is asked each time. Default: none.
   */
  readonly headers?:
    | Readonly<Record<string, string>>
    | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>)
  /**
   * Stands in for `fetch`: for client certificates, or to try several members. Default: the global
   * `fetch`.
   */
  readonly fetch?: Fetch
  /** The whole time that one call may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System>
}

/** More than any answer that is asked for: a page of the log, or the largest snapshot in base64. */
const MAX_ANSWER_BYTES = 16_777_216

/**
 * A client of etcd that speaks its JSON gateway (etcd 3.4 and later, on the client port, on by
 * default) with `fetch` alone: each call can be aborted and has a deadline, and nothing needs to be
 * closed. Throws `invalid-option` for an address that is none.
 *
 * ```ts
 * const store = etcd(etcdGateway({ url: 'http://127.0.0.1:2379' }))
 * ```
 */
export function etcdGateway(options: EtcdGatewayOptions): EtcdClient {
  checkOptions('etcdGateway()', options, {
    url: true,
    headers: true,
    fetch: true,
    timeoutMs: true,
    system: true,
  })
  const { url, headers = {}, fetch, timeoutMs = 10_000 } = options
  const { clock, platform } = readSystem('etcdGateway()', options.system)
  const base = URL.canParse(url) ? new URL(url) : undefined
  if (
    base === undefined ||
    !/^https?:$/.test(base.protocol) ||
    base.username !== '' ||
    base.password !== ''
  ) {
    throw new NoticeboardError(
      'invalid-option',
      'etcdGateway() needs an address such as http://127.0.0.1:2379; credentials go into `headers`',
    )
  }
  if (!isPositive(timeoutMs))
    throw new NoticeboardError(
      'invalid-option',
      'timeoutMs of etcdGateway() must be a number of milliseconds above 0',
    )
  const name = `etcd ${base.origin}`
  const hint = (): string => (fetch === undefined ? proxyHint(base.origin, platform) : '')

  const gateway: Gateway = {
    name,
    async request(path, body, signal) {
      const own = typeof headers === 'function' ? await headers() : headers
      const send = fetch ?? ((address, init) => globalThis.fetch(address, init))
      const modes = fetchModes()
      const response = await send(`${base.href.replace(/\/$/, '')}/v3/${path}`, {
        ...modes,
        method: 'POST',
        headers: { ...modes.headers, ...own, 'content-type': 'application/json' },
        body: encodeText(body),
        signal,
      })
      if (!isRedirect(response)) return response
      discard(response)
      throw new NoticeboardError(
        'unavailable',
        `${name} answered with a redirect, which is not followed; use the final address`,
      )
    },
  }

  const call = async (path: string, message: unknown, caller: AbortSignal): Promise<unknown> => {
    const what = `the answer of ${name}`
    const deadline = createRequestDeadline({ clock, timeoutMs, what, signal: caller, hint })
    try {
      const { signal } = deadline
      const response = await responseOf(gateway.request(path, JSON.stringify(message), signal), signal)
      const body = await readBody(response, deadline, { maxBytes: MAX_ANSWER_BYTES, what })
      if (response.status !== 200) throw refusalOf(name, response.status, body)
      return JSON.parse(new TextDecoder().decode(body))
    } catch (error) {
      throw asNoticeboardError(
        error,
        'unavailable',
        `${name} could not be reached, or the connection was lost${hint()}`,
      )
    } finally {
      deadline.abort()
    }
  }

  return {
    name,
    transact: async (transaction, signal) =>
      outcomeOf(await call('kv/txn', transactionBody(transaction), signal)),
    grant: async (query, signal) => lease.idOf(await call('lease/grant', lease.body(query), signal)),
    watch: (query, signal) => openGatewayWatch(gateway, query, signal),
  }
}
