import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { Clock } from '../../contracts/system.js'
import type { ClientReport } from '../../contracts/report.js'
import { decodeText } from '../../core/json/strict-parse.js'
import { encodeText } from '../../core/json/text.js'
import { decodeReport, encodeReport, reportTtlMs } from '../store/stored-report.js'
import type { EtcdClient } from './client.js'
import type { EtcdKeys } from './keys.js'

/** So many reports go into one transaction, of the 128 steps and conditions that etcd takes. */
const BATCH = 60
const PAGE = 500
/** How often somebody else may be first. */
const MOST_TRIES = 20

export interface EtcdReports {
  report(states: readonly ClientReport[], signal: AbortSignal): Promise<void>
  reports(namespace: Namespace, signal: AbortSignal): Promise<readonly ClientReport[]>
}

/**
 * Last words under leases that nobody keeps alive. A lease serves for half its life and is then replaced, so an instance that goes on
 * reporting moves from one to the next, and one that is silent is forgotten with the lease of its last word.
 */
export function etcdReports({ client, keys, clock, ttlMs }: EtcdReportsOptions): EtcdReports {
  let lease: { readonly id: string; readonly ttlMs: number; readonly grantedAtMs: number } | undefined

  const leaseFor = async (neededMs: number, signal: AbortSignal): Promise<string> => {
    const nowMs = clock.monotonic()
    if (lease !== undefined && lease.ttlMs >= 2 * neededMs && nowMs - lease.grantedAtMs < lease.ttlMs / 2)
      return lease.id
    const ttl = 2 * neededMs
    const id = await client.grant({ ttlSeconds: Math.ceil(ttl / 1_000) }, signal)
    lease = { id, ttlMs: ttl, grantedAtMs: nowMs }
    return id
  }

  /** Writes what is later than what is kept; false when somebody else wrote in between. */
  const write = async (states: readonly ClientReport[], signal: AbortSignal): Promise<boolean> => {
    const places = states.map(state => keys.report(state.namespace, state.instanceId))
    const { found } = await client.transact({ steps: places.map(key => ({ type: 'range', key })) }, signal)
    const news = states.flatMap((state, index) => {
      const [entry] = found[index] ?? []
      const kept = entry === undefined ? undefined : decodeReport(decodeText(entry.value, 'a report'))
      return kept !== undefined && kept.count >= state.count
        ? []
        : [{ state, entry, key: places[index] ?? '' }]
    })
    if (news.length === 0) return true
    const id = await leaseFor(Math.max(...news.map(({ state }) => reportTtlMs(state, ttlMs))), signal)
    const { succeeded } = await client.transact(
      {
        conditions: news.map(({ key, entry }) =>
          entry === undefined
            ? { type: 'missing', key }
            : { type: 'written-at', key, revision: entry.modRevision },
        ),
        steps: news.map(({ key, state }) => ({
          type: 'put',
          key,
          value: encodeText(encodeReport(state, clock.now())),
          lease: id,
        })),
      },
      signal,
    )
    return succeeded
  }

  return {
    async report(states, signal) {
      // Of several words of one instance the last one counts, and etcd takes a key only once in a transaction.
      const last = new Map<string, ClientReport>()
      for (const state of states) {
        const key = keys.report(state.namespace, state.instanceId)
        if (state.count > (last.get(key)?.count ?? 0)) last.set(key, state)
      }
      const all = [...last.values()]
      let tries = 0
      for (let from = 0; from < all.length; tries += 1) {
        if (tries > MOST_TRIES + all.length)
          throw new NoticeboardError('unavailable', 'others wrote the same reports again and again')
        const batch = all.slice(from, from + BATCH)
        try {
          if (await write(batch, signal)) from += BATCH
        } catch (error) {
          // The lease is gone: etcd was restored, or was gone for longer than the lease. The next try has a new one.
          if (!isNoticeboardError(error, 'not-found') || lease === undefined) throw error
          lease = undefined
        }
      }
    },
    async reports(namespace, signal) {
      const all: ClientReport[] = []
      const { key: start, end } = keys.reports(namespace)
      for (let key = start; ;) {
        const { found } = await client.transact({ steps: [{ type: 'range', key, end, limit: PAGE }] }, signal)
        const entries = found[0] ?? []
        for (const { value } of entries) {
          const report = decodeReport(decodeText(value, 'a report'))
          if (report?.namespace === namespace) all.push(report)
        }
        const last = entries.at(-1)
        if (last === undefined || entries.length < PAGE) return all
        key = `${last.key}\0`
      }
    },
  }
}

export interface EtcdReportsOptions {
  readonly client: EtcdClient
  readonly keys: EtcdKeys
  readonly clock: Clock
  readonly ttlMs: number
}
